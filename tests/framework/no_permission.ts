/**
 * Run by listen_test.ts without a single permission: nothing under framework/ may need one at import time.
 * @module
 */
import { Controller, createApp, Get, Module, Param, ParseIntPipe } from "@millrace/millrace/framework";

@Controller("/users")
class Users {
  @Get("/:id", Param("id", ParseIntPipe))
  find(id: number): { id: number } {
    return { id };
  }
}

@Module({ controllers: [Users] })
class AppModule {}

const response = await createApp(AppModule).fetch(new Request("http://localhost/users/42"));
console.log(await response.text());

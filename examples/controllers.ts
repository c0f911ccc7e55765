/**
 * Controllers, an injected service, and arguments that the compiler checks.
 *
 * ```sh
 * deno run -A examples/controllers.ts
 * curl -H 'content-type: application/json' -d '{"name":"Ada"}' http://127.0.0.1:3000/users
 * curl http://127.0.0.1:3000/users/1
 * ```
 */
import { Body, Controller, createApp, Get, inject, Module, NotFound } from "@millrace/millrace";
import { Param, ParseIntPipe, Post, ValidationError } from "@millrace/millrace";

interface User {
  readonly id: number;
  readonly name: string;
}

class Users {
  readonly #all: User[] = [];

  add(name: string): User {
    const user = { id: this.#all.length + 1, name };
    this.#all.push(user);
    return user;
  }

  find(id: number): User | undefined {
    return this.#all[id - 1];
  }
}

/** A `ValidationError` is answered with 400 and its list; a schema of zod, valibot or arktype may stand in its place. */
function parseName(body: unknown): string {
  const name = (body as { name?: unknown } | undefined)?.name;
  if (typeof name === "string" && name.trim() !== "") return name.trim();
  throw new ValidationError([{ path: [], message: "name must be a text" }]);
}

@Controller("/users")
class UsersController {
  readonly #users = inject(Users);

  @Post("/", Body(parseName))
  add(name: string): User {
    return this.#users.add(name);
  }

  @Get("/:id", Param("id", ParseIntPipe))
  find(id: number): User {
    const user = this.#users.find(id);
    if (user === undefined) throw new NotFound(`there is no user ${id}`);
    return user;
  }
}

@Module({ controllers: [UsersController], providers: [Users] })
class AppModule {}

const server = await createApp(AppModule).listen({ port: Number(Deno.args[0] ?? 3000) });
console.log(`listening on ${server.url}`);

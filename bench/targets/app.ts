/** The routes of the contract as controllers. Env: environment.ts. */

import {
  BadRequest,
  Body,
  Controller,
  createApp,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  type PipeContext,
  Post,
  Query,
  Req,
} from "@millrace/millrace/framework";
import { Response } from "@millrace/millrace/http";
import { sleep } from "@millrace/millrace/runtime";
// deno-fmt-ignore
import {
  address, announce, chunks, DRAIN_MS, exitOnSignal, integer, MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_SLOW_MS,
} from "./environment.ts";
import { parseNewUser } from "./new_user.ts";
import type { NewUser } from "./new_user.ts";

/** A pipe: an integer from 0 to `max`, `otherwise` where the query has none. */
function count(max: number, otherwise: number): (text: string | undefined, context: PipeContext) => number {
  return (text, context) => {
    if (text === undefined) return otherwise;
    const value = integer(text, max);
    if (value === null) throw new BadRequest(`query "${context.name}" must be an integer from 0 to ${max}`);
    return value;
  };
}

@Injectable()
class Users {
  #last = 0;

  find(id: number): { id: number } {
    return { id };
  }

  add(user: NewUser): NewUser & { id: number } {
    return { id: ++this.#last, ...user };
  }
}

@Controller("/users", Users)
class UsersController {
  readonly #users: Users;

  constructor(users: Users) {
    this.#users = users;
  }

  @Get("/:id", Param("id", ParseIntPipe))
  find(id: number): { id: number } {
    return this.#users.find(id);
  }

  @Post("/", Body(parseNewUser))
  add(user: NewUser): NewUser & { id: number } {
    return this.#users.add(user);
  }
}

@Controller("/")
class RootController {
  @Get("/")
  hello(): string {
    return "Hello, World!";
  }

  @Get("/json")
  json(): { message: string } {
    return { message: "Hello, World!" };
  }

  @Post("/echo", Req())
  @HttpCode(200)
  echo(request: Request): Response {
    const type = request.headers.get("content-type") ?? "application/octet-stream";
    return new Response(request.body, { headers: { "content-type": type } });
  }

  @Get("/stream", Query("n", count(MAX_CHUNKS, 1)), Query("size", count(MAX_CHUNK_BYTES, 1_024)))
  stream(n: number, size: number): Response {
    const body = chunks(n, size);
    return new Response(body, { headers: { "content-type": "application/octet-stream" } });
  }

  @Get("/slow", Query("ms", count(MAX_SLOW_MS, 0)))
  async slow(ms: number): Promise<string> {
    await sleep(ms);
    return `slept ${ms}`;
  }
}

@Module({ controllers: [RootController, UsersController], providers: [Users] })
class AppModule {}

const app = createApp(AppModule);
const server = await app.listen(address());
announce(server.url);
exitOnSignal(() => app.close({ deadlineMs: DRAIN_MS }));

/**
 * What must not compile does not: each `@ts-expect-error` is an error of its own if the line below it compiles.
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  Body,
  Controller,
  createApp,
  Get,
  Header,
  HttpCode,
  type Incoming,
  inject,
  Injectable,
  InjectionToken,
  Module,
  Param,
  ParseIntPipe,
  type Pipe,
  Post,
  provide,
  Query,
  Req,
  type StandardSchema,
} from "@millrace/millrace/framework";
import type { Request as OurRequest } from "@millrace/millrace/http";

interface User {
  readonly name: string;
}

declare const userSchema: StandardSchema<User>;

class A {
  #a = 1;
  a(): number {
    return this.#a;
  }
}
class B {
  #b = 1;
  b(): number {
    return this.#b;
  }
}
abstract class Port {
  abstract open(): string;
}
abstract class AbstractPipe implements Pipe<string, string> {
  abstract transform(value: string): string;
}
const Name = new InjectionToken<string>("Name");

/** Right lists. */
@Controller("/right/:tenant", A, Name)
class Right {
  constructor(a: A, name: string, more?: number) {
    this.none();
    this.given = `${a.a()}${name}${more ?? ""}`;
  }
  readonly given: string;

  @Get()
  none(): void {}

  @Get("/one/:id", Param("id"))
  one(id: string): string {
    return id;
  }

  @Get("/two/:id", Param("id", ParseIntPipe), Query("q"))
  two(id: number, q?: string): string {
    return `${id}${q ?? ""}`;
  }

  @Get("/optional/:id", Param("id", ParseIntPipe))
  optional(id: number, extra?: string): string {
    return `${id}${extra ?? ""}`;
  }

  @Get("/wider/:id", Param("id", ParseIntPipe), Req())
  wider(id: number | string, request: { readonly url: string }): string {
    return `${id}${request.url}`;
  }

  @Get("/mine", Req<OurRequest>())
  mine(request: OurRequest): string {
    return `${request.path}${request.version}`;
  }

  @Get("/platform", Req(), Query("q"))
  platform(request: Request, q?: string): string {
    return `${request.url}${q}`;
  }

  @Get("/either", Req())
  either(request: Incoming): string {
    return `${request.path}${request.remoteAddr?.port}${request.url}`;
  }

  @Post("/body/:id", Param("id", ParseIntPipe), Body(userSchemaAtRun()), Header("x-a"), Query("b"))
  async body(id: number, user: User, a: string | undefined, b: string | undefined): Promise<unknown> {
    await Promise.resolve();
    return { id, user, a, b };
  }

  @Get("/rest/*path", Param("path"))
  @HttpCode(202)
  rest(...all: string[]): Uint8Array {
    return new TextEncoder().encode(all.join());
  }
}

function userSchemaAtRun(): StandardSchema<User> {
  return { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as User }) } };
}

/** Wrong lists: none of this runs. */
export function wrong(): unknown[] {
  class Methods {
    // @ts-expect-error the pipe gives a number, the parameter is a string
    @Get("/:id", Param("id", ParseIntPipe))
    type(id: string): string {
      return id;
    }

    // @ts-expect-error a param without a pipe is text
    @Get("/:id", Param("id"))
    text(id: number): number {
      return id;
    }

    // @ts-expect-error a query's value may be undefined
    @Get("/", Query("page"))
    missing(page: string): string {
      return page;
    }

    // @ts-expect-error wrong order
    @Get("/:id", Param("id", ParseIntPipe), Query("q"))
    order(q: string | undefined, id: number): string {
      return `${q}${id}`;
    }

    // @ts-expect-error fewer extractors than required parameters
    @Get("/:id", Param("id", ParseIntPipe))
    few(id: number, q: string): string {
      return `${id}${q}`;
    }

    // @ts-expect-error no extractor at all for a required parameter
    @Get("/:id")
    none(id: number): number {
      return id;
    }

    // @ts-expect-error more extractors than parameters
    @Get("/:id", Param("id", ParseIntPipe), Query("q"))
    many(id: number): number {
      return id;
    }

    // @ts-expect-error an extractor for a method without parameters
    @Post("/", Body())
    unwanted(): void {}

    // @ts-expect-error a body without a schema is unknown
    @Post("/", Body())
    unchecked(user: User): User {
      return user;
    }

    // @ts-expect-error the schema gives a User, the parameter wants more
    @Post("/", Body(userSchema))
    more(user: User & { readonly id: number }): number {
      return user.id;
    }

    // @ts-expect-error the request is no text
    @Get("/", Req())
    request(request: string): string {
      return request;
    }

    // @ts-expect-error what is optional may be absent
    @Get("/", Query("page", new ParseIntPipe({ optional: true })))
    absent(page: number): number {
      return page;
    }

    // @ts-expect-error the list holds extractors, not names
    @Get("/:id", "id")
    name(id: string): string {
      return id;
    }

    // @ts-expect-error a route is a method, not a field
    @Get("/")
    field = 1;
  }

  // @ts-expect-error wrong order
  @Injectable(A, B)
  class Order {
    constructor(b: B, a: A) {
      void [a, b];
    }
  }

  // @ts-expect-error wrong class
  @Injectable(A)
  class Wrong {
    constructor(b: B) {
      b.b();
    }
  }

  // @ts-expect-error fewer tokens than parameters
  @Injectable(A)
  class Few {
    constructor(a: A, b: B) {
      void [a, b];
    }
  }

  // @ts-expect-error more tokens than parameters
  @Injectable(A, B)
  class Many {
    constructor(a: A) {
      a.a();
    }
  }

  // @ts-expect-error no tokens for a constructor that takes something
  @Injectable()
  class None {
    constructor(a: A) {
      a.a();
    }
  }

  // @ts-expect-error a token of another type
  @Controller("/", Name)
  class Number {
    constructor(name: number) {
      void name;
    }
  }

  // @ts-expect-error a module takes nothing
  @Module({})
  class Taking {
    constructor(a: A) {
      a.a();
    }
  }

  // @ts-expect-error a value that is not the token's
  provide(Name).value(1);
  // @ts-expect-error an abstract class cannot be built
  provide(Port).class(Port);
  // @ts-expect-error a token of another type
  provide(Name).existing(A);
  // @ts-expect-error an abstract class cannot be built
  Module({ providers: [Port] });
  // @ts-expect-error an abstract class cannot be built
  Module({ controllers: [Port] });
  // @ts-expect-error an abstract class cannot be built
  Module({ imports: [Port] });
  // @ts-expect-error an abstract class cannot be built
  createApp(Port);
  // @ts-expect-error an abstract class cannot be built
  Param("id", AbstractPipe);
  // @ts-expect-error a class that is not the token's
  provide(Port).class(A);
  // @ts-expect-error a factory that gives something else
  provide(Name).factory((a) => a.a(), A);
  // @ts-expect-error a factory with dependencies in the wrong order
  provide(Name).factory((a: A, b: B) => `${a.a()}${b.b()}`, B, A);
  // @ts-expect-error a factory with a dependency too few
  provide(Name).factory((a: A, b: B) => `${a.a()}${b.b()}`, A);
  // @ts-expect-error inject gives the token's type
  const injected: number = inject(Name);
  // @ts-expect-error a text is no token
  inject("Name");
  // @ts-expect-error so does get
  const got: number = createApp(Right).get(Name);
  // @ts-expect-error a pipe's class must be a pipe
  Param("id", A);

  return [Methods, Order, Wrong, Few, Many, None, Number, Taking, injected, got];
}

/** A pipe of one's own, as a class that asks for a dependency. */
class Named implements Pipe<string, string> {
  readonly #name = inject(Name);
  transform(value: string): string {
    return `${this.#name}:${value}`;
  }
}

@Controller("/named")
class NamedController {
  @Get("/:id", Param("id", Named))
  get(id: string): string {
    return id;
  }
}

@Module({
  controllers: [Right, NamedController],
  providers: [A, B, provide(Name).factory((a) => `n${a.a()}`, A)],
})
class AppModule {}

Deno.test("types: what compiles also runs", async () => {
  const app = createApp(AppModule);
  const send = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await app.fetch(new Request(`http://localhost${path}`, init));
    return [response.status, await response.text()];
  };
  assertEquals(app.get(Right).given, "1n1");
  assertEquals(await send("/right/t"), [204, ""]);
  assertEquals(await send("/right/t/two/7?q=a"), [200, "7a"]);
  assertEquals(await send("/right/t/rest/a/b%20c"), [202, "a/b c"]);
  assertEquals(await send("/named/x"), [200, "n1:x"]);
  assertEquals(
    await send("/right/t/body/7?b=2", {
      method: "POST",
      body: '{"name":"ann"}',
      headers: { "content-type": "application/json", "x-a": "1" },
    }),
    [201, '{"id":7,"user":{"name":"ann"},"a":"1","b":"2"}'],
  );
});

/**
 * Which routes an app has, and what is told at its start.
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpError,
  Param,
  Post,
  RouteError,
} from "@millrace/millrace/framework";
import { appOf, send } from "./support.ts";

Deno.test("app: routes are inherited; an override without a decorator has none; a decorator above keeps the route", async () => {
  function shout(method: () => string, _context: ClassMethodDecoratorContext): () => string {
    return function (this: object) {
      return method.call(this).toUpperCase();
    };
  }
  class Base {
    @Get("/base")
    base(): string {
      return "base";
    }
    @Get("/gone")
    gone(): string {
      return "gone";
    }
  }
  @Controller("/sub")
  class Sub extends Base {
    override gone(): string {
      return "overridden";
    }
    @shout
    @Get("/loud")
    loud(): string {
      return "loud";
    }
    @Get("/again")
    @Get("/twice")
    twice(): string {
      return "twice";
    }
  }
  const app = appOf([Sub]);
  assertEquals((await send(app, "GET /sub/base"))[1], "base");
  assertEquals((await send(app, "GET /sub/gone"))[0], 404);
  assertEquals((await send(app, "GET /sub/loud"))[1], "LOUD");
  assertEquals((await send(app, "GET /sub/again"))[1], "twice");
  assertEquals((await send(app, "GET /sub/twice"))[1], "twice");
});

Deno.test("app: other decorators may replace the method, above, below and between ours", async () => {
  type Method = (this: unknown, ...values: never[]) => unknown;
  const log = <M extends Method>(method: M, _context: ClassMethodDecoratorContext): M =>
    function (this: unknown, ...values: never[]) {
      return `logged ${method.apply(this, values)}`;
    } as M;
  class Root {
    a(): string {
      return "root";
    }
    plain(): string {
      return "root";
    }
    @Get("/over")
    over(): string {
      return "root";
    }
  }
  @Controller("/d")
  class Site extends Root {
    @HttpCode(202)
    @log
    @Get("/a")
    override a(): string {
      return "a";
    }
    @log
    @HttpCode(202)
    @Get("/b")
    b(): string {
      return "b";
    }
    @Get("/c2")
    @log
    @Get("/c")
    c(): string {
      return "c";
    }
    @HttpCode(203)
    @log
    @HttpCode(202)
    @log
    @Get("/d/:id", Param("id"))
    d(id: string): string {
      return id;
    }
    @log
    @Get("/over2")
    override over(): string {
      return "over";
    }
  }
  @Controller("/sub")
  class Sub extends Site {
    override b(): string {
      return "no route";
    }
  }
  // The class' routes are the same, whichever is built first.
  for (const controllers of [[Site, Sub], [Sub, Site]]) {
    const app = appOf(controllers);
    const get = async (path: string): Promise<unknown> => (await send(app, `GET ${path}`)).slice(0, 2);
    assertEquals(await get("/d/a"), [202, "logged a"]);
    assertEquals(await get("/d/b"), [202, "logged b"]);
    assertEquals(await get("/d/c"), [200, "logged c"]);
    assertEquals(await get("/d/c2"), [200, "logged c"]);
    assertEquals(await get("/d/d/7"), [203, "logged logged 7"]);
    assertEquals(await get("/d/over2"), [200, "logged over"]);
    assertEquals((await send(app, "GET /d/over"))[0], 404);
    assertEquals(await get("/sub/a"), [202, "logged a"]);
    assertEquals((await send(app, "GET /sub/b"))[0], 404);
  }
});

Deno.test("app: routes that cannot work are told at the start", () => {
  const start = (controller: new () => object): RouteError =>
    assertThrows(() => appOf([controller]), RouteError);

  @Controller("/users/:user")
  class Unknown {
    @Get("/:id", Param("ID"))
    get(id: string): string {
      return id;
    }
  }
  const unknown = start(Unknown);
  assertEquals(unknown.handlers, ["Unknown.get"]);
  assertEquals(
    unknown.message,
    'Unknown.get (GET /users/:user/:id) asks for Param("ID"), which its path does not have\n' +
      '  cure: add ":ID" to the path, or ask for one that it has: "user", "id"',
  );

  @Controller("/a")
  class Same {
    @Get("/:x")
    one(): void {}
    @Get("/:y")
    two(): void {}
  }
  const same = start(Same);
  assertEquals(same.handlers, ["Same.one", "Same.two"]);
  assert(same.message.includes("Same.one (GET /a/:x) and Same.two (GET /a/:y)"), same.message);

  @Controller("/a")
  class BadPath {
    @Get("/x:y")
    get(): void {}
  }
  assert(start(BadPath).message.includes('the path "/a/x:y" of BadPath.get'));

  @Controller("/a")
  class TwoBodies {
    @Post("/", Body(), Body())
    post(a: unknown, b: unknown): unknown[] {
      return [a, b];
    }
  }
  assert(start(TwoBodies).message.includes("asks for the body twice"));

  assertThrows(() => HttpCode(199), RangeError);
  assertThrows(() => new HttpError(200), RangeError);
  assertThrows(() => Param(""), TypeError);
  for (const name of ["bad name", "x:", "é", ""]) assertThrows(() => Header(name), TypeError);
  assertThrows(
    () => {
      class Static {
        @Get("/")
        static get(): void {}
      }
      return Static;
    },
    TypeError,
    '@Get on "get": wanted a public method of an instance',
  );
});

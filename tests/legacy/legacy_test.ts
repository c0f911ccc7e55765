/**
 * The same decorators under `experimentalDecorators`: this folder is a workspace member with options of its own.
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Body,
  Controller,
  createApp,
  Get,
  HttpCode,
  Injectable,
  InjectionToken,
  Module,
  Param,
  ParseIntPipe,
  Post,
  provide,
  Query,
} from "@millrace/millrace/framework";

const Prefix = new InjectionToken<string>("Prefix");

/** What a decorator gets in this dialect. */
const received: unknown[] = [];
function probe(_target: object, key: unknown, _descriptor?: unknown): void {
  received.push(typeof key);
}

@Injectable(Prefix)
class Greeter {
  readonly #prefix: string;
  constructor(prefix: string) {
    this.#prefix = prefix;
  }
  @probe
  greet(name: string): string {
    return `${this.#prefix} ${name}`;
  }
}

@Controller("/greet", Greeter)
class GreetController {
  readonly #greeter: Greeter;
  constructor(greeter: Greeter) {
    this.#greeter = greeter;
  }

  @Get("/:name", Param("name"), Query("loud"))
  greet(name: string, loud?: string): string {
    const text = this.#greeter.greet(name);
    return loud === undefined ? text : text.toUpperCase();
  }

  @Post(
    "/:times",
    Param("times", ParseIntPipe),
    Body((value: unknown) => String(value)),
  )
  @HttpCode(202)
  async repeat(times: number, text: string): Promise<string> {
    return await Promise.resolve(text.repeat(times));
  }
}

@Module({
  controllers: [GreetController],
  providers: [Greeter, provide(Prefix).value("hello")],
})
class AppModule {}

/** Never called: this is for the compiler. */
export function wrong(): unknown[] {
  class Methods {
    // @ts-expect-error the pipe gives a number, the parameter is a string
    @Get("/:id", Param("id", ParseIntPipe))
    type(id: string): string {
      return id;
    }

    // @ts-expect-error fewer extractors than required parameters
    @Get("/:id", Param("id"))
    few(id: string, q: string): string {
      return id + q;
    }

    // @ts-expect-error more extractors than parameters
    @Get("/:id", Param("id"))
    many(): void {}
  }

  // @ts-expect-error a token of another type
  @Injectable(Prefix)
  class Wrong {
    constructor(prefix: number) {
      void prefix;
    }
  }

  // @ts-expect-error no tokens for a constructor that takes something
  @Controller()
  class None {
    constructor(greeter: Greeter) {
      void greeter;
    }
  }
  return [Methods, Wrong, None];
}

Deno.test("legacy: this is the legacy dialect", () => {
  assertEquals(received, ["string"]);
});

Deno.test("legacy: classes and methods with lists work as in the standard dialect", async () => {
  await using app = createApp(AppModule);
  const get = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await app.fetch(
      new Request(`http://localhost/greet${path}`, init),
    );
    return [response.status, await response.text()];
  };
  assertEquals(await get("/ann"), [200, "hello ann"]);
  assertEquals(await get("/ann?loud"), [200, "HELLO ANN"]);
  const headers = { "content-type": "application/json" };
  assertEquals(await get("/2", { method: "POST", body: '"ab"', headers }), [
    202,
    "abab",
  ]);
});

Deno.test("legacy: another decorator may replace the method, above or below ours", async () => {
  function log(_target: object, _key: unknown, descriptor: { value?: unknown }): void {
    const method = descriptor.value as (this: unknown) => unknown;
    descriptor.value = function (this: unknown): string {
      return `logged ${method.call(this)}`;
    };
  }
  @Controller("/d")
  class Site {
    @HttpCode(202)
    @log
    @Get("/a")
    a(): string {
      return "a";
    }
    @Get("/b")
    @log
    b(): string {
      return "b";
    }
  }
  @Module({ controllers: [Site] })
  class SiteModule {}
  await using app = createApp(SiteModule);
  for (const [name, status] of [["a", 202], ["b", 200]]) {
    const response = await app.fetch(new Request(`http://localhost/d/${name}`));
    assertEquals([response.status, await response.text()], [status, `logged ${name}`]);
  }
});

Deno.test("legacy: a route on what is no method of an instance is refused", () => {
  assertThrows(() => {
    class Static {
      @Get()
      static get(): void {}
    }
    return Static;
  }, TypeError);
});

/**
 * What runs at the ends of an app's life.
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  Controller,
  createApp,
  Get,
  inject,
  InjectionToken,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  provide,
} from "@millrace/millrace/framework";
import { Response as OurResponse } from "@millrace/millrace/http";
import { ClosedError } from "@millrace/millrace/runtime";
import { appOf, send } from "./support.ts";

Deno.test("app: hooks run before the first request and after the last, in the order of need", async () => {
  const log: string[] = [];
  class Store implements OnModuleInit, OnApplicationShutdown {
    async onModuleInit(): Promise<void> {
      await Promise.resolve();
      log.push("store up");
    }
    onApplicationShutdown(): void {
      log.push("store down");
    }
  }
  @Controller()
  class Site implements OnModuleInit, OnApplicationShutdown {
    readonly #store = inject(Store);
    onModuleInit(): void {
      log.push(this.#store instanceof Store ? "site up" : "no store");
    }
    onApplicationShutdown(): Promise<void> {
      log.push("site down");
      return Promise.reject(new Error("site fell"));
    }
    @Get()
    get(): string {
      log.push("request");
      return "x";
    }
  }
  @Module({ controllers: [Site], providers: [Store] })
  class AppModule {}
  const app = createApp(AppModule);
  assertEquals(log, []);
  await Promise.all([send(app, "GET /"), send(app, "GET /")]);
  assertEquals(log, ["store up", "site up", "request", "request"]);
  assert(app.handler(new Request("http://localhost/")) instanceof OurResponse);
  await assertRejects(() => app.close(), Error, "site fell");
  assertEquals(log.slice(5), ["site down", "store down"]);
  assertStrictEquals(app.close(), app.close());
  await assertRejects(() => app.close());
});

Deno.test("app: an app that cannot get ready answers 500 and says so", async () => {
  const seen: unknown[] = [];
  const failure = new Error("no database");
  @Controller()
  class Site implements OnModuleInit {
    onModuleInit(): void {
      throw failure;
    }
    @Get()
    get(): string {
      return "x";
    }
  }
  const app = appOf([Site], { onError: (error) => void seen.push(error) });
  assertEquals((await send(app, "GET /"))[0], 500);
  assertEquals(seen, [failure]);
  await assertRejects(() => app.ready(), Error, "no database");
});

Deno.test("app: await using closes it; two failures are one AggregateError", async () => {
  let closed = 0;
  class One implements OnApplicationShutdown {
    onApplicationShutdown(): void {
      closed++;
      throw new Error("one");
    }
  }
  class Two extends One {}
  @Module({ providers: [One, Two] })
  class AppModule {}
  await assertRejects(async () => {
    await using app = createApp(AppModule);
    assertEquals(app.get(One).constructor, One);
  }, AggregateError);
  assertEquals(closed, 2);
});

/** Writes down what is done to it. */
class Logged implements OnModuleInit, OnApplicationShutdown {
  static readonly log: string[] = [];
  static reset(): string[] {
    return Logged.log.splice(0);
  }
  onModuleInit(): void | Promise<void> {
    Logged.log.push(`${this.constructor.name} up`);
  }
  onApplicationShutdown(): void {
    Logged.log.push(`${this.constructor.name} down`);
  }
}
/** Has nothing to initialise. */
class Plain implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    Logged.log.push("Plain down");
  }
}

Deno.test("app: hooks run once for an instance, whatever it is called", async () => {
  class Store extends Logged {}
  const Alias = new InjectionToken<Store>("Alias");
  const Made = new InjectionToken<Store>("Made");
  @Module({
    providers: [provide(Made).factory((store) => store, Store), provide(Alias).existing(Store), Store],
  })
  class AppModule {}
  Logged.reset();
  const app = createApp(AppModule);
  await app.ready();
  await app.close();
  assertEquals(Logged.reset(), ["Store up", "Store down"]);
});

Deno.test("app: what was not initialised is not shut down", async () => {
  class First extends Logged {}
  class Failing extends Logged {
    override onModuleInit(): void {
      throw new Error("no database");
    }
  }
  class Last extends Logged {}
  @Module({ providers: [First, Failing, Last, Plain] })
  class AppModule {}
  Logged.reset();
  const failed = createApp(AppModule);
  await assertRejects(() => failed.ready(), Error, "no database");
  await failed.close();
  assertEquals(Logged.reset(), ["First up", "Plain down", "First down"]);
  await createApp(AppModule).close();
  assertEquals(Logged.reset(), ["Plain down"]);
});

Deno.test("app: close waits for an init that is running, and begins no other", async () => {
  const gate = Promise.withResolvers<void>();
  class Slow extends Logged {
    override async onModuleInit(): Promise<void> {
      await gate.promise;
      await super.onModuleInit();
    }
  }
  class Later extends Logged {}
  @Module({ providers: [Slow, Later] })
  class AppModule {}
  Logged.reset();
  const app = createApp(AppModule);
  const listening = assertRejects(() => app.listen({ port: 0, backend: "host" }), ClosedError);
  const answer = app.fetch(new Request("http://localhost/"));
  const closing = app.close();
  await Promise.resolve();
  assertEquals(Logged.reset(), []);
  gate.resolve();
  await Promise.all([closing, listening]);
  assertEquals(Logged.reset(), ["Slow up", "Slow down"]);
  assertEquals((await answer).status, 503);
});

Deno.test("app: a closed app answers 503, and never gets ready again", async () => {
  const seen: unknown[] = [];
  @Controller()
  class Site extends Logged {
    @Get()
    get(): string {
      return "open";
    }
  }
  @Controller()
  class Hookless {
    @Get()
    get(): string {
      return "open";
    }
  }
  for (const controller of [Site, Hookless]) {
    for (const isUsed of [true, false]) {
      const app = appOf([controller], { onError: (error) => void seen.push(error) });
      if (isUsed) assertEquals((await send(app, "GET /"))[1], "open");
      await app.close();
      Logged.reset();
      const [status, text, type] = await send(app, "GET /?q");
      const { statusCode, message, path } = JSON.parse(text);
      assertEquals([status, type, statusCode, message, path], [
        ...[503, "application/json", 503, "Service Unavailable", "/"],
      ]);
      assertEquals((await app.handler(new Request("http://localhost/"))).status, 503);
      await assertRejects(() => app.ready(), ClosedError);
      assertEquals(Logged.reset(), []);
    }
  }
  assertEquals(seen, []);
});

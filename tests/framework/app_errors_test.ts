/**
 * Handlers and pipes that fail, through the fetch face.
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  BadRequest,
  Conflict,
  Controller,
  type ErrorContext,
  Get,
  HttpError,
  Param,
} from "@millrace/millrace/framework";
import { appOf, send } from "./support.ts";

@Controller("/errors")
class Errors {
  @Get(
    "/pipe/:id",
    Param("id", (id: string): string => {
      throw new Error(`password of ${id} is hunter2`);
    }),
  )
  pipe(id: string): string {
    return id;
  }
  @Get("/late-pipe/:id", Param("id", (): Promise<string> => Promise.reject(new TypeError("hunter2"))))
  latePipe(id: string): string {
    return id;
  }
  @Get("/thrown")
  thrown(): never {
    throw new Error("password is hunter2");
  }
  @Get("/rejected")
  rejected(): Promise<never> {
    return Promise.reject(new Error("password is hunter2"));
  }
  @Get("/text")
  text(): never {
    throw "hunter2";
  }
  @Get("/conflict")
  conflict(): never {
    throw new Conflict("taken", { headers: { "x-a": "1" } });
  }
  @Get("/hidden")
  hidden(): never {
    throw new HttpError(503, "db is down", { headers: { "retry-after": "1" } });
  }
  @Get("/shown")
  shown(): never {
    throw new HttpError(503, "closed on sundays", { expose: true });
  }
  @Get("/quiet")
  quiet(): never {
    throw new BadRequest("internals", {
      expose: false,
      issues: [{ path: ["column"], message: "internals" }],
    });
  }
  @Get("/unsendable")
  unsendable(): never {
    throw new HttpError(400, "x", { headers: { "x-a": "1\r\nx-b: 2" } });
  }
}

Deno.test("app: a 500 has no internals, and onError has all of it", async () => {
  const seen: [string, ErrorContext][] = [];
  const app = appOf([Errors], { onError: (error, context) => void seen.push([String(error), context]) });
  for (const path of ["/errors/thrown", "/errors/rejected", "/errors/text"]) {
    const [status, text] = await send(app, `GET ${path}?q`);
    assertEquals([status, JSON.parse(text).message, text.includes("hunter2")], [
      500,
      "Internal Server Error",
      false,
    ]);
    assertEquals(seen.pop(), [path === "/errors/text" ? "hunter2" : "Error: password is hunter2", {
      method: "GET",
      path,
    }]);
  }
  for (const path of ["/errors/pipe/ann", "/errors/late-pipe/ann"]) {
    const [status, text] = await send(app, `GET ${path}`);
    assertEquals([status, JSON.parse(text).message, "issues" in JSON.parse(text)], [
      500,
      "Internal Server Error",
      false,
    ]);
    assertStringIncludes(seen.pop()?.[0] ?? "", "hunter2");
  }
  const conflict = await app.fetch(new Request("http://localhost/errors/conflict"));
  assertEquals([conflict.status, conflict.headers.get("x-a"), (await conflict.json()).message], [
    409,
    "1",
    "taken",
  ]);
  assertEquals(seen.length, 0);
  const hidden = await app.fetch(new Request("http://localhost/errors/hidden"));
  assertEquals([hidden.headers.get("retry-after"), (await hidden.json()).message], [
    "1",
    "Service Unavailable",
  ]);
  assertEquals(seen.length, 1);
  assertEquals(JSON.parse((await send(app, "GET /errors/shown"))[1]).message, "closed on sundays");
  const quiet = (await send(app, "GET /errors/quiet"))[1];
  assertEquals([JSON.parse(quiet).message, quiet.includes("internals")], ["Bad Request", false]);
  assertEquals((await send(app, "GET /errors/unsendable"))[0], 500);
});

Deno.test("app: an onError that fails harms nobody", async () => {
  const complaints: unknown[][] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => void complaints.push(parts);
  try {
    const throwing = appOf([Errors], {
      onError: () => {
        throw new Error("a");
      },
    });
    assertEquals((await send(throwing, "GET /errors/thrown"))[0], 500);
    const rejecting = appOf([Errors], { onError: () => Promise.reject(new Error("b")) });
    assertEquals((await send(rejecting, "GET /errors/thrown"))[0], 500);
    await Promise.resolve();
    assertEquals(complaints.map((parts) => parts[0]), ["onError itself failed:", "onError itself failed:"]);
    complaints.length = 0;
    assertEquals((await send(appOf([Errors]), "GET /errors/thrown"))[0], 500);
    assertEquals(complaints.map((parts) => parts[0]), ["GET /errors/thrown failed:"]);
  } finally {
    console.error = original;
  }
});

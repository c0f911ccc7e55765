import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  CancelledError,
  ClosedError,
  IoError,
  LimitError,
  LocalProtocolError,
  MillraceError,
  RemoteProtocolError,
  TimeoutError,
} from "./errors.ts";

const protocol = { protocol: "http/1.1" };

const cases: [error: MillraceError, name: string, code: string, fields: Record<string, unknown>][] = [
  [new TimeoutError("head", 50), "TimeoutError", "ERR_TIMEOUT", { phase: "head", afterMs: 50 }],
  [new ClosedError("the stream", "remote"), "ClosedError", "ERR_CLOSED", { by: "remote" }],
  [new CancelledError("job"), "CancelledError", "ERR_CANCELLED", {}],
  [new IoError("connect", 111, "127.0.0.1:1"), "IoError", "ECONNREFUSED", { syscall: "connect", errno: 111 }],
  [new LimitError("maxHeadBytes", 10, "too long", 431), "LimitError", "ERR_LIMIT", {
    limit: "maxHeadBytes",
    max: 10,
    statusHint: 431,
  }],
  [new LocalProtocolError("ERR_X", "wrong", "http/1.1"), "LocalProtocolError", "ERR_X", protocol],
  [new RemoteProtocolError("ERR_Y", "wrong", protocol), "RemoteProtocolError", "ERR_Y", {
    ...protocol,
    wireCode: 0,
    scope: "connection",
    statusHint: undefined,
  }],
  [
    new RemoteProtocolError("ERR_Z", "wrong", {
      ...protocol,
      wireCode: 7,
      scope: "message",
      statusHint: 400,
    }),
    "RemoteProtocolError",
    "ERR_Z",
    { ...protocol, wireCode: 7, scope: "message", statusHint: 400 },
  ],
];

Deno.test("every error has its class's name, a stable code and its fields", () => {
  for (const [error, name, code, fields] of cases) {
    assertInstanceOf(error, MillraceError);
    assertEquals([error.name, error.code], [name, code]);
    for (const [field, value] of Object.entries(fields)) {
      assertEquals((error as unknown as Record<string, unknown>)[field], value, `${name}.${field}`);
    }
  }
});

Deno.test("the texts name what failed, the value and the limit", () => {
  assertEquals(new TimeoutError("head", 50).message, "head did not finish within 50 ms");
  assertEquals(new ClosedError("the stream", "local").message, "the stream was closed by the local side");
  assertEquals(new CancelledError().message, "task was aborted before it finished");
});

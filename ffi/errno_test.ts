import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { constants } from "node:os";
import { describeErrno, EAGAIN, errno } from "./errno.ts";
import { expectResult, IoError, MillraceError } from "./errors.ts";

const system = constants.errno as Readonly<Record<string, number>>;

Deno.test("names have the numbers of their system", () => {
  assertEquals([errno("EAGAIN", "linux"), errno("EAGAIN", "darwin")], [11, 35]);
  assertEquals([errno("ECONNRESET", "linux"), errno("ECONNRESET", "darwin")], [104, 54]);
  assertEquals([errno("EPIPE", "linux"), errno("EPIPE", "darwin")], [32, 32]);
  assertEquals(EAGAIN, errno("EAGAIN"));
  assertThrows(() => errno("ENOSUCH"), RangeError, '"ENOSUCH"');
  for (const name of ["toString", "constructor", "__proto__"]) {
    assertThrows(() => errno(name), RangeError, `"${name}"`);
  }
});

Deno.test("on this system, the numbers are the system's", () => {
  let compared = 0;
  for (const [name, number] of Object.entries(system)) {
    const [code] = describeErrno(number);
    if (code !== name) continue;
    assertEquals(errno(name), number);
    compared++;
  }
  assert(compared > 20, `${compared}`);
});

Deno.test("a number becomes its name and a sentence and back, on both systems", () => {
  for (const family of ["linux", "darwin"] as const) {
    for (let number = 1; number < 140; number++) {
      const [code, text] = describeErrno(number, family);
      if (code === `E${number}`) {
        assertEquals(text, `system error ${number}`);
        continue;
      }
      assertMatch(code, /^E[A-Z]+$/);
      assertMatch(text, /^[a-z]/);
      assertEquals(errno(code, family), number);
    }
  }
});

Deno.test("a negative result is an IoError, any other is passed on", () => {
  assertEquals([expectResult(0, "x"), expectResult(7, "x")], [0, 7]);
  const error = assertThrows(
    () => expectResult(-errno("EADDRINUSE"), "listen", "127.0.0.1:80"),
    IoError,
  ) as IoError;
  assertEquals([error.code, error.syscall, error.errno, error.address, error.name], [
    "EADDRINUSE",
    "listen",
    errno("EADDRINUSE"),
    "127.0.0.1:80",
    "IoError",
  ]);
  assertEquals(error.message, "listen 127.0.0.1:80 failed: address already in use (EADDRINUSE)");
  assertInstanceOf(error, MillraceError);
  assertEquals(new IoError("recv", 9999).message, "recv failed: system error 9999 (E9999)");
});

Deno.test("MillraceError keeps code and cause, and has the name of its class", () => {
  class Special extends MillraceError {}
  const cause = new Error("why");
  const error = new Special("ERR_X", "what", { cause });
  assertEquals([error.code, error.message, error.name], ["ERR_X", "what", "Special"]);
  assertStrictEquals(error.cause, cause);
  assert(error instanceof Error);
});

import { assertEquals, assertThrows } from "@std/assert";
import { resolveLimits, SERVE_LIMITS, type ServeLimits } from "./options.ts";

Deno.test("without options the limits are the documented ones", () => {
  assertEquals(resolveLimits({}), SERVE_LIMITS);
  assertEquals(SERVE_LIMITS.maxConnections, 16_384);
  assertEquals([SERVE_LIMITS.headTimeoutMs, SERVE_LIMITS.idleTimeoutMs, SERVE_LIMITS.bodyTimeoutMs], [
    15_000,
    75_000,
    30_000,
  ]);
});

Deno.test("each limit can be set, to its bound and to Infinity, and what is undefined is left", () => {
  for (const name of Object.keys(SERVE_LIMITS) as (keyof ServeLimits)[]) {
    assertEquals(resolveLimits({ [name]: 1 })[name], 1);
    assertEquals(resolveLimits({ [name]: Infinity })[name], Infinity);
    assertEquals(resolveLimits({ [name]: undefined })[name], SERVE_LIMITS[name]);
    const positive = name.endsWith("TimeoutMs") || name === "maxConnections";
    if (positive) assertThrows(() => resolveLimits({ [name]: 0 }), RangeError, name);
    else assertEquals(resolveLimits({ [name]: 0 })[name], 0);
    for (const wrong of [-1, NaN, "1", null, {}] as never[]) {
      assertThrows(() => resolveLimits({ [name]: wrong }), RangeError, name);
    }
  }
});

Deno.test("what is no limit is left out", () => {
  const limits = resolveLimits({ port: 80, handler: "x" } as Partial<ServeLimits>);
  assertEquals(Object.keys(limits).sort(), Object.keys(SERVE_LIMITS).sort());
});

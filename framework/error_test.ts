import { assert, assertEquals, assertThrows } from "@std/assert";
import * as errors from "./error.ts";

Deno.test("errors: each class has its status, its phrase and a stable code", () => {
  for (
    const [type, status, phrase] of [
      [errors.BadRequest, 400, "Bad Request"],
      [errors.Unauthorized, 401, "Unauthorized"],
      [errors.Forbidden, 403, "Forbidden"],
      [errors.NotFound, 404, "Not Found"],
      [errors.Conflict, 409, "Conflict"],
      [errors.PayloadTooLarge, 413, "Content Too Large"],
      [errors.UnsupportedMediaType, 415, "Unsupported Media Type"],
      [errors.UnprocessableContent, 422, "Unprocessable Content"],
      [errors.InternalServerError, 500, "Internal Server Error"],
    ] as const
  ) {
    const error = new type();
    assert(error instanceof errors.HttpError && error instanceof errors.MillraceError);
    assertEquals([error.status, error.message, error.name], [status, phrase, type.name]);
    assertEquals([error.code, error.expose], [`ERR_HTTP_${status}`, status < 500]);
    const cause = new Error("deeper");
    const custom = new type("mine", { cause, code: "ERR_MINE", expose: true, headers: { "x-a": "1" } });
    assertEquals([custom.message, custom.code, custom.expose, custom.cause], [
      "mine",
      "ERR_MINE",
      true,
      cause,
    ]);
    assertEquals(custom.headers, { "x-a": "1" });
  }
});

Deno.test("errors: a status that is no error's is refused", () => {
  for (const status of [399, 600, 400.5, NaN]) {
    assertThrows(() => new errors.HttpError(status), RangeError, `status "${status}"`);
  }
});

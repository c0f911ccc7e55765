import { assertEquals, assertMatch } from "@std/assert";
import * as status from "./status.ts";
import { versionOfMinor } from "./version.ts";

Deno.test("status: every code has a phrase, and its name is the phrase without spaces", () => {
  for (const [name, code] of Object.entries(status.StatusCode)) {
    const phrase = status.reasonPhrase(code);
    assertMatch(phrase, /^[A-Z][A-Za-z -]+$/);
    assertEquals(name.toLowerCase(), phrase.replace(/[ -]/g, "").toLowerCase());
  }
  assertEquals(status.StatusCode.URITooLong, 414);
  assertEquals(status.StatusCode.HTTPVersionNotSupported, 505);
  assertEquals(status.StatusCode.Unauthorized, 401);
});

Deno.test("status: no phrase for unregistered codes", () => {
  for (const code of [0, 99, 199, 299, 418, 600, NaN]) assertEquals(status.reasonPhrase(code), "");
});

Deno.test("status: classes", () => {
  for (let code = 100; code < 700; code++) {
    const classes = [
      status.isInformational(code),
      status.isSuccessful(code),
      status.isRedirection(code),
      status.isClientError(code),
      status.isServerError(code),
    ];
    assertEquals(classes.indexOf(true), code < 600 ? Math.floor(code / 100) - 1 : -1);
    assertEquals(classes.filter(Boolean).length, code < 600 ? 1 : 0);
  }
});

Deno.test("status: no content by definition", () => {
  const codes = Array.from({ length: 500 }, (_, i) => i + 100).filter((code) =>
    code >= 200 && status.isNullBody(code)
  );
  assertEquals(codes, [204, 205, 304]);
  assertEquals(status.isNullBody(101), true);
});

Deno.test("version: by the minor digit", () => {
  assertEquals([versionOfMinor(0), versionOfMinor(1)], ["HTTP/1.0", "HTTP/1.1"]);
});

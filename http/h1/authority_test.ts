import { assertEquals } from "@std/assert";
import {
  AUTHORITY_MALFORMED,
  AUTHORITY_WITH_PORT,
  AUTHORITY_WITHOUT_PORT,
  checkAuthority,
} from "./authority.ts";
import { latin1 } from "./testing/transcript.ts";

function check(text: string): number {
  const bytes = latin1(`9${text}9`);
  return checkAuthority(bytes, 1, bytes.length - 1);
}

Deno.test("authority: well-formed without port", () => {
  const hosts = [
    "a",
    "example.com",
    "127.0.0.1",
    "a_b~c",
    "a,b;c=d!$&'()*+",
    "%41",
    "a%2Fb",
    "a:",
    "xn--bcher-kva.example",
  ];
  const literals = [
    "[::]",
    "[::1]",
    "[1::]",
    "[1:2:3:4:5:6:7:8]",
    "[1:2:3::7:8]",
    "[1::8]",
    "[::ffff:1.2.3.4]",
  ];
  const more = [
    "[64:ff9b::192.0.2.33]",
    "[1:2:3:4:5:6:1.2.3.4]",
    "[ABCD:ef01::]",
    "[v1.a:b]",
    "[vF.~]",
    "[::1]:",
  ];
  for (const host of [...hosts, ...literals, ...more]) {
    assertEquals(check(host), AUTHORITY_WITHOUT_PORT, host);
  }
});

Deno.test("authority: well-formed with port", () => {
  for (const host of ["a:0", "a:80", "127.0.0.1:65535", "[::1]:443", "a:00080"]) {
    assertEquals(check(host), AUTHORITY_WITH_PORT, host);
  }
});

Deno.test("authority: malformed", () => {
  const hosts = [
    "",
    ":80",
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "u@a",
    "a\\b",
    'a"b',
    "a<b",
    "a|b",
    "a^b",
    "a`b",
    "a{b}",
    "\xe9",
    "\0",
  ];
  const ports = [
    "a:b",
    "a:80a",
    "a:-1",
    "a:+1",
    "a:65536",
    "a:99999999999999999999",
    "a:1:2",
    "a::",
    "[::1]80",
    "[::1]:x",
  ];
  const encoded = ["%", "%4", "%4g", "%g4", "a%"];
  const literals = [
    "[",
    "]",
    "[]",
    "[::1",
    "::1",
    "[:]",
    "[:1]",
    "[1:]",
    "[1]",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:8:9]",
  ];
  const more = [
    "[1::2::3]",
    "[:::]",
    "[12345::]",
    "[g::]",
    "[::1%25eth0]",
    "[1.2.3.4]",
    "[::1.2.3]",
    "[::1.2.3.256]",
  ];
  const last = [
    "[::01.2.3.4]",
    "[::1.2.3.4.5]",
    "[::1.2.3.4:5]",
    "[1:2:3:4:5:6:7:1.2.3.4]",
    "[v.a]",
    "[v1a]",
    "[v1.]",
    "[vg.a]",
  ];
  const eight = ["[1:2:3:4:5:6:7::8]", "[::1:2:3:4:5:6:7:8]", "[v1.a b]", "[::1]]", "[[::1]]"];
  for (const host of [...hosts, ...ports, ...encoded, ...literals, ...more, ...last, ...eight]) {
    assertEquals(check(host), AUTHORITY_MALFORMED, host);
  }
});

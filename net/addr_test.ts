import { assert, assertEquals, assertFalse, assertStringIncludes, assertThrows } from "@std/assert";
import { ADDRESS_BYTES } from "../ffi/abi.ts";
import { SocketAddr } from "./addr.ts";

const roundTrips: [text: string, ip: string, port: number, family: 4 | 6, canonical?: string][] = [
  ["127.0.0.1:80", "127.0.0.1", 80, 4],
  ["0.0.0.0:0", "0.0.0.0", 0, 4],
  ["255.255.255.255:65535", "255.255.255.255", 65535, 4],
  ["[::1]:80", "::1", 80, 6],
  ["[::]:0", "::", 0, 6],
  ["[1::]:1", "1::", 1, 6],
  ["[2001:DB8::1]:443", "2001:db8::1", 443, 6, "[2001:db8::1]:443"],
  ["[2001:0db8:0000:0000:0000:0000:0000:0001]:1", "2001:db8::1", 1, 6, "[2001:db8::1]:1"],
  // RFC 5952 §4.2.2: one zero group is not shortened; §4.2.3: the longest run, of two alike the first.
  ["[2001:db8:0:1:1:1:1:1]:1", "2001:db8:0:1:1:1:1:1", 1, 6],
  ["[2001:db8::1:1:1:1:1]:1", "2001:db8:0:1:1:1:1:1", 1, 6, "[2001:db8:0:1:1:1:1:1]:1"],
  ["[2001:0:0:1:0:0:0:1]:1", "2001:0:0:1::1", 1, 6, "[2001:0:0:1::1]:1"],
  ["[2001:db8:0:0:1:0:0:1]:1", "2001:db8::1:0:0:1", 1, 6, "[2001:db8::1:0:0:1]:1"],
  ["[1:2:3:4:5:6:7::]:1", "1:2:3:4:5:6:7:0", 1, 6, "[1:2:3:4:5:6:7:0]:1"],
  ["[::2:3:4:5:6:7:8]:1", "0:2:3:4:5:6:7:8", 1, 6, "[0:2:3:4:5:6:7:8]:1"],
  ["[1:2:3:4:5:6:7:8]:1", "1:2:3:4:5:6:7:8", 1, 6],
  // Embedded IPv4, RFC 4291 §2.2 (3) and RFC 5952 §5.
  ["[::ffff:192.0.2.1]:9", "::ffff:192.0.2.1", 9, 6],
  ["[::FFFF:C000:0201]:9", "::ffff:192.0.2.1", 9, 6, "[::ffff:192.0.2.1]:9"],
  ["[64:ff9b::192.0.2.33]:9", "64:ff9b::c000:221", 9, 6, "[64:ff9b::c000:221]:9"],
  ["[1:2:3:4:5:6:1.2.3.4]:9", "1:2:3:4:5:6:102:304", 9, 6, "[1:2:3:4:5:6:102:304]:9"],
  ["[::13.1.68.3]:9", "::d01:4403", 9, 6, "[::d01:4403]:9"],
];

Deno.test("parse reads every form and toString writes the canonical one", () => {
  for (const [text, ip, port, family, canonical] of roundTrips) {
    const address = SocketAddr.parse(text);
    assertEquals([address.ip, address.port, address.family, address.scopeId], [ip, port, family, 0], text);
    assertEquals(String(address), canonical ?? text);
    assert(SocketAddr.parse(String(address)).equals(address), text);
  }
});

Deno.test("parse keeps the scope of an IPv6 address", () => {
  const address = SocketAddr.parse("[fe80::1%3]:80");
  assertEquals([address.ip, address.scopeId, String(address)], ["fe80::1", 3, "[fe80::1%3]:80"]);
  assertEquals(SocketAddr.parse("[fe80::1%4294967295]:80").scopeId, 4294967295);
  assertFalse(address.equals(SocketAddr.parse("[fe80::1%4]:80")));
});

const refused = [
  "",
  ":",
  ":80",
  "80",
  "127.0.0.1",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "127.0.0.1:080",
  "127.0.0.1:-1",
  "127.0.0.1:+1",
  "127.0.0.1:1e3",
  "127.0.0.1: 80",
  "127.0.0.1:80 ",
  "127.0.0.1:99999999999999999999",
  "127.0.0.01:80",
  "0127.0.0.1:80",
  "0x7f.0.0.1:80",
  "127.1:80",
  "127.0.0:80",
  "127.0.0.1.:80",
  "127.0.0.1.1:80",
  "127..0.1:80",
  "256.0.0.1:80",
  "127.0.0.１:80",
  " 127.0.0.1:80",
  "localhost:80",
  "::1:80",
  "[::1:80",
  "::1]:80",
  "[::1]80",
  "[::1]",
  "[]:80",
  "[:]:80",
  "[:::]:80",
  "[1]:80",
  "[::1::]:80",
  "[1::2::3]:80",
  "[:1::]:80",
  "[1::2:]:80",
  "[1:2:3:4:5:6:7]:80",
  "[1:2:3:4:5:6:7:8:9]:80",
  "[1:2:3:4:5:6:7:8::]:80",
  "[::1:2:3:4:5:6:7:8]:80",
  "[12345::]:80",
  "[g::]:80",
  "[::1.2.3]:80",
  "[::1.2.3.4.5]:80",
  "[::1.2.3.04]:80",
  "[::1.2.3.4:5]:80",
  "[1:2:3:4:5:6:7:1.2.3.4]:80",
  "[1:2:3:4:5:6::1.2.3.4]:80",
  "[127.0.0.1]:80",
  "[fe80::1%]:80",
  "[fe80::1%eth0]:80",
  "[fe80::1%03]:80",
  "[fe80::1%4294967296]:80",
  "127.0.0.1%1:80",
];

Deno.test("parse refuses everything else, and the text has the value in quotes", () => {
  for (const text of refused) {
    const error = assertThrows(() => SocketAddr.parse(text), Error) as Error;
    assert(error instanceof TypeError || error instanceof RangeError, `${text}: ${error}`);
    assertStringIncludes(error.message, `"${/%/.test(text) ? text.replace(/^\[|\]:80$/g, "") : text}"`);
  }
  assertThrows(() => SocketAddr.parse("127.0.0.1:65536"), RangeError, "0 to 65535");
  assertThrows(() => SocketAddr.parse("localhost:80"), TypeError, "wanted");
});

Deno.test("a text that lost or gained one character is refused or still round trips", () => {
  for (const [text] of roundTrips) {
    for (let at = 0; at <= text.length; at++) {
      for (
        const changed of [text.slice(0, at) + text.slice(at + 1), `${text.slice(0, at)}:${text.slice(at)}`]
      ) {
        let address: SocketAddr;
        try {
          address = SocketAddr.parse(changed);
        } catch (error) {
          assert(error instanceof TypeError || error instanceof RangeError);
          continue;
        }
        assert(SocketAddr.parse(String(address)).equals(address), changed);
      }
    }
  }
});

Deno.test("v4 and v6 check address and port", () => {
  assertEquals(String(SocketAddr.v4("10.0.0.1", 5)), "10.0.0.1:5");
  assertEquals(String(SocketAddr.v6("fe80::1%2", 5)), "[fe80::1%2]:5");
  assertThrows(() => SocketAddr.v4("::1", 5), TypeError, '"::1"');
  assertThrows(() => SocketAddr.v4("localhost", 5), TypeError, '"localhost"');
  assertThrows(() => SocketAddr.v6("127.0.0.1", 5), TypeError, '"127.0.0.1"');
  assertThrows(() => SocketAddr.v6("[::1]", 5), TypeError, '"[::1]"');
  for (const port of [-1, 65536, 1.5, NaN, Infinity]) {
    assertThrows(() => SocketAddr.v4("127.0.0.1", port), RangeError, `"${port}"`);
    assertThrows(() => SocketAddr.from("::1", port), RangeError, `"${port}"`);
  }
});

Deno.test("from takes numeric addresses and localhost, and names what it cannot do", () => {
  assertEquals(String(SocketAddr.from("127.0.0.1", 1)), "127.0.0.1:1");
  assertEquals(String(SocketAddr.from("localhost", 1)), "127.0.0.1:1");
  assertEquals(String(SocketAddr.from("LocalHost", 1)), "127.0.0.1:1");
  assertEquals(String(SocketAddr.from("::1", 1)), "[::1]:1");
  assertEquals(String(SocketAddr.from("[::1]", 1)), "[::1]:1");
  assertEquals(String(SocketAddr.from("fe80::1%7", 1)), "[fe80::1%7]:1");
  for (const name of ["example.org", "", "127.1", "[127.0.0.1]", "[localhost]", "localhost.", "[]", "1:2"]) {
    const error = assertThrows(() => SocketAddr.from(name, 1), TypeError) as TypeError;
    assertStringIncludes(error.message, `"${name}"`);
    assertStringIncludes(error.message, "name resolution comes with `resolve`");
  }
});

Deno.test("isLoopback", () => {
  for (const ip of ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"]) {
    assert(SocketAddr.from(ip, 1).isLoopback, ip);
  }
  for (const ip of ["126.255.255.255", "128.0.0.1", "0.0.0.0", "::", "::2", "1::1", "::ffff:10.0.0.1"]) {
    assertFalse(SocketAddr.from(ip, 1).isLoopback, ip);
  }
});

Deno.test("encode writes the layout of shim.h", () => {
  const v4 = SocketAddr.parse("1.2.3.4:258").encode();
  assertEquals([...v4], [4, 0, 1, 2, 0, 0, 0, 0, 1, 2, 3, 4, ...new Array(12).fill(0)]);
  const v6 = SocketAddr.parse("[fe80::9%67305985]:65534").encode();
  assertEquals([...v6], [6, 0, 255, 254, 1, 2, 3, 4, 0xfe, 0x80, ...new Array(13).fill(0), 9]);
});

Deno.test("encode overwrites all 24 bytes and no more; a short buffer is refused", () => {
  const into = new Uint8Array(ADDRESS_BYTES + 1).fill(0xaa);
  assertEquals(SocketAddr.v4("9.9.9.9", 9).encode(into), into);
  assertEquals([into[4], into[12], into[23], into[24]], [0, 0, 0, 0xaa]);
  assertThrows(() => SocketAddr.v4("9.9.9.9", 9).encode(new Uint8Array(23)), RangeError, "24");
});

Deno.test("decode gives back what was encoded, and keeps a copy", () => {
  for (const [text] of [...roundTrips, ["[fe80::1%4000000000]:80"] as [string]]) {
    const address = SocketAddr.parse(text);
    const bytes = address.encode();
    const copy = SocketAddr.decode(bytes);
    bytes.fill(1);
    assert(copy.equals(address), text);
    assertEquals([String(copy), copy.scopeId], [String(address), address.scopeId]);
  }
});

Deno.test("decode: IPv4 ignores the bytes that mean nothing, other families are refused", () => {
  const bytes = SocketAddr.v4("1.2.3.4", 5).encode();
  bytes[1] = bytes[5] = bytes[20] = 7;
  assert(SocketAddr.decode(bytes).equals(SocketAddr.v4("1.2.3.4", 5)));
  bytes[0] = 5;
  assertThrows(() => SocketAddr.decode(bytes), RangeError, '"5"');
  assertThrows(() => SocketAddr.decode(new Uint8Array(23)), RangeError, '"23"');
});

Deno.test("equals tells family, address, port and scope apart", () => {
  const all = ["1.2.3.4:5", "1.2.3.4:6", "1.2.3.5:5", "[::1.2.3.4]:5", "[::ffff:1.2.3.4]:5", "[::1%1]:5"];
  for (const left of all) {
    for (const right of all) {
      assertEquals(
        SocketAddr.parse(left).equals(SocketAddr.parse(right)),
        left === right,
        `${left} ${right}`,
      );
    }
  }
});

import { assert, assertEquals } from "@std/assert";
import { requests } from "./testing/transcript.ts";

const INNER = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

interface Victim {
  readonly name: string;
  readonly text: string;
  /** Bytes that say how long the content is: here a change may well end the message elsewhere. */
  readonly framing: RegExp;
}

const VICTIMS: readonly Victim[] = [
  { name: "no content", text: "GET /a?b HTTP/1.1\r\nHost: a:1\r\nAccept: x\r\n\r\n", framing: /$/ },
  {
    name: "Content-Length",
    text: `POST / HTTP/1.1\r\nA: b\r\nContent-Length: ${INNER.length}\r\nHost: a\r\n\r\n${INNER}`,
    framing: /Content-Length: \d+/,
  },
  {
    name: "chunks",
    text: `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nB: c\r\n\r\n` +
      `${INNER.length.toString(16)};e=f\r\n${INNER}\r\n0\r\nX: y\r\n\r\n`,
    framing: /Transfer-Encoding: chunked/,
  },
];

for (const victim of VICTIMS) {
  const found = victim.framing.exec(victim.text)!;
  const framingStart = found.index;
  const framingEnd = framingStart + found[0].length;

  Deno.test(`any byte changed: ${victim.name}`, () => {
    let refused = 0;
    for (let at = 0; at < victim.text.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const text = victim.text.slice(0, at) + String.fromCharCode(byte) + victim.text.slice(at + 1);
        const whole = requests(text);
        if (whole.error !== undefined) refused++;
        const heads = whole.events.filter((event) => / framing=\d/.test(event)).length;
        const isFraming = at >= framingStart && at < framingEnd;
        assert(heads <= 1 || isFraming, `two requests: byte ${byte} at ${at}`);
        assert(
          !whole.events.some((event) => event.startsWith("GET /smuggled")) || isFraming,
          `smuggled: ${byte} at ${at}`,
        );
        // The bytes around must not matter: nothing reads beyond the end.
        const poisoned = requests(text, { offset: 3, poison: "\r\n0\r\n\r\n" });
        assertEquals(poisoned, whole, `over-read: byte ${byte} at ${at}`);
      }
    }
    assert(refused > victim.text.length * 32);
  });

  Deno.test(`any byte changed, byte by byte: ${victim.name}`, () => {
    for (let at = 0; at < victim.text.length; at++) {
      for (const byte of [0, 9, 10, 13, 32, 43, 44, 48, 58, 59, 65, 102, 127, 128, 255]) {
        const text = victim.text.slice(0, at) + String.fromCharCode(byte) + victim.text.slice(at + 1);
        const whole = requests(text);
        const dripped = requests(text, { pieces: [1], offset: 2, poison: "\r\n" });
        assertEquals([dripped.error, dripped.events], [whole.error, whole.events], `byte ${byte} at ${at}`);
      }
    }
  });

  Deno.test(`any byte lost or doubled: ${victim.name}`, () => {
    for (let at = 0; at < victim.text.length; at++) {
      for (const middle of ["", victim.text[at] + victim.text[at]]) {
        const text = victim.text.slice(0, at) + middle + victim.text.slice(at + 1);
        const whole = requests(text);
        const dripped = requests(text, { pieces: [1] });
        assertEquals([dripped.error, dripped.events], [whole.error, whole.events], `at ${at}`);
      }
    }
  });
}

/** xorshift32: the seed is printed with a failure. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

Deno.test("any split of a stream gives the same events", () => {
  const stream = VICTIMS.map((victim) => victim.text).join("").repeat(2);
  const whole = requests(stream);
  assertEquals(whole.error, undefined);
  assertEquals(whole.rest, "");
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const longest = 1 + Math.floor(next() * 60);
    const pieces = Array.from({ length: 200 }, () => 1 + Math.floor(next() * longest));
    assertEquals(requests(stream, { pieces, offset: seed % 9, poison: "\r\n" }), whole, `seed ${seed}`);
  }
});

import { assertEquals } from "@std/assert";
import { requests } from "./testing/transcript.ts";

const SECTION = "Host: example.org:8080\r\nAccept: text/html\r\nConnection: keep-alive\r\n\r\n";

function message(target: string, section: string): string {
  return `GET ${target} HTTP/1.1\r\n${section}`;
}

Deno.test("repeated section: what is recognised reads as what is decoded", () => {
  const text = ["/1", "/22", "/333", "/4"].map((target) => message(target, SECTION)).join("");
  const alone = ["/1", "/22", "/333", "/4"].flatMap((target) => requests(message(target, SECTION)).events);
  for (const pieces of [[text.length], [1], [7], [50], [111]]) {
    assertEquals(requests(text, { pieces, offset: 3 }).events, alone);
  }
});

Deno.test("repeated section: one byte of difference is decoded anew, at every place", () => {
  const repeated = [0, 1, 2].map((n) => message(`/${n}`, SECTION)).join("");
  for (let at = 0; at < SECTION.length; at++) {
    for (const character of ["\0", "\r", "\n", ":", " ", "x", "\x80"]) {
      const changed = SECTION.slice(0, at) + character + SECTION.slice(at + 1);
      const next = message("/next", SECTION);
      const after = requests(repeated + message("/c", changed) + next);
      const alone = requests(message("/c", changed) + next);
      assertEquals(
        [after.events.slice(3), after.error],
        [alone.events, alone.error],
        `${at} ${escape(character)}`,
      );
    }
  }
});

Deno.test("repeated section: a longer or shorter section is another one", () => {
  const sections = [
    SECTION,
    SECTION,
    SECTION,
    SECTION.replace("\r\n\r\n", "\r\nX: y\r\n\r\n"),
    SECTION.replace("Accept: text/html\r\n", ""),
    SECTION,
  ];
  const texts = sections.map((section, n) => message(`/${n}`, section));
  assertEquals(requests(texts.join("")).events, texts.flatMap((text) => requests(text).events));
});

Deno.test("repeated section: framing is decided for each message", () => {
  const section = "Host: a\r\nContent-Length: 3\r\n\r\n";
  const text = ["abc", "def", "ghi", "jkl"].map((content) => `POST / HTTP/1.1\r\n${section}${content}`).join(
    "",
  );
  const alone = ["abc", "def", "ghi", "jkl"].flatMap((content) =>
    requests(`POST / HTTP/1.1\r\n${section}${content}`).events
  );
  for (const pieces of [[text.length], [1], [13]]) assertEquals(requests(text, { pieces }).events, alone);
  const old = requests(text + `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`);
  assertEquals(old.error, "ERR_H1_FRAMING 400");
  const section10 = "Connection: keep-alive\r\n\r\n";
  const mixed = requests(`GET / HTTP/1.0\r\n${section10}`.repeat(3) + `GET / HTTP/1.1\r\n${section10}`);
  assertEquals(mixed.error, "ERR_H1_HOST 400");
});

Deno.test("repeated section: too little left for the whole section is no match", () => {
  const text = message("/1", SECTION).repeat(3) + message("/2", SECTION).slice(0, -2);
  const { events, error, rest } = requests(text);
  assertEquals([events.length, error, rest], [3, undefined, message("/2", SECTION).slice(0, -2)]);
});

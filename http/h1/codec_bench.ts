/**
 * Micro benches of the codec: `deno bench http/h1/codec_bench.ts`.
 *
 * A peer runs beside if env `PEERS=1` is set (`http-parser-js`, Node's former parser in JavaScript, from npm).
 * @module
 */
import { encodeDecimal, readLatin1, writeAscii } from "../../runtime/bytes/ascii.ts";
import { HeaderMap } from "../fields.ts";
import { encodeCrlf, encodeField, encodeStatusLine } from "./encoder.ts";
import { findField, foundEnd } from "./field_lookup.ts";
import { HeadTemplate } from "./head_template.ts";
import { H1_LIMITS } from "./limits.ts";
import { RequestDecoder } from "./request_decoder.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const SHORT = encode("GET / HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n");

const BROWSER = encode(
  "GET /notes?sort=date&page=2 HTTP/1.1\r\nHost: 127.0.0.1:3000\r\nConnection: keep-alive\r\n" +
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r\nsec-ch-ua-mobile: ?0\r\n' +
    'sec-ch-ua-platform: "Linux"\r\nUpgrade-Insecure-Requests: 1\r\n' +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\r\n" +
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nAccept-Encoding: gzip, deflate, br\r\n" +
    "Accept-Language: en-GB,en;q=0.9\r\n\r\n",
);

const POST = encode("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n0123456789abcdef");

const CHUNKS = encode(
  "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "10\r\n0123456789abcdef\r\n".repeat(16) +
    "0\r\n\r\n",
);

/** Sixteen messages behind one another, as a pipelining client sends them. */
function batch(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(message.length * 16);
  for (let i = 0; i < 16; i++) out.set(message, i * message.length);
  return out;
}

function decodeAll(decoder: RequestDecoder, bytes: Uint8Array): void {
  let at = 0;
  while (decoder.next(bytes, at, bytes.length) !== 0) at = decoder.position;
}

const inputs: [string, Uint8Array][] = [
  ["GET of 40 bytes", SHORT],
  [`browser's GET of ${BROWSER.length} bytes`, BROWSER],
  ["POST with 16 bytes", POST],
  ["POST with 16 chunks", CHUNKS],
];

for (const [name, message] of inputs) {
  const bytes = batch(message);
  const decoder = new RequestDecoder(H1_LIMITS);
  Deno.bench({
    name: `decode 16 x ${name}`,
    group: name,
    baseline: true,
    fn: () => decodeAll(decoder, bytes),
  });
}

if (Deno.env.get("PEERS") === "1") {
  // The name is not a literal, so that nothing resolves it where no peer is wanted.
  const peer = "npm:http-parser-js@0.5";
  const { Buffer } = await import("node:buffer");
  const { HTTPParser } = (await import(peer)).default as {
    HTTPParser:
      & { new (kind: string): Record<string | number, unknown>; REQUEST: string }
      & Record<string, number>;
  };
  for (const [name, message] of inputs) {
    const bytes = Buffer.from(batch(message));
    const parser = new HTTPParser(HTTPParser.REQUEST);
    for (const event of ["kOnHeaders", "kOnHeadersComplete", "kOnBody", "kOnMessageComplete"]) {
      parser[HTTPParser[event]] = () => {};
    }
    const execute = (parser.execute as (bytes: Uint8Array) => number).bind(parser);
    Deno.bench({ name: `http-parser-js 16 x ${name}`, group: name, fn: () => void execute(bytes) });
  }
}

const OUT = new Uint8Array(4096);
const DATE = encode("Sun, 06 Nov 1994 08:49:37 GMT");
const template = new HeadTemplate(200, [["content-type", "text/plain;charset=UTF-8"]]);
template.date(DATE);

Deno.bench("HeadTemplate.write, 126 bytes, 16 times", () => {
  let at = 0;
  for (let i = 0; i < 16; i++) at = template.write(OUT, at, 13);
});

Deno.bench("the same head field by field, 16 times", () => {
  let at = 0;
  for (let i = 0; i < 16; i++) {
    at = encodeStatusLine(OUT, at, 200);
    at = encodeField(OUT, at, "content-type", "text/plain;charset=UTF-8");
    at = encodeField(OUT, at, "date", "Sun, 06 Nov 1994 08:49:37 GMT");
    at = writeAscii(OUT, at, "content-length: ");
    at = encodeDecimal(OUT, at, 13);
    at = encodeCrlf(OUT, encodeCrlf(OUT, at));
  }
});

for (const length of [13, 32, 48, 64, 128, 1024]) {
  const text = "x".repeat(length);
  Deno.bench(`writeAscii of ${length}, 16 times`, () => {
    for (let i = 0; i < 16; i++) writeAscii(OUT, 0, text);
  });
}

for (const length of [8, 16, 24, 32, 64, 256]) {
  const bytes = new Uint8Array(length).fill(0x61);
  Deno.bench(`readLatin1 of ${length}, 16 times`, () => {
    for (let i = 0; i < 16; i++) readLatin1(bytes, 0, length);
  });
}

const fieldsStart = BROWSER.indexOf(10) + 1;
const fieldsEnd = BROWSER.length - 2;

Deno.bench("findField, the last of 12, 16 times", () => {
  for (let i = 0; i < 16; i++) {
    findField(BROWSER, fieldsStart, fieldsEnd, "accept-language");
    foundEnd();
  }
});

Deno.bench("HeaderMap.fromSection of 12, 16 times", () => {
  for (let i = 0; i < 16; i++) HeaderMap.fromSection(BROWSER, fieldsStart, fieldsEnd);
});

Deno.bench("HeaderMap set twice and get, 16 times", () => {
  for (let i = 0; i < 16; i++) {
    const map = new HeaderMap();
    map.set("content-type", "text/plain");
    map.set("Cache-Control", "no-store");
    map.get("content-type");
  }
});

/**
 * The inputs of llhttp's test suite (MIT), compared verdict by verdict, if the folder beside the project is there.
 *
 * Where llhttp refuses we must refuse; where we refuse and it does not, the case stands in `STRICTER` with the reason.
 */
import { testIf } from "../../tests/support/skip.ts";
import { assertEquals } from "@std/assert";
import { requests, responses } from "./testing/transcript.ts";

const FOLDER = new URL("../../../shared/vectors/llhttp/", import.meta.url);

interface Vector {
  readonly file: string;
  readonly title: string;
  readonly kind: "request" | "response";
  readonly text: string;
  readonly refused: boolean;
}

/** Undoes the notation: `\` at a line's end joins lines, others end with CRLF; then the escapes. */
function bytesOf(block: string): string {
  return block
    .replace(/\\\n/g, "")
    .replace(/\n/g, "\r\n")
    .replace(/\\r/g, "\r").replace(/\\n/g, "\n").replace(/\\t/g, "\t").replace(/\\f/g, "\f")
    .replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function vectorsOf(file: string, source: string): Vector[] {
  const vectors: Vector[] = [];
  const pattern =
    /<!-- meta=(\{.*?\}) -->\s*```http\n((?:(?!```)[\s\S])*?)\n?```(?:(?!<!--)[\s\S])*?```log\n([\s\S]*?)```/g;
  for (const match of source.matchAll(pattern)) {
    const { type } = JSON.parse(match[1]) as { type?: string };
    const kind = type?.replace("-finish", "");
    if (kind !== "request" && kind !== "response") continue;
    const title = [...source.slice(0, match.index).matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? "";
    const refused = /error code=(?!2[12]\b)/.test(match[3]);
    vectors.push({ file, title, kind, text: bytesOf(match[2]), refused });
  }
  return vectors;
}

/** Most of the requests have no Host, which is not what they are about. */
function withHost(text: string): string {
  if (/^host *:/im.test(text)) return text;
  return text.replace(/^([A-Z-]+ \S+ HTTP\/1\.1\r\n)/gm, "$1Host: a\r\n");
}

function verdict(vector: Vector, pieces: number[]): string | undefined {
  if (vector.kind === "request") return requests(withHost(vector.text), { pieces }).error;
  return responses(vector.text, { pieces }).error;
}

/** `file: title` and why we refuse what llhttp takes. */
const STRICTER: Readonly<Record<string, string>> = {
  "request/method.md: CONNECT with body": "content of CONNECT means nothing (RFC 9110 9.3.6)",
  "request/method.md: M-SEARCH request": "* is for OPTIONS only (RFC 9112 3.2.4)",
  "request/method.md: SOURCE request with ICE": "not HTTP",
  "request/method.md: OPTIONS request with RTSP": "not HTTP",
  "request/method.md: ANNOUNCE request with RTSP": "not HTTP",
  "request/sample.md: No HTTP version": "HTTP/0.9",
  "request/transfer-encoding.md: POST with `chunked` as last transfer-encoding": "a fragment in the target",
  "request/transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple headers)":
    "a fragment in the target",
  "request/uri.md: Fragment in URI": "a target has no fragment (RFC 9112 3.2)",
  "request/uri.md: `host:port` and basic auth": "user information in http (RFC 9110 4.2.4)",
  "response/connection.md: HTTP 304 with Content-Length": "an empty line before a status line",
  "response/connection.md: HTTP 100 first, then 400": "an empty line before a status line",
  "response/pipelining.md: Should parse multiple events": "an empty line before a status line",
  "response/sample.md: Response starting with CRLF": "an empty line before a status line",
  "response/sample.md: RTSP response": "not HTTP",
  "response/sample.md: ICE response": "not HTTP",
  "response/sample.md: HTTP version 0.9": "another major version",
  "response/transfer-encoding.md: `chunked` before other transfer-encoding": "a coding that is not undone",
  "response/transfer-encoding.md: multiple transfer-encoding where chunked is not the last one":
    "a second Transfer-Encoding",
  "response/transfer-encoding.md: `chunkedchunked` transfer-encoding does not enable chunked enconding":
    "a coding that is not undone",
};

/** `file: title` and why we take what llhttp refuses. */
const LOOSER: Readonly<Record<string, string>> = {
  "request/connection.md: No restart when keep-alive is off (1.0)":
    "nothing is read after close, so nothing is refused",
  "request/connection.md: CRLF between requests, explicit `close`": "nothing is read after close",
  "request/connection.md: CRLF between requests, explicit `close` followed by tab":
    "nothing is read after close",
  "response/connection.md: HTTP/1.1 with keep-alive disabled and 204 status": "nothing is read after close",
  "response/connection.md: HTTP/1.1 with keep-alive disabled, content-length": "nothing is read after close",
  "request/invalid.md: HTTP protocol and ANNOUNCE method":
    "any token is a method here; the server answers 501 or 405",
  "request/invalid.md: Invalid method": "any token is a method here",
};

function load(): Vector[] | undefined {
  try {
    return ["request", "response"].flatMap((folder) =>
      [...Deno.readDirSync(new URL(folder, FOLDER))].map((entry) => entry.name).sort().flatMap((name) =>
        vectorsOf(`${folder}/${name}`, Deno.readTextFileSync(new URL(`${folder}/${name}`, FOLDER)))
      )
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const vectors = load();
const absent = vectors === undefined ? "llhttp's vectors are not beside the project" : undefined;

testIf(absent, "llhttp: the same verdicts, but for the listed ones", () => {
  const differences: string[] = [];
  const expected = Object.keys({ ...STRICTER, ...LOOSER });
  for (const vector of vectors!) {
    const name = `${vector.file}: ${vector.title}`;
    const error = verdict(vector, [vector.text.length + 99]);
    assertEquals(verdict(vector, [1]), error, name);
    if ((error !== undefined) !== vector.refused) differences.push(name);
  }
  assertEquals([...new Set(differences)].sort(), expected.sort());
  assertEquals(vectors!.length > 120, true);
});

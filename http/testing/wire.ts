/**
 * Reads responses in tests, by other means than the code under test.
 * @module
 */

/** A response as it stood on the wire. */
export interface WireResponse {
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  /** Names in lower case; several of a name are joined by ", ". */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
  /** `length`, `chunked`, `close` or `none`: how the end of the content was told. */
  readonly framing: "length" | "chunked" | "close" | "none";
  /** Did the content come to its end? */
  readonly complete: boolean;
}

/** One byte for each code unit. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** One code unit for each byte. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

/**
 * All responses in `text`.
 *
 * @param methods Of the requests, in order; GET for what is missing. @param closed Did the server end the connection?
 */
export function parseResponses(
  text: string,
  methods: readonly string[] = [],
  closed = false,
): WireResponse[] {
  const responses: WireResponse[] = [];
  let at = 0;
  let final = 0;
  while (at < text.length) {
    const headEnd = text.indexOf("\r\n\r\n", at);
    if (headEnd < 0) throw new Error(`half a head: ${JSON.stringify(text.slice(at, at + 200))}`);
    const head = parseHead(text.slice(at, headEnd));
    at = headEnd + 4;
    const interim = head.status < 200;
    const bodiless = interim || head.status === 204 || head.status === 304 || methods[final] === "HEAD";
    if (!interim) final++;
    const content = bodiless
      ? { body: "", end: at, framing: "none" as const, complete: true }
      : parseContent(text, at, head.fields, closed);
    at = content.end;
    responses.push({ ...head, body: content.body, framing: content.framing, complete: content.complete });
  }
  return responses;
}

function parseHead(text: string): Pick<WireResponse, "status" | "reason" | "version" | "fields"> {
  const [line, ...lines] = text.split("\r\n");
  const match = /^(HTTP\/1\.[01]) (\d{3}) (.*)$/.exec(line);
  if (match === null) throw new Error(`no status line: ${JSON.stringify(line)}`);
  const fields = new Map<string, string>();
  for (const field of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): (.*)$/.exec(field) ?? [];
    if (name === undefined) throw new Error(`no field: ${JSON.stringify(field)}`);
    const key = name.toLowerCase();
    fields.set(key, fields.has(key) ? `${fields.get(key)}, ${value}` : value);
  }
  return { version: match[1], status: Number(match[2]), reason: match[3], fields };
}

type Content = Pick<WireResponse, "body" | "framing" | "complete"> & { end: number };

function parseContent(
  text: string,
  at: number,
  fields: ReadonlyMap<string, string>,
  closed: boolean,
): Content {
  const length = fields.get("content-length");
  const coding = fields.get("transfer-encoding");
  if (length !== undefined && coding !== undefined) {
    throw new Error("both content-length and transfer-encoding");
  }
  if (coding !== undefined) return parseChunks(text, at);
  if (length === undefined) {
    return { body: text.slice(at), framing: "close", end: text.length, complete: closed };
  }
  if (!/^\d+$/.test(length)) throw new Error(`content-length ${length}`);
  const end = at + Number(length);
  return {
    body: text.slice(at, end),
    framing: "length",
    end: Math.min(end, text.length),
    complete: end <= text.length,
  };
}

function parseChunks(text: string, start: number): Content {
  let body = "";
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return { body, framing: "chunked", end: text.length, complete: false };
    const line = text.slice(at, lineEnd);
    if (!/^[0-9a-fA-F]+$/.test(line)) throw new Error(`chunk size ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) {
      if (!text.startsWith("\r\n", at)) {
        return { body, framing: "chunked", end: text.length, complete: false };
      }
      return { body, framing: "chunked", end: at + 2, complete: true };
    }
    body += text.slice(at, at + size);
    if (at + size + 2 > text.length) return { body, framing: "chunked", end: text.length, complete: false };
    if (!text.startsWith("\r\n", at + size)) throw new Error("a chunk without its CRLF");
    at += size + 2;
  }
}

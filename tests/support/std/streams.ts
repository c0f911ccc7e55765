/**
 * Stand-in for `@std/streams` where JSR cannot be reached, over `Response`.
 *
 * @module
 */

/** Reads the stream to its end. */
export async function toBytes(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await toArrayBuffer(stream));
}

/** Reads the stream to its end. */
export async function toArrayBuffer(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer();
}

/** Reads the stream to its end as UTF-8. */
export async function toText(stream: ReadableStream<string | Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Reads the stream to its end as JSON. */
export async function toJson(stream: ReadableStream<string | Uint8Array>): Promise<unknown> {
  return JSON.parse(await toText(stream));
}

/** Splits text into lines at LF or CRLF. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() as string;
        for (const line of lines) controller.enqueue(line.endsWith("\r") ? line.slice(0, -1) : line);
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}

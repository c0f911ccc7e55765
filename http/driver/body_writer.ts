/**
 * Sends the content of a response, whatever it is, at the pace of the socket.
 * @module
 */
import type { Bytes } from "../../ffi/native.ts";
import type { Transport } from "../../net/transport.ts";
import { MillraceError } from "../../runtime/errors.ts";
import type { BodySource } from "../body.ts";
import { encodeChunkHeader, encodeCrlf, encodeLastChunk, MAX_CHUNK_HEADER_BYTES } from "../h1/encoder.ts";

/** Content up to this size is copied behind its head, so that both leave in one call; bytes. */
export const COPY_MAX = 16_384;

/**
 * Bytes of one source after which everybody else has a turn: a peer that reads as fast as a source brings never
 * blocks, and a source need not wait for anything but Promises.
 */
const TURN_BYTES = 262_144;
/** What a piece counts at least: a thousand tiny ones are work, too. */
const PIECE_BYTES = 256;

/** Counts what is sent in a row. */
class Fairness {
  #sent = 0;

  /** Resolves at once, or after a turn of the host's loop. */
  afterPiece(bytes: number): Promise<void> | undefined {
    this.#sent += Math.max(bytes, PIECE_BYTES);
    if (this.#sent < TURN_BYTES) return undefined;
    this.#sent = 0;
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** Who knows when the transport has room. */
export interface RoomSource {
  /**
   * For when the transport is blocked, closed, or took less than it was given: resolves when it has room again,
   * rejects when the connection is lost. One of the two will come.
   */
  awaitRoom(): Promise<void>;
}

/** Sends bytes without copying them; resolves when the system has taken all. */
export async function sendBytes(
  transport: Transport,
  room: RoomSource,
  bytes: Bytes,
  start = 0,
): Promise<void> {
  let at = start;
  for (;;) {
    if (transport.isBlocked) await room.awaitRoom();
    at += transport.trySend(bytes, at, bytes.length);
    if (at === bytes.length) return;
    await room.awaitRoom();
  }
}

/** Sends a source in chunks (RFC 9112 7.1), with the last one. */
export async function sendChunked(transport: Transport, room: RoomSource, source: BodySource): Promise<void> {
  const fairness = new Fairness();
  for (;;) {
    const chunk = await source.read();
    if (transport.isBlocked || transport.isClosed) await room.awaitRoom();
    if (chunk === undefined) break;
    await sendChunk(transport, room, chunk);
    await fairness.afterPiece(chunk.length);
  }
  const at = transport.begin(MAX_CHUNK_HEADER_BYTES);
  transport.commit(at, encodeLastChunk(transport.output, at));
}

async function sendChunk(transport: Transport, room: RoomSource, chunk: Bytes): Promise<void> {
  const copied = chunk.length <= COPY_MAX;
  const at = transport.begin(MAX_CHUNK_HEADER_BYTES + 2 + (copied ? chunk.length : 0));
  const { output } = transport;
  let end = encodeChunkHeader(output, at, chunk.length);
  if (copied) {
    output.set(chunk, end);
    end = encodeCrlf(output, end + chunk.length);
  }
  transport.commit(at, end);
  if (copied) return;
  await sendBytes(transport, room, chunk);
  const tail = transport.begin(2);
  transport.commit(tail, encodeCrlf(transport.output, tail));
}

/**
 * Sends a source as it is: exactly `length` bytes, or up to the close when that is undefined.
 *
 * @throws {MillraceError} `ERR_CONTENT_LENGTH` when the source brings another number of bytes than was announced.
 */
export async function sendPlain(
  transport: Transport,
  room: RoomSource,
  source: BodySource,
  length: number | undefined,
): Promise<void> {
  const fairness = new Fairness();
  let sent = 0;
  for (;;) {
    const chunk = await source.read();
    if (transport.isBlocked || transport.isClosed) await room.awaitRoom();
    if (chunk === undefined) break;
    sent += chunk.length;
    if (length !== undefined && sent > length) throw wrongLength(length, `${sent} and more`);
    await sendBytes(transport, room, chunk);
    await fairness.afterPiece(chunk.length);
  }
  if (length !== undefined && sent !== length) throw wrongLength(length, String(sent));
}

function wrongLength(announced: number, sent: string): MillraceError {
  return new MillraceError(
    "ERR_CONTENT_LENGTH",
    `sending a response: its content-length is ${announced}, its content has ${sent} bytes`,
  );
}

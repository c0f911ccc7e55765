/**
 * The port between byte streams and protocols: callbacks, no Promise, no buffer of its own while idle.
 * @module
 */
import type { Bytes } from "../ffi/native.ts";
import type { SocketAddr } from "./addr.ts";

/** What a protocol gives to a {@link Transport}. Called synchronously, never inside one of its own calls. */
export interface TransportHandler {
  /**
   * `bytes[start, end)` arrived. They are never overwritten, so a view may be kept, but a kept view keeps the
   * whole arena (half a megabyte) alive: copy what is to stay. What was received before
   * {@link Transport.pauseReading} took effect still comes.
   */
  onData(bytes: Bytes, start: number, end: number): void;
  /** The peer sends no more (half-close). Writing still works. */
  onEnd(): void;
  /** The transport was blocked and has room again. */
  onDrain(): void;
  /** The transport is gone: the last call. `error` says why, unless this side closed it. */
  onClose(error: Error | undefined): void;
}

/** A connected byte stream. */
export interface Transport {
  /** Who is called back. Set it before the first turn. */
  handler: TransportHandler;
  /** The arena that {@link begin} gives room in. */
  readonly output: Bytes;
  /** Did the peer take less than it was sent, or is it lost? Then stop producing until `onDrain` or `onClose`. */
  readonly isBlocked: boolean;
  /** Was it closed, by whichever side? */
  readonly isClosed: boolean;
  /**
   * Room for at most {@link MAX_BEGIN} bytes in {@link output}: returns the offset to write at. Nothing else of
   * the transport may be called before {@link commit}.
   */
  begin(maxBytes: number): number;
  /** Send what was written at `output[from, to)`, with `from` as {@link begin} returned it. */
  commit(from: number, to: number): void;
  /**
   * Hand `bytes[start, end)` to the peer without copying or keeping them; returns how many were taken. Fewer
   * than all: the transport is blocked, `onDrain` will come, and the rest is the caller's.
   */
  trySend(bytes: Bytes, start: number, end: number): number;
  /** Take no more from the peer, so that it has to wait. */
  pauseReading(): void;
  /** Take up reading again. */
  resumeReading(): void;
  /** End the writing half after what was committed has gone out. Nothing may be sent after that. */
  endWriting(): void;
  /** Close after what was committed has gone out. */
  close(): void;
  /** Close at once: what has not gone out is dropped, the peer sees a reset. */
  abort(): void;
  /** This side's address. @throws {ClosedError} After the transport has gone. */
  localAddr(): SocketAddr;
  /** The peer's address. @throws {ClosedError} After the transport has gone. */
  peerAddr(): SocketAddr;
  /** Send small writes at once (Nagle's algorithm off), which is how connections begin. */
  setNoDelay?(on: boolean): void;
  /** Seconds of silence, an integer, before the peer is probed for being alive; 0: never, the default. */
  setKeepAlive?(seconds: number): void;
}

/** The most that one {@link Transport.begin} may ask for, bytes. */
export const MAX_BEGIN = 131_072;

/** Whose sockets: the native library's, on the batched reactor, or the host's own. */
export type Backend = "native" | "host";

/** A listening socket that hands out transports. */
export interface Acceptor {
  /** Whose sockets it hands out. */
  readonly backend: Backend;
  /** Where it listens; with the port that the system chose. */
  readonly localAddr: SocketAddr;
  /** Take no new connections for now; they wait in the system's queue. */
  pause(): void;
  /** Take new connections again. */
  resume(): void;
  /** Stop listening. */
  close(): void;
}

/** Called with each accepted connection: set its handler. */
export type OnAccept = (transport: Transport) => void;

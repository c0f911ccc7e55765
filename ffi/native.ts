/**
 * The native functions as TypeScript sees them, whichever loader opened the library.
 * @module
 */

/** A buffer of ours: never a view of a resizable or shared one. */
export type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The functions of `shim/shim.h` under their names without the prefix. Each returns a count, a descriptor
 * or a flag (>= 0), or a negative errno; {@link park} alone runs on another thread. Offsets and lengths are
 * not checked on the native side: only reactor/ and net/ call these.
 */
export interface Native {
  /** Where the library was loaded from. */
  readonly path: string;
  /** Descriptors opened through the library and not closed yet. */
  liveHandles(): number;
  /** Raise the soft descriptor limit to the hard one; the limit in force. */
  raiseDescriptorLimit(): number;
  /** A new selector. */
  selectorOpen(): number;
  /** Watch a descriptor. */
  selectorAdd(selector: number, fd: number, token: number, interest: number, kind: number): number;
  /** Change how a descriptor is watched. */
  selectorModify(selector: number, fd: number, token: number, interest: number, kind: number): number;
  /** Stop watching a descriptor. */
  selectorRemove(selector: number, fd: number): number;
  /** Wait on another thread until the selector has something, at most `timeoutMs` (-1: no limit). */
  park(selector: number, timeoutMs: number): Promise<number>;
  /** One batched turn; the number of completions in `memory`. */
  turn(
    selector: number,
    memory: Bytes,
    operations: number,
    input: Bytes,
    at: number,
    end: number,
    timeoutUs: number,
  ): number;
  /** A new waker. */
  wakerOpen(): number;
  /** Wake it, from any thread. */
  wake(waker: number): number;
  /** A listening TCP socket. */
  tcpListen(address: Bytes, backlog: number, flags: number): number;
  /** A TCP socket that has begun to connect. */
  tcpConnect(address: Bytes): number;
  /** Accept one connection. */
  accept(listener: number): number;
  /** Receive into `bytes[at, at + length)`. */
  receive(fd: number, bytes: Bytes, at: number, length: number): number;
  /** Send from `bytes[at, at + length)`. */
  send(fd: number, bytes: Bytes, at: number, length: number): number;
  /** End reading (0), writing (1) or both (2). */
  shutdown(fd: number, how: number): number;
  /** Close any handle of the library. */
  close(fd: number): number;
  /** The socket's pending error as a negative errno, or 0. */
  socketError(fd: number): number;
  /** Write the socket's own address into 24 bytes. */
  localAddress(fd: number, address: Bytes): number;
  /** Write the peer's address into 24 bytes. */
  peerAddress(fd: number, address: Bytes): number;
  /** Set a socket option of abi.ts. */
  setOption(fd: number, option: number, value: number): number;
}

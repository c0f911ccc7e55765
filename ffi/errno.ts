/**
 * Error numbers of the supported systems: names and a sentence each.
 * @module
 */

type Entry = readonly [linux: number, darwin: number, text: string];

const TABLE: Readonly<Record<string, Entry>> = {
  EPERM: [1, 1, "operation not permitted"],
  ENOENT: [2, 2, "no such file or directory"],
  EINTR: [4, 4, "interrupted by a signal"],
  EIO: [5, 5, "input/output error"],
  EBADF: [9, 9, "not an open descriptor"],
  EAGAIN: [11, 35, "would block"],
  ENOMEM: [12, 12, "out of memory"],
  EACCES: [13, 13, "permission denied"],
  EEXIST: [17, 17, "already there"],
  EINVAL: [22, 22, "invalid argument"],
  ENFILE: [23, 23, "too many open files in the system"],
  EMFILE: [24, 24, "too many open files in this process"],
  ENOSPC: [28, 28, "no space left"],
  EPIPE: [32, 32, "the peer has closed its reading side"],
  EPROTO: [71, 100, "protocol error"],
  EMSGSIZE: [90, 40, "message too long"],
  EOPNOTSUPP: [95, 102, "not supported on this socket"],
  EAFNOSUPPORT: [97, 47, "address family not supported"],
  EADDRINUSE: [98, 48, "address already in use"],
  EADDRNOTAVAIL: [99, 49, "address not available on this machine"],
  ENETDOWN: [100, 50, "network is down"],
  ENETUNREACH: [101, 51, "network is unreachable"],
  ECONNABORTED: [103, 53, "connection aborted"],
  ECONNRESET: [104, 54, "connection reset by the peer"],
  ENOBUFS: [105, 55, "no buffer space"],
  EISCONN: [106, 56, "already connected"],
  ENOTCONN: [107, 57, "not connected"],
  ETIMEDOUT: [110, 60, "timed out"],
  ECONNREFUSED: [111, 61, "connection refused"],
  EHOSTDOWN: [112, 64, "host is down"],
  EHOSTUNREACH: [113, 65, "no route to the host"],
  EALREADY: [114, 37, "already in progress"],
  EINPROGRESS: [115, 36, "in progress"],
};

/** The operating system, as far as error numbers differ. */
export type ErrnoFamily = "linux" | "darwin";

function hostFamily(): ErrnoFamily {
  const os = (globalThis as { Deno?: { build: { os: string } } }).Deno?.build.os;
  return os === "darwin" || os === "freebsd" || os === "netbsd" ? "darwin" : "linux";
}

/** The number of a name on this system, for comparisons: `errno("EAGAIN")`. */
export function errno(name: string, family: ErrnoFamily = hostFamily()): number {
  if (!Object.hasOwn(TABLE, name)) throw new RangeError(`unknown errno name "${name}"`);
  const entry = TABLE[name];
  return family === "linux" ? entry[0] : entry[1];
}

/** Name and sentence of a number on this system; an unknown one is `E<number>`. */
export function describeErrno(
  number: number,
  family: ErrnoFamily = hostFamily(),
): [code: string, text: string] {
  for (const [name, entry] of Object.entries(TABLE)) {
    if ((family === "linux" ? entry[0] : entry[1]) === number) return [name, entry[2]];
  }
  return [`E${number}`, `system error ${number}`];
}

/** Would block: a value, never an exception. Positive. */
export const EAGAIN: number = errno("EAGAIN");

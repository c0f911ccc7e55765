/**
 * Socket addresses: IP, port and scope, without asking the operating system or a name server.
 * @module
 */
import { ADDRESS_BYTES } from "../ffi/abi.ts";
import type { Bytes } from "../ffi/native.ts";
import { formatIPv4, formatIPv6, isMappedIPv4, parseDecimal, parseIPv4, parseIPv6 } from "./ip_text.ts";

// The layout of shim.h: family, 0, port (big endian), scope id (little endian), address.
const PORT_AT = 2;
const SCOPE_AT = 4;
const IP_AT = 8;

const MAX_PORT = 65_535;
const MAX_SCOPE = 0xffff_ffff;
const WANTED = `"127.0.0.1:80", "[::1]:80" or "[fe80::1%3]:80"`;

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) {
    throw new RangeError(`port "${port}" is not an integer from 0 to ${MAX_PORT}`);
  }
}

/** Fill in an IPv6 address with or without "%scope"; `false` if the text is none. */
function fillIPv6(text: string, bytes: Bytes): boolean {
  const percent = text.indexOf("%");
  if (percent < 0) return fill(6, parseIPv6(text, bytes, IP_AT), bytes);
  const scope = text.slice(percent + 1);
  if (!parseIPv6(text.slice(0, percent), bytes, IP_AT)) return false;
  const scopeId = parseDecimal(scope, MAX_SCOPE);
  if (scopeId < 0) {
    throw new RangeError(
      `scope "${scope}" in "${text}" is not the number of an interface, 0 to ${MAX_SCOPE}`,
    );
  }
  writeScope(bytes, scopeId);
  return fill(6, true, bytes);
}

function fillIPv4(text: string, bytes: Bytes): boolean {
  return fill(4, parseIPv4(text, bytes, IP_AT), bytes);
}

function fill(family: 4 | 6, valid: boolean, bytes: Bytes): boolean {
  bytes[0] = family;
  return valid;
}

function writePort(bytes: Bytes, port: number): void {
  bytes[PORT_AT] = port >> 8;
  bytes[PORT_AT + 1] = port & 0xff;
}

function writeScope(bytes: Bytes, scopeId: number): void {
  for (let index = 0; index < 4; index++) bytes[SCOPE_AT + index] = scopeId >>> 8 * index;
}

/**
 * The address of a socket: IPv4 or IPv6, a port, and for link-local IPv6 the interface. Immutable.
 *
 * @example
 * ```ts
 * import { SocketAddr } from "@millrace/millrace/net";
 *
 * const address = SocketAddr.parse("[2001:DB8:0:0:0:0:0:1]:8080");
 * if (address.ip !== "2001:db8::1" || address.port !== 8080) throw new Error(`${address}`);
 * if (!SocketAddr.v4("127.0.0.1", 80).isLoopback) throw new Error("127.0.0.0/8 is this machine");
 * ```
 */
export class SocketAddr {
  /** As it crosses the native border. */
  readonly #bytes: Bytes;
  #ip: string | undefined;

  private constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /**
   * The address that `text` spells: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%3]:80`. Octets and port are decimal
   * without leading zeros, IPv6 is any form of RFC 4291 §2.2 in brackets, the scope is an interface number.
   *
   * @throws {TypeError} When the text has another form.
   * @throws {RangeError} When port or scope is out of range.
   */
  static parse(text: string): SocketAddr {
    const colon = text.lastIndexOf(":");
    const host = text.slice(0, colon);
    const bytes = new Uint8Array(ADDRESS_BYTES);
    const bracketed = host.startsWith("[") && host.endsWith("]");
    const valid = colon > 0 && (bracketed ? fillIPv6(host.slice(1, -1), bytes) : fillIPv4(host, bytes));
    if (!valid) throw new TypeError(`"${text}" is not a socket address: wanted ${WANTED}`);
    const port = parseDecimal(text.slice(colon + 1), MAX_PORT);
    if (port < 0) {
      throw new RangeError(
        `port "${text.slice(colon + 1)}" in "${text}" is not a decimal number from 0 to ${MAX_PORT}`,
      );
    }
    writePort(bytes, port);
    return new SocketAddr(bytes);
  }

  /**
   * An IPv4 address and a port from 0 to 65,535.
   *
   * @throws {TypeError} When `ip` is not four decimal octets. @throws {RangeError} For another port.
   */
  static v4(ip: string, port: number): SocketAddr {
    const bytes = new Uint8Array(ADDRESS_BYTES);
    if (!fillIPv4(ip, bytes)) throw new TypeError(`"${ip}" is not an IPv4 address: wanted "127.0.0.1"`);
    checkPort(port);
    writePort(bytes, port);
    return new SocketAddr(bytes);
  }

  /**
   * An IPv6 address without brackets, with or without `%scope`, and a port from 0 to 65,535.
   *
   * @throws {TypeError} When `ip` is none. @throws {RangeError} For another port or scope.
   */
  static v6(ip: string, port: number): SocketAddr {
    const bytes = new Uint8Array(ADDRESS_BYTES);
    if (!fillIPv6(ip, bytes)) {
      throw new TypeError(`"${ip}" is not an IPv6 address: wanted "::1" or "fe80::1%3"`);
    }
    checkPort(port);
    writePort(bytes, port);
    return new SocketAddr(bytes);
  }

  /**
   * What a user writes as a host name, as far as no name server is needed: a numeric address, an IPv6 one with
   * or without brackets, or `localhost`, which is 127.0.0.1.
   *
   * @throws {TypeError} For another name. @throws {RangeError} For a port that is not from 0 to 65,535.
   */
  static from(hostname: string, port: number): SocketAddr {
    const bytes = new Uint8Array(ADDRESS_BYTES);
    const bracketed = hostname.startsWith("[") && hostname.endsWith("]");
    const numeric = bracketed ? hostname.slice(1, -1) : hostname;
    const found = numeric.includes(":")
      ? fillIPv6(numeric, bytes)
      : !bracketed && fillIPv4(hostname.toLowerCase() === "localhost" ? "127.0.0.1" : hostname, bytes);
    if (!found) {
      throw new TypeError(
        `hostname "${hostname}" is neither a numeric address nor "localhost": wanted "127.0.0.1" or "::1" ` +
          "(name resolution comes with `resolve`)",
      );
    }
    checkPort(port);
    writePort(bytes, port);
    return new SocketAddr(bytes);
  }

  /**
   * Read the 24 bytes that {@link SocketAddr.encode} writes and the native border fills; they are copied.
   *
   * @throws {RangeError} When there are fewer, or the family is neither 4 nor 6.
   */
  static decode(bytes: Uint8Array): SocketAddr {
    if (bytes.length < ADDRESS_BYTES) {
      throw new RangeError(`a socket address has ${ADDRESS_BYTES} bytes, these are "${bytes.length}"`);
    }
    if (bytes[0] !== 4 && bytes[0] !== 6) {
      throw new RangeError(`address family "${bytes[0]}" is not 4 or 6`);
    }
    const copy = new Uint8Array(bytes.subarray(0, ADDRESS_BYTES));
    copy[1] = 0;
    if (copy[0] === 4) {
      // Bytes that mean nothing in IPv4 must not tell two equal addresses apart.
      copy.fill(0, SCOPE_AT, IP_AT);
      copy.fill(0, IP_AT + 4);
    }
    return new SocketAddr(copy);
  }

  /** 4 for IPv4, 6 for IPv6. */
  get family(): 4 | 6 {
    return this.#bytes[0] as 4 | 6;
  }

  /** The canonical text of the address alone (RFC 5952), without brackets and scope. */
  get ip(): string {
    return this.#ip ??= this.family === 4 ? formatIPv4(this.#bytes, IP_AT) : formatIPv6(this.#bytes, IP_AT);
  }

  /** The port, 0 to 65,535. */
  get port(): number {
    return this.#bytes[PORT_AT] << 8 | this.#bytes[PORT_AT + 1];
  }

  /** The interface of a link-local IPv6 address (RFC 4007 §6), 0 where none is named. */
  get scopeId(): number {
    const at = SCOPE_AT;
    const bytes = this.#bytes;
    return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
  }

  /** This machine talking to itself: 127.0.0.0/8, ::1, and the former mapped into IPv6. */
  get isLoopback(): boolean {
    const bytes = this.#bytes;
    if (this.family === 4) return bytes[IP_AT] === 127;
    return this.ip === "::1" || (isMappedIPv4(bytes, IP_AT) && bytes[IP_AT + 12] === 127);
  }

  /**
   * Write the address into the first 24 bytes of `into` in the layout of `shim.h`, and return it.
   *
   * @throws {RangeError} When there is less room.
   */
  encode(into: Bytes = new Uint8Array(ADDRESS_BYTES)): Bytes {
    if (into.length < ADDRESS_BYTES) {
      throw new RangeError(`a socket address needs ${ADDRESS_BYTES} bytes, there are "${into.length}"`);
    }
    into.set(this.#bytes);
    return into;
  }

  /** The same family, address, port and scope? */
  equals(other: SocketAddr): boolean {
    return this.#bytes.every((byte, index) => byte === other.#bytes[index]);
  }

  /** `127.0.0.1:80`, `[::1]:80`, `[fe80::1%3]:80`: {@link SocketAddr.parse} reads it back. */
  toString(): string {
    if (this.family === 4) return `${this.ip}:${this.port}`;
    return `[${this.ip}${this.scopeId === 0 ? "" : `%${this.scopeId}`}]:${this.port}`;
  }
}

/**
 * How the decoders say no.
 * @module
 */
import { LimitError, RemoteProtocolError } from "../../runtime/bytes/errors.ts";

/** The name of the protocol in errors. */
export const PROTOCOL = "http/1.1";

/** A breach of the protocol; the connection cannot go on. */
export function refusal(code: string, message: string, statusHint: number): RemoteProtocolError {
  return new RemoteProtocolError(code, message, { protocol: PROTOCOL, scope: "connection", statusHint });
}

/** A breach of one byte, named with its value. */
export function badByte(
  code: string,
  where: string,
  byte: number,
  wanted: string,
  statusHint = 400,
): RemoteProtocolError {
  const value = `0x${byte.toString(16).padStart(2, "0")}`;
  return refusal(code, `decoding ${where}: byte "${value}", wanted ${wanted}`, statusHint);
}

/** A limit that the peer passed. */
export function overLimit(limit: string, max: number, what: string, statusHint: number): LimitError {
  return new LimitError(limit, max, `decoding ${what}: more than ${max} (${limit})`, statusHint);
}

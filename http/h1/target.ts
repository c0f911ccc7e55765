/**
 * The four forms of a request target (RFC 9112 3.2).
 * @module
 */
import { equalsIgnoreCase } from "../../runtime/bytes/ascii.ts";
import { AUTHORITY_MALFORMED, AUTHORITY_WITH_PORT, checkAuthority } from "./authority.ts";
import {
  type RequestHead,
  TARGET_ABSOLUTE,
  TARGET_ASTERISK,
  TARGET_AUTHORITY,
  TARGET_ORIGIN,
} from "./head.ts";
import { METHOD_CONNECT, METHOD_OPTIONS } from "./methods.ts";
import { refusal } from "./refusal.ts";

const ASTERISK = 0x2a;
const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;

function malformed(why: string): Error {
  return refusal("ERR_H1_TARGET", `decoding the request target: ${why}`, 400);
}

/**
 * Sets form, path, query and authority of `head`, whose target is neither empty nor holds a byte that no target may.
 *
 * @param bytes What the head's offsets point into.
 * @param question Index of the first `?` of the target, its end if there is none.
 */
export function splitTarget(bytes: Uint8Array, head: RequestHead, question: number): void {
  const start = head.targetStart;
  const end = head.targetEnd;
  head.pathStart = start;
  head.pathEnd = question;
  head.queryStart = question < end ? question + 1 : end;
  head.hostStart = head.hostEnd = start;
  if (head.methodCode === METHOD_CONNECT) {
    if (checkAuthority(bytes, start, end) !== AUTHORITY_WITH_PORT) throw malformed("CONNECT wants host:port");
    head.targetForm = TARGET_AUTHORITY;
    head.hostEnd = end;
    head.pathStart = head.pathEnd = head.queryStart = end;
    return;
  }
  if (bytes[start] === SLASH) {
    head.targetForm = TARGET_ORIGIN;
    return;
  }
  if (bytes[start] === ASTERISK && end - start === 1) {
    if (head.methodCode !== METHOD_OPTIONS) throw malformed('"*" is for OPTIONS only');
    head.targetForm = TARGET_ASTERISK;
    head.pathStart = head.pathEnd = head.queryStart = end;
    return;
  }
  splitAbsolute(bytes, head, question);
}

function splitAbsolute(bytes: Uint8Array, head: RequestHead, question: number): void {
  const start = head.targetStart;
  const end = head.targetEnd;
  let p: number;
  if (end - start > 7 && equalsIgnoreCase(bytes, start, start + 7, "http://")) p = start + 7;
  else if (end - start > 8 && equalsIgnoreCase(bytes, start, start + 8, "https://")) p = start + 8;
  else throw malformed("wanted /path, http://host/path or *");
  head.targetForm = TARGET_ABSOLUTE;
  head.hostStart = p;
  while (p < end && bytes[p] !== SLASH && bytes[p] !== QUESTION_MARK) p++;
  head.hostEnd = p;
  if (checkAuthority(bytes, head.hostStart, p) === AUTHORITY_MALFORMED) {
    throw malformed("malformed authority");
  }
  head.pathStart = p;
  head.pathEnd = question;
}

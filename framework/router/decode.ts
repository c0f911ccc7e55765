/**
 * Percent-decoding of what a route captured (RFC 3986 §2.1), after the match.
 * @module
 */
import { BadRequest } from "../error.ts";

const PERCENT = 37;

/** A parameter's value: one segment, decoded; `%2F` becomes a slash inside the value. */
export function decodeSegment(path: string, start: number, end: number): string {
  for (let i = start; i < end; i++) {
    if (path.charCodeAt(i) === PERCENT) return decoded(path.slice(start, end));
  }
  return path.slice(start, end);
}

/** What would lead a reader of the value elsewhere: a dot segment, an empty first one, a backslash, NUL. */
const LEADS_AWAY = /(?:^|\/)\.\.?(?:\/|$)|^\/|[\\\0]/;

/**
 * A wildcard's value, decoded, safe to be put behind a folder's name: what {@linkcode LEADS_AWAY} is refused, and so is an
 * encoded slash, since a reader of the value could not tell it from a real one.
 */
export function decodeRest(path: string, start: number, end: number): string {
  const raw = path.slice(start, end);
  if (/%2f/i.test(raw)) throw new BadRequest("the path holds an encoded slash where a wildcard stands");
  const rest = raw.includes("%") ? decoded(raw) : raw;
  if (!LEADS_AWAY.test(rest)) return rest;
  throw new BadRequest(
    'the path holds "." or ".." as a segment, an empty first segment, a backslash or NUL where a wildcard stands',
  );
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw new BadRequest("the path is not well percent-encoded UTF-8");
  }
}

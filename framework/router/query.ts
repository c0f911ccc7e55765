/**
 * One value out of a query, by the rules of `application/x-www-form-urlencoded` (URL Standard §5.1), without building a map.
 * @module
 */

const AMPERSAND = 38;
const EQUALS = 61;
const PERCENT = 37;
const PLUS = 43;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The first value of `name`, decoded; undefined if the query has no such name.
 *
 * What is not well percent-encoded stays as it is, and what is not UTF-8 becomes U+FFFD, as in `URLSearchParams.get`.
 *
 * @param query What follows the question mark.
 */
export function queryValue(query: string, name: string): string | undefined {
  const length = query.length;
  let at = 0;
  while (at < length) {
    let equals = -1;
    let nameIsEncoded = false;
    let valueIsEncoded = false;
    let end = at;
    for (; end < length; end++) {
      const code = query.charCodeAt(end);
      if (code === AMPERSAND) break;
      if (code === EQUALS && equals === -1) equals = end;
      else if (code === PERCENT || code === PLUS) {
        if (equals === -1) nameIsEncoded = true;
        else valueIsEncoded = true;
      }
    }
    const nameEnd = equals === -1 ? end : equals;
    const same = nameIsEncoded
      ? formDecode(query.slice(at, nameEnd)) === name
      : nameEnd - at === name.length && query.startsWith(name, at);
    // Two ampersands in a row are no pair; "=" alone is one with an empty name.
    if (same && end > at) {
      if (equals === -1) return "";
      const value = query.slice(equals + 1, end);
      return valueIsEncoded ? formDecode(value) : value;
    }
    at = end + 1;
  }
  return undefined;
}

function formDecode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return lossyDecode(spaced);
  }
}

/** Percent-decodes what is well-formed, byte by byte, and reads the result as UTF-8 with replacement characters. */
function lossyDecode(text: string): string {
  const source = new TextEncoder().encode(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const high = source[i] === PERCENT ? hexDigit(source[i + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(source[i + 2]);
    if (low === -1) {
      bytes[length++] = source[i];
    } else {
      bytes[length++] = high * 16 + low;
      i += 2;
    }
  }
  return utf8.decode(bytes.subarray(0, length));
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/**
 * The grammar of chunk extensions (RFC 9112 7.1.1), a byte at a time. What they say is ignored; that they are
 * well-formed is not, because readers differ about where a malformed one ends.
 * @module
 */
import { TOKEN_CHARACTERS, VALUE_CHARACTERS } from "../../runtime/bytes/tables.ts";

const EQUALS = 0x3d;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/** No extension goes on so. */
export const EXTENSION_BAD = -1;
/** After the semicolon. */
export const EXTENSION_START = 0;
const NAME = 1;
const VALUE_START = 2;
const VALUE = 3;
const QUOTED = 4;
const ESCAPED = 5;
const AFTER_QUOTED = 6;

/** The state after `byte`, which is not CR. No white space but in quotes: RFC 9112 calls it bad, we refuse it. */
export function extensionState(state: number, byte: number): number {
  switch (state) {
    case EXTENSION_START:
      return TOKEN_CHARACTERS[byte] !== 0 ? NAME : EXTENSION_BAD;
    case NAME:
      if (TOKEN_CHARACTERS[byte] !== 0) return NAME;
      return byte === EQUALS ? VALUE_START : byte === SEMICOLON ? EXTENSION_START : EXTENSION_BAD;
    case VALUE_START:
      return byte === QUOTE ? QUOTED : TOKEN_CHARACTERS[byte] !== 0 ? VALUE : EXTENSION_BAD;
    case VALUE:
      if (TOKEN_CHARACTERS[byte] !== 0) return VALUE;
      return byte === SEMICOLON ? EXTENSION_START : EXTENSION_BAD;
    case QUOTED:
      if (byte === QUOTE) return AFTER_QUOTED;
      if (byte === BACKSLASH) return ESCAPED;
      return VALUE_CHARACTERS[byte] !== 0 ? QUOTED : EXTENSION_BAD;
    case ESCAPED:
      return VALUE_CHARACTERS[byte] !== 0 ? QUOTED : EXTENSION_BAD;
    default:
      return byte === SEMICOLON ? EXTENSION_START : EXTENSION_BAD;
  }
}

/** Whether the line may end in this state. */
export function mayEndExtensions(state: number): boolean {
  return state === NAME || state === VALUE || state === AFTER_QUOTED;
}

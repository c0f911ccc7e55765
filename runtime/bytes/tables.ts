/**
 * Byte classes of the HTTP grammars, one byte of table for each byte value.
 * @module
 */

function table(mark: (out: Uint8Array) => void): Uint8Array {
  const out = new Uint8Array(256);
  mark(out);
  return out;
}

function markEach(out: Uint8Array, characters: string, value = 1): void {
  for (let i = 0; i < characters.length; i++) out[characters.charCodeAt(i)] = value;
}

function markRange(out: Uint8Array, first: number, last: number, value = 1): void {
  for (let byte = first; byte <= last; byte++) out[byte] = value;
}

const LOWER_LETTERS = "abcdefghijklmnopqrstuvwxyz";
const UPPER_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";

/** RFC 9110 5.6.2 `tchar`: 0 = not a token character, 2 = upper-case letter, 1 = any other. */
export const TOKEN_CHARACTERS: Uint8Array = table((out) => {
  markEach(out, "!#$%&'*+-.^_`|~" + DIGITS + LOWER_LETTERS);
  markEach(out, UPPER_LETTERS, 2);
});

/** RFC 9110 5.5 field content: HTAB, SP, VCHAR and obs-text. */
export const VALUE_CHARACTERS: Uint8Array = table((out) => {
  out[0x09] = 1;
  markRange(out, 0x20, 0x7e);
  markRange(out, 0x80, 0xff);
});

/** What a request target may hold: visible ASCII but `#`; 2 marks `?`. */
export const TARGET_CHARACTERS: Uint8Array = table((out) => {
  markRange(out, 0x21, 0x7e);
  out[0x23] = 0;
  out[0x3f] = 2;
});

/** RFC 3986 3.2.2 `reg-name` (an IPv4 address is one too); 2 marks `%`, which must start two hex digits. */
export const REG_NAME_CHARACTERS: Uint8Array = table((out) => {
  markEach(out, "-._~!$&'()*+,;=" + DIGITS + LOWER_LETTERS + UPPER_LETTERS);
  out[0x25] = 2;
});

/** The value of a hexadecimal digit, 255 for every other byte. */
export const HEX_VALUES: Uint8Array = table((out) => {
  out.fill(255);
  for (let digit = 0; digit < 10; digit++) out[0x30 + digit] = digit;
  for (let digit = 10; digit < 16; digit++) {
    out[0x41 + digit - 10] = digit;
    out[0x61 + digit - 10] = digit;
  }
});

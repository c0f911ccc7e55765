/**
 * JSON text to a value, with errors that show where and never what.
 * @module
 */
import { BadRequest } from "../error.ts";

/** Parses; 400 with the position for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The engine's own message quotes the text, which may hold a password.
    const at = jsonErrorAt(text);
    const where = at < text.length ? `at position ${at}` : "at its end";
    throw new BadRequest(
      `the body is not JSON: unexpected ${at < text.length ? "character" : "end"} ${where}`,
      {
        code: "ERR_BODY_JSON",
        cause: error,
      },
    );
  }
}

const OBJECT = 123;
const OBJECT_END = 125;
const ARRAY = 91;
const ARRAY_END = 93;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const ESCAPES = '"\\/bfnrt';
const HEX = /^[0-9a-fA-F]$/;
const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Where text stops being JSON (RFC 8259), as an index of its UTF-16 units; its length if more is missing, or nothing is wrong.
 *
 * Runs only after a parse has failed; linear, and deep nesting costs no stack.
 */
export function jsonErrorAt(text: string): number {
  const open: number[] = [];
  let at = skip(SPACE, text, 0);
  let wanted: "value" | "value or end" | "key" | "key or end" | "next" = "value";
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (wanted === "next") {
      const inside = open[open.length - 1];
      if (code === COMMA && inside !== undefined) {
        wanted = inside === OBJECT ? "key" : "value";
        at++;
      } else if ((code === OBJECT_END && inside === OBJECT) || (code === ARRAY_END && inside === ARRAY)) {
        open.pop();
        at++;
      } else return at;
    } else if (wanted === "key" || wanted === "key or end") {
      if (code === OBJECT_END && wanted === "key or end") {
        open.pop();
        wanted = "next";
        at++;
      } else {
        if (code !== QUOTE) return at;
        at = endOfString(text, at);
        if (text.charCodeAt(at) !== QUOTE) return at;
        at = skip(SPACE, text, at + 1);
        if (text.charCodeAt(at) !== COLON) return at;
        wanted = "value";
        at++;
      }
    } else if (code === ARRAY_END && wanted === "value or end") {
      open.pop();
      wanted = "next";
      at++;
    } else if (code === OBJECT || code === ARRAY) {
      open.push(code);
      wanted = code === OBJECT ? "key or end" : "value or end";
      at++;
    } else {
      const end = code === QUOTE ? endOfString(text, at) : skip(SCALAR, text, at);
      if (end === at) return at + sharedWord(text, at);
      if (code === QUOTE && text.charCodeAt(end) !== QUOTE) return end;
      at = code === QUOTE ? end + 1 : end;
      wanted = "next";
    }
    at = skip(SPACE, text, at);
  }
  return at;
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Where the text that begins at `at` ends or goes wrong: at its closing quote if all is well. A loop, for megabytes of escapes. */
function endOfString(text: string, at: number): number {
  for (at++; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE || code < 32) return at;
    if (code !== BACKSLASH) continue;
    at++;
    if (text[at] === "u") {
      for (let digit = 0; digit < 4; digit++) {
        if (!HEX.test(text.charAt(++at))) return at;
      }
    } else if (!ESCAPES.includes(text.charAt(at)) || at === text.length) return at;
  }
  return text.length;
}

/** How much of `true`, `false`, `null` or a lone minus stands there before it goes wrong. */
function sharedWord(text: string, at: number): number {
  for (const word of ["true", "false", "null", "-"]) {
    let shared = 0;
    while (shared < word.length && text[at + shared] === word[shared]) shared++;
    if (shared > 0) return shared;
  }
  return 0;
}

/**
 * Route paths: what may be written, and what it means.
 * @module
 */

/** One part of a path, between two slashes. */
export type Segment =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "param"; readonly name: string }
  | { readonly kind: "rest"; readonly name: string };

/** A route's path, taken apart. */
export interface Pattern {
  /** As it is written, prefix included. */
  readonly source: string;
  /** Its parts; the root path has one empty text. */
  readonly segments: readonly Segment[];
  /** The names of what it captures, in order. */
  readonly names: readonly string[];
  /** The same for two paths that match the same requests: names are left out. */
  readonly shape: string;
}

const NAME = /^[A-Za-z_$][\w$-]*$/;
const ESCAPE = /%[0-9a-f]{2}/gi;
const BAD_ESCAPE = /%(?![0-9a-f]{2})/i;
/** Clients encode these (URL Standard, path percent-encode set) or take them for a slash. */
const NEVER_RAW = /["<>\\^`{}]/;
const NOT_ASCII = /[^\x21-\x7e]+/g;

/** Puts a controller's prefix and a route's path together: `"/"` and the empty path mean the prefix itself. */
export function joinPaths(prefix: string, path: string): string {
  const front = withSlash(prefix).replace(/\/$/, "");
  const back = path === "" || path === "/" ? "" : withSlash(path);
  return front + back === "" ? "/" : front + back;
}

function withSlash(path: string): string {
  return path === "" || path.startsWith("/") ? path : `/${path}`;
}

/**
 * Takes a path apart; gives a text that says what is wrong with it and what to write instead, where it is no path.
 *
 * Text outside of ASCII is percent-encoded, as clients send it; so are spaces, and the digits of an escape become upper case.
 */
export function parsePattern(source: string): Pattern | string {
  if (/[?#]/.test(source)) return `it holds "?" or "#": the query is no part of a path, use Query("name")`;
  const raw = NEVER_RAW.exec(source)?.[0];
  if (raw === "{" || raw === "}") return `it holds "${raw}": write ":name" for a parameter`;
  if (raw !== undefined) {
    return `it holds "${raw}", which clients send as "${encodeURIComponent(raw)}": write that`;
  }
  if (BAD_ESCAPE.test(source)) {
    return `it holds "%" without two hexadecimal digits: write "%25" for a percent sign`;
  }
  const segments: Segment[] = [];
  const names: string[] = [];
  const parts = source.slice(1).split("/");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const last = i === parts.length - 1;
    if (part === "" && !last) return `it holds "//": write one slash`;
    if (part.startsWith(":")) {
      const name = part.slice(1);
      if (!NAME.test(name)) {
        return `":${name}" is no parameter: it fills a whole segment, its name is letters, digits, "_", "$" and "-"`;
      }
      segments.push({ kind: "param", name });
      names.push(name);
    } else if (part.startsWith("*")) {
      const name = part.length === 1 ? "*" : part.slice(1);
      if (name !== "*" && !NAME.test(name)) {
        return `"${part}" is no wildcard: write "*" or "*name"`;
      }
      if (!last) {
        return `"${part}" is followed by "${parts[i + 1]}": a wildcard takes the rest, put it at the end`;
      }
      segments.push({ kind: "rest", name });
      names.push(name);
    } else if (part.includes("*") || part.includes(":")) {
      return `"${part}" has ":" or "*" inside: a parameter or wildcard fills a whole segment`;
    } else {
      segments.push({ kind: "text", text: encodeText(part) });
    }
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `it has two parameters of the name "${twice}": give each its own`;
  return { source, segments, names, shape: shapeOf(segments) };
}

function encodeText(text: string): string {
  return text.replace(NOT_ASCII, encodeURIComponent).replace(ESCAPE, (escape) => escape.toUpperCase());
}

function shapeOf(segments: readonly Segment[]): string {
  return segments.map((at) => at.kind === "text" ? `/${at.text}` : at.kind === "param" ? "/:" : "/*").join(
    "",
  );
}

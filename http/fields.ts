/**
 * Header fields in the shape of fetch's Headers.
 * @module
 */
import { readLatin1 } from "../runtime/bytes/ascii.ts";
import { TOKEN_CHARACTERS, VALUE_CHARACTERS } from "../runtime/bytes/tables.ts";
import { forEachField } from "./h1/field_lookup.ts";

/** What a {@linkcode HeaderMap} can be made from: pairs (another map, fetch's Headers) or a record. */
export type HeaderMapInit =
  | Iterable<readonly [name: string, value: string]>
  | Iterable<readonly string[]>
  | Readonly<Record<string, string>>;

/** Up to here a lookup compares names one by one; beyond, an index is built, so that many fields stay linear. */
const LINEAR_MAX = 24;

const SET_COOKIE = "set-cookie";

/**
 * Header fields: names without regard to case, values as byte strings, the order of insertion kept for the wire.
 *
 * It has the methods of fetch's `Headers` and may be given wherever one is wanted. Differences: every control character
 * but HTAB in a value is refused, not only CR, LF and NUL (RFC 9110 5.5); iteration shows the fields as they were when it
 * began. As in fetch, iteration is sorted by name, joins equal names with ", " and leaves each Set-Cookie alone;
 * {@linkcode HeaderMap.forEachField} has the order of the wire.
 *
 * Names and values are checked when written, so that what is in a map can be sent: a bad one throws `TypeError`, which
 * names the place of the bad character. Surrounding spaces and tabs of values are removed.
 *
 * @example
 * ```ts
 * import { HeaderMap } from "@millrace/millrace/http";
 *
 * const headers = new HeaderMap({ "Content-Type": "text/plain" });
 * headers.append("Vary", "accept");
 * headers.append("vary", "origin");
 * if (headers.get("VARY") !== "accept, origin") throw new Error("joined");
 * ```
 */
export class HeaderMap implements globalThis.Headers {
  /** Lower-case names, "" for a deleted field of an indexed map. */
  #names: string[] = [];
  #values: string[] = [];
  #size = 0;
  #frozen = false;
  /** Places of each name, once there are more than `LINEAR_MAX` fields. */
  #index: Map<string, number[]> | undefined = undefined;

  /**
   * Makes a map.
   *
   * @param init Fields to begin with; `TypeError` if a name or a value is malformed.
   */
  constructor(init?: HeaderMapInit | null) {
    if (init === undefined || init === null) return;
    if (typeof init !== "object") throw new TypeError("making headers: wanted pairs or a record");
    if (init instanceof HeaderMap) {
      this.#names = init.#names.filter((name) => name !== "");
      this.#values = init.#values.filter((_, i) => init.#names[i] !== "");
      this.#size = init.#size;
      return;
    }
    if (Symbol.iterator in init) {
      for (const pair of init as Iterable<readonly string[]>) {
        if (pair.length !== 2) {
          throw new TypeError(`making headers: a pair of ${pair.length}, wanted name and value`);
        }
        this.append(pair[0], pair[1]);
      }
      return;
    }
    for (const name of Object.keys(init)) this.append(name, (init as Readonly<Record<string, string>>)[name]);
  }

  /**
   * Makes a map of `init`; a map that is one already is copied.
   *
   * @example
   * ```ts
   * import { HeaderMap } from "@millrace/millrace/http";
   *
   * if (HeaderMap.from([["a", "1"]]).get("A") !== "1") throw new Error("found");
   * ```
   */
  static from(init?: HeaderMapInit | null): HeaderMap {
    return new HeaderMap(init);
  }

  /**
   * Makes a map of field lines that a decoder has accepted.
   *
   * @param bytes What the head was decoded from. @param start `head.fieldsStart`. @param end `head.fieldsEnd`.
   *
   * @example
   * ```ts
   * import { H1_LIMITS, HeaderMap, RequestDecoder } from "@millrace/millrace/http";
   *
   * const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
   * const decoder = new RequestDecoder(H1_LIMITS);
   * decoder.next(bytes, 0, bytes.length);
   * const { fieldsStart, fieldsEnd } = decoder.head;
   * if (HeaderMap.fromSection(bytes, fieldsStart, fieldsEnd).get("host") !== "a") throw new Error("found");
   * ```
   */
  static fromSection(bytes: Uint8Array, start: number, end: number): HeaderMap {
    const map = new HeaderMap();
    forEachField(bytes, start, end, (nameStart, nameEnd, valueStart, valueEnd) => {
      map.#push(readLatin1(bytes, nameStart, nameEnd).toLowerCase(), readLatin1(bytes, valueStart, valueEnd));
    });
    return map;
  }

  /** Number of fields as they would be sent: two of the same name count as two. */
  get size(): number {
    return this.#size;
  }

  /** Whether {@linkcode HeaderMap.freeze} was called. */
  get frozen(): boolean {
    return this.#frozen;
  }

  /** Makes every later change throw `TypeError`, as of the headers of a received message; returns the map. */
  freeze(): this {
    this.#frozen = true;
    return this;
  }

  /** The value, joined with ", " if there are several, `null` if there is none. */
  get(name: string): string | null {
    const key = normalName(name);
    const names = this.#names;
    if (this.#index !== undefined) return this.#indexedGet(key);
    let joined: string | null = null;
    for (let i = 0; i < names.length; i++) {
      if (names[i] === key) joined = joined === null ? this.#values[i] : `${joined}, ${this.#values[i]}`;
    }
    return joined;
  }

  /** Every value of that name, in order, not joined; empty if there is none. */
  getAll(name: string): string[] {
    return this.#places(normalName(name)).map((i) => this.#values[i]);
  }

  /** Every Set-Cookie value, in order. */
  getSetCookie(): string[] {
    return this.#places(SET_COOKIE).map((i) => this.#values[i]);
  }

  /** Whether there is a field of that name. */
  has(name: string): boolean {
    const key = normalName(name);
    return this.#index === undefined ? this.#names.includes(key) : this.#index.has(key);
  }

  /** Replaces every field of that name by one, at the place of the first. */
  set(name: string, value: string): void {
    this.#assertMutable();
    const key = normalName(name);
    const text = normalValue(name, value);
    const places = this.#places(key);
    if (places.length === 0) {
      this.#push(key, text);
      return;
    }
    this.#values[places[0]] = text;
    if (places.length > 1) this.#remove(key, places.slice(1));
  }

  /** Adds a field behind those of the same name. */
  append(name: string, value: string): void {
    this.#assertMutable();
    this.#push(normalName(name), normalValue(name, value));
  }

  /** Removes every field of that name. */
  delete(name: string): void {
    this.#assertMutable();
    const key = normalName(name);
    const places = this.#places(key);
    if (places.length > 0) this.#remove(key, places);
  }

  /** Calls `callback` with each value and name, sorted by name and joined, as fetch does. */
  forEach(callback: (value: string, name: string, parent: this) => void, thisArg?: unknown): void {
    for (const [name, value] of this.#sorted()) callback.call(thisArg, value, name, this);
  }

  /** Calls `callback` for each field in the order in which they were added: the order of the wire. Nothing is joined. */
  forEachField(callback: (name: string, value: string) => void): void {
    const names = this.#names;
    for (let i = 0; i < names.length; i++) if (names[i] !== "") callback(names[i], this.#values[i]);
  }

  /** Names in sorted order; `set-cookie` as often as there is one. */
  *keys(): IterableIterator<string> {
    for (const [name] of this.#sorted()) yield name;
  }

  /** Values in the order of their names. */
  *values(): IterableIterator<string> {
    for (const [, value] of this.#sorted()) yield value;
  }

  /** Names and values, sorted by name and joined. */
  *entries(): IterableIterator<[string, string]> {
    yield* this.#sorted();
  }

  /** The same as {@linkcode HeaderMap.entries}. */
  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  /** A record without prototype, sorted and joined; `set-cookie`, if there is one, is an array. */
  toJSON(): Record<string, string | string[]> {
    const record: Record<string, string | string[]> = Object.create(null);
    for (const [name, value] of this.#sorted()) if (name !== SET_COOKIE) record[name] = value;
    const cookies = this.getSetCookie();
    if (cookies.length > 0) record[SET_COOKIE] = cookies;
    return record;
  }

  /** `HeaderMap`, for consoles. */
  get [Symbol.toStringTag](): string {
    return "HeaderMap";
  }

  #assertMutable(): void {
    if (this.#frozen) throw new TypeError("changing headers: they are immutable");
  }

  #push(key: string, value: string): void {
    const place = this.#names.push(key) - 1;
    this.#values.push(value);
    this.#size++;
    if (this.#index !== undefined) this.#note(this.#index, key, place);
    else if (this.#size > LINEAR_MAX) this.#buildIndex();
  }

  #note(index: Map<string, number[]>, key: string, place: number): void {
    const places = index.get(key);
    if (places === undefined) index.set(key, [place]);
    else places.push(place);
  }

  #buildIndex(): void {
    const index = new Map<string, number[]>();
    for (let i = 0; i < this.#names.length; i++) this.#note(index, this.#names[i], i);
    this.#index = index;
  }

  #places(key: string): readonly number[] {
    if (this.#index !== undefined) return this.#index.get(key) ?? [];
    const places: number[] = [];
    for (let i = 0; i < this.#names.length; i++) if (this.#names[i] === key) places.push(i);
    return places;
  }

  #indexedGet(key: string): string | null {
    const places = this.#places(key);
    return places.length === 0 ? null : places.map((i) => this.#values[i]).join(", ");
  }

  /** `places` are of `key`, in order, and either all or all but the first. */
  #remove(key: string, places: readonly number[]): void {
    this.#size -= places.length;
    if (this.#index === undefined) {
      for (let i = places.length - 1; i >= 0; i--) {
        this.#names.splice(places[i], 1);
        this.#values.splice(places[i], 1);
      }
      return;
    }
    for (const place of places) {
      this.#names[place] = "";
      this.#values[place] = "";
    }
    const kept = this.#index.get(key)!.length - places.length;
    if (kept === 0) this.#index.delete(key);
    else this.#index.get(key)!.length = kept;
    if (this.#names.length > 2 * this.#size) this.#compact();
  }

  #compact(): void {
    const names = this.#names;
    this.#values = this.#values.filter((_, i) => names[i] !== "");
    this.#names = names.filter((name) => name !== "");
    if (this.#size > LINEAR_MAX) this.#buildIndex();
    else this.#index = undefined;
  }

  #sorted(): [string, string][] {
    const joined = new Map<string, string>();
    const cookies: [string, string][] = [];
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i];
      if (name === "") continue;
      if (name === SET_COOKIE) {
        cookies.push([name, this.#values[i]]);
        continue;
      }
      const earlier = joined.get(name);
      joined.set(name, earlier === undefined ? this.#values[i] : `${earlier}, ${this.#values[i]}`);
    }
    const pairs: [string, string][] = [...joined, ...cookies];
    return pairs.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  }
}

/** The name in lower case; `TypeError` if it is no token. */
function normalName(name: string): string {
  if (typeof name !== "string") name = String(name);
  let hasUpper = false;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const kind = unit > 255 ? 0 : TOKEN_CHARACTERS[unit];
    if (kind === 0) throw badCharacter(`name ${JSON.stringify(name)}`, name, i);
    if (kind === 2) hasUpper = true;
  }
  if (name === "") throw new TypeError("header name is empty, wanted a token");
  return hasUpper ? name.toLowerCase() : name;
}

/** The value without surrounding white space; `TypeError` if it holds what no value may. */
function normalValue(name: string, value: string): string {
  if (typeof value !== "string") value = String(value);
  let start = 0;
  let end = value.length;
  while (start < end && isWhiteSpace(value.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(value.charCodeAt(end - 1))) end--;
  for (let i = start; i < end; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 255 || VALUE_CHARACTERS[unit] === 0) throw badCharacter(`value of "${name}"`, value, i);
  }
  return end - start === value.length ? value : value.slice(start, end);
}

function isWhiteSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}

/** Names the place and the character, not the rest of a value: it may be a secret, and errors are logged. */
function badCharacter(what: string, text: string, at: number): TypeError {
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
  return new TypeError(`header ${what}: character U+${code} at index ${at} is not allowed`);
}

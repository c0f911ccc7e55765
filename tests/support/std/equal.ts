/**
 * Structural equality for the offline stand-in of `@std/assert`.
 *
 * @module
 */

type Seen = WeakMap<object, WeakSet<object>>;

/** Whether two values have the same structure: the relation behind `assertEquals`. */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new WeakMap());
}

function compare(a: unknown, b: unknown, seen: Seen): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (kindOf(a) !== kindOf(b)) return false;
  // A pair that is already being compared further up is a cycle: equal unless something else differs.
  const partners = seen.get(a);
  if (partners?.has(b)) return true;
  if (partners) partners.add(b);
  else seen.set(a, new WeakSet([b]));

  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof Number || a instanceof String || a instanceof Boolean) {
    return Object.is(a.valueOf(), b.valueOf());
  }
  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof WeakRef || a instanceof Promise) {
    return false;
  }
  if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
    return sameBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  }
  if (a instanceof DataView) {
    const other = b as DataView;
    return sameBytes(
      new Uint8Array(a.buffer, a.byteOffset, a.byteLength),
      new Uint8Array(other.buffer, other.byteOffset, other.byteLength),
    );
  }
  if (a instanceof Uint8Array) return sameBytes(a, b as Uint8Array);
  if (a instanceof Set) return sameSet(a, b as Set<unknown>, seen);
  if (a instanceof Map) return sameMap(a, b as Map<unknown, unknown>, seen);
  if (a instanceof Error) {
    const other = b as Error;
    if (a.name !== other.name || a.message !== other.message) return false;
    if (!compare(a.cause, other.cause, seen)) return false;
  }
  return sameProperties(a, b, seen);
}

/** A null prototype counts as a plain object. */
function kindOf(value: object): unknown {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null ? Object.prototype : prototype;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameSet(a: Set<unknown>, b: Set<unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const rest = new Set(b);
  for (const item of a) {
    if (rest.delete(item)) continue;
    const partner = [...rest].find((candidate) => compare(item, candidate, seen));
    if (partner === undefined) return false;
    rest.delete(partner);
  }
  return true;
}

function sameMap(a: Map<unknown, unknown>, b: Map<unknown, unknown>, seen: Seen): boolean {
  if (a.size !== b.size) return false;
  const rest = new Map(b);
  for (const [key, value] of a) {
    if (rest.has(key)) {
      if (!compare(value, rest.get(key), seen)) return false;
      rest.delete(key);
      continue;
    }
    const partner = [...rest].find((entry) => compare(key, entry[0], seen) && compare(value, entry[1], seen));
    if (partner === undefined) return false;
    rest.delete(partner[0]);
  }
  return true;
}

function sameProperties(a: object, b: object, seen: Seen): boolean {
  const keys = ownKeys(a);
  if (keys.length !== ownKeys(b).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false;
    if (!compare(Reflect.get(a, key), Reflect.get(b, key), seen)) return false;
  }
  return true;
}

function ownKeys(value: object): (string | symbol)[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

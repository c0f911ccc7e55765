/**
 * Finding the end of a run of plain bytes four at a time.
 * @module
 */
import { VALUE_CHARACTERS } from "./tables.ts";

const NONE = new Uint8Array(0);

let viewed: Uint8Array = NONE;
let view: DataView = new DataView(NONE.buffer);

/**
 * Makes {@linkcode valueEnd} read `bytes`; cheap when they are the ones of last time, as in an arena that connections
 * share. Keeps that one buffer alive.
 */
export function scanOver(bytes: Uint8Array): void {
  if (bytes === viewed) return;
  viewed = bytes;
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The index of the first byte from `at` on that no field value may hold, or `end`; of the bytes of `scanOver`. */
export function valueEnd(bytes: Uint8Array, at: number, end: number): number {
  const words = view;
  let p = at;
  const last = end - 4;
  while (p <= last) {
    const word = words.getInt32(p, true);
    const flipped = word ^ 0x7f7f7f7f;
    // The high bit of each byte that is below 0x20 or equals 0x7f; exact for the lowest such byte.
    const stops = (((word - 0x20202020) & ~word) | ((flipped - 0x01010101) & ~flipped)) & 0x80808080;
    if (stops === 0) {
      p += 4;
      continue;
    }
    p += (31 - Math.clz32(stops & -stops)) >> 3;
    if (bytes[p] !== 0x09) return p;
    p++;
  }
  while (p < end && VALUE_CHARACTERS[bytes[p]] !== 0) p++;
  return p;
}

/** Whether `copy[0, length)` stands at `at`, of the bytes of `scanOver`, which hold that much. */
export function startsWithCopy(
  bytes: Uint8Array,
  at: number,
  copy: Uint8Array,
  words: DataView,
  length: number,
): boolean {
  const last = length - 4;
  let i = 0;
  for (; i <= last; i += 4) if (view.getInt32(at + i, true) !== words.getInt32(i, true)) return false;
  for (; i < length; i++) if (bytes[at + i] !== copy[i]) return false;
  return true;
}

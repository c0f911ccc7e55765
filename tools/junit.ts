/**
 * Reads the counts and the skips out of the JUnit report of `deno test`.
 *
 * @module
 */

/** A test that did not run. */
export interface Skip {
  readonly name: string;
  /** Empty when the test does not say. */
  readonly reason: string;
}

/** What one report holds; steps count as tests. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly Skip[];
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}

/** Count a report. */
export function tally(xml: string): Tally {
  let passed = 0;
  let failed = 0;
  const skips: Skip[] = [];
  for (
    const [, name, body = ""] of xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)
  ) {
    if (/<skipped\b/.test(body)) skips.push(splitReason(unescape(name)));
    else if (/<(failure|error)\b/.test(body)) failed++;
    else passed++;
  }
  return { passed, failed, skips };
}

/** `tests/support/skip.ts` puts the reason behind the name. */
function splitReason(full: string): Skip {
  const match = /^(.*) \[skipped: (.*)\]$/s.exec(full);
  return match ? { name: match[1], reason: match[2] } : { name: full, reason: "" };
}

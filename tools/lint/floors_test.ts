import { assertEquals } from "@std/assert";
import plugin from "./floors.ts";
import { ROOT } from "./imports.ts";

interface Case {
  readonly rule: string;
  readonly file: string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

const cases: readonly Case[] = [
  {
    rule: "direction",
    file: "runtime/time/x.ts",
    good: [
      'import { a } from "./wheel.ts";',
      'import { a } from "../../reactor/poll.ts";',
      'import { a } from "../../ffi/mod.ts";',
      'import { a } from "@millrace/millrace/ffi";',
      'import { a } from "node:os";',
    ],
    bad: [
      'import { a } from "../../net/addr.ts";',
      'import type { A } from "../../http/mod.ts";',
      'import { type A } from "@millrace/millrace/framework";',
      'import { a } from "@millrace/millrace";',
      'export * from "../../net/mod.ts";',
      'export { a } from "../../net/mod.ts";',
      'await import("../../net/mod.ts");',
      'type A = import("../../net/mod.ts").A;',
      'import { a } from "../../tests/support/skip.ts";',
      'import { a } from "../../mod.ts";',
    ],
  },
  {
    rule: "direction",
    file: "net/tcp_test.ts",
    good: [
      'import { a } from "../tests/support/skip.ts";',
      'import { assert } from "@std/assert";',
      'import { a } from "../runtime/mod.ts";',
    ],
    bad: ['import { serve } from "../http/mod.ts";', 'import { a } from "../bench/x.ts";'],
  },
  {
    rule: "direction",
    file: "server.ts",
    good: ['import { a } from "@millrace/millrace";', 'import { a } from "./framework/mod.ts";'],
    bad: [],
  },
  {
    rule: "framework",
    file: "framework/app.ts",
    good: ['import { serve } from "../http/mod.ts";', 'await import("../net/mod.ts");'],
    bad: [
      'import { a } from "../ffi/mod.ts";',
      'import type { A } from "../reactor/mod.ts";',
      'await import("@millrace/millrace/ffi");',
    ],
  },
  {
    rule: "dependencies",
    file: "net/addr.ts",
    good: [
      'import { a } from "./b.ts";',
      'import os from "node:os";',
      'import "@millrace/millrace/runtime";',
    ],
    bad: [
      'import { assert } from "@std/assert";',
      'import x from "npm:koffi";',
      'import x from "jsr:@std/crypto";',
      'import x from "https://example.com/x.ts";',
      'import type { A } from "koffi";',
    ],
  },
  {
    rule: "dependencies",
    file: "net/addr_test.ts",
    good: ['import { assert } from "@std/assert";'],
    bad: [],
  },
  {
    rule: "codec-imports",
    file: "http/h1/decoder.ts",
    good: [
      'import { a } from "./head.ts";',
      'import { a } from "../../runtime/bytes/scan.ts";',
      'import type { A } from "../../runtime/bytes/errors.ts";',
    ],
    bad: [
      'import { a } from "../fields.ts";',
      'import { a } from "../h2/frame.ts";',
      'import { a } from "../../runtime/mod.ts";',
      'import type { A } from "../../runtime/task/poll.ts";',
      'import { Buffer } from "node:buffer";',
    ],
  },
  {
    rule: "codec-imports",
    file: "http/h1/testing/cases.ts",
    good: ['import { assert } from "@std/assert";'],
    bad: [],
  },
  {
    rule: "codec-imports",
    file: "http/h2/connection.ts",
    good: ['import { a } from "../hpack/encoder.ts";'],
    bad: ['import { a } from "../qpack/encoder.ts";', 'import { a } from "../h1/head.ts";'],
  },
  {
    rule: "codec-imports",
    file: "http/h3/connection.ts",
    good: ['import { a } from "../qpack/encoder.ts";', 'import { a } from "../quic/packet.ts";'],
    bad: ['import { a } from "../hpack/encoder.ts";'],
  },
  {
    rule: "codec-imports",
    file: "http/driver/h1.ts",
    good: ['import { a } from "../h1/decoder.ts";', 'import { a } from "../../net/mod.ts";'],
    bad: [],
  },
  {
    rule: "codec-purity",
    file: "http/h1/decoder.ts",
    good: [
      "const head = { Date: 1, console: 2 }; head.Date;",
      "class A { crypto = 1; performance(): void {} }",
      "interface I { Date: number; process(): void }",
      "Math.max(1, 2);",
      "export function receive(bytes: Uint8Array, now: number): void { bytes[now]; }",
      "for (const a of [1]) a;",
    ],
    bad: [
      "async function f() {}",
      "const f = async () => {};",
      "class A { async m() {} }",
      "let p: Promise<void>;",
      "Promise.resolve();",
      "setTimeout(f, 1);",
      "setInterval(f, 1);",
      "queueMicrotask(f);",
      "Date.now();",
      "new Date();",
      "Math.random();",
      "crypto.getRandomValues(b);",
      "performance.now();",
      "console.log(1);",
      "globalThis.crypto;",
      "const o = { console };",
      "await f;",
      "for await (const a of b) a;",
    ],
  },
  { rule: "codec-purity", file: "http/h1/decoder_test.ts", good: ["console.log(Date.now());"], bad: [] },
  { rule: "codec-purity", file: "http/driver/h1.ts", good: ["await Promise.resolve(Date.now());"], bad: [] },
  {
    rule: "decorators",
    file: "framework/app.ts",
    good: ["class A {}"],
    bad: ["@dec class A {}", "class A { @dec m() {} }", "class A { @dec() f = 1; }"],
  },
  { rule: "decorators", file: "framework/app_test.ts", good: ["@dec class A {}"], bad: [] },
  { rule: "decorators", file: "server.ts", good: ["@dec class A {}"], bad: [] },
];

function violations(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, decodeURIComponent(ROOT.pathname) + file, source).map((one) => one.id);
}

for (const { rule, file, good, bad } of cases) {
  Deno.test(`floors/${rule} in ${file}`, () => {
    const id = `floors/${rule}`;
    for (const source of good) assertEquals(violations(file, source).filter((one) => one === id), [], source);
    for (const source of bad) assertEquals(violations(file, source).includes(id), true, source);
  });
}

Deno.test("every rule has a snippet that it refuses", () => {
  for (const rule of Object.keys(plugin.rules)) {
    assertEquals(cases.some((one) => one.rule === rule && one.bad.length > 0), true, rule);
  }
});

Deno.test("a file outside of the project is left alone", () => {
  assertEquals(
    Deno.lint.runPlugin(plugin, "/elsewhere/net/x.ts", 'import "../http/mod.ts"; @d class A {}'),
    [],
  );
});

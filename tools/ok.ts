/**
 * `deno task ok`: all that a change must pass, in order, each with its time. `deno task ok lint check` runs only these.
 *
 * @module
 */

import { configName } from "./jsr.ts";

const ROOT = new URL("../", import.meta.url);

type Step = readonly [name: string, args: readonly string[]];

function exportedFiles(): string[] {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT))) as {
    exports: Record<string, string>;
  };
  return Object.values(exports);
}

function steps(config: string): Step[] {
  return [
    ["fmt", ["fmt", "--check"]],
    ["lint", ["lint"]],
    ["check", ["check", "--config", config, "."]],
    ["doc", ["doc", "--lint", ...exportedFiles()]],
    ["test", ["run", "-A", "tools/run_tests.ts", "--coverage"]],
    ["asan", ["run", "-A", "tools/run_tests.ts", "--asan"]],
    // Needs no registry: published source has no dependency. Refuses slow types.
    ["publish", ["publish", "--dry-run", "--allow-dirty"]],
  ];
}

if (import.meta.main) {
  const config = await configName();
  const all = steps(config);
  const unknown = Deno.args.filter((arg) => !all.some(([name]) => name === arg));
  if (unknown.length > 0) {
    console.error(`no step "${unknown.join('", "')}": the steps are ${all.map(([name]) => name).join(", ")}`);
    Deno.exit(2);
  }

  const results: string[] = [];
  let failed = 0;
  for (const [name, args] of all) {
    if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
    console.log(`\n== ${name}: deno ${args.join(" ")}`);
    const start = performance.now();
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: ROOT,
      env: { MILLRACE_CONFIG: config },
    }).spawn().status;
    if (!success) failed++;
    results.push(
      `${success ? "ok    " : "FAILED"} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`,
    );
  }
  console.log(`\n${results.join("\n")}`);
  Deno.exit(failed === 0 ? 0 : 1);
}

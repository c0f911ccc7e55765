import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const RUNNER = new URL("run_tests.ts", import.meta.url);

async function run(source: string): Promise<{ code: number; output: string; last: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a_test.ts`, source);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", RUNNER.href, `${folder}/a_test.ts`],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    return {
      code,
      output: text + new TextDecoder().decode(stderr),
      last: text.trimEnd().split("\n").at(-1) ?? "",
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("passes and skips with a reason end well", async () => {
  const { code, output, last } = await run(`
    import { skipTest } from "${new URL("../tests/support/skip.ts", import.meta.url)}";
    Deno.test("fine", () => {});
    skipTest("far away", "no road");
  `);
  assertEquals(last, "1 passed, 0 failed, 1 skipped");
  assertStringIncludes(output, "SKIP far away: no road\n");
  assertEquals(code, 0);
});

Deno.test("a failure is shown in full and ends badly", async () => {
  const { code, output, last } = await run(`
    Deno.test("fine", () => {});
    Deno.test("broken", () => { throw new Error("the pump is dry"); });
  `);
  assertEquals(last, "1 passed, 1 failed, 0 skipped");
  assertStringIncludes(output, "the pump is dry");
  assertEquals(code, 1);
});

Deno.test("leaks, type errors and silent skips are failures", async () => {
  const leak = await run(`Deno.test("leak", () => { Deno.listen({ port: 0 }); });`);
  assertEquals([leak.last, leak.code], ["0 passed, 1 failed, 0 skipped", 1]);
  const type = await run(`const a: number = "x"; Deno.test("fine", () => { a; });`);
  assertEquals([type.last, type.code], ["0 passed, 1 failed, 0 skipped", 1]);
  const silent = await run(`Deno.test.ignore("quiet", () => {});`);
  assertEquals([silent.last, silent.code], ["0 passed, 1 failed, 1 skipped", 1]);
  assertMatch(silent.output, /"quiet" gives no reason/);
});

Deno.test("a test process that dies is a failure", async () => {
  const { last, code } = await run(`Deno.test("fatal", () => { Deno.kill(Deno.pid, "SIGKILL"); });`);
  assertEquals([last, code], ["0 passed, 1 failed, 0 skipped", 1]);
});

Deno.test("a module that throws is a failure", async () => {
  const { last, code } = await run(`throw new Error("at load");`);
  assertEquals([last, code], ["0 passed, 1 failed, 0 skipped", 1]);
});

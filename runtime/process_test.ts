/** What becomes of a whole process: it ends by itself when there is nothing to do, and not before. */
import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { native } from "../ffi/load.ts";
import { requireNative, testIf } from "../tests/support/skip.ts";

const withoutNative = requireNative();
// Opened outside of any test: it stays open as long as the process.
if (withoutNative === undefined) native();

const RUNTIME = new URL("./mod.ts", import.meta.url).href;
const REACTOR = new URL("../reactor/support_test.ts", import.meta.url).href;
const CONFIG = new URL(`../${Deno.env.get("MILLRACE_CONFIG") ?? "deno.npm.json"}`, import.meta.url).pathname;

const SOCKETS = `
import { Runtime } from "${RUNTIME}";
import { listen, Recorder } from "${REACTOR}";
const runtime = Runtime.current();
const { fd } = listen(runtime.reactor.native);
const token = runtime.reactor.add(new Recorder(), fd, 1 | 4, 2);
`;

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number;
  readonly ms: number;
  readonly killed: boolean;
}

/** Run a program; it is killed after 20 seconds, or `idleMs` after its first output. */
async function program(body: string, idleMs?: number): Promise<Ended> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, body);
  const before = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", CONFIG, file],
    env: {
      NO_COLOR: "1",
      ...(withoutNative === undefined ? { MILLRACE_SHIM: native().path } : {}),
    },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let killed = false;
  const kill = () => {
    killed = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(kill, 20_000);
  const err = new Response(child.stderr).text();
  let out = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (out === "" && idleMs !== undefined) {
      clearTimeout(timer);
      timer = setTimeout(kill, idleMs);
    }
    out += text;
  }
  const { code } = await child.status;
  clearTimeout(timer);
  await Deno.remove(file);
  return { code, killed, ms: performance.now() - before, out: out.trim(), err: (await err).trim() };
}

function assertEndsWith(ended: Ended, out: string): void {
  assertEquals([ended.out, ended.err, ended.code, ended.killed], [out, "", 0, false]);
}

Deno.test("importing the runtime keeps no process alive", async () => {
  assertEndsWith(await program(`import "${RUNTIME}"; console.log("imported");`), "imported");
});

Deno.test("a process lives as long as its last timer, and ends then", async () => {
  const ended = await program(`
    import { sleep, spawn } from "${RUNTIME}";
    spawn(function* () { yield* sleep(150); console.log("second"); });
    spawn(function* () { yield* sleep(5); console.log("first"); });
  `);
  assertEndsWith(ended, "first\nsecond");
  assertGreaterOrEqual(ended.ms, 150);
});

Deno.test("a timer that is cancelled holds nothing up", async () => {
  const ended = await program(`
    import { sleep, spawn } from "${RUNTIME}";
    const handle = spawn(sleep(600_000));
    setTimeout(() => handle.abort(), 20);
    handle.then(undefined, (error) => console.log(error.code));
  `);
  assertEndsWith(ended, "ERR_CANCELLED");
});

Deno.test("a task that waits for nothing that can come keeps no process alive", async () => {
  const ended = await program(`
    import { PENDING, spawn } from "${RUNTIME}";
    spawn({ poll: () => PENDING });
    console.log("spawned");
  `);
  assertEndsWith(ended, "spawned");
});

Deno.test("awaiting at the top level", async () => {
  const ended = await program(`
    import { run, sleep } from "${RUNTIME}";
    await sleep(5);
    console.log(await run(async () => (await new Promise((done) => setTimeout(done, 5)), "done")));
  `);
  assertEndsWith(ended, "done");
});

Deno.test("blockOn at the top level", async () => {
  const ended = await program(`
    import { blockOn, sleep } from "${RUNTIME}";
    console.log(blockOn(function* () { yield* sleep(20); return "blocked"; }));
  `);
  assertEndsWith(ended, "blocked");
});

Deno.test("an error of main that nobody handles ends the process with its text", async () => {
  const { err, code } = await program(`
    import { run } from "${RUNTIME}";
    run(() => { throw new RangeError("main fails"); });
  `);
  assertStringIncludes(err, "RangeError: main fails");
  assertEquals(code, 1);
});

Deno.test("an error of a task that nobody waits for ends the process with its text", async () => {
  const { err, out, code } = await program(`
    import { sleep, spawn } from "${RUNTIME}";
    spawn(() => { throw new RangeError("nobody sees me"); });
    await sleep(10_000);
    console.log("not reached");
  `);
  assertStringIncludes(err, "RangeError: nobody sees me");
  assertEquals([out, code], ["", 1]);
});

testIf(withoutNative, "an open listener keeps the process alive, idle", async () => {
  const { killed, out } = await program(`${SOCKETS} console.log("listening");`, 500);
  assertEquals([killed, out], [true, "listening"]);
});

testIf(
  withoutNative,
  "a process ends when its last socket is closed, however long it was idle before",
  async () => {
    for (const ms of [0, 120]) {
      const ended = await program(`${SOCKETS}
      setTimeout(() => { runtime.reactor.close(token, fd); console.log("closed"); }, ${ms});
    `);
      assertEndsWith(ended, "closed");
      assert(ended.ms >= ms);
    }
  },
);

testIf(withoutNative, "a process ends when its last socket is closed by one of our timers", async () => {
  const ended = await program(`${SOCKETS}
    import { sleep, spawn } from "${RUNTIME}";
    spawn(function* () { yield* sleep(60); runtime.reactor.close(token, fd); console.log("closed"); });
  `);
  assertEndsWith(ended, "closed");
});

testIf(withoutNative, "a timer that is left after the last socket still fires", async () => {
  const ended = await program(`${SOCKETS}
    import { sleep, spawn } from "${RUNTIME}";
    setTimeout(() => runtime.reactor.close(token, fd), 30);
    spawn(function* () { yield* sleep(150); console.log("fired"); });
  `);
  assertEndsWith(ended, "fired");
  assertGreaterOrEqual(ended.ms, 150);
});

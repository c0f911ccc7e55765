/**
 * `deno task test`: builds the native library, runs every test under the config that this network allows, prints each
 * skip with its reason and ends with `N passed, N failed, N skipped`.
 *
 * ```sh
 * deno task test                          # all: units, tests/, doc blocks
 * deno task test runtime/ --filter wheel  # paths and options go to `deno test`
 * deno task coverage                      # --coverage: with the thresholds of deno.json
 * deno task test:asan                     # --asan: the native tests over the sanitizer build
 * deno task test:long                     # --long: tests/long
 * ```
 *
 * @module
 */

import { configName } from "./jsr.ts";
import { type Skip, tally } from "./junit.ts";

const ROOT = new URL("../", import.meta.url);
/** Tests that reach native code; under ASan nothing else is worth its time. */
const NATIVE = ["ffi", "reactor", "runtime", "net", "http/driver", "http/server", "tests"];
/** Tests that hang fail here rather than in the one who waits. */
const TIMEOUT_MS = { short: 9.5 * 60_000, long: 75 * 60_000 };

const MODES = ["--asan", "--coverage", "--long"];
const modes = new Set(Deno.args.filter((arg) => MODES.includes(arg)));
const passedOn = Deno.args.filter((arg) => !MODES.includes(arg));
const asan = modes.has("--asan");
const long = modes.has("--long");
const coverage = modes.has("--coverage");

const failures: string[] = [];

function fail(message: string): void {
  failures.push(message);
  console.error(`FAILED ${message}`);
}

function capture(program: string, args: string[]): { success: boolean; text: string; error: string } {
  try {
    const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
    const decoder = new TextDecoder();
    return { success, text: decoder.decode(stdout).trim(), error: decoder.decode(stderr).trim() };
  } catch (error) {
    return { success: false, text: "", error: String(error) };
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

const compiler = Deno.env.get("CC") ?? "cc";

/** The path of the built library; `undefined` where there is no compiler: the tests that need it then skip. */
function buildShim(): string | undefined {
  const build = capture(Deno.execPath(), [
    "run",
    "-A",
    new URL("ffi/build.ts", ROOT).href,
    ...(asan ? ["--asan"] : []),
  ]);
  if (build.success) return build.text;
  // A compiler that is there and refuses our source is a failure, not a skip.
  if (capture(compiler, ["--version"]).success) fail(`the native library does not build:\n${build.error}`);
  else console.error(`No native library: ${build.error}`);
  return undefined;
}

/** The sanitizers' libraries, as LD_PRELOAD wants them; `undefined` where this compiler has none. */
function sanitizers(): string | undefined {
  const paths = ["libasan.so", "libubsan.so"].map((name) =>
    capture(compiler, [`-print-file-name=${name}`]).text
  );
  // A compiler that lacks the file prints the bare name.
  return paths.every((path) => path.includes("/"))
    ? paths.map((path) => Deno.realPathSync(path)).join(":")
    : undefined;
}

/** The environment that loads the sanitizers before V8 comes up. */
function asanEnv(preload: string, shim: string): Record<string, string> {
  return {
    LD_PRELOAD: preload,
    // Leaks: V8 frees nothing at exit. The handle counter of the shim is what finds ours.
    ASAN_OPTIONS: "detect_leaks=0",
    UBSAN_OPTIONS: "print_stacktrace=1",
    MILLRACE_SHIM: shim,
    MILLRACE_ASAN: "1",
  };
}

function testArgs(config: string, report: string, profile: string): string[] {
  const args = ["test", "-A", "--config", config, "--permit-no-files", `--junit-path=${report}`];
  if (coverage) args.push(`--coverage=${profile}`, "--coverage-raw-data-only", "--clean");
  // The doc blocks have had their turn in the ordinary run.
  if (!asan && !long) args.push("--doc");
  // A library that is opened inside of a doc block would be that test's leak.
  args.push("--preload=tests/support/preload.ts");
  if (!long) args.push("--ignore=tests/long");
  args.push(...passedOn);
  if (long) args.push("tests/long");
  else if (asan) args.push(...NATIVE.filter(exists));
  return args;
}

/** Run `deno test`; its output goes straight through. */
async function runTests(args: string[], env: Record<string, string>): Promise<void> {
  const timeoutMs = long ? TIMEOUT_MS.long : TIMEOUT_MS.short;
  const child = new Deno.Command(Deno.execPath(), { args, env, cwd: ROOT }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const status = await child.status;
  clearTimeout(timer);
  // A process that died may have left half a line, and the closing line has to stand alone.
  if (status.signal !== null) console.log();
  if (late) fail(`the tests took longer than ${timeoutMs / 60_000} minutes and were ended`);
  else if (status.signal !== null) fail(`the tests crashed: ${status.signal}`);
  else if (!status.success) exitCode = status.code;
}

/** What a process that was killed has left of its profile is no profile. */
function dropBroken(profile: string): void {
  for (const { name } of Deno.readDirSync(profile)) {
    const path = `${profile}/${name}`;
    try {
      JSON.parse(Deno.readTextFileSync(path));
    } catch {
      Deno.removeSync(path);
    }
  }
}

function checkCoverage(profile: string): void {
  dropBroken(profile);
  const { success } = new Deno.Command(Deno.execPath(), {
    args: [
      "coverage",
      "--exclude=_test\\.ts$|_bench\\.ts$|/testing/|/tests/|/tools/|/bench/",
      profile,
    ],
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
  if (!success) fail("coverage is below the thresholds of deno.json");
}

/** A skip that does not say why is a failure: nobody would notice that the test is gone. */
function report(skips: readonly Skip[]): void {
  for (const { name, reason } of skips) {
    if (reason === "") fail(`the ignored test "${name}" gives no reason: use tests/support/skip.ts`);
    else console.log(`SKIP ${name}: ${reason}`);
  }
}

/** Run, count, and look at the coverage. */
async function runAll(env: Record<string, string>): Promise<void> {
  const config = await configName();
  if (config !== "deno.json") console.log(`JSR does not answer: running under ${config}.`);
  await runTests(testArgs(config, reportPath, profile), { ...env, MILLRACE_CONFIG: config });
  const counts = tally(readOrEmpty(reportPath));
  ({ passed, failed } = counts);
  skips.push(...counts.skips);
  if (exitCode !== 0 && failed === 0) fail(`deno test ended with code ${exitCode}: see above`);
  if (coverage && failures.length === 0) checkCoverage(profile);
}

let exitCode = 0;
const scratch = Deno.makeTempDirSync({ prefix: "millrace-test-" });
const reportPath = `${scratch}/report.xml`;
const profile = `${scratch}/coverage`;
const skips: Skip[] = [];
let passed = 0;
let failed = 0;

try {
  const preload = asan ? sanitizers() : undefined;
  if (asan && preload === undefined) {
    skips.push({
      name: "tests over the sanitizer build",
      reason: `${compiler} has no sanitizer libraries here`,
    });
  } else {
    const shim = buildShim();
    const env = preload !== undefined && shim !== undefined ? asanEnv(preload, shim) : {};
    if (!(asan && shim === undefined) && (!long || exists("tests/long"))) await runAll(env);
  }
  report(skips);
} finally {
  Deno.removeSync(scratch, { recursive: true });
}

failed += failures.length;
console.log(`${passed} passed, ${failed} failed, ${skips.length} skipped`);
Deno.exit(failed > 0 || exitCode !== 0 ? 1 : 0);

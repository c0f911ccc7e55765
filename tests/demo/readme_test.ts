import { assert, assertEquals } from "@std/assert";
import { SERVE_LIMITS } from "@millrace/millrace/http";

/** What README.md says about the code is still so. Its code blocks run with the doc tests. */

const ROOT = new URL("../../", import.meta.url);
const README = Deno.readTextFileSync(new URL("README.md", ROOT));

Deno.test("readme: the table of limits has every limit with its default", () => {
  const rows = README.matchAll(/^\| `(\w+)` +\| +([\d,]+) \|/gm);
  const table = Object.fromEntries(
    [...rows].map(([, name, value]) => [name, Number(value.replaceAll(",", ""))]),
  );
  assertEquals(table, { ...SERVE_LIMITS });
});

Deno.test("readme: its links and its tasks exist", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  for (const [, task] of README.matchAll(/\btask (\w+)/g)) assert(task in tasks, task);
  for (const [, path] of README.matchAll(/\]\(([^)]+)\)/g)) Deno.statSync(new URL(path, ROOT));
});

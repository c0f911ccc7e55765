import { assert, assertEquals, assertMatch } from "@std/assert";
import { Chromium, type Page } from "../support/chromium.ts";
import { requireTool, testIf } from "../support/skip.ts";
import { TempFolder } from "../support/spawned.ts";
import { call, type Note, startDemo } from "./support.ts";

/** The demo's page, clicked through in a browser. */

const TITLES = `[...document.querySelectorAll("#notes h3")].map((title) => title.textContent)`;

/** The list shows exactly these titles, and the live count fits. */
async function shows(page: Page, titles: readonly string[]): Promise<void> {
  await page.waitFor(`JSON.stringify(${TITLES}) === ${JSON.stringify(JSON.stringify(titles))}`);
  const count = titles.length === 1 ? "1 note" : `${titles.length} notes`;
  await page.waitFor(`document.querySelector("#count").textContent === "${count}"`);
}

function isLive(page: Page): Promise<void> {
  return page.waitFor(`document.querySelector("#live").textContent === "live"`);
}

async function add(page: Page, title: string, body: string): Promise<void> {
  await page.click("#add [name=title]");
  await page.type(title);
  await page.press("Tab");
  await page.type(body);
  await page.click("#add [name=save]");
}

testIf(requireTool("chromium"), "page: list, add, edit, delete, undo, live count, reload", async () => {
  await using folder = new TempFolder();
  await using demo = await startDemo(folder.path);
  await using browser = await Chromium.launch();
  const page = await browser.open(demo.url);
  await isLive(page);
  await shows(page, []);
  assertEquals(await page.evaluate(`document.querySelector("#empty").checkVisibility()`), true);

  await add(page, "Flour", "two sacks\nof rye");
  await shows(page, ["Flour"]);
  // The form is empty again and ready for the next note.
  assertEquals(await page.evaluate(`document.querySelector("#add [name=title]").value`), "");
  await page.type("Salt");
  await page.press("Enter");
  await shows(page, ["Salt", "Flour"]);
  assertEquals(
    await page.evaluate(`document.querySelector("li:nth-child(2) .text").textContent`),
    "two sacks\nof rye",
  );

  // Edit in place: what is typed replaces what is selected.
  await page.click("li:nth-child(2) [name=edit]");
  await page.evaluate(`document.activeElement.select()`);
  await page.type("Rye flour");
  await page.click("li:nth-child(2) [name=save]");
  await shows(page, ["Salt", "Rye flour"]);
  const [, [, edited]] = await call<Note[]>("GET", `${demo.url}/api/notes`);
  assertEquals([edited.title, edited.body], ["Rye flour", "two sacks\nof rye"]);

  // Elsewhere: another tab, and a program. Nobody touches this page.
  const other = await browser.open(demo.url);
  await shows(other, ["Salt", "Rye flour"]);
  await add(other, "Water", "");
  await shows(page, ["Water", "Salt", "Rye flour"]);
  await call("DELETE", `${demo.url}/api/notes/2`);
  await shows(page, ["Water", "Rye flour"]);
  await shows(other, ["Water", "Rye flour"]);

  await page.click("li:nth-child(1) [name=delete]");
  await shows(page, ["Rye flour"]);
  await shows(other, ["Rye flour"]);
  await page.click("#toast button");
  await shows(page, ["Water", "Rye flour"]);

  // A tab that nobody sees gives its connection back, and catches up when it is seen again.
  await page.setVisible(false);
  await page.waitFor(`document.visibilityState === "hidden"`);
  await add(other, "Yeast", "");
  await shows(other, ["Yeast", "Water", "Rye flour"]);
  assertEquals(await page.evaluate(TITLES), ["Water", "Rye flour"]);
  await page.setVisible(true);
  await shows(page, ["Yeast", "Water", "Rye flour"]);

  await page.send("Page.reload");
  await isLive(page);
  await shows(page, ["Yeast", "Water", "Rye flour"]);
  assertEquals([...page.problems, ...other.problems], []);
  assertEquals((await demo.stop()).code, 0);
});

testIf(requireTool("chromium"), "page: an attempt to inject stays text", async () => {
  await using folder = new TempFolder();
  await using demo = await startDemo(folder.path);
  await using browser = await Chromium.launch();
  const page = await browser.open(demo.url);
  const attempts = [
    `<img src=x onerror="globalThis.injected = 1">`,
    `<script>globalThis.injected = 2</script>`,
    `"><svg onload="globalThis.injected = 3">`,
    `</textarea><iframe srcdoc="<script>parent.injected = 4</script>">`,
    `javascript:globalThis.injected=5`,
  ];
  for (const [index, attempt] of attempts.entries()) {
    await add(page, attempt, attempt);
    await shows(page, attempts.slice(0, index + 1).toReversed());
  }
  for (const index of attempts.keys()) {
    await page.click(`li:nth-child(${index + 1}) [name=edit]`);
    await page.press("Escape");
  }
  const [markup, injected] = await page.evaluate<[number, unknown]>(
    `[document.querySelectorAll("#notes :is(img, script, svg, iframe, a)").length, globalThis.injected ?? null]`,
  );
  assertEquals([markup, injected], [0, null]);
  assertEquals(page.problems, []);
  // And if text ever became markup, the policy would stop it.
  const refusal = await page.evaluate<string>(
    `(() => { try { document.body.innerHTML = "<b>x"; } catch (error) { return error.name; } })()`,
  );
  assertEquals(refusal, "TypeError");
});

testIf(
  requireTool("chromium"),
  "page: by keyboard alone, and what is refused stands beside its field",
  async () => {
    await using folder = new TempFolder();
    await using demo = await startDemo(folder.path);
    await using browser = await Chromium.launch();
    const page = await browser.open(demo.url);
    await isLive(page);
    const active = (): Promise<string> =>
      page.evaluate(`document.activeElement.getAttribute("aria-label") ?? document.activeElement.name`);
    await page.press("Tab");
    assertEquals(await active(), "title");
    await page.press("Enter");
    await page.waitFor(`document.querySelector("#add .wrong").textContent === "Title must not be empty."`);
    const described =
      `document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent`;
    assertEquals(await page.evaluate(described), "Title must not be empty.");
    await page.type("Oats");
    await page.press("Tab");
    await page.type("rolled");
    await page.press("Enter", "control");
    await shows(page, ["Oats"]);
    // The list may be ahead of the answer that empties the form.
    await page.waitFor(`document.querySelectorAll("#add .wrong:not([hidden])").length === 0`);
    await page.waitFor(`document.querySelector("#add [name=title]").value === ""`);

    for (const wanted of ["body", "save", "Edit Oats"]) {
      await page.press("Tab");
      assertEquals(await active(), wanted);
    }
    await page.press("Enter");
    assertEquals(await active(), "title");
    await page.press("Escape");
    assertEquals(await active(), "Edit Oats");
    await page.press("Tab");
    assertEquals(await active(), "Delete Oats");
    await page.press(" ");
    await shows(page, []);
    // The place of the keyboard did not vanish with the note.
    await page.waitFor(`document.activeElement.name === "title"`);
    // Chromium logs each status of 400 and above.
    assertEquals(page.problems.length, 1);
    assertMatch(page.problems[0], /status of 400/);
  },
);

testIf(
  requireTool("chromium"),
  "page: comes back by itself after a restart, with what was being written",
  async () => {
    await using folder = new TempFolder();
    await using first = await startDemo(folder.path);
    await using browser = await Chromium.launch();
    const page = await browser.open(first.url);
    await add(page, "Before", "");
    await shows(page, ["Before"]);
    await page.click("li [name=edit]");
    await page.type(" and after");
    first.kill("SIGKILL");
    await first.ended;
    await page.waitFor(`document.querySelector("#live").textContent === "offline"`);
    await page.click("li [name=save]");
    await page.waitFor(
      `document.querySelector("li .general").textContent === "The server cannot be reached."`,
    );
    await using second = await startDemo(folder.path, { PORT: new URL(first.url).port });
    await isLive(page);
    await page.click("li [name=save]");
    await shows(page, ["Before and after"]);
    assertEquals((await second.stop()).code, 0);
  },
);

testIf(requireTool("chromium"), "page: fits a phone and a desktop, in light and in dark", async () => {
  await using folder = new TempFolder();
  await using demo = await startDemo(folder.path);
  const long = { title: "W".repeat(200), body: `${"long".repeat(500)}\nshort` };
  await call("POST", `${demo.url}/api/notes`, long);
  await using browser = await Chromium.launch();
  const page = await browser.open(demo.url);
  await isLive(page);
  await page.waitFor(`document.querySelectorAll("#notes li").length === 1`);
  const paper = new Set<string>();
  for (const dark of [false, true]) {
    for (const view of [{ width: 320, height: 640, mobile: true }, { width: 1_280, height: 800 }]) {
      await page.view({ ...view, dark });
      await page.waitFor(`innerWidth === ${view.width}`);
      const overflow = await page.evaluate<number>(`document.documentElement.scrollWidth - innerWidth`);
      assert(overflow <= 0, `${overflow} px too wide at ${view.width}`);
      paper.add(await page.evaluate(`getComputedStyle(document.body).backgroundColor`));
    }
  }
  assertEquals(paper.size, 2, "light and dark look alike");
  const unnamed = await page.evaluate(`[...document.querySelectorAll("input, textarea")]
    .filter((field) => field.labels.length !== 1).length`);
  assertEquals(unnamed, 0);
  assertEquals(page.problems, []);
});

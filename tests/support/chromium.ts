/**
 * Headless Chromium over the DevTools protocol, as far as tests need it: open a page, click, type, look.
 *
 * ```ts ignore
 * testIf(requireTool("chromium"), "the page greets", async () => {
 *   await using browser = await Chromium.launch();
 *   const page = await browser.open(server.url);
 *   await page.click("#greet");
 *   await page.waitFor(`document.body.textContent.includes("hello")`);
 *   assertEquals(page.problems, []);
 * });
 * ```
 *
 * @module
 */
import { toolEnv, toolPath } from "./skip.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--force-color-profile=srgb",
  "--remote-debugging-port=0",
];
const START_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 30_000;
const WAIT_TIMEOUT_MS = 10_000;
const POLL_MS = 40;

/** What a test may press besides characters. */
const KEYS: Readonly<Record<string, { code: string; keyCode: number; text?: string }>> = {
  Enter: { code: "Enter", keyCode: 13, text: "\r" },
  Escape: { code: "Escape", keyCode: 27 },
  Tab: { code: "Tab", keyCode: 9 },
  " ": { code: "Space", keyCode: 32, text: " " },
};
/** The protocol's bits for {@link Page.press}. */
const MODIFIERS = { none: 0, control: 2, shift: 8 } as const;

/** What the window looks like. */
export interface View {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** A touch screen and a viewport like a phone's. Default false. */
  readonly mobile?: boolean;
  /** `prefers-color-scheme`. Default light. */
  readonly dark?: boolean;
}

type Params = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One WebSocket, one answer for each command, and events for the pages. */
class DevTools {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: Params): void; reject(error: Error): void }>();
  readonly #listeners = new Map<string, (method: string, params: Params) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Chromium closed the connection"));
      this.#waiting.clear();
    };
  }

  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`Chromium does not answer at ${url}`));
    });
    return new DevTools(socket);
  }

  #receive({ id, sessionId, method, params, result, error }: Message): void {
    if (method !== undefined) return this.#listeners.get(sessionId ?? "")?.(method, params ?? {});
    const waiting = this.#waiting.get(id!);
    this.#waiting.delete(id!);
    if (error === undefined) waiting?.resolve(result ?? {});
    else waiting?.reject(new Error(error.message));
  }

  listen(sessionId: string, listener: (method: string, params: Params) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  async send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = ++this.#last;
    const answer = new Promise<Params>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const timer = setTimeout(() => {
      this.#waiting.get(id)?.reject(new Error(`Chromium has not answered ${method}`));
      this.#waiting.delete(id);
    }, COMMAND_TIMEOUT_MS);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve, { once: true }));
    this.#socket.close();
    await closed;
  }
}

/** One tab. */
export class Page {
  /** Uncaught errors, and what Chromium logged as an error: a blocked script, a failed request. */
  readonly problems: string[] = [];
  readonly #tools: DevTools;
  readonly #session: string;
  readonly #target: string;

  /** Use {@link Chromium.open}. */
  constructor(tools: DevTools, session: string, target: string) {
    this.#tools = tools;
    this.#session = session;
    this.#target = target;
    tools.listen(session, (method, params) => this.#event(method, params));
  }

  #event(method: string, params: Params): void {
    const { exceptionDetails, entry } = params as {
      exceptionDetails?: { text: string; exception?: { description?: string } };
      entry?: { level: string; text: string; url?: string };
    };
    if (method === "Runtime.exceptionThrown") {
      this.problems.push(exceptionDetails?.exception?.description ?? exceptionDetails?.text ?? "unknown");
    }
    if (method === "Log.entryAdded" && entry?.level === "error") {
      this.problems.push(`${entry.text} ${entry.url ?? ""}`.trim());
    }
  }

  /** A command of the DevTools protocol to this tab. */
  send(method: string, params: Params = {}): Promise<Params> {
    return this.#tools.send(method, params, this.#session);
  }

  /** Set size and colour scheme. */
  async view({ width, height, mobile = false, dark = false }: View): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      mobile,
      deviceScaleFactor: mobile ? 2 : 1,
    });
    await this.send("Emulation.setTouchEmulationEnabled", { enabled: mobile });
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await this.send("Emulation.setEmulatedMedia", { features });
  }

  /** Whether it counts as seen although another tab lies over it, as every tab does at first. */
  async setVisible(enabled: boolean): Promise<void> {
    await this.send("Emulation.setFocusEmulationEnabled", { enabled });
  }

  /** Open `url` and wait until the document is there with what it loads. */
  async goto(url: string): Promise<void> {
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`cannot open ${url}: ${errorText}`);
    await this.waitFor(
      `location.href.startsWith(${JSON.stringify(url)}) && document.readyState === "complete"`,
    );
  }

  /** The value of an expression in the page, awaited if it is a promise; it must be JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    }
    return result.value;
  }

  /** Wait until an expression is true. */
  async waitFor(expression: string, timeoutMs: number = WAIT_TIMEOUT_MS): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!await this.evaluate<boolean>(`Boolean(${expression})`).catch(() => false)) {
      if (performance.now() > until) {
        const shown = await this.evaluate<string>("document.body?.innerText").catch(String);
        const problems = this.problems.join("\n") || "none";
        throw new Error(`never true: ${expression}\nproblems: ${problems}\nthe page shows:\n${shown}`);
      }
      await pause(POLL_MS);
    }
  }

  /** Click in the middle of an element, with the mouse, once it is there and nothing covers it. */
  async click(selector: string): Promise<void> {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    await this.waitFor(`(() => {
      const element = ${element};
      element.scrollIntoView({ block: "center", behavior: "instant" });
      const { x, y, width, height } = element.getBoundingClientRect();
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      return !element.disabled && width > 0 && (element.contains(top) || top.contains(element));
    })()`);
    const [x, y] = await this.evaluate<[number, number]>(`(() => {
      const { x, y, width, height } = ${element}.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    })()`);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
    }
  }

  /** Type into what has the focus, as an input method would. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Press a key and let it go. */
  async press(key: keyof typeof KEYS, modifier: keyof typeof MODIFIERS = "none"): Promise<void> {
    const { code, keyCode, text } = KEYS[key];
    const event = { key, code, windowsVirtualKeyCode: keyCode, modifiers: MODIFIERS[modifier] };
    const down = text === undefined || modifier === "control"
      ? { ...event, type: "rawKeyDown" }
      : { ...event, type: "keyDown", text };
    await this.send("Input.dispatchKeyEvent", down);
    await this.send("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  }

  /** A picture of the window, PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Uint8Array.from(atob(data as string), (char) => char.charCodeAt(0));
  }

  /** Close the tab. */
  async close(): Promise<void> {
    await this.#tools.send("Target.closeTarget", { targetId: this.#target });
  }
}

/** A browser of its own, with a fresh profile. */
export class Chromium implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;
  readonly #tools: DevTools;

  private constructor(child: Deno.ChildProcess, profile: string, tools: DevTools) {
    this.#child = child;
    this.#profile = profile;
    this.#tools = tools;
  }

  /** Start Debian's `chromium`; have the test skipped by `requireTool("chromium")` where there is none. */
  static async launch(): Promise<Chromium> {
    const profile = await Deno.makeTempDir({ prefix: "millrace-chromium-" });
    const child = new Deno.Command(toolPath("chromium") ?? "chromium", {
      args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
      clearEnv: true,
      // Its own home too: it would leave a crash handler's and a cache folder in the user's.
      env: toolEnv({ HOME: profile }),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      return new Chromium(child, profile, await DevTools.connect(await addressIn(profile)));
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      await removeFolder(profile);
      throw error;
    }
  }

  /** A new tab, at `url` once its document is there. */
  async open(url: string, view: View = { width: 1_000, height: 800 }): Promise<Page> {
    const { targetId } = await this.#tools.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#tools.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this.#tools, sessionId as string, targetId as string);
    for (const domain of ["Page", "Runtime", "Log"]) await page.send(`${domain}.enable`);
    await page.setVisible(true);
    await page.view(view);
    await page.goto(url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tools.send("Browser.close").catch(() => {});
    await this.#tools.close();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), START_TIMEOUT_MS);
    await this.#child.status;
    clearTimeout(timer);
    await removeFolder(this.#profile);
  }
}

/** Where Chromium listens: it writes port and path into its profile. */
async function addressIn(profile: string): Promise<string> {
  const until = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const text = await Deno.readTextFile(`${profile}/DevToolsActivePort`).catch(() => "");
    const [port, path] = text.split("\n");
    if (path) return `ws://127.0.0.1:${port}${path}`;
    if (performance.now() > until) throw new Error("Chromium has not started");
    await pause(POLL_MS);
  }
}

/** Chromium's helpers write to the profile until they are gone, which is a little after Chromium itself. */
async function removeFolder(path: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch {
      await pause(100);
    }
  }
}

// How streams and listeners end together with their runtime, and with a test.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ClosedError, Runtime } from "../runtime/mod.ts";
import { requireAll, requireNative, requireNoAsan, testIf, toolEnv } from "../tests/support/skip.ts";
import { ANY, KINDS, pattern } from "./support_test.ts";
import { TcpListener, TcpStream } from "./mod.ts";

for (const { name, reason, backend, native } of KINDS) {
  testIf(
    reason,
    `life, ${name}: after the runtime was closed, closing does nothing and does not wait`,
    async () => {
      const scripted = native();
      const runtime = scripted === undefined ? new Runtime() : new Runtime({ native: scripted });
      const listener = TcpListener.bind(ANY, { runtime, backend });
      const client = await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend }));
      const server = await runtime.run(listener.accept());
      await runtime.run(client.write(pattern(1000)));
      await runtime[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await Promise.all([server[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
      await assertRejects(async () => await client.write(pattern(1)), ClosedError);
      listener.close();
      await listener[Symbol.asyncDispose]();
      if (scripted !== undefined) assertEquals([scripted.liveHandles(), scripted.misuses], [0, []]);
    },
  );
}

// In a process of its own, because this one's runtime and library have been opened already.
testIf(
  requireAll(requireNative(), requireNoAsan()),
  "life: a test that disposes of what it opened passes the sanitizers, on the process's runtime",
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/user_test.ts`;
    const net = import.meta.resolve("./mod.ts");
    await Deno.writeTextFile(
      path,
      `
    import { native } from "${import.meta.resolve("../ffi/load.ts")}";
    import { TcpListener, TcpStream } from "${net}";
    // Opened inside of a test, the library would count as its leak.
    native();
    const sanitized = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };
    for (let round = 0; round < 5; round++) {
      Deno.test("echo " + round, sanitized, async () => {
        await using listener = TcpListener.bind("127.0.0.1:0", { backend: "native" });
        await using client = await TcpStream.connect(listener.localAddr);
        {
          await using server = await listener.accept();
          await client.writeAll(new Uint8Array(5));
          await server.read(new Uint8Array(5));
          // Long enough for the runtime to park.
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });
      Deno.test("plain using " + round, sanitized, async () => {
        await using listener = TcpListener.bind("127.0.0.1:0", { backend: "native" });
        using client = await TcpStream.connect(listener.localAddr);
        using server = await listener.accept();
        await client.writeAll(new Uint8Array(5));
        await server.read(new Uint8Array(5));
        await new Promise((resolve) => setTimeout(resolve, 20));
      });
    }
  `,
    );
    try {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--no-config", "--no-check", "--no-prompt", "-A", path],
        clearEnv: true,
        env: { ...toolEnv(), NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assertStringIncludes(text, "10 passed | 0 failed");
      assertEquals(code, 0);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

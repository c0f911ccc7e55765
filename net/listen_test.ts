import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { NativeLoadError } from "../ffi/load.ts";
import { Runtime } from "../runtime/runtime.ts";
import { IoError } from "../runtime/errors.ts";
import { SocketAddr } from "./addr.ts";
import type { BackendOptions } from "./backend.ts";
import { listen } from "./listen.ts";
import type { ListenOptions } from "./tcp_acceptor.ts";
import { testIf, toolEnv } from "../tests/support/skip.ts";
import { BACKENDS } from "./support_test.ts";
import type { Transport, TransportHandler } from "./transport.ts";

const ANY = SocketAddr.parse("127.0.0.1:0");

/** A runtime whose native library is not to be had, for the reason `code`. */
class WithoutLibrary extends Runtime {
  readonly #code: string;

  constructor(code: string) {
    super();
    this.#code = code;
  }

  override get reactor(): never {
    throw new NativeLoadError(this.#code, "run the build");
  }
}

function echo(transport: Transport): void {
  const handler: TransportHandler = {
    onData(bytes, start, end) {
      const at = transport.begin(end - start);
      transport.output.set(bytes.subarray(start, end), at);
      transport.commit(at, at + end - start);
    },
    onEnd: () => transport.close(),
    onDrain() {},
    onClose() {},
  };
  transport.handler = handler;
}

for (const { backend, reason } of BACKENDS) {
  testIf(reason, `listen: ${backend} sockets serve a plain client`, async () => {
    using runtime = new Runtime();
    const acceptor = listen(runtime, ANY, { backend }, echo);
    assertEquals(acceptor.backend, backend);
    assertEquals(acceptor.localAddr.ip, "127.0.0.1");
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: acceptor.localAddr.port });
    await conn.write(new TextEncoder().encode("hello"));
    await conn.closeWrite();
    assertEquals(await new Response(conn.readable).text(), "hello");
    acceptor.close();
    await runtime.quiesce();
  });

  testIf(reason, `listen: ${backend}, an address in use is an IoError that names it`, async () => {
    using runtime = new Runtime();
    const acceptor = listen(runtime, ANY, { backend }, echo);
    const error = assertThrows(() => listen(runtime, acceptor.localAddr, { backend }, echo), IoError);
    assertEquals([error.code, error.syscall, error.address], [
      "EADDRINUSE",
      "listen",
      acceptor.localAddr.toString(),
    ]);
    acceptor.close();
    await runtime.quiesce();
  });

  testIf(reason, `listen: ${backend}, backlog 0 is a RangeError`, () => {
    using runtime = new Runtime();
    assertThrows(() => listen(runtime, ANY, { backend, backlog: 0 }, echo), RangeError);
  });
}

for (const code of ["ERR_SHIM_MISSING", "ERR_SHIM_PERMISSION"]) {
  Deno.test(`listen: auto takes the host's sockets on ${code} and says so`, () => {
    using runtime = new WithoutLibrary(code);
    let seen: NativeLoadError | undefined;
    const acceptor = listen(runtime, ANY, { onFallback: (error) => seen = error }, echo);
    assertEquals(acceptor.backend, "host");
    assertInstanceOf(seen, NativeLoadError);
    assertEquals(seen.code, code);
    acceptor.close();
  });
}

const refused: readonly [string, ListenOptions & BackendOptions][] = [
  ["ERR_SHIM_ABI", {}],
  ["ERR_SHIM_BROKEN", {}],
  ["ERR_SHIM_MISSING", { backend: "native" }],
];
for (const [code, options] of refused) {
  Deno.test(`listen: ${code} with ${JSON.stringify(options)} is an error`, () => {
    using runtime = new WithoutLibrary(code);
    assertEquals(assertThrows(() => listen(runtime, ANY, options, echo), NativeLoadError).code, code);
  });
}

Deno.test("listen: an unknown backend is a TypeError, v6Only on the host an error of its own", () => {
  using runtime = new Runtime();
  assertThrows(() => listen(runtime, ANY, { backend: "fast" as "host" }, echo), TypeError, '"fast"');
  assertThrows(() => listen(runtime, ANY, { backend: "host", v6Only: true }, echo), Error, "v6Only");
});

Deno.test("listen: a program that was granted the network and nothing else serves on the host's sockets", async () => {
  const program = `
    import { SocketAddr, TcpListener, TcpStream } from "${import.meta.resolve("./mod.ts")}";
    const listener = TcpListener.bind("localhost:0", { onFallback: (error) => console.log(error.code) });
    const client = await TcpStream.connect(listener.localAddr);
    const server = await listener.accept();
    await client.writeAll(new TextEncoder().encode(listener.backend));
    client.close();
    const into = new Uint8Array(9);
    console.log(new TextDecoder().decode(into.subarray(0, await server.read(into))));
    server.close();
    listener.close();
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-prompt", "--allow-net", "-"],
    clearEnv: true,
    env: toolEnv(),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "ERR_SHIM_MISSING\nhost\n"]);
});

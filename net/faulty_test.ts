import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError, type Runtime } from "../runtime/mod.ts";
import { FaultyTransport, type TransportFaults } from "../tests/support/faulty.ts";
import {
  ANY,
  commit,
  type Kind,
  KINDS,
  pattern,
  readAll,
  Recorder,
  until,
  withRuntime,
} from "./support_test.ts";
import { connectTransport, listen, TcpStream, type Transport } from "./mod.ts";

const QUIET: Kind = KINDS.find(({ name }) => name === "scripted quiet")!;

/** A transport with faults, and a good one at its other end. */
async function withFaults(
  faults: TransportFaults,
  body: (faulty: FaultyTransport, good: Transport, runtime: Runtime) => Promise<void>,
): Promise<void> {
  await withRuntime(QUIET, async (runtime) => {
    let faulty: FaultyTransport | undefined;
    const acceptor = listen(runtime, ANY, {}, (transport) => faulty = new FaultyTransport(transport, faults));
    const good = await runtime.run(
      connectTransport(runtime, acceptor.localAddr, {}, (transport) => transport),
    );
    await until(() => faulty !== undefined);
    acceptor.close();
    try {
      await body(faulty!, good, runtime);
    } finally {
      faulty!.abort();
      good.abort();
    }
  });
}

Deno.test("faulty: one-byte delivery", () =>
  withFaults({ maxDelivery: 1 }, async (faulty, good) => {
    const server = new Recorder(faulty);
    new Recorder(good).call((it) => commit(it, pattern(500)));
    await until(() => server.count === 500);
    assertEquals([faulty.deliveries, server.received], [500, pattern(500)]);
  }));

Deno.test("faulty: short sends and storms, committed and tried, arrive whole and in order", () =>
  withFaults({ maxSend: 3, blockEvery: 2 }, async (faulty, good) => {
    const [server, client] = [new Recorder(faulty), new Recorder(good)];
    server.call((it) => commit(it, pattern(100)));
    server.call((it) => commit(it, pattern(200).slice(100)));
    assert(faulty.isBlocked);
    const bytes = pattern(300);
    let sent = 200;
    server.onEvent = () => {
      while (sent < 300 && !faulty.isBlocked) sent += server.call((it) => it.trySend(bytes, sent, 300));
      if (sent === 300) server.call((it) => it.close());
    };
    await until(() => client.hasEnded);
    assertEquals(client.received, pattern(300));
    await until(() => server.isClosed);
    assertEquals(server.error, undefined);
  }));

for (const at of [1, 7, 100]) {
  Deno.test(`faulty: reset at received byte ${at}, and at sent byte ${at}`, async () => {
    await withFaults({ resetAfterReceived: at }, async (faulty, good) => {
      const [server, client] = [new Recorder(faulty), new Recorder(good)];
      client.call((it) => commit(it, pattern(200)));
      await until(() => server.isClosed && client.isClosed);
      assertEquals([server.count, (server.error as IoError).code], [at, "ECONNRESET"]);
      assertEquals((client.error as IoError).code, "ECONNRESET");
    });
    await withFaults({ resetAfterSent: at }, async (faulty, good) => {
      const [server, client] = [new Recorder(faulty), new Recorder(good)];
      server.call((it) => commit(it, pattern(200)));
      await until(() => server.isClosed && client.isClosed);
      assertEquals([client.count, (server.error as IoError).code], [at, "ECONNRESET"]);
    });
  });
}

Deno.test("faulty: the peer seems to end early", () =>
  withFaults({ endAfterReceived: 5 }, async (faulty, good) => {
    const server = new Recorder(faulty);
    new Recorder(good).call((it) => commit(it, pattern(200)));
    await until(() => server.hasEnded);
    assertEquals(server.received, pattern(5));
    assertEquals(server.isClosed, false);
  }));

Deno.test("streams over a faulty transport: both ways whole, shutdown after everything", () =>
  withFaults({ maxDelivery: 7, maxSend: 100, blockEvery: 3 }, async (faulty, good) => {
    const [server, client] = [new TcpStream(faulty), new TcpStream(good)];
    const sending = Promise.all([
      client.writeAll(pattern(50_000)).then(() => client.shutdown()),
      server.writeAll(pattern(50_000, 3)).then(() => server.shutdown()),
    ]);
    assertEquals(await Promise.all([readAll(server), readAll(client)]), [
      pattern(50_000),
      pattern(50_000, 3),
    ]);
    await sending;
  }));

Deno.test("streams over a transport that breaks: what came is read, then the error", () =>
  withFaults({ resetAfterReceived: 100 }, async (faulty, good) => {
    const [server, client] = [new TcpStream(faulty), new TcpStream(good)];
    await client.writeAll(pattern(1000));
    assertEquals(await readAll(server, 100), pattern(100));
    const error = await assertRejects(async () => await server.read(new Uint8Array(1)), IoError);
    assertEquals([error.code, error.address], ["ECONNRESET", server.peerAddr.toString()]);
  }));

import { assertEquals } from "@std/assert";
import { errno } from "../ffi/errno.ts";
import { ScriptedNative } from "../reactor/mod.ts";
import { type IoError, Runtime } from "../runtime/mod.ts";
import { VirtualClock } from "../runtime/time/clock.ts";
import { ANY } from "./support_test.ts";
import { ACCEPT_RETRY_MS, type ListenOptions, type Transport } from "./mod.ts";
import { TcpAcceptor } from "./tcp_acceptor.ts";

/** A listener in virtual time. */
function open(options: ListenOptions) {
  const scripted = new ScriptedNative();
  const clock = new VirtualClock();
  const runtime = new Runtime({ native: scripted, clock });
  const accepted: Transport[] = [];
  const acceptor = new TcpAcceptor(runtime, ANY, options, (transport) => void accepted.push(transport));
  const turn = () => {
    for (let turns = 0; turns < 5; turns++) runtime.turn();
  };
  return { scripted, clock, runtime, accepted, acceptor, turn };
}

for (const code of ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "EBADF", "EINVAL"]) {
  Deno.test(`acceptor: ${code} is told once per rest`, () => {
    const errors: IoError[] = [];
    const { scripted, clock, runtime, acceptor, turn } = open({
      onAcceptError: (error) => void errors.push(error),
    });
    const client = scripted.tcpConnect(acceptor.localAddr.encode());
    scripted.accept = () => -errno(code);
    turn();
    assertEquals(errors.map((error) => [error.code, error.syscall, error.address]), [
      [code, "accept", acceptor.localAddr.toString()],
    ]);
    clock.advance(ACCEPT_RETRY_MS + 1);
    turn();
    assertEquals(errors.length, 2);
    acceptor.close();
    turn();
    scripted.close(client);
    runtime.close();
    assertEquals([scripted.liveHandles(), scripted.misuses], [0, []]);
  });
}

Deno.test("acceptor: what onAcceptError throws is not swallowed, and the listener rests nevertheless", () => {
  const { scripted, clock, runtime, accepted, acceptor, turn } = open({
    onAcceptError: () => {
      throw new Error("the program's own");
    },
  });
  const client = scripted.tcpConnect(acceptor.localAddr.encode());
  scripted.faults.maxHandles = scripted.liveHandles();
  const thrown: unknown[] = [];
  for (let turns = 0; turns < 5; turns++) {
    try {
      runtime.turn();
    } catch (error) {
      thrown.push((error as Error).message);
    }
  }
  assertEquals(thrown, ["the program's own"]);
  scripted.faults.maxHandles = Infinity;
  clock.advance(ACCEPT_RETRY_MS + 1);
  turn();
  assertEquals(accepted.length, 1);
  accepted[0].abort();
  acceptor.close();
  turn();
  scripted.close(client);
  runtime.close();
});

Deno.test("acceptor: without onAcceptError the console is told once, and again after a connection came in", () => {
  const lines: unknown[][] = [];
  const { warn } = console;
  console.warn = (...line) => void lines.push(line);
  try {
    const { scripted, clock, runtime, accepted, acceptor, turn } = open({});
    const clients = [1, 2].map(() => scripted.tcpConnect(acceptor.localAddr.encode()));
    scripted.faults.maxHandles = scripted.liveHandles();
    for (let rests = 0; rests < 3; rests++) {
      turn();
      clock.advance(ACCEPT_RETRY_MS + 1);
    }
    assertEquals(lines, [[
      `accept ${acceptor.localAddr} failed: too many open files in this process (EMFILE); trying again every 50 ms`,
    ]]);
    scripted.faults.maxHandles = scripted.liveHandles() + 1;
    turn();
    assertEquals([accepted.length, lines.length], [1, 2]);
    accepted[0].abort();
    acceptor.close();
    turn();
    for (const client of clients) scripted.close(client);
    runtime.close();
  } finally {
    console.warn = warn;
  }
});

Deno.test("acceptor: when the runtime was closed, so is it, and every call does nothing", () => {
  const { scripted, runtime, acceptor } = open({});
  runtime.turn();
  runtime.close();
  assertEquals([scripted.liveHandles(), scripted.misuses], [0, []]);
  acceptor.pause();
  acceptor.resume();
  acceptor.close();
  assertEquals([scripted.liveHandles(), scripted.misuses], [0, []]);
});

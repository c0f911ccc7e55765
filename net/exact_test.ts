// That nothing comes cannot be seen on real sockets, only that it has not come yet. On the scripted twin, in virtual
// time, it can: when a turn makes no progress and nothing is queued, nothing will ever come.
import { assert, assertEquals } from "@std/assert";
import { type ScriptedFaults, ScriptedNative, type ScriptedOptions } from "../reactor/mod.ts";
import { PENDING, Runtime } from "../runtime/mod.ts";
import { VirtualClock } from "../runtime/time/clock.ts";
import { ANY, commit, pattern, Recorder } from "./support_test.ts";
import { connectTransport, listen, TcpStream, type Transport } from "./mod.ts";

interface World {
  readonly runtime: Runtime;
  /** Take turns until nothing moves any more. */
  readonly rest: () => void;
}

const FAULTS: readonly (readonly [string, Partial<ScriptedFaults>])[] = [
  ["quiet", {}],
  ["short", { maxReceive: 999, maxSend: 777 }],
  ["slow", { delayTurns: 3 }],
];

function inVirtualTime(faults: ScriptedOptions, body: (world: World) => void): void {
  const native = new ScriptedNative(faults);
  const runtime = new Runtime({ native, clock: new VirtualClock() });
  const rest = () => {
    // What is on its way arrives a few turns after the last one that did anything.
    for (let idle = 0; idle < 10;) idle = runtime.turn() > 0 || runtime.reactor.hasWork ? 0 : idle + 1;
  };
  body({ runtime, rest });
  rest();
  runtime.close();
  assertEquals([native.liveHandles(), native.misuses], [0, []]);
}

/** `count` pairs of connected transports, the client's first. */
function connect({ runtime, rest }: World, count: number): [Transport, Transport][] {
  const pairs: [Transport, Transport][] = [];
  for (let index = 0; index < count; index++) {
    const found: Transport[] = [];
    const acceptor = listen(runtime, ANY, {}, (transport) => void found.push(transport));
    runtime.spawn(
      connectTransport(runtime, acceptor.localAddr, {}, (transport) => void found.unshift(transport)),
    );
    rest();
    acceptor.close();
    assertEquals(found.length, 2);
    pairs.push([found[0], found[1]]);
  }
  return pairs;
}

type Case = readonly [name: string, body: (client: Recorder, server: Recorder, rest: () => void) => void];

const CASES: readonly Case[] = [
  ["a peer that does not read: what the buffers hold goes, and not one byte more", (client, server, rest) => {
    server.transport.pauseReading();
    rest();
    const bytes = pattern(200_000);
    let sent = 0;
    const push = () => {
      sent += client.call((it) => it.trySend(bytes, sent, bytes.length));
    };
    client.onEvent = push;
    push();
    rest();
    assertEquals([sent, server.count, client.transport.isBlocked], [65_536, 0, true]);
    server.call((it) => it.resumeReading());
    rest();
    assertEquals(server.received, bytes);
  }],

  ["pauseReading holds everything back", (client, server, rest) => {
    server.call((it) => it.pauseReading());
    rest();
    commit(client.transport, pattern(100));
    rest();
    assertEquals(server.count, 0);
    server.call((it) => it.resumeReading());
    rest();
    assertEquals(server.received, pattern(100));
  }],

  ["half-close in both directions: the end comes once to each, and nothing else", (client, server, rest) => {
    client.call((it) => it.endWriting());
    rest();
    assertEquals([client.events, server.events], [[], ["end"]]);
    server.call((it) => it.endWriting());
    rest();
    assertEquals([client.events, server.events], [["end"], ["end"]]);
  }],

  ["paused while both sides end: nothing comes before reading is resumed", (client, server, rest) => {
    server.call((it) => it.pauseReading());
    rest();
    client.call((it) => commit(it, pattern(1000)));
    client.call((it) => it.endWriting());
    server.call((it) => it.endWriting());
    rest();
    assertEquals([server.events, server.count], [[], 0]);
    server.call((it) => it.resumeReading());
    rest();
    assertEquals([server.events, server.received], [["end"], pattern(1000)]);
  }],

  ["pausing and resuming after the end does not bring it twice", (client, server, rest) => {
    client.call((it) => it.endWriting());
    rest();
    server.call((it) => it.pauseReading());
    server.call((it) => it.resumeReading());
    rest();
    assertEquals(server.events, ["end"]);
  }],
];

for (const [kind, faults] of FAULTS) {
  for (const [name, body] of CASES) {
    Deno.test(`exact, ${kind}: ${name}`, () =>
      inVirtualTime(faults, (world) => {
        const [[near, far]] = connect(world, 1);
        const [client, server] = [new Recorder(near), new Recorder(far)];
        body(client, server, world.rest);
        for (const it of [near, far]) it.abort();
      }));
  }
}

Deno.test("exact: a read of what never comes waits for ever", () =>
  inVirtualTime({}, (world) => {
    const [[near, far]] = connect(world, 1);
    const [client, server] = [new TcpStream(near), new TcpStream(far)];
    const handle = world.runtime.spawn(server.read(new Uint8Array(1)));
    world.rest();
    assert(!handle.isFinished);
    handle.abort();
    assertEquals(server.tryRead(new Uint8Array(1)), PENDING);
    for (const it of [client, server]) it.abort();
  }));

Deno.test("fairness: streams that always have something to read move on together", () =>
  // So much of each that an arena holds two or three: who comes last in a turn finds no room.
  inVirtualTime({ capacity: 200_000 }, (world) => {
    const { runtime } = world;
    const COUNT = 100;
    const ROUNDS = 400;
    const streams = connect(world, COUNT).map(([near, far]) => [new TcpStream(near), new TcpStream(far)]);
    const got = new Array<number>(COUNT).fill(0);
    const chunk = pattern(200_000);
    const handles = streams.flatMap(([client, server], index) => [
      runtime.spawn(function* () {
        for (;;) yield* client.writeAll(chunk);
      }),
      runtime.spawn(function* () {
        const into = new Uint8Array(65_536);
        for (;;) got[index] += yield* server.read(into);
      }),
    ]);
    for (let round = 0; round < ROUNDS; round++) runtime.turn();
    const [least, most] = [Math.min(...got), Math.max(...got)];
    assert(least > 0, "a stream was starved");
    assert(most <= 2 * least, `from ${least} to ${most} bytes`);
    for (const handle of handles) {
      handle.abort();
      handle.then(() => {}, () => {});
    }
    for (const pair of streams) for (const stream of pair) stream.abort();
  }));

/** Busy peers share a turn: none is shut out, and none fills the turn alone. */
import { assert, assertEquals } from "@std/assert";
import { FLAG_MORE, KIND_STREAM, OP_RECEIVE, READABLE } from "../ffi/abi.ts";
import type { Native } from "../ffi/native.ts";
import { Reactor } from "./reactor.ts";
import { connected, testBoth } from "./support_test.ts";

const CHUNK = new Uint8Array(1 << 18);

/** A peer that always has something to say, and how much of it was heard. */
interface Busy {
  readonly client: number;
  heard: number;
  /** Receives that the last turn reported. */
  reports: number;
  close(): void;
}

function busy(lib: Native, reactor: Reactor): Busy {
  const { client, server } = connected(lib);
  const peer: Busy = {
    client,
    heard: 0,
    reports: 0,
    close(): void {
      reactor.close(token, server);
      lib.close(client);
    },
  };
  const token = reactor.add(
    {
      complete(operation: number, result: number, flags: number): void {
        if (operation !== OP_RECEIVE) return;
        peer.reports++;
        if (result > 0) peer.heard += result;
        if ((flags & FLAG_MORE) !== 0) reactor.queueReceive(server, token, result < 0);
      },
    },
    server,
    READABLE,
    KIND_STREAM,
  );
  return peer;
}

function talk(lib: Native, peers: readonly Busy[]): void {
  for (const { client } of peers) while (lib.send(client, CHUNK, 0, CHUNK.length) > 0);
}

testBoth("sixteen flooding peers are heard alike, and a quiet one within two turns", (lib) => {
  const reactor = new Reactor(lib);
  const peers = Array.from({ length: 16 }, () => busy(lib, reactor));
  const quiet = busy(lib, reactor);
  let waited = 0;
  for (let turn = 0; turn < 200; turn++) {
    talk(lib, peers);
    const before = quiet.heard;
    const speaks = turn >= 20 && turn % 20 === 0;
    if (speaks) lib.send(quiet.client, CHUNK, 0, 1);
    for (const peer of peers) peer.reports = 0;
    reactor.turn(0);
    for (const { reports } of peers) assert(reports <= 2, `${reports} receives of one peer in a turn`);
    if (!speaks) continue;
    for (waited = 1; quiet.heard === before && waited < 50; waited++) {
      talk(lib, peers);
      reactor.turn(0);
    }
    assert(waited <= 3, `the quiet peer waited ${waited} turns`);
  }
  const heard = peers.map((peer) => peer.heard).sort((a, b) => a - b);
  assert(heard[0] > 0, "a peer was shut out");
  assert(heard[15] < 4 * heard[0], `heard from ${heard[0]} to ${heard[15]} bytes`);
  assertEquals(reactor.size, 17);
  for (const peer of [...peers, quiet]) peer.close();
  reactor.dispose();
});

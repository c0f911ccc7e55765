/** The memory of turns: what happens when an arena or the operations are full, at any moment. */
import { assert, assertEquals, assertGreater, assertThrows } from "@std/assert";
import {
  FLAG_REPORT,
  KIND_STREAM,
  MAX_OPERATIONS,
  OP_MODIFY,
  OP_RECEIVE,
  OP_SEND,
  OUTPUT_BYTES,
  READABLE,
  WRITABLE,
} from "../ffi/abi.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import { INPUT_BYTES, Reactor } from "./reactor.ts";
import { ScriptedNative } from "./scripted.ts";
import { connected, ok, pattern, receive, Recorder, testBoth, turnUntil } from "./support_test.ts";

const MODIFY_AND_REPORT = OP_MODIFY | FLAG_REPORT << 8;

function commit(reactor: Reactor, fd: number, token: number, bytes: Bytes, flags = 0): void {
  reactor.reserve(bytes.length);
  const from = reactor.outputAt;
  assert(from + bytes.length <= OUTPUT_BYTES, "reserve gave room that is not there");
  reactor.output.set(bytes, from);
  reactor.queueSend(fd, token, from, from + bytes.length, flags);
}

interface Stream {
  readonly client: number;
  readonly server: number;
  readonly source: Recorder;
  readonly token: number;
}

function withStreams(lib: Native, count: number, body: (reactor: Reactor, streams: Stream[]) => void): void {
  const reactor = new Reactor(lib);
  const streams = Array.from({ length: count }, (): Stream => {
    const source = new Recorder();
    const { client, server } = connected(lib);
    return { client, server, source, token: reactor.add(source, server, READABLE, KIND_STREAM) };
  });
  reactor.turn(0);
  body(reactor, streams);
  for (const { token, server } of streams) reactor.close(token, server);
  reactor.dispose();
  for (const { client } of streams) ok(lib.close(client));
}

testBoth("more operations than fit are submitted in between, in order", (lib) => {
  withStreams(lib, 1, (reactor, [{ server, source, token }]) => {
    const total = 3 * MAX_OPERATIONS + 5;
    for (let index = 0; index < total; index++) {
      reactor.queue(MODIFY_AND_REPORT, server, token, READABLE, KIND_STREAM);
    }
    assertEquals(source.results(OP_MODIFY).length, 3 * MAX_OPERATIONS);
    reactor.turn(0);
    assertEquals(source.results(OP_MODIFY).length, total);
  });
});

testBoth("output that does not fit is submitted before, and arrives whole", (lib) => {
  withStreams(lib, 1, (reactor, [{ client, server, source, token }]) => {
    const pieces = Array.from({ length: 40 }, (_, index) => pattern(30_000, index));
    const received: Bytes[] = [];
    let sum = 0;
    let reported = 0;
    for (const piece of pieces) {
      commit(reactor, server, token, piece, FLAG_REPORT);
      reported = source.results(OP_SEND).reduce((all, count) => all + count, 0);
      while (sum < reported) {
        received.push(receive(lib, client));
        sum += received.at(-1)!.length;
      }
    }
    assertGreater(reported, 0, "the arena was never full");
    reactor.turn(0);
    assertEquals(source.results(OP_SEND).reduce((all, count) => all + count, 0), 40 * 30_000);
    while (sum < 40 * 30_000) {
      received.push(receive(lib, client));
      sum += received.at(-1)!.length;
    }
    const whole = new Uint8Array(sum);
    let at = 0;
    for (const part of received) {
      whole.set(part, at);
      at += part.length;
    }
    pieces.forEach((piece, index) => {
      assertEquals(whole.subarray(index * 30_000, (index + 1) * 30_000), piece, `piece ${index}`);
    });
  });
});

testBoth("a flush in the middle of the dispatch loses no completion of the turn", (lib) => {
  withStreams(lib, 20, (reactor, streams) => {
    for (const { server, source, token } of streams) {
      source.then = ({ operation }) => {
        if (operation !== OP_RECEIVE) return;
        // Reported, so that the submission in between writes completions itself.
        for (let index = 0; index < MAX_OPERATIONS; index++) {
          reactor.queue(MODIFY_AND_REPORT, server, token, READABLE, KIND_STREAM);
        }
        commit(reactor, server, token, pattern(100_000, token));
      };
    }
    streams.forEach(({ client }, index) => lib.send(client, pattern(50 + index, index), 0, 50 + index));
    turnUntil(reactor, () => streams.every(({ source }) => source.results(OP_RECEIVE).length > 0));
    streams.forEach(({ source }, index) => assertEquals(source.results(OP_RECEIVE), [50 + index]));
    reactor.turn(0);
    for (const { client, token } of streams) {
      let sum = 0;
      while (sum < 100_000) {
        const bytes = receive(lib, client);
        assertEquals(bytes, pattern(100_000, token).subarray(sum, sum + bytes.length));
        sum += bytes.length;
      }
    }
  });
});

testBoth(
  "a flush inside somebody's queueing brings results of sends only: nobody's bytes are handed out",
  (lib) => {
    withStreams(lib, 2, (reactor, [one, other]) => {
      lib.send(other.client, pattern(9), 0, 9);
      turnUntil(reactor, () => other.source.seen.length > 0);
      other.source.seen.length = 0;
      lib.send(other.client, pattern(7), 0, 7);
      // As a source does after MORE.
      reactor.queueReceive(other.server, other.token);
      let queueing = true;
      other.source.then = ({ operation, at, result }) => {
        assertEquals(operation, OP_RECEIVE);
        assert(!queueing, "code of another source runs in the middle of a reserve");
        if (result > 0) assertEquals(reactor.input.subarray(at, at + result), pattern(7));
      };
      for (let index = 0; index < 6; index++) commit(reactor, one.server, one.token, pattern(100_000));
      queueing = false;
      let sum = 0;
      while (sum < 600_000) {
        reactor.turn(0);
        sum += receive(lib, one.client).length;
      }
      turnUntil(reactor, () => other.source.results(OP_RECEIVE).includes(7));
      assertEquals(other.source.results(OP_RECEIVE).filter((result) => result > 0), [7]);
    });
  },
);

testBoth("sources that queue much for every result may flush within a flush", (lib) => {
  withStreams(lib, 1, (reactor, [{ server, source, token }]) => {
    let more = 3 * MAX_OPERATIONS;
    source.then = () => {
      for (let index = 0; index < 3 && more > 0; index++) {
        more--;
        reactor.queue(MODIFY_AND_REPORT, server, token, READABLE, KIND_STREAM);
      }
    };
    for (let index = 0; index < MAX_OPERATIONS; index++) {
      reactor.queue(MODIFY_AND_REPORT, server, token, READABLE, KIND_STREAM);
    }
    turnUntil(reactor, () => !reactor.hasWork);
    assertEquals(source.results(OP_MODIFY).length, 4 * MAX_OPERATIONS);
    assert(source.seen.every(({ operation, result }) => operation === OP_MODIFY && result === 0));
  });
});

testBoth("a flush within a flush takes no result from those who wait for theirs", (lib) => {
  withStreams(lib, 2, (reactor, [one, other]) => {
    let more = 2 * MAX_OPERATIONS;
    one.source.then = () => {
      for (let index = 0; index < 8 && more > 0; index++) {
        more--;
        reactor.queue(MODIFY_AND_REPORT, one.server, one.token, READABLE, KIND_STREAM);
      }
    };
    for (let index = 0; index < MAX_OPERATIONS / 2; index++) {
      for (const { server, token } of [one, other]) {
        reactor.queue(MODIFY_AND_REPORT, server, token, READABLE, KIND_STREAM);
      }
    }
    reactor.flush();
    turnUntil(reactor, () => !reactor.hasWork);
    assertEquals(other.source.results(OP_MODIFY).length, MAX_OPERATIONS / 2);
    assertEquals(one.source.results(OP_MODIFY).length, 2.5 * MAX_OPERATIONS);
  });
});

testBoth("a source that throws in a flush leaves sentOutput as it was", (lib) => {
  withStreams(lib, 2, (reactor, [one, other]) => {
    const outputs: Bytes[] = [];
    one.source.then = ({ operation }) => {
      if (operation !== OP_RECEIVE) return;
      outputs.push(reactor.sentOutput);
      reactor.queue(MODIFY_AND_REPORT, other.server, other.token, READABLE, KIND_STREAM);
      assertThrows(() => reactor.flush(), Error, "a source fails");
      outputs.push(reactor.sentOutput);
    };
    other.source.then = () => {
      throw new Error("a source fails");
    };
    lib.send(one.client, pattern(1), 0, 1);
    turnUntil(reactor, () => one.source.seen.length > 0);
    assert(outputs[0] === outputs[1], "the rest of a short send would be copied from the wrong arena");
  });
});

testBoth("views of received bytes stay as they are, through any number of arenas", (lib) => {
  withStreams(lib, 3, (reactor, streams) => {
    const size = 20_011;
    const kept: { view: Bytes; from: number; stream: number }[] = [];
    const counts = streams.map(() => 0);
    const arenas = new Set<Bytes>();
    streams.forEach(({ server, source, token }, stream) => {
      source.then = ({ result, flags, at }) => {
        if (flags !== 0) reactor.queueReceive(server, token);
        if (result < 0) return;
        arenas.add(reactor.input);
        kept.push({ view: reactor.input.subarray(at, at + result), from: counts[stream], stream });
        counts[stream] += result;
      };
    });
    const total = INPUT_BYTES * 3;
    let sent = 0;
    while (sent < total) {
      streams.forEach(({ client }, stream) => {
        assertEquals(lib.send(client, pattern(size, stream), 0, size), size);
        sent += size;
      });
      turnUntil(reactor, () => counts.reduce((all, count) => all + count, 0) === sent);
    }
    assertGreater(arenas.size, 2);
    for (const { view, from, stream } of kept) {
      const whole = pattern(size, stream);
      view.forEach((byte, index) => {
        if (byte !== whole[(from + index) % size]) {
          throw new Error(`stream ${stream} changed at ${from + index}`);
        }
      });
    }
  });
});

testBoth("many streams that fill the arena in one turn: the rest is told, and comes in the next", (lib) => {
  withStreams(lib, 30, (reactor, streams) => {
    const sums = streams.map(() => 0);
    streams.forEach(({ server, source, token }, stream) => {
      source.then = ({ result, flags, at }) => {
        if (result > 0) {
          const part = reactor.input.subarray(at, at + result);
          assertEquals(part, pattern(40_000, stream).subarray(sums[stream], sums[stream] + result));
          sums[stream] += result;
        }
        if (flags !== 0) reactor.queueReceive(server, token);
      };
    });
    streams.forEach(({ client }, stream) => {
      assertEquals(lib.send(client, pattern(40_000, stream), 0, 40_000), 40_000);
    });
    turnUntil(reactor, () => sums.every((sum) => sum === 40_000));
  });
});

Deno.test("a broadcast to more stalled peers than there are operations", () => {
  const lib = new ScriptedNative({ capacity: 10 });
  const reactor = new Reactor(lib);
  const streams = Array.from({ length: MAX_OPERATIONS + 100 }, () => {
    const source = new Recorder();
    const [client, server] = lib.pair();
    const token = reactor.add(source, server, READABLE, KIND_STREAM);
    // As a socket does that has to wait for room.
    source.then = ({ operation, result }) => {
      assertEquals([operation, result], [OP_SEND, 10]);
      reactor.queue(OP_MODIFY, server, token, READABLE | WRITABLE, KIND_STREAM);
    };
    return { client, server, source, token };
  });
  reactor.turn(0);
  for (const { server, token } of streams) commit(reactor, server, token, pattern(11));
  while (reactor.hasWork) reactor.turn(0);
  for (const { source } of streams) assertEquals(source.results(OP_SEND), [10]);
  for (const { client, server, source, token } of streams) {
    source.then = () => {};
    assertEquals(receive(lib, client).length, 10);
    reactor.close(token, server);
    lib.close(client);
  }
  reactor.dispose();
  assertEquals([lib.liveHandles(), lib.misuses], [0, []]);
});

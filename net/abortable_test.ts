import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { type Context, Future, PENDING, type Poll } from "../runtime/mod.ts";
import { abortable } from "./abortable.ts";

/** Says what it is told to say, and writes down what happens to it. */
class Inner extends Future<number> {
  readonly calls: string[] = [];
  says: () => Poll<number> = () => PENDING;

  override poll(): Poll<number> {
    this.calls.push("poll");
    return this.says();
  }

  override cancel(): void {
    this.calls.push("cancel");
  }
}

/** A signal, its listeners counted; a context, its wake-ups counted. */
function setUp() {
  const controller = new AbortController();
  const { signal } = controller;
  const count = { listeners: 0, woken: 0 };
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (type: string, listener: EventListener) => {
    count.listeners++;
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    count.listeners--;
    remove(type, listener);
  };
  const context: Context = { waker: { wake: () => void count.woken++ }, spend: () => true };
  return { controller, signal, count, context, inner: new Inner() };
}

Deno.test("abortable: without a signal it is the future itself", () => {
  const { inner } = setUp();
  assertStrictEquals(abortable(inner, {}), inner);
});

Deno.test("abortable: aborted while it waits, it gives up at once, and throws the reason unchanged", () => {
  const { controller, signal, count, context, inner } = setUp();
  const future = abortable(inner, { signal });
  assertEquals([future.poll(context), future.poll(context)], [PENDING, PENDING]);
  assertEquals(count.listeners, 1);
  const reason = { not: "an error" };
  controller.abort(reason);
  assertEquals([inner.calls, count.woken, count.listeners], [["poll", "poll", "cancel"], 1, 0]);
  let thrown: unknown;
  try {
    future.poll(context);
  } catch (error) {
    thrown = error;
  }
  assertStrictEquals(thrown, reason);
  future.cancel();
  assertEquals(inner.calls, ["poll", "poll", "cancel"]);
});

Deno.test("abortable: aborted before the first poll, nothing begins", () => {
  const { controller, signal, context, inner } = setUp();
  controller.abort(new Error("too late"));
  assertThrows(() => abortable(inner, { signal }).poll(context), Error, "too late");
  assertEquals(inner.calls, []);
});

Deno.test("abortable: however it ends, the signal is not listened to any more", () => {
  const ends: ((inner: Inner, future: Future<number>, context: Context) => void)[] = [
    (inner, future, context) => {
      inner.says = () => 7;
      assertEquals(future.poll(context), 7);
    },
    (inner, future, context) => {
      inner.says = () => {
        throw new Error("broken");
      };
      assertThrows(() => future.poll(context), Error, "broken");
    },
    (inner, future) => {
      future.cancel();
      assert(inner.calls.includes("cancel"));
    },
  ];
  for (const end of ends) {
    const { controller, signal, count, context, inner } = setUp();
    const future = abortable(inner, { signal });
    assertEquals(future.poll(context), PENDING);
    end(inner, future, context);
    const before = [...inner.calls];
    controller.abort();
    assertEquals([count.listeners, count.woken, inner.calls], [0, 0, before]);
  }
});

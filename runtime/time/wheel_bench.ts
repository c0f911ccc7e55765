import { systemClock } from "./clock.ts";
import { TimeDriver } from "./driver.ts";
import { TimerEntry, TimerWheel } from "./wheel.ts";

/**
 * What an insert, a cancel and a firing cost. A round does COUNT of each, so divide by COUNT.
 * `deno bench runtime/time/wheel_bench.ts`
 */
const COUNT = 1000;

class Nothing extends TimerEntry {
  override fire(): void {}
}

/** Deadlines as a server has them: 10 ms to two minutes, in no order. */
function delays(count: number, maxTicks: number): number[] {
  let state = 12345;
  return Array.from({ length: count }, () => {
    state = Math.imul(state, 1103515245) + 12345 >>> 0;
    return 10 + state % maxTicks;
  });
}

function entries(count: number): Nothing[] {
  return Array.from({ length: count }, () => new Nothing());
}

const few = entries(COUNT);
const fewDelays = delays(COUNT, 120_000);

Deno.bench(
  `insert + cancel, x${COUNT}, wheel empty`,
  (() => {
    const wheel = new TimerWheel();
    return (): void => {
      for (let i = 0; i < COUNT; i++) {
        wheel.insert(few[i], wheel.now + fewDelays[i]);
        wheel.cancel(few[i]);
      }
    };
  })(),
);

Deno.bench(
  `move an armed entry, x${COUNT}`,
  (() => {
    const wheel = new TimerWheel();
    const own = entries(COUNT);
    let turn = 0;
    return (): void => {
      turn++;
      for (let i = 0; i < COUNT; i++) wheel.insert(own[i], wheel.now + turn % 1000 + fewDelays[i]);
    };
  })(),
);

Deno.bench(
  `insert + fire within 256 ticks, x${COUNT}`,
  (() => {
    const wheel = new TimerWheel();
    const near = delays(COUNT, 240);
    return (): void => {
      for (let i = 0; i < COUNT; i++) wheel.insert(few[i], wheel.now + near[i]);
      wheel.advance(wheel.now + 256);
    };
  })(),
);

Deno.bench(
  `insert + fire within two minutes (cascades), x${COUNT}`,
  (() => {
    const wheel = new TimerWheel();
    return (): void => {
      for (let i = 0; i < COUNT; i++) wheel.insert(few[i], wheel.now + fewDelays[i]);
      wheel.advance(wheel.now + 131_072);
    };
  })(),
);

const MANY = 1_000_000;
let crowd: TimerWheel | undefined;

/** Made on first use: a million timers take their time. */
function crowded(): TimerWheel {
  if (crowd !== undefined) return crowd;
  crowd = new TimerWheel();
  const many = entries(MANY);
  const manyDelays = delays(MANY, 120_000);
  for (let i = 0; i < MANY; i++) crowd.insert(many[i], manyDelays[i]);
  return crowd;
}

Deno.bench(`insert + cancel, x${COUNT}, ${MANY} others pending`, () => {
  const wheel = crowded();
  for (let i = 0; i < COUNT; i++) {
    wheel.insert(few[i], wheel.now + fewDelays[i]);
    wheel.cancel(few[i]);
  }
});

Deno.bench(`nextTick, x${COUNT}, ${MANY} others pending`, () => {
  const wheel = crowded();
  let sum = 0;
  for (let i = 0; i < COUNT; i++) sum += wheel.nextTick();
  if (sum < 0) throw new Error("unreachable");
});

Deno.bench(
  `insert ${MANY} and fire them all`,
  { n: 5, warmup: 2 },
  (() => {
    const many = entries(MANY);
    const manyDelays = delays(MANY, 120_000);
    const wheel = new TimerWheel();
    return (): void => {
      for (let i = 0; i < MANY; i++) wheel.insert(many[i], wheel.now + manyDelays[i]);
      wheel.advance(wheel.now + 131_072);
    };
  })(),
);

Deno.bench(
  "advance over a year of nothing",
  (() => {
    let wheel = new TimerWheel();
    return (): void => {
      if (wheel.now > 2 ** 52) wheel = new TimerWheel();
      wheel.advance(wheel.now + 31_536_000_000);
    };
  })(),
);

Deno.bench(
  `schedule + cancel through the driver, x${COUNT}`,
  (() => {
    const time = new TimeDriver(systemClock);
    return (): void => {
      for (let i = 0; i < COUNT; i++) {
        time.schedule(few[i], fewDelays[i]);
        time.cancel(few[i]);
      }
    };
  })(),
);

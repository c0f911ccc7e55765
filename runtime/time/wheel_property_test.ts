import { printedSeed, seeded } from "./support_test.ts";
import { TimerEntry, TimerWheel } from "./wheel.ts";

const OPERATIONS = 1_200_000;
const WHEELS = 24;
const POOL = 1024;

class Probe extends TimerEntry {
  tick = 0;
  order = 0;
  readonly #model: Model;

  constructor(model: Model) {
    super();
    this.#model = model;
  }

  override fire(): void {
    this.#model.fired(this);
  }
}

/** A wheel beside the sorted list that it must equal; every check throws. */
class Model {
  readonly wheel: TimerWheel;
  readonly #random: () => number;
  /** Sorted, the earliest last. */
  readonly #list: Probe[] = [];
  /** Inserted too late during the advance that is running: for the next one. */
  readonly #late: Probe[] = [];
  readonly #pool: Probe[];
  #target = -1;
  #order = 0;
  #thrown = 0;
  #fires = 0;
  /** How far, in bits, an advance goes at most: changes now and then, so that the wheel fills and empties. */
  #pace = 34;

  constructor(startTick: number, random: () => number) {
    this.wheel = new TimerWheel(startTick);
    this.#random = random;
    this.#pool = Array.from({ length: POOL }, () => new Probe(this));
  }

  step(): void {
    const choice = this.#random();
    if (this.#random() < 0.002) this.#pace = this.#random() * 34;
    if (choice < 0.5) this.#insert(this.#any());
    else if (choice < 0.7) this.#cancel(this.#any());
    else this.#advance();
    this.#compare();
  }

  /** What the wheel calls: it must be the first of the list, at its own tick. */
  fired(probe: Probe): void {
    this.#fires++;
    const expected = this.#list.pop();
    if (expected !== probe) throw new Fault(`fired ${show(probe)}, expected ${expected && show(expected)}`);
    if (probe.armed) throw new Fault("armed while it fires");
    if (probe.tick > this.#target) throw new Fault(`${show(probe)} fired early, target ${this.#target}`);
    if (probe.tick > this.wheel.now) throw new Fault(`${show(probe)} fired at ${this.wheel.now}`);
    const choice = this.#random();
    if (choice < 0.15) this.#insert(probe);
    else if (choice < 0.3) this.#insert(this.#any());
    else if (choice < 0.4) this.#cancel(this.#any());
    else if (choice < 0.45 && this.#list.length > 0) this.#cancel(this.#list[this.#list.length - 1]);
    else if (choice < 0.46) {
      this.#thrown++;
      throw new Error("on purpose");
    }
  }

  #any(): Probe {
    return this.#pool[Math.floor(this.#random() * POOL)];
  }

  #insert(probe: Probe): void {
    this.#remove(probe);
    const now = this.wheel.now;
    const tick = Math.max(0, now + this.#distance(34));
    this.wheel.insert(probe, tick);
    if (!probe.armed) throw new Fault("not armed after insert");
    probe.tick = Math.max(tick, now);
    probe.order = this.#order++;
    if (this.#target >= 0 && tick <= now) this.#late.push(probe);
    else this.#list.splice(this.#position(probe), 0, probe);
  }

  #cancel(probe: Probe): void {
    const expected = this.#remove(probe);
    if (this.wheel.cancel(probe) !== expected) throw new Fault(`cancel ${show(probe)}: not ${expected}`);
    if (probe.armed) throw new Fault("armed after cancel");
  }

  #remove(probe: Probe): boolean {
    const at = this.#position(probe);
    if (this.#list[at] === probe) this.#list.splice(at, 1);
    else {
      const late = this.#late.indexOf(probe);
      if (late < 0) return false;
      this.#late.splice(late, 1);
    }
    return true;
  }

  #advance(): void {
    const asked = Math.max(0, this.wheel.now + this.#distance(this.#pace));
    const target = Math.max(asked, this.wheel.now);
    this.#target = target;
    this.#thrown = 0;
    const before = this.#fires;
    let failures = 0;
    let returned: number | undefined;
    try {
      returned = this.wheel.advance(asked);
    } catch (error) {
      const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
      const fault = errors.find((one) => one instanceof Fault);
      if (fault !== undefined) throw fault;
      failures = errors.length;
    }
    this.#target = -1;
    if (failures !== this.#thrown) throw new Fault(`${this.#thrown} threw, ${failures} were reported`);
    if (returned !== undefined && returned !== this.#fires - before) {
      throw new Fault("wrong count of fired entries");
    }
    if (this.wheel.now !== target) throw new Fault(`arrived at ${this.wheel.now}, not ${target}`);
    const left = this.#list[this.#list.length - 1];
    if (left !== undefined && left.tick <= target) throw new Fault(`${show(left)} did not fire by ${target}`);
    for (const probe of this.#late.splice(0)) this.#list.splice(this.#position(probe), 0, probe);
  }

  #compare(): void {
    if (this.wheel.size !== this.#list.length) {
      throw new Fault(`size ${this.wheel.size}, not ${this.#list.length}`);
    }
    const next = this.wheel.nextTick();
    const now = this.wheel.now;
    if (this.#list.length === 0) {
      if (next !== Infinity) throw new Fault(`nextTick ${next} of an empty wheel`);
      return;
    }
    const first = this.#list[this.#list.length - 1].tick;
    const exact = first <= now || Math.floor(first / 256) === Math.floor(now / 256);
    if (exact ? next !== Math.max(first, now) : !(next > now && next <= first)) {
      throw new Fault(`nextTick ${next}, first deadline ${first}, now ${now}`);
    }
  }

  /** Any magnitude up to some 2^`bits`, often on an edge between levels, sometimes in the past. */
  #distance(bits: number): number {
    const kind = this.#random();
    if (kind < 0.05) return -Math.floor(this.#random() * 300);
    if (kind < 0.2) {
      const size = 256 ** (1 + Math.floor(this.#random() * bits / 8));
      return size - this.wheel.now % size + Math.floor(this.#random() * 3) - 1;
    }
    return Math.floor(this.#random() * 2 ** (this.#random() * bits));
  }

  /** Where `probe` is, or belongs, in the list. */
  #position(probe: Probe): number {
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = low + high >>> 1;
      const other = this.#list[middle];
      const later = other.tick > probe.tick || other.tick === probe.tick && other.order > probe.order;
      if (later) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class Fault extends Error {}

function show(probe: Probe): string {
  return `#${probe.order} for ${probe.tick}`;
}

Deno.test(`the wheel equals a sorted list over ${OPERATIONS} random operations`, () => {
  const random = seeded(printedSeed());
  for (let round = 0; round < WHEELS; round++) {
    const start = [0, 2 ** 32 - 100, 2 ** 45 + 12_345, Math.floor(random() * 2 ** 33)][round % 4];
    const model = new Model(start, random);
    for (let i = 0; i < OPERATIONS / WHEELS; i++) model.step();
  }
});

/**
 * A hierarchical timer wheel: O(1) insert and cancel, integers only, no clock.
 *
 * Four levels of 256 slots. A deadline lives on the level of the highest byte in which it differs from the
 * current tick, in the slot that this byte names. So all of level 0 comes before all of level 1, and so on;
 * and when the current tick enters a slot of a higher level, its entries move down ("cascade") before anything
 * can be inserted below them, which keeps equal deadlines in the order of their insertion.
 *
 * The lists are circular and live in typed arrays: node 0..1023 are the heads of the slots, the next two the
 * heads of the lists of what is already due, the rest timers. An armed entry holds nothing but its node.
 * @module
 */

const SLOTS = 4 * 256;
/** Heads of the lists of entries that were due when they were inserted. There are two, used in turn. */
const DUE_A = SLOTS;
const DUE_B = SLOTS + 1;
const FIRST_TIMER = SLOTS + 2;
const LEVEL_3_WORD = 24;
const TOP_SLOT_TICKS = 2 ** 24;
const EPOCH_TICKS = 2 ** 32;
const INITIAL_TIMERS = 256;

let nodeOf: (entry: TimerEntry) => number;
let setNode: (entry: TimerEntry, node: number) => void;

/**
 * Something that a {@link TimerWheel} can fire. Make one per owner and reuse it: arming allocates nothing.
 *
 * @example
 * ```ts
 * import { TimerEntry, TimerWheel } from "@millrace/millrace/runtime";
 *
 * const beeps: number[] = [];
 * class Beep extends TimerEntry {
 *   override fire(): void {
 *     beeps.push(wheel.now);
 *   }
 * }
 * const wheel = new TimerWheel();
 * const beep = new Beep();
 * wheel.insert(beep, 300);
 * wheel.advance(299);
 * if (!beep.armed) throw new Error("not yet");
 * wheel.advance(1000);
 * if (beeps.join() !== "300") throw new Error(`once, and at its tick: ${beeps}`);
 * ```
 */
export abstract class TimerEntry {
  #node = -1;

  static {
    nodeOf = (entry): number => entry.#node;
    setNode = (entry, node): void => {
      entry.#node = node;
    };
  }

  /** The deadline has come. The entry is disarmed already and may be armed again from here. */
  abstract fire(): void;

  /** Whether this entry waits in a wheel. */
  get armed(): boolean {
    return this.#node >= 0;
  }
}

/** The index of the lowest bit that is set; `bits` is not 0. */
function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/**
 * Fires {@link TimerEntry} objects in the order of their deadlines, which are whole ticks.
 *
 * Ticks go from 0 to 2^53 - 1; a deadline beyond the current 2^32 ticks is parked in the top level and looked
 * at again once per 2^32 ticks. Memory: 24 bytes per timer at the highest number of timers ever armed.
 *
 * @example
 * ```ts
 * import { TimerEntry, TimerWheel } from "@millrace/millrace/runtime";
 *
 * const fired: string[] = [];
 * class Named extends TimerEntry {
 *   readonly #name: string;
 *   constructor(name: string) {
 *     super();
 *     this.#name = name;
 *   }
 *   override fire(): void {
 *     fired.push(this.#name);
 *   }
 * }
 * const wheel = new TimerWheel();
 * const idle = new Named("idle");
 * wheel.insert(idle, 60_000);
 * wheel.insert(new Named("head"), 40);
 * if (wheel.nextTick() !== 40) throw new Error("level 0 is exact");
 * wheel.cancel(idle);
 * wheel.advance(100_000);
 * if (fired.join() !== "head") throw new Error(fired.join());
 * ```
 */
export class TimerWheel {
  #now: number;
  /** The first tick of the next 2^32: what lies there is parked. */
  #horizon: number;
  #size = 0;
  #firing = false;
  #due: number = DUE_A;
  /** The slot that {@link #nextOccupied} has found. */
  #slot = 0;
  /** Bit `w` is set when word `w` of `#occupied` is not 0. */
  #summary = 0;
  readonly #occupied: Int32Array = new Int32Array(SLOTS / 32);
  #next: Int32Array;
  #prev: Int32Array;
  #deadline: Float64Array;
  readonly #entries: (TimerEntry | undefined)[] = [];
  /** Nodes given back, linked through `#next`; -1 ends the list. */
  #free = -1;

  /** An empty wheel. @param startTick The current tick to begin with. Default 0. */
  constructor(startTick = 0) {
    checkTick(startTick);
    this.#now = startTick;
    this.#horizon = (Math.floor(startTick / EPOCH_TICKS) + 1) * EPOCH_TICKS;
    this.#next = new Int32Array(FIRST_TIMER + INITIAL_TIMERS);
    this.#prev = new Int32Array(FIRST_TIMER + INITIAL_TIMERS);
    this.#deadline = new Float64Array(FIRST_TIMER + INITIAL_TIMERS);
    for (let head = 0; head < FIRST_TIMER; head++) {
      this.#next[head] = this.#prev[head] = head;
      this.#entries.push(undefined);
    }
  }

  /** How many entries are armed. */
  get size(): number {
    return this.#size;
  }

  /** The current tick: everything up to it has fired, except what was inserted too late. */
  get now(): number {
    return this.#now;
  }

  /**
   * Arm `entry` for `tick`; an armed entry moves there, behind those that already wait for that tick.
   *
   * A tick that is not after {@link now} is due: the entry fires first thing in the next {@link advance},
   * never in the one that is running, so that an entry which arms itself again cannot hold the wheel up.
   * @param tick A whole number up to 2^53 - 1; anything else is a RangeError.
   */
  insert(entry: TimerEntry, tick: number): void {
    checkTick(tick);
    let node = nodeOf(entry);
    if (node >= 0) {
      if (this.#entries[node] !== entry) throw new Error("the timer entry is armed in another wheel");
      this.#unlink(node);
    } else {
      node = this.#takeNode(entry);
    }
    if (tick <= this.#now) {
      this.#append(this.#due, node);
    } else {
      this.#deadline[node] = tick;
      this.#place(node, tick);
    }
  }

  /** Disarm `entry`. `false`: it was not armed in this wheel. */
  cancel(entry: TimerEntry): boolean {
    const node = nodeOf(entry);
    if (node < 0 || this.#entries[node] !== entry) return false;
    this.#unlink(node);
    this.#giveNode(entry, node);
    return true;
  }

  /**
   * The earliest tick at which {@link advance} has something to do, Infinity for an empty wheel: the next
   * deadline itself if it is due or on level 0, else the tick at which its slot cascades, which is not after it.
   */
  nextTick(): number {
    return this.#next[this.#due] !== this.#due ? this.#now : this.#nextOccupied();
  }

  /**
   * Fire all that is due at `toTick`, in the order of deadlines and, among equal ones, of insertion; then make
   * `toTick` the current tick. An earlier `toTick` than {@link now} fires only what is due already.
   *
   * `fire()` may insert and cancel anything, but not advance the same wheel (an Error). What it inserts at a
   * later tick up to `toTick` fires in its turn. When some `fire()` throws, the others are fired all the
   * same; at the end a single error is thrown as it is, several as one AggregateError.
   * @returns How many entries were fired.
   */
  advance(toTick: number): number {
    checkTick(toTick);
    if (this.#firing) throw new Error("the wheel is advancing already: fire() must not advance it");
    this.#firing = true;
    const errors: unknown[] = [];
    const due = this.#due;
    this.#due = due === DUE_A ? DUE_B : DUE_A;
    let fired = this.#fireList(due, errors);
    for (let tick = this.#nextOccupied(); tick <= toTick; tick = this.#nextOccupied()) {
      this.#moveTo(tick);
      if (this.#slot < 256) fired += this.#fireList(this.#slot, errors);
      else this.#cascade(this.#slot);
    }
    if (toTick > this.#now) this.#moveTo(toTick);
    this.#firing = false;
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} timers failed`);
    return fired;
  }

  #moveTo(tick: number): void {
    this.#now = tick;
    if (tick >= this.#horizon) this.#horizon = (Math.floor(tick / EPOCH_TICKS) + 1) * EPOCH_TICKS;
  }

  #fireList(head: number, errors: unknown[]): number {
    let fired = 0;
    // Take the first one anew each time: fire() may have changed the list.
    for (let node = this.#next[head]; node !== head; node = this.#next[head]) {
      const entry = this.#entries[node] as TimerEntry;
      this.#unlink(node);
      this.#giveNode(entry, node);
      fired++;
      try {
        entry.fire();
      } catch (error) {
        errors.push(error);
      }
    }
    return fired;
  }

  /** Move the entries of a slot that has begun to where they belong now: lower, or here again if parked. */
  #cascade(head: number): void {
    let node = this.#next[head];
    this.#next[head] = this.#prev[head] = head;
    this.#markEmpty(head);
    while (node !== head) {
      const following = this.#next[node];
      this.#place(node, this.#deadline[node]);
      node = following;
    }
  }

  /** Put a node in the list of its slot. `tick` is the current one (only while it cascades) or later. */
  #place(node: number, tick: number): void {
    // Bit operators take a number modulo 2^32, which is what a slot is found by.
    const difference = tick < this.#horizon ? (tick ^ this.#now) >>> 0 : EPOCH_TICKS - 1;
    const slot = difference < 0x100
      ? tick & 0xff
      : difference < 0x1_0000
      ? 0x100 | (tick >>> 8 & 0xff)
      : difference < 0x100_0000
      ? 0x200 | (tick >>> 16 & 0xff)
      : 0x300 | tick >>> 24;
    this.#append(slot, node);
    this.#occupied[slot >>> 5] |= 1 << (slot & 31);
    this.#summary |= 1 << (slot >>> 5);
  }

  #append(head: number, node: number): void {
    const last = this.#prev[head];
    this.#next[node] = head;
    this.#prev[node] = last;
    this.#next[last] = node;
    this.#prev[head] = node;
  }

  #unlink(node: number): void {
    const following = this.#next[node];
    const before = this.#prev[node];
    this.#next[before] = following;
    this.#prev[following] = before;
    // Both neighbours are the head when the list is empty now.
    if (following === before && following < SLOTS) this.#markEmpty(following);
  }

  #markEmpty(slot: number): void {
    const word = slot >>> 5;
    if ((this.#occupied[word] &= ~(1 << (slot & 31))) === 0) this.#summary &= ~(1 << word);
  }

  /** The tick at which the next occupied slot begins, Infinity if there is none; `#slot` becomes that slot. */
  #nextOccupied(): number {
    const summary = this.#summary;
    if (summary === 0) return Infinity;
    const now = this.#now;
    let word = lowestBit(summary);
    if (word >= LEVEL_3_WORD) return this.#nextTopSlot();
    const slot = word << 5 | lowestBit(this.#occupied[word]);
    this.#slot = slot;
    // Everything on these levels lies in the future of the block that `now` is in: no wrap to think of.
    word >>>= 3;
    const low = word === 0 ? now & 0xff : word === 1 ? now & 0xffff : now & 0xff_ffff;
    return now - low + ((slot & 0xff) << (word << 3));
  }

  /** The same for the top level, where the slots up to the current one belong to the next 2^32 ticks. */
  #nextTopSlot(): number {
    const current = this.#now >>> 24;
    const currentWord = LEVEL_3_WORD + (current >>> 5);
    // Two shifts, for a shift by 32 is a shift by 0.
    let bits = this.#occupied[currentWord] & (-1 << (current & 31) << 1);
    let word = currentWord;
    if (bits === 0) {
      const later = this.#summary & (-1 << currentWord << 1);
      word = lowestBit(later !== 0 ? later : this.#summary);
      bits = this.#occupied[word];
    }
    const index = (word - LEVEL_3_WORD) << 5 | lowestBit(bits);
    this.#slot = 0x300 | index;
    return (index > current ? this.#horizon - EPOCH_TICKS : this.#horizon) + index * TOP_SLOT_TICKS;
  }

  #takeNode(entry: TimerEntry): number {
    let node = this.#free;
    if (node >= 0) {
      this.#free = this.#next[node];
      this.#entries[node] = entry;
    } else {
      node = this.#entries.length;
      if (node === this.#next.length) this.#grow();
      this.#entries.push(entry);
    }
    setNode(entry, node);
    this.#size++;
    return node;
  }

  #giveNode(entry: TimerEntry, node: number): void {
    setNode(entry, -1);
    this.#entries[node] = undefined;
    this.#next[node] = this.#free;
    this.#free = node;
    this.#size--;
  }

  #grow(): void {
    const capacity = this.#next.length * 2;
    const next = new Int32Array(capacity);
    const prev = new Int32Array(capacity);
    const deadline = new Float64Array(capacity);
    next.set(this.#next);
    prev.set(this.#prev);
    deadline.set(this.#deadline);
    this.#next = next;
    this.#prev = prev;
    this.#deadline = deadline;
  }
}

function checkTick(tick: number): void {
  // Written so that NaN fails too; Math.floor is one machine instruction, Number.isSafeInteger is not.
  if (!(tick >= 0 && tick <= Number.MAX_SAFE_INTEGER && Math.floor(tick) === tick)) {
    throw new RangeError(`tick "${tick}" must be a whole number from 0 to 2^53 - 1`);
  }
}

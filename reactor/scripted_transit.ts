/**
 * The scripted twin's time: what is on its way, what a fault held back, and who waits on another thread.
 * @module
 */
import type { VirtualFile, VirtualSelector } from "./scripted_selector.ts";

interface Flight {
  readonly due: number;
  readonly deliver: () => void;
}

interface Park {
  readonly selector: VirtualSelector;
  readonly end: (result: number) => void;
  leftMs: number;
}

/** Counts turns and delivers things in them. */
export class Transit {
  /** Turns that a new flight takes. */
  readonly #delayTurns: () => number;
  readonly #hostTime: boolean;
  readonly #flights: Flight[] = [];
  readonly #held = new Map<VirtualFile, number>();
  readonly #parks = new Set<Park>();
  #turns = 0;

  /** @param hostTime Parks end by the host's clock. @param delayTurns Asked for every flight. */
  constructor(hostTime: boolean, delayTurns: () => number) {
    this.#hostTime = hostTime;
    this.#delayTurns = delayTurns;
  }

  /** Turns so far. */
  get turns(): number {
    return this.#turns;
  }

  /** Deliver now or some turns later, never before what was sent earlier. */
  fly(deliver: () => void): void {
    const delay = this.#delayTurns();
    if (delay === 0 && this.#flights.length === 0) return deliver();
    this.#flights.push({ due: this.#turns + delay, deliver });
    // Nobody takes turns while all are parked: what is on its way arrives nevertheless.
    for (const park of this.#parks) queueMicrotask(() => this.passUntilReady(park.selector));
  }

  /** A fault kept this back although it was so: report it again in the next turn. */
  hold(file: VirtualFile, bits: number): void {
    this.#held.set(file, (this.#held.get(file) ?? 0) | bits);
  }

  /** The file is closed. */
  forget(file: VirtualFile): void {
    this.#held.delete(file);
  }

  /** One turn's worth of time. */
  pass(): void {
    this.#turns++;
    const held = [...this.#held];
    this.#held.clear();
    for (const [file, bits] of held) file.changed(file.readiness & bits);
    while (this.#flights.length > 0 && this.#flights[0].due <= this.#turns) this.#flights.shift()!.deliver();
  }

  /** Let turns pass until the selector has something, or nothing is left to come. */
  passUntilReady(selector: VirtualSelector): void {
    while (!selector.hasReady && (this.#flights.length > 0 || this.#held.size > 0)) this.pass();
  }

  /** See `Native.park`. */
  park(selector: VirtualSelector, timeoutMs: number): Promise<number> {
    this.passUntilReady(selector);
    if (selector.hasReady) return Promise.resolve(1);
    if (timeoutMs === 0) return Promise.resolve(0);
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const park: Park = {
        selector,
        leftMs: timeoutMs < 0 ? Infinity : timeoutMs,
        end: (result) => {
          clearTimeout(timer);
          this.#parks.delete(park);
          resolve(result);
        },
      };
      this.#parks.add(park);
      if (this.#hostTime && timeoutMs > 0) timer = setTimeout(() => park.end(0), timeoutMs);
    });
  }

  /** The selector has something: end its parks. */
  endParks(selector: VirtualSelector): void {
    for (const park of [...this.#parks]) {
      if (park.selector === selector && selector.hasReady) park.end(1);
    }
  }

  /** Virtual time passes: end the parks whose timeout is over. */
  elapse(ms: number): void {
    for (const park of [...this.#parks]) {
      park.leftMs -= ms;
      if (park.leftMs <= 0) park.end(0);
    }
  }
}

/**
 * The scripted twin's selector: an interest list and a ready list that behave as epoll's do.
 * @module
 */
import { CLOSED, ERROR, LEVEL, READ_CLOSED, READABLE, WRITABLE } from "../ffi/abi.ts";
import { errno } from "../ffi/errno.ts";

const EEXIST = errno("EEXIST");
const EINVAL = errno("EINVAL");
const ENOENT = errno("ENOENT");

/** Something with a descriptor in the twin. */
export abstract class VirtualFile {
  /** Who watches it. */
  readonly watches: Set<Watch> = new Set();
  /** What is so at this moment: readiness bits of ffi/abi.ts. */
  abstract readonly readiness: number;
  /** The last descriptor is gone. */
  abstract close(): void;

  /** Something of `bits` changed for the better: an edge for those who want one of them. */
  changed(bits: number): void {
    for (const watch of this.watches) {
      if ((wantedOf(watch) & bits) !== 0) watch.selector.arm(watch);
    }
  }
}

/** One entry of an interest list. */
export interface Watch {
  /** Whose list it is in. */
  readonly selector: VirtualSelector;
  /** The descriptor. */
  readonly fd: number;
  /** What the descriptor stands for. */
  readonly file: VirtualFile;
  /** What comes back with its events. */
  token: number;
  /** Interest bits. */
  interest: number;
  /** What a turn does with it. */
  kind: number;
}

/** One event: a watch, and the readiness that is reported. */
export interface VirtualEvent {
  /** Which. */
  readonly watch: Watch;
  /** Readiness bits. */
  readonly bits: number;
}

/** The readiness bits that an interest lets through; an error and the end of both directions always are. */
function wantedOf(watch: Watch): number {
  return ((watch.interest & READABLE) !== 0 ? READABLE | READ_CLOSED : 0) | (watch.interest & WRITABLE) |
    CLOSED | ERROR;
}

/** An interest list, and the entries of it that may have something to report. */
export class VirtualSelector extends VirtualFile {
  readonly #watches = new Map<number, Watch>();
  readonly #ready = new Set<Watch>();
  readonly #onReady: (selector: VirtualSelector) => void;

  /** @param onReady Called when the ready list gets an entry: a park may end. */
  constructor(onReady: (selector: VirtualSelector) => void) {
    super();
    this.#onReady = onReady;
  }

  /** A selector can be watched itself. */
  get readiness(): number {
    return this.hasReady ? READABLE : 0;
  }

  /** Is there something to report? */
  get hasReady(): boolean {
    for (const watch of this.#ready) if ((watch.file.readiness & wantedOf(watch)) !== 0) return true;
    return false;
  }

  /** Watch a descriptor: 0 or a negative errno. What is so already is an edge. */
  add(fd: number, file: VirtualFile, token: number, interest: number, kind: number): number {
    if (file === this) return -EINVAL;
    if (this.#watches.has(fd)) return -EEXIST;
    const watch: Watch = { selector: this, fd, file, token, interest, kind };
    this.#watches.set(fd, watch);
    file.watches.add(watch);
    this.#armIfReady(watch);
    return 0;
  }

  /** Change an entry, which arms its edge again: 0 or a negative errno. */
  modify(fd: number, token: number, interest: number, kind: number): number {
    const watch = this.#watches.get(fd);
    if (watch === undefined) return -ENOENT;
    watch.token = token;
    watch.interest = interest;
    watch.kind = kind;
    this.#armIfReady(watch);
    return 0;
  }

  /** Take an entry out: 0 or a negative errno. */
  remove(fd: number): number {
    const watch = this.#watches.get(fd);
    if (watch === undefined) return -ENOENT;
    this.#watches.delete(fd);
    this.#ready.delete(watch);
    watch.file.watches.delete(watch);
    return 0;
  }

  /** Put an entry on the ready list. */
  arm(watch: Watch): void {
    this.#ready.add(watch);
    this.#onReady(this);
    this.changed(READABLE);
  }

  /** Put every entry on the ready list, and pretend that what it waits for is so. */
  spurious(max: number): VirtualEvent[] {
    return [...this.#watches.values()].slice(0, max).map((watch) => ({
      watch,
      bits: watch.interest & (READABLE | WRITABLE),
    }));
  }

  /** What there is to report, at most `max`; an edge is reported once, a level as long as it lasts. */
  take(max: number): VirtualEvent[] {
    const events: VirtualEvent[] = [];
    for (const watch of [...this.#ready]) {
      if (events.length === max) break;
      this.#ready.delete(watch);
      const bits = watch.file.readiness & wantedOf(watch);
      if (bits === 0) continue;
      // As epoll.c reports EPOLLHUP.
      events.push({ watch, bits: (bits & CLOSED) === 0 ? bits : bits | READ_CLOSED });
      if ((watch.interest & LEVEL) !== 0) this.#ready.add(watch);
    }
    return events;
  }

  /** Forget everything. */
  close(): void {
    for (const fd of [...this.#watches.keys()]) this.remove(fd);
  }

  #armIfReady(watch: Watch): void {
    if ((watch.file.readiness & wantedOf(watch)) !== 0) this.arm(watch);
  }
}

/**
 * The live part: who follows the notes is told about every change.
 *
 * @module
 */
import { Injectable, interval, type JoinHandle, spawn } from "@millrace/millrace";
import type { TaskGenerator } from "@millrace/millrace/runtime";
import { Notes } from "./notes.ts";

/** What a follower is told. */
export interface Stats {
  /** How many notes there are. */
  readonly count: number;
  /** Another text after each change. */
  readonly revision: string;
}

/** A client that follows: its stream, what it was told last, and when. */
interface Follower {
  readonly stream: ReadableStreamDefaultController<Uint8Array>;
  revision: string;
  toldAtMs: number;
}

/** How often a change by another process is looked for, while somebody follows. */
const LOOK_EVERY_MS = 1_000;
/** A line at least this often, so that a client that is gone is noticed by the failing write. */
const TELL_EVERY_MS = 15_000;

/** Tells every follower about every change, newest state first: who reads slowly skips what is outdated. */
@Injectable(Notes)
export class Feed {
  readonly #notes: Notes;
  readonly #followers = new Set<Follower>();
  #looking: JoinHandle<never> | undefined;
  #hasEnded = false;

  constructor(notes: Notes) {
    this.#notes = notes;
    notes.onChange = () => this.#tell();
  }

  get stats(): Stats {
    return { count: this.#notes.count, revision: this.#notes.revision };
  }

  /** A line of JSON now, and another one after each change. */
  follow(): ReadableStream<Uint8Array> {
    let follower: Follower;
    return new ReadableStream<Uint8Array>({
      start: (stream) => {
        if (this.#hasEnded) return stream.close();
        follower = { stream, revision: "", toldAtMs: 0 };
        this.#followers.add(follower);
        this.#looking ??= spawn(this.#look());
        this.#tell();
      },
      cancel: () => {
        this.#followers.delete(follower);
        if (this.#followers.size === 0) this.#rest();
      },
    });
  }

  /** Ends every stream, so that the server can drain. */
  end(): void {
    this.#hasEnded = true;
    this.#rest();
    for (const { stream } of this.#followers) stream.close();
    this.#followers.clear();
  }

  *#look(): TaskGenerator<never> {
    const ticks = interval(LOOK_EVERY_MS, { missed: "delay" });
    for (;;) {
      yield* ticks.tick();
      this.#tell();
    }
  }

  #rest(): void {
    this.#looking?.abort();
    this.#looking = undefined;
  }

  #tell(): void {
    const { revision } = this.#notes;
    const nowMs = performance.now();
    let line: Uint8Array | undefined;
    for (const follower of this.#followers) {
      const isNews = follower.revision !== revision || nowMs - follower.toldAtMs >= TELL_EVERY_MS;
      if (!isNews || follower.stream.desiredSize! <= 0) continue;
      line ??= new TextEncoder().encode(`${JSON.stringify(this.stats)}\n`);
      follower.stream.enqueue(line);
      Object.assign(follower, { revision, toldAtMs: nowMs });
    }
  }
}

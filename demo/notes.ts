/**
 * The notes, and the SQLite file that keeps them.
 *
 * @module
 */
import {
  HttpError,
  inject,
  Injectable,
  InjectionToken,
  type OnApplicationShutdown,
} from "@millrace/millrace";
import { DatabaseSync, type StatementSync } from "node:sqlite";

/** A note as the API shows it. */
export interface Note {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a client may set; `undefined` leaves it as it is. */
export interface NoteChange {
  readonly title: string | undefined;
  readonly body: string | undefined;
}

/** The folder of the database; made at the first start. */
export const DataFolder: InjectionToken<string> = new InjectionToken<string>("DataFolder");

/** How long a write waits for another process, milliseconds: this thread stands still meanwhile. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * With WAL, readers go on while a note is written. With synchronous = FULL, a commit is on the disk before the client
 * hears of it: an acknowledged note survives kill -9, and a power cut too. The price is one fsync a write.
 *
 * Setting user_version writes: a disk that is full or read-only shows at the start, not with the first note.
 */
const OPEN = `
  PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA user_version = 1;
  CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    createdAt TEXT NOT NULL,
    updatedAt TEXT NOT NULL
  ) STRICT;
`;

/** The repository: every call is one statement, and so one transaction. */
@Injectable()
export class Notes implements OnApplicationShutdown {
  readonly #folder: string = inject(DataFolder);
  readonly #db: DatabaseSync = guarded(this.#folder, () => open(this.#folder));
  readonly #list = this.#db.prepare("SELECT * FROM notes ORDER BY id DESC LIMIT ?");
  readonly #find = this.#db.prepare("SELECT * FROM notes WHERE id = ?");
  readonly #add = this.#db.prepare(
    "INSERT INTO notes (title, body, createdAt, updatedAt) VALUES (?1, ?2, ?3, ?3) RETURNING *",
  );
  readonly #change = this.#db.prepare(
    "UPDATE notes SET title = coalesce(?, title), body = coalesce(?, body), updatedAt = ? WHERE id = ? RETURNING *",
  );
  readonly #remove = this.#db.prepare("DELETE FROM notes WHERE id = ? RETURNING *");
  readonly #count = this.#db.prepare("SELECT count(*) AS count FROM notes");
  readonly #state = this.#db.prepare(
    "SELECT total_changes() AS own, data_version AS others FROM pragma_data_version",
  );

  /** Called after each change that is made here. */
  onChange: () => void = () => {};

  /** The newest first, at most `limit`. */
  list(limit: number): Note[] {
    return this.#rows<Note>(this.#list, limit);
  }

  find(id: number): Note | undefined {
    return this.#rows<Note>(this.#find, id)[0];
  }

  add(title: string, body: string): Note {
    return this.#write(this.#add, title, body, new Date().toISOString())!;
  }

  /** The note as it is now; `undefined` if there is none. */
  change(id: number, { title, body }: NoteChange): Note | undefined {
    return this.#write(this.#change, title ?? null, body ?? null, new Date().toISOString(), id);
  }

  /** Was it there? */
  remove(id: number): boolean {
    return this.#write(this.#remove, id) !== undefined;
  }

  get count(): number {
    return this.#rows<{ count: number }>(this.#count)[0].count;
  }

  /** Another text after each change, whoever made it: this process or another one. */
  get revision(): string {
    const [{ own, others }] = this.#rows<{ own: number; others: number }>(this.#state);
    return `${others}.${own}`;
  }

  onApplicationShutdown(): void {
    this.#db.close();
  }

  #write(statement: StatementSync, ...values: (string | number | null)[]): Note | undefined {
    const [note] = this.#rows<Note>(statement, ...values);
    if (note !== undefined) this.onChange();
    return note;
  }

  /** `all`, never `get`: it steps to the end, which is where a commit fails that has no room on the disk. */
  #rows<Row>(statement: StatementSync, ...values: (string | number | null)[]): Row[] {
    return guarded(this.#folder, () => statement.all(...values) as unknown as Row[]);
  }
}

function open(folder: string): DatabaseSync {
  Deno.mkdirSync(folder, { recursive: true });
  const db = new DatabaseSync(`${folder}/notes.db`);
  db.exec(OPEN);
  const verdict = db.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (verdict !== "ok") throw new Error(`malformed: ${verdict}`);
  return db;
}

/** The database cannot do what it was asked to. */
export class StorageError extends HttpError {
  /** For the log: one line with the folder, SQLite's own words, and what helps. The message is for clients. */
  readonly line: string;

  constructor(status: number, message: string, line: string, cause: unknown) {
    super(status, message, { cause, expose: status > 500 });
    this.line = line;
  }
}

/** SQLite's own words, which are stable, the status that a request is answered with, and what helps. */
const FAILURES: readonly (readonly [words: RegExp, status: number, problem: string, cure: string])[] = [
  [/disk is full/i, 507, "the disk is full", "make room on it"],
  [/disk I\/O error/i, 507, "the disk takes no data", "make room on it, or see whether it fails"],
  [/is locked/i, 503, "another process is writing to the database", "end it, or try again"],
  [
    /not a database|malformed/i,
    500,
    "notes.db is damaged",
    "move notes.db, notes.db-wal and notes.db-shm away and start again with an empty one",
  ],
  [/requires (read|write) access/i, 500, "Deno was not allowed to", "start it with `deno task start`"],
  [/file exists|not a directory/i, 500, "something that is no folder has its name", "move that away"],
  [
    /readonly|read-only|unable to open|denied/i,
    500,
    "this user cannot write there",
    "give the folder to this user (chown, chmod u+rwx), or start in another folder",
  ],
];

/** Runs `action`; what SQLite and the file system throw becomes a {@linkcode StorageError} if it is known. */
function guarded<T>(folder: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const text = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
    const known = FAILURES.find(([words]) => words.test(text));
    if (known === undefined) throw error;
    const [, status, problem, cure] = known;
    const line = `cannot use "${folder}": ${problem} (${text}); ${cure}`;
    throw new StorageError(status, `${problem}; ${cure}`, line, error);
  }
}

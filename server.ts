/**
 * The demo: notes over REST, kept in SQLite, and a page at `/` that follows every change.
 *
 * ```sh
 * deno task start                  # http://127.0.0.1:3000, the notes go to data/notes.db
 * PORT=8080 HOST=0.0.0.0 deno task start
 * ```
 *
 * @module
 */
import {
  BadRequest,
  Body,
  Controller,
  createApp,
  DefaultValuePipe,
  Delete,
  type ErrorContext,
  Get,
  IoError,
  MillraceError,
  Module,
  NotFound,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  provide,
  Put,
  Query,
  Response,
  SocketAddr,
} from "@millrace/millrace";
import { Feed, type Stats } from "./demo/feed.ts";
import { DataFolder, type Note, type NoteChange, Notes, StorageError } from "./demo/notes.ts";
import { object, optional, text } from "./demo/schema.ts";
import icon from "./demo/icon.svg" with { type: "text" };
import style from "./demo/page.css" with { type: "text" };
import page from "./demo/page.html" with { type: "text" };
import script from "./demo/page.js" with { type: "text" };

// ---- what a note is ----

const title = text({ max: 200, oneLine: true });
const body = text({ max: 10_000 });
const NewNote = object({ title, body: optional(body, "") });
const NotePatch = object({ title: optional(title, undefined), body: optional(body, undefined) });

/** Notes in one answer. */
const MAX_LISTED = 10_000;

/** Content of a request, bytes: the longest note with every character escaped, and some air. */
const MAX_BODY_BYTES = 65_536;

function someChange(change: NoteChange): NoteChange {
  if (change.title === undefined && change.body === undefined) {
    throw new BadRequest("nothing to change: wanted title, body or both");
  }
  return change;
}

function found<T>(note: T | undefined, id: number): T {
  if (note === undefined) throw new NotFound(`there is no note ${id}`);
  return note;
}

// ---- the API ----

@Controller("/api/notes", Notes)
class NotesController {
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  @Get("/", Query("limit", new DefaultValuePipe("100"), ParseIntPipe))
  list(limit: number): Note[] {
    if (limit < 1 || limit > MAX_LISTED) throw new BadRequest(`limit must be from 1 to ${MAX_LISTED}`);
    return this.#notes.list(limit);
  }

  @Post("/", Body(NewNote))
  add({ title, body }: { title: string; body: string }): Response {
    const note = this.#notes.add(title, body);
    return Response.builder().status(201).header("location", `/api/notes/${note.id}`).json(note);
  }

  @Get("/:id", Param("id", ParseIntPipe))
  find(id: number): Note {
    return found(this.#notes.find(id), id);
  }

  @Put("/:id", Param("id", ParseIntPipe), Body(NewNote))
  replace(id: number, note: { title: string; body: string }): Note {
    return found(this.#notes.change(id, note), id);
  }

  @Patch("/:id", Param("id", ParseIntPipe), Body(NotePatch, someChange))
  change(id: number, change: NoteChange): Note {
    return found(this.#notes.change(id, change), id);
  }

  @Delete("/:id", Param("id", ParseIntPipe))
  remove(id: number): void {
    found(this.#notes.remove(id) || undefined, id);
  }
}

@Controller("/api", Feed)
class FeedController {
  readonly #feed: Feed;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  @Get("/stats")
  stats(): Stats {
    return this.#feed.stats;
  }

  @Get("/changes")
  changes(): Response {
    const headers = { "content-type": "application/x-ndjson", "cache-control": "no-store" };
    return new Response(this.#feed.follow(), { headers });
  }
}

// ---- the page ----

const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join("; ");

function asset(content: string, type: string): Response {
  return new Response(content, {
    headers: {
      "content-type": `${type};charset=UTF-8`,
      "cache-control": "no-cache",
      "content-security-policy": POLICY,
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

@Controller()
class PageController {
  @Get("/")
  page(): Response {
    return asset(page, "text/html");
  }

  @Get("/page.css")
  style(): Response {
    return asset(style, "text/css");
  }

  @Get("/page.js")
  script(): Response {
    return asset(script, "text/javascript");
  }

  @Get("/icon.svg")
  icon(): Response {
    return asset(icon, "image/svg+xml");
  }
}

// ---- start and end ----

@Module({
  controllers: [NotesController, FeedController, PageController],
  providers: [provide(DataFolder).value("data"), Notes, Feed],
})
class DemoModule {}

/** What keeps the server from starting, in one line that says what helps. */
class StartError extends MillraceError {
  constructor(message: string, options?: ErrorOptions) {
    super("ERR_START", message, options);
  }
}

/** HOST and PORT, and no TLS before there is any. */
function settings(): { hostname: string; port: number } {
  const tls = Deno.env.get("TLS") || "0";
  const hostname = Deno.env.get("HOST") || "127.0.0.1";
  const port = Deno.env.get("PORT") || "3000";
  if (tls !== "0") throw new StartError(`TLS=${tls}: there is no TLS yet; unset TLS`);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new StartError(`PORT="${port}" is no port; set PORT to a number from 0 to 65535, or unset it`);
  }
  try {
    SocketAddr.from(hostname, Number(port));
  } catch {
    throw new StartError(`HOST="${hostname}" is no address; set HOST to one in numbers, as 0.0.0.0 or ::1`);
  }
  return { hostname, port: Number(port) };
}

/** The address is not to be had: why, and what helps. */
function addressError(error: IoError, hostname: string, port: number): StartError {
  const cures: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use; stop what listens there, or set PORT to another one`,
    EACCES: `port ${port} needs more rights; set PORT to one above 1023`,
    EADDRNOTAVAIL: `HOST="${hostname}" is no address of this machine; unset HOST, or set it to 0.0.0.0`,
  };
  return new StartError(cures[error.code] ?? error.message, { cause: error });
}

/** The log of what the client does not see: one line where the cause is known, else everything. */
function report(error: unknown, { method, path }: ErrorContext): void {
  console.error(`${method} ${path}:`, error instanceof StorageError ? error.line : error);
}

async function main(): Promise<void> {
  const { hostname, port } = settings();
  const app = createApp(DemoModule, { onError: report });
  let why = "";
  const server = await app.listen({
    hostname,
    port,
    maxBodyBytes: MAX_BODY_BYTES,
    onFallback: ({ message }) => why = ` (slower: ${message})`,
  }).catch((error) => {
    throw error instanceof IoError ? addressError(error, hostname, port) : error;
  });

  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = (): void => {
    // A second signal ends the process at once, as if there were no handler.
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    app.get(Feed).end();
    app.close().catch(fail);
  };
  for (const signal of signals) Deno.addSignalListener(signal, stop);

  console.log(`listening on ${server.url} (pid ${Deno.pid})`);
  console.log(`notes in data/notes.db, ${server.backend} sockets${why}`);
}

/** One line with the cure for what can be mended; a fault of ours keeps its stack. */
function fail(error: unknown): never {
  if (error instanceof StorageError) console.error(error.line);
  else console.error(error instanceof MillraceError ? error.message : error);
  Deno.exit(1);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    fail(error);
  }
}

/**
 * What the pipeline needs of a request: ours and the platform's both have it.
 * @module
 */
import type { SocketAddr } from "../../net/addr.ts";

/**
 * A request of ours, which knows its path, or of the platform, whose URL is taken apart here.
 *
 * It is what the platform's `Request` is, and what only ours has besides: there where `listen` serves the app, absent with `fetch`.
 */
export type Incoming = Request & {
  /** Raw path; only ours. */
  readonly path?: string;
  /** Raw query; only ours. */
  readonly query?: string;
  /** The peer's address; only ours. */
  readonly remoteAddr?: SocketAddr;
  /** One field without a map of all; only ours. */
  field?(name: string): string | null;
};

/** The raw path: from the first slash after the authority up to the query. */
export function pathOf(request: Incoming): string {
  const path = request.path;
  if (path !== undefined) return path;
  const url = request.url;
  const start = startOfPath(url);
  let end = start;
  for (; end < url.length; end++) {
    const code = url.charCodeAt(end);
    if (code === 63 || code === 35) break;
  }
  return end === start ? "/" : url.slice(start, end);
}

/** The raw query, without the question mark; empty if there is none. */
export function queryOf(request: Incoming): string {
  const query = request.query;
  if (query !== undefined) return query;
  const url = request.url;
  const hash = url.indexOf("#");
  const end = hash === -1 ? url.length : hash;
  const start = url.indexOf("?", startOfPath(url));
  return start === -1 || start > end ? "" : url.slice(start + 1, end);
}

/** The first header field of that name, which is written in lower case; for fields of which there is one. */
export function fieldOf(request: Incoming, name: string): string | undefined {
  return (request.field === undefined ? request.headers.get(name) : request.field(name)) ?? undefined;
}

function startOfPath(url: string): number {
  const scheme = url.indexOf("://");
  if (scheme === -1) return 0;
  const slash = url.indexOf("/", scheme + 3);
  return slash === -1 ? url.length : slash;
}

/**
 * From controllers to the router: paths joined, lists checked against paths, conflicts found; all before the first request.
 * @module
 */
import type { BuiltController, Container } from "./di/container.ts";
import { nameOf } from "./di/token.ts";
import { RouteError } from "./error.ts";
import { controllerOf, type Handler, handlerOf, type RouteMeta } from "./meta.ts";
import { compileRoute, type Invoke } from "./pipeline/invoke.ts";
import { replyForm } from "./pipeline/reply.ts";
import { joinPaths, parsePattern, type Pattern } from "./router/pattern.ts";
import { type Entry, Router } from "./router/router.ts";

/** A route of the app. */
export interface Route {
  /** Upper case, `*` for all. */
  readonly method: string;
  /** Prefix and path, as they are written. */
  readonly path: string;
  /** `Class.method`. */
  readonly handler: string;
  readonly invoke: Invoke;
}

/** Compiles every route of every controller. @throws {RouteError} a path or list is wrong, or two routes are the same. */
export function compileRoutes(container: Container, maxJsonBytes: number): Router<Route> {
  const entries: Entry<Route>[] = [];
  for (const controller of container.controllers) {
    for (const [name, { handler, owner }] of handlersOf(controller.instance)) {
      const meta = handlerOf(owner, name);
      for (const route of meta?.routes ?? []) {
        entries.push(entryOf(controller, name, handler, route, meta?.status, container, maxJsonBytes));
      }
    }
  }
  const router = new Router(entries);
  if (router.conflicts.length > 0) {
    const pairs = router.conflicts.map(({ first, second }) =>
      `${first.handler} (${first.method} ${first.path}) and ${second.handler} (${second.method} ${second.path})`
    );
    throw new RouteError(
      [...new Set(router.conflicts.flatMap(({ first, second }) => [first.handler, second.handler]))],
      `these routes answer the same requests: ${pairs.join("; ")}`,
      "change the method or the path of one of each pair",
    );
  }
  return router;
}

/** The methods of an instance, base classes first, an overridden one only in its last form. */
function handlersOf(instance: object): Map<string | symbol, { handler: Handler; owner: object }> {
  const chain: object[] = [];
  for (
    let at = Object.getPrototypeOf(instance);
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    chain.unshift(at);
  }
  const handlers = new Map<string | symbol, { handler: Handler; owner: object }>();
  for (const owner of chain) {
    for (const name of Reflect.ownKeys(owner)) {
      const value: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value;
      if (typeof value !== "function" || name === "constructor") continue;
      handlers.set(name, { handler: value as Handler, owner });
    }
  }
  return handlers;
}

function entryOf(
  controller: BuiltController,
  name: string | symbol,
  handler: Handler,
  route: RouteMeta,
  status: number | undefined,
  container: Container,
  maxJsonBytes: number,
): Entry<Route> {
  const who = `${nameOf(controller.type)}.${String(name)}`;
  const path = joinPaths(controllerOf(controller.type)?.prefix ?? "/", route.path);
  const pattern = parsePattern(path);
  if (typeof pattern === "string") {
    throw new RouteError([who], `the path "${path}" of ${who} is not one: ${pattern}`, "correct the path");
  }
  checkList(who, route, pattern);
  const invoke = compileRoute({
    method: handler as (...values: unknown[]) => unknown,
    instance: controller.instance,
    pattern,
    extractors: route.extractors,
    form: replyForm(status ?? (route.method === "POST" ? 201 : 200), status !== undefined),
    maxJsonBytes,
    construct: (pipe) => container.construct(pipe, controller.module),
  });
  return { method: route.method, pattern, value: { method: route.method, path, handler: who, invoke } };
}

function checkList(who: string, route: RouteMeta, pattern: Pattern): void {
  const place = `${who} (${route.method} ${pattern.source})`;
  for (const { source, name } of route.extractors) {
    if (source !== "param" || pattern.names.includes(name)) continue;
    const known = pattern.names.map((each) => `"${each}"`).join(", ");
    throw new RouteError(
      [who],
      `${place} asks for Param("${name}"), which its path does not have`,
      known === ""
        ? `add ":${name}" to the path`
        : `add ":${name}" to the path, or ask for one that it has: ${known}`,
    );
  }
  if (route.extractors.filter((extractor) => extractor.source === "body").length > 1) {
    throw new RouteError(
      [who],
      `${place} asks for the body twice, it can be read once`,
      "take one Body(...) and use its parts",
    );
  }
}

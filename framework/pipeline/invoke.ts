/**
 * One closure for each route, from the list of extractors: read, pipe, call, reply.
 *
 * All reading of one request happens before the first pipe runs: the captures of the router are shared, and a pipe is
 * foreign code that may send the app another request.
 * @module
 */
import type { Constructor } from "../di/token.ts";
import { decodeRest, decodeSegment } from "../router/decode.ts";
import type { Pattern } from "../router/pattern.ts";
import { queryValue } from "../router/query.ts";
import type { Captures } from "../router/tree.ts";
import { readJson } from "./body.ts";
import type { Extractor } from "./extractor.ts";
import { type Incoming, queryOf } from "./incoming.ts";
import { type Step, stepOf } from "./pipe.ts";
import { type Reply, type ReplyForm, replyWith } from "./reply.ts";

/** Answers one request; synchronous if nothing on the way waits. Throws or rejects with what went wrong. */
export type Invoke = (request: Incoming, path: string, captures: Captures) => Reply | Promise<Reply>;

type Read = (request: Incoming, path: string, captures: Captures) => unknown;
type Method = (this: unknown, ...values: unknown[]) => unknown;

/** One extractor, compiled. */
interface Argument {
  readonly read: Read;
  readonly pipe: Step | undefined;
  /** Whether `read` gives a promise. */
  readonly waits: boolean;
}

/** What a route is compiled from. */
export interface RouteSource {
  readonly method: Method;
  readonly instance: object;
  readonly pattern: Pattern;
  readonly extractors: readonly Extractor<unknown>[];
  /** How its values are answered. */
  readonly form: ReplyForm;
  /** Bytes of a JSON body, at most. */
  readonly maxJsonBytes: number;
  /** Builds a pipe that was given as a class. */
  readonly construct: (pipe: Constructor) => unknown;
}

/** Compiles a route; a `Param` that the pattern does not have must have been refused before. */
export function compileRoute(source: RouteSource): Invoke {
  const list = source.extractors.map((extractor) => compileArgument(extractor, source));
  if (list.some((argument) => argument.waits)) return compileWaiting(list, source);
  if (list.length === 0) return compile0(source);
  if (list.length === 1) return compile1(list[0], source);
  if (list.length === 2) return compile2(list[0], list[1], source);
  if (list.length === 3) return compile3(list[0], list[1], list[2], source);
  return compileMany(list, source);
}

function compileArgument(extractor: Extractor<unknown>, source: RouteSource): Argument {
  const context = Object.freeze({ source: extractor.source, name: extractor.name });
  const steps = extractor.pipes.map((pipe) => stepOf(pipe, context, source.construct));
  return {
    read: readerOf(extractor, source),
    pipe: steps.length === 0 ? undefined : silently(steps.reduce(chain)),
    waits: extractor.source === "body",
  };
}

function readerOf(extractor: Extractor<unknown>, { pattern, maxJsonBytes }: RouteSource): Read {
  const name = extractor.name;
  switch (extractor.source) {
    case "param": {
      const index = pattern.names.indexOf(name);
      const decode =
        pattern.segments[pattern.segments.length - 1].kind === "rest" && index === pattern.names.length - 1
          ? decodeRest
          : decodeSegment;
      return (_, path, captures) => decode(path, captures.starts[index], captures.ends[index]);
    }
    case "query":
      return (request) => queryValue(queryOf(request), name);
    case "header":
      return (request) => request.headers.get(name) ?? undefined;
    case "body":
      return (request) => readJson(request, maxJsonBytes);
    case "request":
      return (request) => request;
  }
}

/** A promise that a pipe gives may be dropped, if another argument fails first: its own failure must not end the process. */
function silently(step: Step): Step {
  return (value) => {
    const result = step(value);
    if (result instanceof Promise) result.catch(() => {});
    return result;
  };
}

function chain(first: Step, second: Step): Step {
  return (value) => {
    const between = first(value);
    return between instanceof Promise ? between.then(second) : second(between);
  };
}

/** Calls once every argument is there. */
function callLater(values: unknown[], { method, instance, form }: RouteSource): Promise<Reply> {
  return Promise.all(values).then((settled) => replyWith(method.apply(instance, settled), form));
}

function compile0({ method, instance, form }: RouteSource): Invoke {
  return () => replyWith(method.call(instance), form);
}

function compile1({ read, pipe }: Argument, source: RouteSource): Invoke {
  const { method, instance, form } = source;
  if (pipe === undefined) {
    return (request, path, captures) => replyWith(method.call(instance, read(request, path, captures)), form);
  }
  return (request, path, captures) => {
    const value = pipe(read(request, path, captures));
    if (value instanceof Promise) return callLater([value], source);
    return replyWith(method.call(instance, value), form);
  };
}

function compile2(a: Argument, b: Argument, source: RouteSource): Invoke {
  const { method, instance, form } = source;
  const { read: readA, pipe: pipeA } = a;
  const { read: readB, pipe: pipeB } = b;
  return (request, path, captures) => {
    let first = readA(request, path, captures);
    let second = readB(request, path, captures);
    if (pipeA !== undefined) first = pipeA(first);
    if (pipeB !== undefined) second = pipeB(second);
    if (first instanceof Promise || second instanceof Promise) return callLater([first, second], source);
    return replyWith(method.call(instance, first, second), form);
  };
}

function compile3(a: Argument, b: Argument, c: Argument, source: RouteSource): Invoke {
  const { method, instance, form } = source;
  const { read: readA, pipe: pipeA } = a;
  const { read: readB, pipe: pipeB } = b;
  const { read: readC, pipe: pipeC } = c;
  return (request, path, captures) => {
    let first = readA(request, path, captures);
    let second = readB(request, path, captures);
    let third = readC(request, path, captures);
    if (pipeA !== undefined) first = pipeA(first);
    if (pipeB !== undefined) second = pipeB(second);
    if (pipeC !== undefined) third = pipeC(third);
    if (first instanceof Promise || second instanceof Promise || third instanceof Promise) {
      return callLater([first, second, third], source);
    }
    return replyWith(method.call(instance, first, second, third), form);
  };
}

function compileMany(list: readonly Argument[], source: RouteSource): Invoke {
  const { method, instance, form } = source;
  return (request, path, captures) => {
    const values = readAll(list, request, path, captures);
    if (values.some((value) => value instanceof Promise)) return callLater(values, source);
    return replyWith(method.apply(instance, values), form);
  };
}

/** For a route with a body: what needs no waiting is checked first, so that a bad parameter costs no read. */
function compileWaiting(list: readonly Argument[], source: RouteSource): Invoke {
  const { method, instance, form, maxJsonBytes } = source;
  const body = list.findIndex((argument) => argument.waits);
  const pipe = list[body].pipe;
  const others = list.map((argument, index) =>
    index === body ? { ...argument, read: () => undefined, pipe: undefined } : argument
  );
  return (request, path, captures) => {
    const values = readAll(others, request, path, captures);
    const reading = readJson(request, maxJsonBytes);
    if (values.some((value) => value instanceof Promise)) {
      values[body] = pipe === undefined ? reading : reading.then(pipe);
      return callLater(values, source);
    }
    return reading.then((read) => {
      const value = pipe === undefined ? read : pipe(read);
      values[body] = value;
      if (value instanceof Promise) return callLater(values, source);
      return replyWith(method.apply(instance, values), form);
    });
  };
}

function readAll(list: readonly Argument[], request: Incoming, path: string, captures: Captures): unknown[] {
  const values = new Array<unknown>(list.length);
  for (let i = 0; i < list.length; i++) values[i] = list[i].read(request, path, captures);
  for (let i = 0; i < list.length; i++) {
    const pipe = list[i].pipe;
    if (pipe !== undefined) values[i] = pipe(values[i]);
  }
  return values;
}

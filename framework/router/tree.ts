/**
 * The radix tree behind paths with parameters.
 *
 * Text beats parameter beats wildcard, decided at the first segment where two routes differ; a choice that leads nowhere is
 * taken back. A node stands at one place of one path, so a search visits each node at most once: hostile paths cost no more.
 * @module
 */
import type { Pattern } from "./pattern.ts";

/** Where the captures of a match lie in the path; one for all searches, read before the next one. */
export interface Captures {
  /** Where the nth capture begins. */
  readonly starts: number[];
  /** Where it ends, exclusive. */
  readonly ends: number[];
}

const SLASH = 47;

class Node<T> {
  /** Text from the parent to here. */
  text: string;
  /** First code unit of each child's text, in step with `children`. */
  codes: number[] = [];
  children: Node<T>[] = [];
  /** What follows a parameter that begins here. */
  param: Node<T> | null = null;
  /** The route that ends here. */
  value: T | null = null;
  /** The route whose wildcard begins here. */
  rest: T | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** The node at the end of `text` below this one; splits and adds what is needed. */
  descend(text: string): Node<T> {
    if (text === "") return this;
    const at = this.codes.indexOf(text.charCodeAt(0));
    if (at === -1) {
      const leaf = new Node<T>(text);
      this.codes.push(text.charCodeAt(0));
      this.children.push(leaf);
      return leaf;
    }
    const child = this.children[at];
    let shared = 1;
    while (
      shared < child.text.length && shared < text.length &&
      child.text.charCodeAt(shared) === text.charCodeAt(shared)
    ) shared++;
    if (shared === child.text.length) return child.descend(text.slice(shared));
    const fork = new Node<T>(text.slice(0, shared));
    child.text = child.text.slice(shared);
    fork.codes.push(child.text.charCodeAt(0));
    fork.children.push(child);
    this.children[at] = fork;
    return fork.descend(text.slice(shared));
  }
}

/** Routes with at least one parameter or wildcard. */
export class Tree<T> {
  readonly #root = new Node<T>("");
  readonly #captures: Captures;

  /** @param captures Where each search leaves what it captured. */
  constructor(captures: Captures) {
    this.#captures = captures;
  }

  /** Adds a route; the caller has seen to it that no other has the same shape. */
  add(pattern: Pattern, value: T): void {
    let node = this.#root;
    let text = "";
    for (const segment of pattern.segments) {
      text += "/";
      if (segment.kind === "text") {
        text += segment.text;
        continue;
      }
      node = node.descend(text);
      text = "";
      if (segment.kind === "rest") {
        node.rest = value;
        return;
      }
      node = node.param ??= new Node<T>("");
    }
    node.descend(text).value = value;
  }

  /** The best route for this raw path, or null; captures lie in the object that the constructor was given. */
  find(path: string): T | null {
    return this.#walk(this.#root, path, 0, 0);
  }

  #walk(node: Node<T>, path: string, at: number, depth: number): T | null {
    const length = path.length;
    if (at === length) return node.value;
    const code = path.charCodeAt(at);
    const codes = node.codes;
    for (let i = 0; i < codes.length; i++) {
      if (codes[i] !== code) continue;
      const child = node.children[i];
      const end = endOfText(child.text, path, at);
      if (end !== -1) {
        const found = this.#walk(child, path, end, depth);
        if (found !== null) return found;
      }
      break;
    }
    if (node.param !== null && code !== SLASH) {
      let end = at + 1;
      while (end < length && path.charCodeAt(end) !== SLASH) end++;
      this.#captures.starts[depth] = at;
      this.#captures.ends[depth] = end;
      const found = this.#walk(node.param, path, end, depth + 1);
      if (found !== null) return found;
    }
    if (node.rest !== null) {
      this.#captures.starts[depth] = at;
      this.#captures.ends[depth] = length;
      return node.rest;
    }
    return null;
  }
}

/** Where `text` ends in `path` if it stands at `at`, else -1; the first code unit is known to match. */
function endOfText(text: string, path: string, at: number): number {
  const end = at + text.length;
  if (end > path.length) return -1;
  for (let i = 1; i < text.length; i++) {
    if (text.charCodeAt(i) !== path.charCodeAt(at + i)) return -1;
  }
  return end;
}

import { assertEquals, assertStringIncludes } from "@std/assert";
import { joinPaths, parsePattern, type Pattern } from "./pattern.ts";
import { Router } from "./router.ts";

function pattern(source: string): Pattern {
  const parsed = parsePattern(source);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

function router(...routes: string[]): Router<string> {
  return new Router(routes.map((route) => {
    const [method, path] = route.split(" ");
    return { method, pattern: pattern(path), value: route };
  }));
}

function captured(routes: Router<string>, path: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => path.slice(routes.starts[i], routes.ends[i]));
}

Deno.test("router: text beats parameter beats wildcard, at the first segment where two differ", () => {
  const routes = router("GET /a/b", "GET /a/:x", "GET /a/*rest", "GET /:y/b", "GET /*all");
  assertEquals(routes.find("GET", "/a/b"), "GET /a/b");
  assertEquals(routes.find("GET", "/a/c"), "GET /a/:x");
  assertEquals(routes.find("GET", "/a/c/d"), "GET /a/*rest");
  assertEquals(routes.find("GET", "/c/b"), "GET /:y/b");
  assertEquals(routes.find("GET", "/c/d"), "GET /*all");
  assertEquals(routes.find("GET", "/"), null);
});

Deno.test("router: a choice that leads nowhere is taken back, its captures too", () => {
  const routes = router("GET /:a/x/:b/end", "GET /:a/:b/*rest");
  assertEquals(routes.find("GET", "/1/x/2/end"), "GET /:a/x/:b/end");
  assertEquals(captured(routes, "/1/x/2/end", 2), ["1", "2"]);
  assertEquals(routes.find("GET", "/1/x/2/other"), "GET /:a/:b/*rest");
  assertEquals(captured(routes, "/1/x/2/other", 3), ["1", "x", "2/other"]);
});

Deno.test("router: nodes split where texts part", () => {
  const routes = router(
    "GET /users/:id",
    "GET /users/:id/posts/:post",
    "GET /use/:x",
    "GET /user-list/:x",
    "GET /u/*r",
  );
  assertEquals(routes.find("GET", "/users/1"), "GET /users/:id");
  assertEquals(routes.find("GET", "/users/1/posts/2"), "GET /users/:id/posts/:post");
  assertEquals(routes.find("GET", "/use/1"), "GET /use/:x");
  assertEquals(routes.find("GET", "/user-list/1"), "GET /user-list/:x");
  assertEquals(routes.find("GET", "/u/1/2"), "GET /u/*r");
  for (
    const path of [
      "/users",
      "/users/",
      "/users/1/",
      "/users/1/posts",
      "/user/1",
      "/us",
      "/u/",
      "/users//posts/2",
    ]
  ) {
    assertEquals(routes.find("GET", path), null, path);
  }
});

Deno.test("router: hostile: guards by-passed by spelling: the path matches as it is spelled, or not at all", () => {
  const routes = router("GET /secret", "GET /secret/:id", "GET /café");
  for (
    const path of [
      "/%73ecret",
      "//secret",
      "/secret/",
      "//secret/",
      "/secret;x",
      "/secret;x/1",
      "/SECRET",
      "/./secret",
      "/a/../secret",
      "secret",
      "",
      "/secret%2F1",
      "/secret//",
      "http://host/secret",
    ]
  ) assertEquals(routes.find("GET", path), null, path);
  assertEquals(routes.find("GET", "/secret/%2Fetc"), "GET /secret/:id");
  assertEquals(routes.find("GET", "/caf%C3%A9"), "GET /café");
});

Deno.test("router: methods: HEAD for GET, all for the rest, and what is allowed", () => {
  const routes = router("GET /a", "HEAD /b", "GET /b", "POST /a", "* /c", "PUT /c", "GET /:any");
  assertEquals(routes.find("HEAD", "/a"), "GET /a");
  assertEquals(routes.find("HEAD", "/b"), "HEAD /b");
  assertEquals(routes.find("PUT", "/c"), "PUT /c");
  assertEquals(routes.find("GET", "/c"), "* /c");
  assertEquals(routes.find("BREW", "/c"), "* /c");
  assertEquals(routes.find("BREW", "/a"), null);
  assertEquals(routes.find("get", "/a"), null);
  assertEquals(routes.find("__proto__", "/a"), null);
  assertEquals(routes.allowed("/a"), ["GET", "HEAD", "OPTIONS", "POST"]);
  assertEquals(routes.allowed("/x"), ["GET", "HEAD", "OPTIONS"]);
  assertEquals(routes.allowed("/x/y"), []);
});

Deno.test("router: two routes of one method and shape are a conflict, names or not", () => {
  assertEquals(router("GET /a/:x", "POST /a/:x", "GET /a/:y").conflicts, [{
    first: "GET /a/:x",
    second: "GET /a/:y",
  }]);
  assertEquals(router("GET /a", "* /a", "HEAD /a", "GET /a/", "GET /a/*").conflicts, []);
});

Deno.test("router: names of objects are plain text", () => {
  const routes = router("GET /:key", "GET /constructor", "GET /a/:x");
  assertEquals(routes.find("GET", "/__proto__"), "GET /:key");
  assertEquals(routes.find("GET", "/constructor"), "GET /constructor");
  assertEquals(routes.find("GET", "/toString"), "GET /:key");
});

Deno.test("router: many routes that share beginnings cost a search no more than their number", () => {
  const deep = Array.from({ length: 40 }, (_, i) => `GET ${"/a".repeat(i)}/:x${"/a".repeat(39 - i)}`);
  const routes = router(...deep);
  assertEquals(routes.find("GET", "/a".repeat(39) + "/b"), deep[39]);
  assertEquals(routes.find("GET", "/a".repeat(39) + "/b/c"), null);
  assertEquals(routes.find("GET", "/b" + "/a".repeat(39)), deep[0]);
});

Deno.test("pattern: prefix and path are joined by one slash", () => {
  for (
    const [prefix, path, wanted] of [
      ["/", "/", "/"],
      ["", "", "/"],
      ["/users", "/", "/users"],
      ["users", ":id", "/users/:id"],
      ["/users/", "/:id", "/users/:id"],
      ["/", "/list/", "/list/"],
    ]
  ) assertEquals(joinPaths(prefix, path), wanted);
});

Deno.test("pattern: what is no path says why", () => {
  for (
    const [source, words] of [
      ["/a?b", "query"],
      ["/a//b", "//"],
      ["/:", "no parameter"],
      ["/:a.json", "whole segment"],
      ["/a:b", "whole segment"],
      ["/a*", "whole segment"],
      ["/*a/b", "at the end"],
      ["/*-", "no wildcard"],
      ["/:a/:a", "two parameters"],
      ["/:a/*a", "two parameters"],
      ["/{id}", 'write ":name"'],
      ["/a\\b", '"%5C"'],
      ['/"a"', '"%22"'],
      ["/a<b", '"%3C"'],
      ["/100%", '"%25"'],
      ["/%4", '"%25"'],
    ]
  ) {
    const result = parsePattern(source);
    assertStringIncludes(typeof result === "string" ? result : "it was taken", words, source);
  }
});

Deno.test("pattern: texts are encoded as clients send them", () => {
  for (
    const [source, path] of [
      ["/café", "/caf%C3%A9"],
      ["/caf%c3%a9", "/caf%C3%A9"],
      ["/a b", "/a%20b"],
      ["/x%2fy/:id", "/x%2Fy/7"],
      ["/[a]|~;=@", "/[a]|~;=@"],
    ]
  ) {
    assertEquals(
      new Router([{ method: "GET", pattern: pattern(source), value: source }]).find("GET", path),
      source,
    );
  }
});

/** The naive router: every route as a regular expression, the best by comparing segments. */
function oracle(routes: readonly string[], method: string, path: string): string | null {
  const rank = (part: string): number => part.startsWith(":") ? 1 : part.startsWith("*") ? 2 : 0;
  const matching = routes.filter((route) => {
    const [routeMethod, source] = route.split(" ");
    const regex = source.split("/").map((part) =>
      part.startsWith(":")
        ? "[^/]+"
        : part.startsWith("*")
        ? ".+"
        : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    ).join("/");
    return routeMethod === method && new RegExp(`^${regex}$`, "s").test(path);
  });
  matching.sort((a, b) => {
    const left = a.split("/").slice(1).map(rank), right = b.split("/").slice(1).map(rank);
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      if (left[i] !== right[i]) return left[i] - right[i];
    }
    return 0;
  });
  return matching[0] ?? null;
}

function randomly(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

Deno.test("router: property: the same route as the naive matcher, and the same captures", () => {
  const texts = ["a", "b", "ab", "abc", "a.b", "", "~", "aa"];
  for (let seed = 1; seed <= 400; seed++) {
    const next = randomly(seed);
    const shapes = new Map<string, string>();
    for (let i = next(14) + 1; i > 0; i--) {
      const length = next(4) + 1;
      const parts = Array.from({ length }, (_, at) => {
        const kind = next(10);
        if (kind === 9 && at === length - 1) return `*r${at}`;
        if (kind >= 6) return `:p${at}`;
        return texts[next(at === length - 1 ? texts.length : 5)];
      });
      const route = `GET /${parts.join("/")}`;
      const shape = route.replace(/:\w+/g, ":").replace(/\*\w+/g, "*");
      if (!shapes.has(shape)) shapes.set(shape, route);
    }
    const list = [...shapes.values()];
    const routes = router(...list);
    assertEquals(routes.conflicts, []);
    for (let i = 0; i < 60; i++) {
      const path = "/" + Array.from({ length: next(5) + 1 }, () => texts[next(texts.length)]).join("/");
      const wanted = oracle(list, "GET", path);
      assertEquals(routes.find("GET", path), wanted, `seed ${seed}: ${path} of ${list.join(", ")}`);
      if (wanted === null) continue;
      const parts = wanted.slice(4).split("/");
      const pathParts = path.split("/");
      const expected = parts.flatMap((part, at) =>
        part.startsWith(":") ? [pathParts[at]] : part.startsWith("*") ? [pathParts.slice(at).join("/")] : []
      );
      assertEquals(captured(routes, path, expected.length), expected, `seed ${seed}: ${path} by ${wanted}`);
    }
  }
});

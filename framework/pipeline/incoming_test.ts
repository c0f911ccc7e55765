import { assert, assertEquals, assertFalse } from "@std/assert";
import { isJson } from "./body.ts";
import { fieldOf, type Incoming, pathOf, queryOf } from "./incoming.ts";

const of = (parts: Partial<Incoming>): Incoming => parts as Incoming;

Deno.test("incoming: path and query of a platform request are those of its URL", () => {
  for (
    const [url, path, query] of [
      ["http://h/", "/", ""],
      ["http://h", "/", ""],
      ["http://h/a/b?c=d?e#f?g", "/a/b", "c=d?e"],
      ["http://h/a#f?g", "/a", ""],
      ["http://h/a?#f", "/a", ""],
      ["https://u:p@h:1//x%2Fy;z/?", "//x%2Fy;z/", ""],
      ["/a?b", "/a", "b"],
    ]
  ) {
    assertEquals([pathOf(of({ url })), queryOf(of({ url }))], [path, query], url);
  }
});

Deno.test("incoming: ours says its path, query and fields itself", () => {
  const request = of({ path: "/p", query: "q", field: (name) => name === "a" ? "1" : null });
  assertEquals([pathOf(request), queryOf(request)], ["/p", "q"]);
  assertEquals([fieldOf(request, "a"), fieldOf(request, "b")], ["1", undefined]);
  assertEquals(fieldOf(of({ headers: new Headers({ a: "2" }) }), "a"), "2");
});

Deno.test("body: which media types are JSON", () => {
  for (
    const type of [
      "application/json",
      "APPLICATION/JSON ; charset=utf-8",
      'application/json;charset="UTF-8"',
      "application/json; x=y",
      "application/problem+json",
      "model/gltf+json;charset=utf8",
    ]
  ) assert(isJson(type), type);
  for (
    const type of [
      "",
      "json",
      "text/json",
      "application/jsonp",
      "application/json-seq",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "text/plain; application/json",
      "application/json; charset=utf-16",
      "+json",
      "/+json",
    ]
  ) assertFalse(isJson(type), type);
});

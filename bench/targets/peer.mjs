// The routes of the contract as a fetch handler, for the peers that speak fetch (Deno.serve, Bun.serve).
// As fast as such a handler gets: the path is cut out of the URL, no URL object.

const JSON_TYPE = { headers: { "content-type": "application/json" } };
const NOT_FOUND = { status: 404 };
const BAD = { status: 400 };

/** @param {number} count @param {number} size */
function chunks(count, size) {
  const chunk = new Uint8Array(size).fill(120);
  let left = count;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
}

/** @param {Request} request @returns {Response | Promise<Response>} */
export function handle(request) {
  const url = request.url;
  const start = url.indexOf("/", 8);
  const mark = url.indexOf("?", start);
  const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
  if (path === "/") return new Response("Hello, World!"); // text/plain by default: their fastest way
  if (path === "/json") return new Response(JSON.stringify({ message: "Hello, World!" }), JSON_TYPE);
  if (path.startsWith("/users/")) {
    const text = path.slice(7);
    if (!/^\d+$/.test(text)) return new Response(null, BAD);
    return new Response(JSON.stringify({ id: Number(text) }), JSON_TYPE);
  }
  if (path === "/echo" && request.method === "POST") {
    const type = request.headers.get("content-type") ?? "application/octet-stream";
    return new Response(request.body, { headers: { "content-type": type } });
  }
  if (path === "/stream" || path === "/slow") {
    const query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    if (path === "/stream") {
      return new Response(chunks(Number(query.get("n") ?? 1), Number(query.get("size") ?? 1024)));
    }
    const ms = Number(query.get("ms") ?? 0);
    return new Promise((resolve) => setTimeout(() => resolve(new Response(`slept ${ms}`)), ms));
  }
  return new Response(null, NOT_FOUND);
}

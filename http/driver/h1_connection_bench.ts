/** What a request costs above the codec: one connection over a transport in memory, no socket, no Promise. */
import { Response } from "../response.ts";
import type { Handler } from "./context.ts";
import { BenchServer, bytesOf } from "./testing/bench_server.ts";
import { get, post } from "./testing/driven.ts";

const hello: Handler = () => Response.text("Hello, World!");
const json: Handler = () => Response.json({ message: "Hello, World!" });
const byPath: Handler = (request) => Response.text(request.path);
const echo: Handler = (request) => new Response(request.body);
const late: Handler = () => Promise.resolve(Response.text("Hello, World!"));

const fields = ["User-Agent: bench", "Accept: */*", "Accept-Encoding: gzip, br"];
const one = bytesOf(get("/", ...fields));
const sixteen = bytesOf(get("/", ...fields).repeat(16));
const kibibyte = bytesOf(post("/echo", "x".repeat(1024), ...fields));

/** `n` deliveries of `bytes` for each measurement, so that its own overhead does not show. */
function bench(
  name: string,
  handler: Handler,
  bytes: Uint8Array<ArrayBuffer>,
  n: number,
  baseline = false,
): void {
  const server = new BenchServer(handler);
  Deno.bench({
    name,
    group: "one connection",
    baseline,
    fn: () => {
      for (let i = 0; i < n; i++) server.deliver(bytes);
    },
  });
}

bench("1,000 x GET", hello, one, 1000, true);
bench("1,008 x GET, 16 pipelined", hello, sixteen, 63);
bench("1,000 x GET, the path read and sent", byPath, one, 1000);
bench("1,000 x GET, JSON", json, one, 1000);

function benchAsync(name: string, handler: Handler, bytes: Uint8Array<ArrayBuffer>): void {
  const server = new BenchServer(handler);
  Deno.bench({
    name,
    group: "one connection",
    fn: async () => {
      for (let i = 0; i < 1000; i++) await server.exchange(bytes);
    },
  });
}

benchAsync("1,000 x GET, answered by a Promise", late, one);
benchAsync("1,000 x POST, 1 KiB echoed", echo, kibibyte);

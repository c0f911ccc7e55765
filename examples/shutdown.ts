/**
 * The end of a server: it stops accepting, finishes what it has begun, and the process exits by itself.
 *
 * ```sh
 * deno run -A examples/shutdown.ts &
 * curl http://127.0.0.1:3000 & sleep 0.1; kill %1     # the answer still comes
 * ```
 */
import { Response, serve } from "@millrace/millrace/http";
import { sleep } from "@millrace/millrace/runtime";

const server = serve(async () => {
  await sleep(1_000);
  return Response.text("done\n");
}, { port: Number(Deno.args[0] ?? 3000) });

const signals = ["SIGINT", "SIGTERM"] as const;

async function stop(): Promise<void> {
  // Whoever signals twice is in a hurry: the second one ends the process at once.
  for (const signal of signals) Deno.removeSignalListener(signal, stop);
  console.log(`finishing ${server.stats().connections} connections`);
  await server.shutdown({ deadlineMs: 5_000 });
  console.log("closed");
}

for (const signal of signals) Deno.addSignalListener(signal, stop);
console.log(`listening on ${server.url}`);

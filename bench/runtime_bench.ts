/** `sleep(0)` to wake and spawn to first poll; see runtime_figures.ts. Divide by STEPS. */

import { Runtime } from "@millrace/millrace/runtime";
import { sleepChain, SpawnChain } from "./runtime_figures.ts";

const STEPS = 1_000;
const runtime = new Runtime();

Deno.bench(`spawn to first poll, x${STEPS}, blockOn`, { group: "spawn", baseline: true }, () => {
  runtime.blockOn(new SpawnChain(runtime, STEPS));
});

Deno.bench(`spawn to first poll, x${STEPS}, beside the host's loop`, { group: "spawn" }, async () => {
  await runtime.run(new SpawnChain(runtime, STEPS));
});

Deno.bench(`sleep(0) to wake, x${STEPS}, blockOn`, { group: "sleep", baseline: true }, () => {
  runtime.blockOn(sleepChain(STEPS));
});

Deno.bench(`sleep(0) to wake, x${STEPS}, beside the host's loop`, { group: "sleep" }, async () => {
  await runtime.run(sleepChain(STEPS));
});

/**
 * Runs a deno subcommand under the config that this network allows: `deno run -A tools/deno.ts check .`
 *
 * @module
 */

import { configName } from "./jsr.ts";

if (import.meta.main) {
  const [subcommand, ...rest] = Deno.args;
  const child = new Deno.Command(Deno.execPath(), {
    args: [subcommand, "--config", await configName(), ...rest],
  }).spawn();
  // Ctrl-C reaches the whole group; the child decides how it ends.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  Deno.exit((await child.status).code);
}

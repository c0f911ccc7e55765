/**
 * Bytes back to where they came from: TCP without HTTP.
 *
 * ```sh
 * deno run -A examples/tcp_echo.ts
 * echo hello | nc -N 127.0.0.1 3000
 * ```
 */
import { TcpListener, type TcpStream } from "@millrace/millrace/net";
import { IoError, spawn } from "@millrace/millrace/runtime";

const listener = TcpListener.bind(`127.0.0.1:${Deno.args[0] ?? 3000}`);
console.log(`listening on ${listener.localAddr}`);

/** One connection: what it sends goes back, at the pace at which it reads. */
function* echo(stream: TcpStream) {
  using _ = stream;
  const buffer = new Uint8Array(16_384);
  try {
    for (;;) {
      const count = yield* stream.read(buffer);
      if (count === 0) break;
      yield* stream.writeAll(buffer.subarray(0, count));
    }
    yield* stream.shutdown();
  } catch (error) {
    // A peer that goes away in the middle is everyday life.
    if (!(error instanceof IoError)) throw error;
  }
}

// A task each: the next connection need not wait for this one's end.
for await (const stream of listener) spawn(echo(stream));

/**
 * Opens a listening socket on whichever sockets there are.
 * @module
 */
import type { Runtime } from "../runtime/runtime.ts";
import type { SocketAddr } from "./addr.ts";
import { type BackendOptions, chooseBackend } from "./backend.ts";
import { HostAcceptor } from "./host_acceptor.ts";
import { type ListenOptions, TcpAcceptor } from "./tcp_acceptor.ts";
import type { Acceptor, OnAccept } from "./transport.ts";

/**
 * Listen on `addr` and hand each connection to `onAccept`, which sets its handler: what servers are built on.
 * `TcpListener` is the same thing to be awaited.
 *
 * @throws {IoError} `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, with the address.
 * @throws {NativeLoadError} See {@link BackendOptions.backend}.
 *
 * @example
 * ```ts
 * import { listen, SocketAddr } from "@millrace/millrace/net";
 * import { Runtime } from "@millrace/millrace/runtime";
 *
 * const runtime = new Runtime();
 * const acceptor = listen(runtime, SocketAddr.parse("127.0.0.1:0"), {}, (transport) => transport.close());
 * if (acceptor.localAddr.port === 0) throw new Error("the system chose a port");
 * acceptor.close();
 * runtime.close();
 * ```
 */
export function listen(
  runtime: Runtime,
  addr: SocketAddr,
  options: ListenOptions & BackendOptions,
  onAccept: OnAccept,
): Acceptor {
  return chooseBackend(runtime, options) === "native"
    ? new TcpAcceptor(runtime, addr, options, onAccept)
    : HostAcceptor.listen(runtime, addr, options, onAccept);
}

/**
 * The network: addresses, TCP streams and listeners, and the ports that protocols are written against.
 *
 * {@link TcpStream} and {@link TcpListener} are for programs: futures, to be awaited or polled. {@link Transport}
 * and {@link listen} are for protocols: callbacks, no Promise and no buffer while idle. Both live on the batched
 * reactor of the native library, or, where that is missing, on the host's own sockets.
 * @module
 */
export type { WaitOptions } from "./abortable.ts";
export { SocketAddr } from "./addr.ts";
export type { BackendOptions } from "./backend.ts";
export { listen } from "./listen.ts";
export { READ_HIGH_WATER } from "./stream_core.ts";
export { ACCEPT_RETRY_MS, DEFAULT_BACKLOG, type ListenOptions } from "./tcp_acceptor.ts";
export { type ConnectOptions, connectTransport } from "./tcp_connect.ts";
export { ACCEPT_QUEUE, type BindOptions, TcpListener } from "./tcp_listener.ts";
export { type RuntimeOption, TcpStream } from "./tcp_stream.ts";
export {
  type Acceptor,
  type Backend,
  MAX_BEGIN,
  type OnAccept,
  type Transport,
  type TransportHandler,
} from "./transport.ts";

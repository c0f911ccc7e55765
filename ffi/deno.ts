/**
 * Opens the library with `Deno.dlopen`.
 * @module
 */
import type { Native } from "./native.ts";

/** Every function of shim.h; a test compares the two. */
const SYMBOLS = {
  mr_abi_version: { parameters: [], result: "i32" },
  mr_live_handles: { parameters: [], result: "i32" },
  mr_raise_descriptor_limit: { parameters: [], result: "i32" },
  mr_selector_open: { parameters: [], result: "i32" },
  mr_selector_add: { parameters: ["i32", "i32", "i32", "i32", "i32"], result: "i32" },
  mr_selector_modify: { parameters: ["i32", "i32", "i32", "i32", "i32"], result: "i32" },
  mr_selector_remove: { parameters: ["i32", "i32"], result: "i32" },
  mr_selector_park: { parameters: ["i32", "i32"], result: "i32", nonblocking: true },
  mr_turn: { parameters: ["i32", "buffer", "i32", "buffer", "i32", "i32", "i32"], result: "i32" },
  mr_waker_open: { parameters: [], result: "i32" },
  mr_wake: { parameters: ["i32"], result: "i32" },
  mr_tcp_listen: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  mr_tcp_connect: { parameters: ["buffer"], result: "i32" },
  mr_accept: { parameters: ["i32"], result: "i32" },
  mr_receive: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  mr_send: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  mr_shutdown: { parameters: ["i32", "i32"], result: "i32" },
  mr_close: { parameters: ["i32"], result: "i32" },
  mr_socket_error: { parameters: ["i32"], result: "i32" },
  mr_local_address: { parameters: ["i32", "buffer"], result: "i32" },
  mr_peer_address: { parameters: ["i32", "buffer"], result: "i32" },
  mr_set_option: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const;

/** The version that the file says it has, read with nothing but that one symbol. */
export function denoAbiVersion(path: string): number {
  const library = Deno.dlopen(path, { mr_abi_version: SYMBOLS.mr_abi_version });
  try {
    return library.symbols.mr_abi_version();
  } finally {
    library.close();
  }
}

/** Open the library. It stays open as long as the process: sockets live behind it. */
export function openWithDeno(path: string): Native {
  const { symbols } = Deno.dlopen(path, SYMBOLS);
  return {
    path,
    liveHandles: symbols.mr_live_handles,
    raiseDescriptorLimit: symbols.mr_raise_descriptor_limit,
    selectorOpen: symbols.mr_selector_open,
    selectorAdd: symbols.mr_selector_add,
    selectorModify: symbols.mr_selector_modify,
    selectorRemove: symbols.mr_selector_remove,
    park: symbols.mr_selector_park,
    turn: symbols.mr_turn,
    wakerOpen: symbols.mr_waker_open,
    wake: symbols.mr_wake,
    tcpListen: symbols.mr_tcp_listen,
    tcpConnect: symbols.mr_tcp_connect,
    accept: symbols.mr_accept,
    receive: symbols.mr_receive,
    send: symbols.mr_send,
    shutdown: symbols.mr_shutdown,
    close: symbols.mr_close,
    socketError: symbols.mr_socket_error,
    localAddress: symbols.mr_local_address,
    peerAddress: symbols.mr_peer_address,
    setOption: symbols.mr_set_option,
  };
}

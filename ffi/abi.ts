/**
 * The native border in numbers: the same constants as `shim/shim.h` (a test compares them).
 * @module
 */

/** Version of the border. A library that says another number is refused with both. */
export const ABI_VERSION = 1;

/** Interest and readiness: there is something to read. */
export const READABLE = 1;
/** Interest and readiness: there is room to write. */
export const WRITABLE = 2;
/** Interest: report a state as long as it lasts (level), not only its change (edge). */
export const LEVEL = 4;
/** Readiness: the peer sends no more. */
export const READ_CLOSED = 4;
/** Readiness: both directions are gone. */
export const CLOSED = 8;
/** Readiness: an error is pending. */
export const ERROR = 16;

/** A turn only says that the descriptor is ready. */
export const KIND_READINESS = 0;
/** A turn receives from it into the input arena. */
export const KIND_STREAM = 1;
/** A turn accepts from it. */
export const KIND_LISTENER = 2;
/** A turn empties it. */
export const KIND_WAKER = 3;

/** Send from the output arena; see shim.h for the arguments of each operation. */
export const OP_SEND = 1;
/** Receive into the input arena. */
export const OP_RECEIVE = 2;
/** Completion only: a connection was accepted. */
export const OP_ACCEPT = 3;
/** Completion only: readiness. */
export const OP_READY = 4;
/** Add a descriptor to the selector. */
export const OP_ADD = 5;
/** Change its interest. */
export const OP_MODIFY = 6;
/** Close a descriptor. */
export const OP_CLOSE = 7;
/** End the writing half. */
export const OP_SHUTDOWN = 8;

/** Operation: report success too. */
export const FLAG_REPORT = 1;
/** Completion: not drained. */
export const FLAG_MORE = 2;
/** Completion: the end, an error or an urgent byte is behind these bytes, and it is not said again. */
export const FLAG_ENDING = 4;

/** Completions that one turn can report. */
export const MAX_COMPLETIONS = 2048;
/** 32-bit integers in a completion. */
export const COMPLETION_INTS = 4;
/** Operations that one turn can carry. */
export const MAX_OPERATIONS = 1024;
/** 32-bit integers in an operation. */
export const OPERATION_INTS = 5;
/** Bytes in the output arena. */
export const OUTPUT_BYTES = 524_288;
/** A receive asks for at most this many bytes. */
export const RECEIVE_MAX = 65_536;
/** A receive needs at least this much room in the input arena. */
export const RECEIVE_MIN = 2048;
/** Timeout of a turn: wait without limit. */
export const WAIT_FOREVER = -1;
/** Timeout of a turn: carry out the operations and do not look for readiness. */
export const SUBMIT_ONLY = -2;

/** Bytes of an encoded socket address. */
export const ADDRESS_BYTES = 24;
/** Listen flag: several listeners may share the port. */
export const LISTEN_REUSE_PORT = 1;
/** Listen flag: an IPv6 listener takes no IPv4. */
export const LISTEN_V6_ONLY = 2;

/** Socket option, 0 or 1. */
export const OPTION_NO_DELAY = 1;
/** Socket option, seconds before the first probe, 0: off. */
export const OPTION_KEEP_ALIVE = 2;
/** Socket option, bytes. */
export const OPTION_RECEIVE_BUFFER = 3;
/** Socket option, bytes. */
export const OPTION_SEND_BUFFER = 4;
/** Socket option, seconds, -1: off, 0: close sends a reset. */
export const OPTION_LINGER = 5;

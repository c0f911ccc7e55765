/*
 * The native border of Millrace: a flat C ABI of integers and buffers.
 *
 * No pointer, callback or struct crosses it, so a Deno user can grant --allow-ffi=<this one file>.
 * Every function returns a count, a descriptor or a flag (>= 0), or a negative errno. Every buffer is
 * borrowed for the length of the call. Nothing here keeps state beyond the handle counter: which socket
 * belongs to whom, and what is to be done next, is decided in TypeScript.
 *
 * One file per operating system implements the part under "the selector" (epoll.c; later kqueue.c,
 * iocp.c) with the same functions.
 */
#ifndef MILLRACE_SHIM_H
#define MILLRACE_SHIM_H

#include <stdint.h>

/* Raised whenever a signature, a layout or a constant below changes. ffi/abi.ts holds the same number. */
#define MR_ABI_VERSION 1

#if defined(_WIN32)
#define MR_API __declspec(dllexport)
#else
#define MR_API __attribute__((visibility("default")))
#endif

/* ---- the library ---------------------------------------------------------------------------------- */

MR_API int32_t mr_abi_version(void);
/* Descriptors opened through this library and not closed yet: selectors, wakers, sockets. */
MR_API int32_t mr_live_handles(void);
/* Raise the soft limit of open descriptors to the hard one; returns the limit now in force. */
MR_API int32_t mr_raise_descriptor_limit(void);

/* ---- the selector --------------------------------------------------------------------------------- */

/* Interest and readiness bits. */
#define MR_READABLE 1
#define MR_WRITABLE 2
#define MR_LEVEL 4        /* interest: report as long as it is so (default: report the change) */
#define MR_READ_CLOSED 4  /* readiness: the peer sends no more */
#define MR_CLOSED 8       /* readiness: both directions are gone */
#define MR_ERROR 16       /* readiness: an error is pending on the socket */

/* What a turn does by itself with a ready descriptor. */
#define MR_KIND_READINESS 0 /* only says so */
#define MR_KIND_STREAM 1    /* receives into the input arena */
#define MR_KIND_LISTENER 2  /* accepts */
#define MR_KIND_WAKER 3     /* empties the waker, then says so */

/* Tokens are 0 .. 2^30-1; descriptors 0 .. 2^30-1. */

MR_API int32_t mr_selector_open(void);
MR_API int32_t mr_selector_add(int32_t selector, int32_t fd, int32_t token, int32_t interest, int32_t kind);
MR_API int32_t mr_selector_modify(int32_t selector, int32_t fd, int32_t token, int32_t interest,
                                  int32_t kind);
MR_API int32_t mr_selector_remove(int32_t selector, int32_t fd);
/* Wait until the selector has something to report, without taking it: 1, or 0 after timeout_ms (-1: no
 * limit) or a signal. Meant for another thread: it touches no buffer and may run beside a turn. */
MR_API int32_t mr_selector_park(int32_t selector, int32_t timeout_ms);

/* The turn's memory, one block: completions, then operations, then the output arena. */
#define MR_MAX_COMPLETIONS 2048
#define MR_COMPLETION_INTS 4 /* token, operation | flags << 8, result, offset in the input arena */
#define MR_MAX_OPERATIONS 1024
#define MR_OPERATION_INTS 5 /* operation, fd, token, a, b */
#define MR_OUTPUT_BYTES (512 * 1024)

/* Operations: what TypeScript asks for (a, b) and what the completion's result is. */
#define MR_OP_SEND 1     /* a: offset in the output arena, b: bytes; result: bytes taken. Reported only
                            when it is short or failed, or when MR_FLAG_REPORT is set in the operation */
#define MR_OP_RECEIVE 2  /* result: bytes received, 0 at the end of the stream */
#define MR_OP_ACCEPT 3   /* only as a completion; result: the new descriptor */
#define MR_OP_READY 4    /* only as a completion; result: readiness bits */
#define MR_OP_ADD 5      /* a: interest, b: kind; reported when it failed */
#define MR_OP_MODIFY 6   /* likewise */
#define MR_OP_CLOSE 7    /* never reported: the token is already free */
#define MR_OP_SHUTDOWN 8 /* end the writing half; reported when it failed */

#define MR_FLAG_REPORT 1 /* operation: report success too */
#define MR_FLAG_MORE 2   /* completion: not drained, ask for MR_OP_RECEIVE when you want more */
#define MR_FLAG_ENDING 4 /* completion: the edge said that the end, an error or an urgent byte is behind these
                            bytes; it is not said again, so ask until there is a 0, an error, or would-block */

/* A receive asks for at most this much, and needs at least MR_RECEIVE_MIN of room. */
#define MR_RECEIVE_MAX (64 * 1024)
#define MR_RECEIVE_MIN 2048
/* Connections accepted from one listener in one turn: an accept storm does not starve open connections. */
#define MR_ACCEPT_BATCH 64

/* timeout_us of a turn: -1 waits without limit, -2 does not look for readiness at all (only submits). */
#define MR_WAIT_FOREVER (-1)
#define MR_SUBMIT_ONLY (-2)

/*
 * Carry out `operations` operations, then wait for readiness up to timeout_us microseconds, receive and
 * accept, and fill the completions; returns how many. Operations run in order. Received bytes are packed
 * into input[at, end) one behind the other, each start aligned to 8.
 */
MR_API int32_t mr_turn(int32_t selector, uint8_t *memory, int32_t operations, uint8_t *input, int32_t at,
                       int32_t end, int32_t timeout_us);

/* ---- wakers --------------------------------------------------------------------------------------- */

/* A descriptor to be added with MR_KIND_WAKER; mr_wake may be called from any thread. */
MR_API int32_t mr_waker_open(void);
MR_API int32_t mr_wake(int32_t waker);

/* ---- sockets -------------------------------------------------------------------------------------- */

/* An address is 24 bytes: family (4 or 6), 0, port (big endian, 2), scope id (little endian, 4), address
 * (16; IPv4 uses the first 4). */
#define MR_ADDRESS_BYTES 24

#define MR_LISTEN_REUSE_PORT 1
#define MR_LISTEN_V6_ONLY 2

MR_API int32_t mr_tcp_listen(const uint8_t *address, int32_t backlog, int32_t flags);
/* Starts connecting; the outcome is known when the socket is writable: mr_socket_error. */
MR_API int32_t mr_tcp_connect(const uint8_t *address);
MR_API int32_t mr_accept(int32_t listener);
MR_API int32_t mr_receive(int32_t fd, uint8_t *bytes, int32_t at, int32_t length);
MR_API int32_t mr_send(int32_t fd, const uint8_t *bytes, int32_t at, int32_t length);
/* how: 0 reading, 1 writing, 2 both. */
MR_API int32_t mr_shutdown(int32_t fd, int32_t how);
/* Close any handle of this library. */
MR_API int32_t mr_close(int32_t fd);
/* The pending error of the socket as a negative errno, or 0. */
MR_API int32_t mr_socket_error(int32_t fd);
MR_API int32_t mr_local_address(int32_t fd, uint8_t *address);
MR_API int32_t mr_peer_address(int32_t fd, uint8_t *address);

#define MR_OPTION_NO_DELAY 1       /* 0 or 1 */
#define MR_OPTION_KEEP_ALIVE 2     /* seconds of silence before the first probe, 0: off */
#define MR_OPTION_RECEIVE_BUFFER 3 /* bytes */
#define MR_OPTION_SEND_BUFFER 4    /* bytes */
#define MR_OPTION_LINGER 5         /* seconds, -1: off; 0 makes close send a reset */
MR_API int32_t mr_set_option(int32_t fd, int32_t option, int32_t value);

/* ---- inside the library --------------------------------------------------------------------------- */

void mr_handle_opened(void);
void mr_handle_closed(void);

#endif

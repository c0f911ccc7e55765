/* The selector and the batched turn on Linux: epoll, eventfd. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ENDING_EVENTS (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)

/* Each event becomes at most two completions (received, writable), so this many always fit. */
#define EVENT_BATCH 256

/* epoll hands back 64 bits of ours: descriptor (30), kind (2), token (30). */
static uint64_t pack(int32_t fd, int32_t token, int32_t kind) {
  return (uint64_t)(uint32_t)fd << 34 | (uint64_t)(uint32_t)(kind & 3) << 32 | (uint32_t)token;
}

static int32_t packed_fd(uint64_t data) { return (int32_t)(data >> 34); }
static int32_t packed_kind(uint64_t data) { return (int32_t)(data >> 32 & 3); }
static int32_t packed_token(uint64_t data) { return (int32_t)(data & 0xffffffff); }

int32_t mr_selector_open(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return -errno;
  mr_handle_opened();
  return fd;
}

static int32_t control(int32_t selector, int action, int32_t fd, int32_t token, int32_t interest,
                       int32_t kind) {
  struct epoll_event event = {.events = 0, .data.u64 = pack(fd, token, kind)};
  if (interest & MR_READABLE) event.events |= EPOLLIN | EPOLLRDHUP | EPOLLPRI;
  if (interest & MR_WRITABLE) event.events |= EPOLLOUT;
  if (!(interest & MR_LEVEL)) event.events |= EPOLLET;
  return epoll_ctl(selector, action, fd, &event) == 0 ? 0 : -errno;
}

int32_t mr_selector_add(int32_t selector, int32_t fd, int32_t token, int32_t interest, int32_t kind) {
  return control(selector, EPOLL_CTL_ADD, fd, token, interest, kind);
}

int32_t mr_selector_modify(int32_t selector, int32_t fd, int32_t token, int32_t interest, int32_t kind) {
  return control(selector, EPOLL_CTL_MOD, fd, token, interest, kind);
}

int32_t mr_selector_remove(int32_t selector, int32_t fd) {
  struct epoll_event ignored = {0};
  return epoll_ctl(selector, EPOLL_CTL_DEL, fd, &ignored) == 0 ? 0 : -errno;
}

int32_t mr_selector_park(int32_t selector, int32_t timeout_ms) {
  struct pollfd entry = {.fd = selector, .events = POLLIN};
  int count = poll(&entry, 1, timeout_ms);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  return count;
}

int32_t mr_waker_open(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) return -errno;
  mr_handle_opened();
  return fd;
}

int32_t mr_wake(int32_t waker) {
  uint64_t one = 1;
  for (;;) {
    if (write(waker, &one, sizeof one) == (ssize_t)sizeof one) return 0;
    if (errno == EAGAIN) return 0; /* the counter is full: it is awake already */
    if (errno != EINTR) return -errno;
  }
}

/* ---- the turn ---- */

struct turn {
  int32_t *completions;
  int32_t count;
  uint8_t *input;
  int32_t at;
  int32_t end;
};

static void complete(struct turn *turn, int32_t token, int32_t operation, int32_t flags, int32_t result,
                     int32_t offset) {
  int32_t *slot = turn->completions + (ptrdiff_t)turn->count * MR_COMPLETION_INTS;
  slot[0] = token;
  slot[1] = operation | flags << 8;
  slot[2] = result;
  slot[3] = offset;
  turn->count++;
}

/* `ending`: the event said that the peer will send no more, or that there is an urgent byte, at which a receive
 * stops: a short read is not the end of it. */
static void receive(struct turn *turn, int32_t fd, int32_t token, int ending) {
  int32_t room = turn->end - turn->at;
  int32_t flags = ending ? MR_FLAG_ENDING : 0;
  if (room < MR_RECEIVE_MIN) {
    complete(turn, token, MR_OP_RECEIVE, flags | MR_FLAG_MORE, -EAGAIN, turn->at);
    return;
  }
  int32_t want = room < MR_RECEIVE_MAX ? room : MR_RECEIVE_MAX;
  int32_t count = mr_receive(fd, turn->input, turn->at, want);
  int more = count == want || (count > 0 && ending);
  complete(turn, token, MR_OP_RECEIVE, more ? flags | MR_FLAG_MORE : flags, count, turn->at);
  if (count > 0) {
    turn->at = (turn->at + count + 7) & ~7;
    if (turn->at > turn->end) turn->at = turn->end;
  }
}

static void run_operation(struct turn *turn, int32_t selector, const int32_t *operation,
                          const uint8_t *output) {
  int32_t code = operation[0] & 0xff;
  int32_t report = operation[0] >> 8 & MR_FLAG_REPORT;
  int32_t fd = operation[1];
  int32_t token = operation[2];
  int32_t a = operation[3];
  int32_t b = operation[4];
  int32_t result;
  switch (code) {
    case MR_OP_SEND:
      result = a < 0 || b < 0 || a > MR_OUTPUT_BYTES - b ? -EINVAL : mr_send(fd, output, a, b);
      if (report || result != b) complete(turn, token, MR_OP_SEND, 0, result, 0);
      return;
    case MR_OP_RECEIVE: receive(turn, fd, token, 0); return;
    case MR_OP_CLOSE: mr_close(fd); return;
    case MR_OP_ADD: result = mr_selector_add(selector, fd, token, a, b); break;
    case MR_OP_MODIFY: result = mr_selector_modify(selector, fd, token, a, b); break;
    case MR_OP_SHUTDOWN: result = mr_shutdown(fd, 1); break;
    default: result = -EINVAL; break;
  }
  if (result < 0 || report) complete(turn, token, code, 0, result, 0);
}

static void accept_batch(struct turn *turn, int32_t fd, int32_t token, int32_t reserved) {
  for (int i = 0; i < MR_ACCEPT_BATCH && turn->count + reserved < MR_MAX_COMPLETIONS; i++) {
    int32_t accepted = mr_accept(fd);
    if (accepted == -EAGAIN) return;
    complete(turn, token, MR_OP_ACCEPT, 0, accepted, 0);
    if (accepted < 0) return;
  }
}

static int32_t readiness(uint32_t events) {
  int32_t bits = 0;
  if (events & EPOLLIN) bits |= MR_READABLE;
  if (events & EPOLLOUT) bits |= MR_WRITABLE;
  if (events & EPOLLRDHUP) bits |= MR_READ_CLOSED;
  if (events & EPOLLHUP) bits |= MR_CLOSED | MR_READ_CLOSED;
  if (events & EPOLLERR) bits |= MR_ERROR;
  return bits;
}

static void run_event(struct turn *turn, const struct epoll_event *event, int32_t reserved) {
  uint64_t data = event->data.u64;
  int32_t fd = packed_fd(data);
  int32_t token = packed_token(data);
  uint32_t events = event->events;
  switch (packed_kind(data)) {
    case MR_KIND_STREAM:
      if (events & (EPOLLIN | ENDING_EVENTS)) receive(turn, fd, token, (events & ENDING_EVENTS) != 0);
      if (events & EPOLLOUT) complete(turn, token, MR_OP_READY, 0, MR_WRITABLE, 0);
      return;
    case MR_KIND_LISTENER: accept_batch(turn, fd, token, reserved); return;
    case MR_KIND_WAKER: {
      uint64_t count;
      ssize_t ignored = read(fd, &count, sizeof count);
      (void)ignored;
      complete(turn, token, MR_OP_READY, 0, MR_READABLE, 0);
      return;
    }
    default: complete(turn, token, MR_OP_READY, 0, readiness(events), 0); return;
  }
}

/* Microseconds need Linux 5.11 and a sandbox that knows the call: an old one answers EPERM. It is made directly,
 * so that it needs no particular libc; its time is the 64-bit one, which only 64-bit systems are sure to have. */
#if defined(SYS_epoll_pwait2) && __SIZEOF_POINTER__ == 8
static atomic_int no_pwait2;

static int wait_microseconds(int32_t selector, struct epoll_event *events, int room, int32_t timeout_us) {
  struct timespec limit = {.tv_sec = 0, .tv_nsec = (long)timeout_us * 1000};
  int count = (int)syscall(SYS_epoll_pwait2, selector, events, room, &limit, NULL, 0);
  if (count < 0 && (errno == ENOSYS || errno == EPERM))
    atomic_store_explicit(&no_pwait2, 1, memory_order_relaxed);
  return count;
}
#endif

static int wait_events(int32_t selector, struct epoll_event *events, int room, int32_t timeout_us) {
#if defined(SYS_epoll_pwait2) && __SIZEOF_POINTER__ == 8
  if (timeout_us > 0 && timeout_us < 10000 && !atomic_load_explicit(&no_pwait2, memory_order_relaxed)) {
    int count = wait_microseconds(selector, events, room, timeout_us);
    if (count >= 0 || !atomic_load_explicit(&no_pwait2, memory_order_relaxed)) return count;
  }
#endif
  /* Rounded up: never earlier than asked. */
  int timeout_ms = timeout_us < 0 ? -1 : (int)(((int64_t)timeout_us + 999) / 1000);
  return epoll_wait(selector, events, room, timeout_ms);
}

int32_t mr_turn(int32_t selector, uint8_t *memory, int32_t operations, uint8_t *input, int32_t at,
                int32_t end, int32_t timeout_us) {
  if (operations < 0 || operations > MR_MAX_OPERATIONS || at < 0 || end < at) return -EINVAL;
  size_t completion_bytes = (size_t)MR_MAX_COMPLETIONS * MR_COMPLETION_INTS * 4;
  size_t operation_bytes = (size_t)MR_MAX_OPERATIONS * MR_OPERATION_INTS * 4;
  const int32_t *operation = (const int32_t *)(void *)(memory + completion_bytes);
  const uint8_t *output = memory + completion_bytes + operation_bytes;
  struct turn turn = {(int32_t *)(void *)memory, 0, input, at, end};

  for (int32_t i = 0; i < operations; i++, operation += MR_OPERATION_INTS)
    run_operation(&turn, selector, operation, output);
  if (timeout_us == MR_SUBMIT_ONLY) return turn.count;

  struct epoll_event events[EVENT_BATCH];
  /* What the operations reported is work already: do not sleep on it. */
  int count = wait_events(selector, events, EVENT_BATCH, turn.count > 0 ? 0 : timeout_us);
  if (count < 0) return errno == EINTR ? turn.count : -errno;
  for (int i = 0; i < count; i++) run_event(&turn, &events[i], 2 * (count - i));
  return turn.count;
}

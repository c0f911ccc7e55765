/* TCP sockets for POSIX systems, and the handle counter. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#include <unistd.h>

static atomic_int live_handles;

void mr_handle_opened(void) { atomic_fetch_add_explicit(&live_handles, 1, memory_order_relaxed); }
void mr_handle_closed(void) { atomic_fetch_sub_explicit(&live_handles, 1, memory_order_relaxed); }

int32_t mr_abi_version(void) { return MR_ABI_VERSION; }

int32_t mr_live_handles(void) { return atomic_load_explicit(&live_handles, memory_order_relaxed); }

int32_t mr_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  }
  return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int32_t)limit.rlim_cur;
}

/* ---- addresses ---- */

static socklen_t to_sockaddr(const uint8_t *address, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  uint32_t scope;
  memcpy(&scope, address + 4, 4);
  if (address[0] == 4) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    v4->sin_family = AF_INET;
    memcpy(&v4->sin_port, address + 2, 2);
    memcpy(&v4->sin_addr, address + 8, 4);
    return sizeof *v4;
  }
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
  v6->sin6_family = AF_INET6;
  memcpy(&v6->sin6_port, address + 2, 2);
  v6->sin6_scope_id = scope;
  memcpy(&v6->sin6_addr, address + 8, 16);
  return sizeof *v6;
}

static int32_t from_sockaddr(const struct sockaddr_storage *in, uint8_t *address) {
  memset(address, 0, MR_ADDRESS_BYTES);
  if (in->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)in;
    address[0] = 4;
    memcpy(address + 2, &v4->sin_port, 2);
    memcpy(address + 8, &v4->sin_addr, 4);
    return 0;
  }
  if (in->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)in;
    uint32_t scope = v6->sin6_scope_id;
    address[0] = 6;
    memcpy(address + 2, &v6->sin6_port, 2);
    memcpy(address + 4, &scope, 4);
    memcpy(address + 8, &v6->sin6_addr, 16);
    return 0;
  }
  return -EAFNOSUPPORT;
}

int32_t mr_local_address(int32_t fd, uint8_t *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getsockname(fd, (struct sockaddr *)&storage, &length) != 0) return -errno;
  return from_sockaddr(&storage, address);
}

int32_t mr_peer_address(int32_t fd, uint8_t *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getpeername(fd, (struct sockaddr *)&storage, &length) != 0) return -errno;
  return from_sockaddr(&storage, address);
}

/* ---- opening and closing ---- */

static int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

static int32_t open_tcp(const uint8_t *address, struct sockaddr_storage *storage, socklen_t *length) {
  if (address[0] != 4 && address[0] != 6) return -EAFNOSUPPORT;
  *length = to_sockaddr(address, storage);
  int fd = socket(storage->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  mr_handle_opened();
  /* Accepted sockets inherit it on Linux, so it costs nothing per connection. */
  if (set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) != 0) {
    int32_t error = -errno;
    mr_close(fd);
    return error;
  }
  return fd;
}

int32_t mr_tcp_listen(const uint8_t *address, int32_t backlog, int32_t flags) {
  struct sockaddr_storage storage;
  socklen_t length;
  int32_t fd = open_tcp(address, &storage, &length);
  if (fd < 0) return fd;
  int reuse_port = (flags & MR_LISTEN_REUSE_PORT) != 0;
  int failed = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0 ||
               (reuse_port && set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0) ||
               (address[0] == 6 &&
                set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, (flags & MR_LISTEN_V6_ONLY) != 0) != 0) ||
               bind(fd, (struct sockaddr *)&storage, length) != 0 || listen(fd, backlog) != 0;
  if (failed) {
    int32_t error = -errno;
    mr_close(fd);
    return error;
  }
  return fd;
}

int32_t mr_tcp_connect(const uint8_t *address) {
  struct sockaddr_storage storage;
  socklen_t length;
  int32_t fd = open_tcp(address, &storage, &length);
  if (fd < 0) return fd;
  if (connect(fd, (struct sockaddr *)&storage, length) != 0 && errno != EINPROGRESS) {
    int32_t error = -errno;
    mr_close(fd);
    return error;
  }
  return fd;
}

/* A connection that died in the queue is no error of the listener's (accept(2), "Error handling"). */
static int is_connection_error(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EPERM: return 1;
    default: return 0;
  }
}

int32_t mr_accept(int32_t listener) {
  for (int attempt = 0; attempt < MR_ACCEPT_BATCH; attempt++) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      mr_handle_opened();
      return fd;
    }
    if (!is_connection_error(errno)) return -errno;
  }
  return -EAGAIN;
}

int32_t mr_close(int32_t fd) {
  if (close(fd) == 0) {
    mr_handle_closed();
    return 0;
  }
  if (errno == EBADF) return -EBADF;
  /* On Linux the descriptor is gone even when close reports EINTR or EIO: never retry. */
  mr_handle_closed();
  return errno == EINTR ? 0 : -errno;
}

/* ---- bytes ---- */

/* In a process with threads libc makes every send and recv a cancellation point, which costs 2 % of a request:
 * on Linux the system call is made directly. */
#if defined(__linux__)
#define RECV(fd, bytes, length) syscall(SYS_recvfrom, fd, bytes, length, 0, NULL, NULL)
#define SEND(fd, bytes, length) syscall(SYS_sendto, fd, bytes, length, MSG_NOSIGNAL, NULL, 0)
#else
#define RECV(fd, bytes, length) recv(fd, bytes, length, 0)
#define SEND(fd, bytes, length) send(fd, bytes, length, MSG_NOSIGNAL)
#endif

int32_t mr_receive(int32_t fd, uint8_t *bytes, int32_t at, int32_t length) {
  if (at < 0 || length < 0) return -EINVAL;
  for (;;) {
    ssize_t count = RECV(fd, bytes + at, (size_t)length);
    if (count >= 0) return (int32_t)count;
    if (errno != EINTR) return -errno;
  }
}

int32_t mr_send(int32_t fd, const uint8_t *bytes, int32_t at, int32_t length) {
  if (at < 0 || length < 0) return -EINVAL;
  for (;;) {
    ssize_t count = SEND(fd, bytes + at, (size_t)length);
    if (count >= 0) return (int32_t)count;
    if (errno != EINTR) return -errno;
  }
}

int32_t mr_shutdown(int32_t fd, int32_t how) {
  static const int hows[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  if (how < 0 || how > 2) return -EINVAL;
  return shutdown(fd, hows[how]) == 0 ? 0 : -errno;
}

int32_t mr_socket_error(int32_t fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return -errno;
  return -error;
}

static int32_t set_keep_alive(int fd, int32_t seconds) {
  if (set_int(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0) != 0) return -errno;
  if (seconds > 0 && set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds) != 0) return -errno;
  return 0;
}

int32_t mr_set_option(int32_t fd, int32_t option, int32_t value) {
  struct linger linger = {.l_onoff = value >= 0, .l_linger = value < 0 ? 0 : value};
  int result;
  switch (option) {
    case MR_OPTION_NO_DELAY: result = set_int(fd, IPPROTO_TCP, TCP_NODELAY, value != 0); break;
    case MR_OPTION_KEEP_ALIVE: return set_keep_alive(fd, value);
    case MR_OPTION_RECEIVE_BUFFER: result = set_int(fd, SOL_SOCKET, SO_RCVBUF, value); break;
    case MR_OPTION_SEND_BUFFER: result = set_int(fd, SOL_SOCKET, SO_SNDBUF, value); break;
    case MR_OPTION_LINGER: result = setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger); break;
    default: return -EINVAL;
  }
  return result == 0 ? 0 : -errno;
}

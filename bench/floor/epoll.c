/*
 * The floor: what one thread of plain C pays for "Hello, World!" over HTTP/1.1 and edge-triggered epoll.
 *
 * It does what any HTTP server must do (find where each request ends, also across reads; answer every
 * pipelined request; Date; keep-alive and `Connection: close`; short writes) and nothing else: no
 * validation, no bodies, one answer. Each turn of the loop is one epoll_wait, and one recv and one send
 * for each ready connection.
 *
 * Env: HOST (127.0.0.1), PORT (3000). SIGTERM and SIGINT end it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  MAX_EVENTS = 512,
  IN_BYTES = 64 * 1024,        /* one read; also the longest head */
  MIN_REQUEST = 5,             /* no validation: one byte and CRLFCRLF */
  MAX_ANSWER = 256,
  OUT_BYTES = IN_BYTES / MIN_REQUEST * MAX_ANSWER, /* so the answers to one read always fit */
};

/* An idle connection owns these few words and no buffer. */
struct connection {
  int fd;
  int closing;                 /* close once everything is sent */
  unsigned tail_length;        /* bytes of an incomplete request, kept for the next read */
  unsigned unsent_length;      /* bytes of answers that the socket did not take yet */
  char *tail;
  char *unsent;
};

static char in[IN_BYTES];
static char out[OUT_BYTES];
static size_t out_length;
static char answers[2][MAX_ANSWER]; /* [1] says that the connection will be closed */
static size_t answer_lengths[2];
static time_t answer_second = -1;

/* Writes the answers again when the second of their Date has passed. */
static void refresh_answers(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec == answer_second) return;
  answer_second = now.tv_sec;
  struct tm parts;
  char date[64];
  gmtime_r(&now.tv_sec, &parts);
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  for (int closing = 0; closing < 2; closing++) {
    answer_lengths[closing] = (size_t)snprintf(answers[closing], MAX_ANSWER,
                                               "HTTP/1.1 200 OK\r\n"
                                               "Content-Type: text/plain\r\n"
                                               "Content-Length: 13\r\n"
                                               "%s"
                                               "Date: %s\r\n\r\n"
                                               "Hello, World!",
                                               closing ? "Connection: close\r\n" : "", date);
  }
}

static void close_connection(struct connection *c) {
  close(c->fd);
  free(c->tail);
  free(c->unsent);
  free(c);
}

/* Sends what is left of earlier answers. 1: all sent, 0: the socket is full, -1: it is dead. */
static int send_unsent(struct connection *c) {
  ssize_t n = send(c->fd, c->unsent, c->unsent_length, MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  c->unsent_length -= (unsigned)n;
  if (c->unsent_length > 0) {
    memmove(c->unsent, c->unsent + n, c->unsent_length);
    return 0;
  }
  free(c->unsent);
  c->unsent = NULL;
  return 1;
}

/* Sends the gathered answers and keeps what the socket does not take. Results as above. */
static int send_answers(struct connection *c) {
  if (out_length == 0) return 1;
  ssize_t n = send(c->fd, out, out_length, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN && errno != EINTR) return -1;
    n = 0;
  }
  size_t rest = out_length - (size_t)n;
  if (rest > 0) {
    c->unsent = malloc(rest);
    if (c->unsent == NULL) return -1;
    memcpy(c->unsent, out + n, rest);
    c->unsent_length = (unsigned)rest;
  }
  out_length = 0;
  return rest == 0;
}

/*
 * The end of the request that starts at p, or NULL if it is incomplete. Goes line by line, so that it meets
 * each field once and notices `Connection: close` on the way.
 */
static const char *request_end(const char *p, const char *end, int *close_after) {
  *close_after = 0;
  for (;;) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    if (newline == NULL || end - newline < 3) return NULL;
    p = newline + 1;
    if (p[0] == '\r' && p[1] == '\n' && newline[-1] == '\r') return p + 2;
    if ((p[0] | 0x20) == 'c' && end - p >= 17 && strncasecmp(p, "connection: close", 17) == 0) *close_after = 1;
  }
}

/* Answers every complete request of in[0..length); returns how many bytes they took. */
static size_t answer_requests(struct connection *c, size_t length) {
  const char *p = in, *end = in + length;
  while (!c->closing) {
    int close_after;
    while (p < end && (*p == '\r' || *p == '\n')) p++; /* RFC 9112 2.2: empty lines before a request */
    if (p == end) break;
    const char *next = request_end(p, end, &close_after);
    if (next == NULL) break;
    memcpy(out + out_length, answers[close_after], answer_lengths[close_after]);
    out_length += answer_lengths[close_after];
    c->closing = close_after;
    p = next;
  }
  return (size_t)(p - in);
}

/* Keeps in[from..length) until more bytes arrive. */
static int keep_tail(struct connection *c, size_t from, size_t length) {
  size_t rest = length - from;
  if (rest == IN_BYTES) return -1; /* a head longer than the buffer */
  char *tail = NULL;
  if (rest > 0) {
    tail = malloc(rest);
    if (tail == NULL) return -1;
    memcpy(tail, in + from, rest);
  }
  free(c->tail);
  c->tail = tail;
  c->tail_length = (unsigned)rest;
  return 0;
}

/* Reads, answers and sends until the socket is drained or full. -1: close the connection. */
static int serve_ready(struct connection *c, unsigned events) {
  if (c->unsent_length > 0) {
    int sent = send_unsent(c);
    if (sent <= 0) return sent;
  }
  while (!c->closing) {
    size_t length = c->tail_length;
    if (length > 0) memcpy(in, c->tail, length);
    size_t room = IN_BYTES - length;
    ssize_t n = recv(c->fd, in + length, room, 0);
    if (n == 0) return -1;
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? 0 : -1;
    }
    length += (size_t)n;
    size_t done = answer_requests(c, length);
    int sent = send_answers(c);
    if (sent < 0) return -1;
    if ((done < length || c->tail_length > 0) && keep_tail(c, done, length) < 0) return -1;
    if (sent == 0) return 0; /* EPOLLOUT calls again */
    /* A short read has drained the socket and the next byte is a new edge; but the peer's end is not. */
    if ((size_t)n < room && !c->closing && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return 0;
  }
  return -1;
}

static void accept_all(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return; /* EAGAIN; or no descriptor left: level-triggered, so it calls again */
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
      close(fd);
      return;
    }
    c->fd = fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) close_connection(c);
  }
}

static void end_process(int signal_number) {
  (void)signal_number;
  _exit(0);
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int listen_on(const char *host, int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
    fprintf(stderr, "HOST \"%s\": want an IPv4 address\n", host);
    exit(1);
  }
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (listen(fd, SOMAXCONN) < 0) fail("listen");
  return fd;
}

int main(void) {
  const char *host = getenv("HOST");
  const char *port_text = getenv("PORT");
  if (host == NULL) host = "127.0.0.1";
  int listener = listen_on(host, port_text == NULL ? 3000 : atoi(port_text));
  struct sockaddr_in bound;
  socklen_t bound_length = sizeof bound;
  getsockname(listener, (struct sockaddr *)&bound, &bound_length);

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGTERM, end_process);
  signal(SIGINT, end_process);

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll_ctl");
  printf("listening on http://%s:%d (pid %d)\n", host, ntohs(bound.sin_port), (int)getpid());
  fflush(stdout);

  static struct epoll_event events[MAX_EVENTS];
  for (;;) {
    int count = epoll_wait(epoll, events, MAX_EVENTS, -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    refresh_answers();
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == NULL) accept_all(epoll, listener);
      else if (serve_ready(c, events[i].events) < 0) close_connection(c);
    }
  }
}

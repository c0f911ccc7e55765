/*
 * Opens idle keep-alive connections: each sends one request and reads its answer, then stays open.
 *
 *   idle HOST PORT FIRST TOTAL
 *
 * Opens FIRST connections, prints `open FIRST` and waits for a line on stdin; opens the rest up to TOTAL,
 * prints `open TOTAL`, waits again; then counts those that the server has not closed, prints `alive N`, ends.
 * Against 127.0.0.1 it spreads over source addresses 127.0.0.2 and up, so that ports do not run out.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 100, PER_SOURCE = 4000, RECEIVE_SECONDS = 10 };

static struct sockaddr_in server;
static char request[256];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_one(int index) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket (raise `ulimit -n`)");
  if (ntohl(server.sin_addr.s_addr) == INADDR_LOOPBACK) {
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(index / PER_SOURCE));
    if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0) fail("bind");
  }
  struct timeval wait = {.tv_sec = RECEIVE_SECONDS};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
  return fd;
}

/* Reads one answer with a Content-Length, or one chunked answer that fits the buffer. */
static void read_answer(int fd) {
  char buffer[4096];
  size_t length = 0;
  for (;;) {
    ssize_t n = recv(fd, buffer + length, sizeof buffer - 1 - length, 0);
    if (n <= 0) {
      if (n == 0) errno = ECONNRESET;
      fail("answer");
    }
    length += (size_t)n;
    buffer[length] = 0;
    char *body = strstr(buffer, "\r\n\r\n");
    if (body == NULL) continue;
    body += 4;
    char *field = strcasestr(buffer, "\r\ncontent-length:");
    if (field != NULL ? length - (size_t)(body - buffer) >= (size_t)atol(field + 17)
                      : strstr(body - 2, "\r\n0\r\n\r\n") != NULL) return;
  }
}

static void wait_for_line(void) {
  int byte;
  do byte = getchar();
  while (byte != '\n' && byte != EOF);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: idle HOST PORT FIRST TOTAL\n");
    return 2;
  }
  int stops[2] = {atoi(argv[3]), atoi(argv[4])};
  server.sin_family = AF_INET;
  server.sin_port = htons((uint16_t)atoi(argv[2]));
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) fail("HOST");
  int request_length =
      snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s:%s\r\n\r\n", argv[1], argv[2]);

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  int *fds = calloc((size_t)stops[1], sizeof *fds);
  if (fds == NULL) fail("calloc");
  int opened = 0;
  for (int stop = 0; stop < 2; stop++) {
    while (opened < stops[stop]) {
      int first = opened, last = opened + BATCH < stops[stop] ? opened + BATCH : stops[stop];
      for (; opened < last; opened++) fds[opened] = open_one(opened);
      for (int i = first; i < last; i++) {
        if (send(fds[i], request, (size_t)request_length, MSG_NOSIGNAL) != request_length) fail("send");
      }
      for (int i = first; i < last; i++) read_answer(fds[i]);
    }
    printf("open %d\n", opened);
    fflush(stdout);
    wait_for_line();
  }
  int alive = 0;
  char byte;
  for (int i = 0; i < opened; i++) {
    if (recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) alive++;
  }
  printf("alive %d\n", alive);
  return 0;
}

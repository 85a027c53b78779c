/*
 * LD_PRELOAD shim: while the file FAILING_FLUSH names exists, every fdatasync of a write-ahead log (a name that ends in -wal) fails
 * with EIO, as on a card that is wearing out.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_log(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  return length > 4 && memcmp(path + length - 4, "-wal", 4) == 0;
}

int fdatasync(int fd) {
  const char *wish = getenv("FAILING_FLUSH");
  if (wish && access(wish, F_OK) == 0 && is_log(fd)) {
    errno = EIO;
    return -1;
  }
  int (*call)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return call(fd);
}

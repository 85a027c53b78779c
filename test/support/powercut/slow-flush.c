/*
 * LD_PRELOAD shim: makes every fsync and fdatasync wait SLOW_FLUSH_MS milliseconds longer, as an SD card does.
 * The real call is made first, so nothing becomes less durable.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct timespec delay;

__attribute__((constructor)) static void start(void) {
  const char *ms = getenv("SLOW_FLUSH_MS");
  double wanted = ms ? strtod(ms, NULL) : 0;
  delay.tv_sec = (time_t)(wanted / 1000);
  delay.tv_nsec = (long)((wanted - (double)delay.tv_sec * 1000) * 1e6);
}

static int late(const char *name, int fd) {
  int (*call)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  int result = call(fd), fault = errno;
  struct timespec left = delay;
  while ((left.tv_sec || left.tv_nsec) && nanosleep(&left, &left) != 0 && errno == EINTR) continue;
  errno = fault;
  return result;
}

int fsync(int fd) { return late("fsync", fd); }
int fdatasync(int fd) { return late("fdatasync", fd); }

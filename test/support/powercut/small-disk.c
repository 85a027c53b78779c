/*
 * LD_PRELOAD shim: a disk of SMALL_DISK_DIR's own, with as many bytes as the file SMALL_DISK_ROOM says now.
 *
 * Files below the folder take whole blocks of 4,096 bytes. Overwriting costs nothing; a write that needs a block too many is cut short at
 * the last one that there is, and the next fails with ENOSPC, as on ext4. statfs tells what is left. SMALL_DISK_ROOM lies outside the
 * folder and may change at any time: room comes back when somebody tidies up.
 *
 * Not counted: names and folders, holes (ext4 gives them no block), and SQLite's shared-memory index (-shm), which is mapped.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK 4096
#define REAL(name)                                                                  \
  ({                                                                                \
    static __typeof__(&name) found;                                                 \
    if (!found) found = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                 \
    found;                                                                          \
  })

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char dir[PATH_MAX], room_file[PATH_MAX];
static size_t dir_length;
static int64_t counted;

__attribute__((constructor)) static void start(void) {
  const char *folder = getenv("SMALL_DISK_DIR"), *room = getenv("SMALL_DISK_ROOM");
  if (!folder || !room || !realpath(folder, dir) || !realpath(room, room_file)) dir[0] = 0;
  dir_length = strlen(dir);
}

static int64_t blocks(int64_t bytes) { return (bytes + BLOCK - 1) / BLOCK; }

static int ends_with_shm(const char *path) {
  size_t length = strlen(path);
  return length >= 4 && strcmp(path + length - 4, "-shm") == 0;
}

static int is_below(const char *path) {
  return dir_length > 0 && strncmp(path, dir, dir_length) == 0 && (path[dir_length] == '/' || path[dir_length] == 0);
}

static int count(const char *path, const struct stat *s, int type, struct FTW *at) {
  (void)at;
  if (type == FTW_F && !ends_with_shm(path)) counted += blocks(s->st_size);
  return 0;
}

/* Free blocks now; never less than none. */
static int64_t free_blocks(void) {
  char text[32] = "";
  int fd = open(room_file, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
    close(fd);
  }
  counted = 0;
  nftw(dir, count, 16, FTW_PHYS);
  int64_t left = atoll(text) / BLOCK - counted;
  return left > 0 ? left : 0;
}

static int is_watched(int fd) {
  char link[64], path[PATH_MAX];
  if (dir_length == 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path) && !ends_with_shm(path);
}

/* How many of these bytes fit; -1 with ENOSPC when none does. Call it under the lock. */
static ssize_t fitting(int fd, int64_t offset, size_t length) {
  struct stat s;
  if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || length == 0) return (ssize_t)length;
  int64_t end = offset + (int64_t)length, own = blocks(s.st_size);
  if (blocks(end) <= own) return (ssize_t)length;
  int64_t last = (own + free_blocks()) * BLOCK;
  if (end <= last) return (ssize_t)length;
  if (offset < last) return (ssize_t)(last - offset);
  errno = ENOSPC;
  return -1;
}

static int64_t place(int fd) {
  struct stat s;
  if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &s) == 0 ? s.st_size : 0;
  return lseek(fd, 0, SEEK_CUR);
}

#define LIMITED(fd, offset, length, call)                \
  if (!is_watched(fd)) {                                 \
    size_t fits = length;                                \
    return call;                                         \
  }                                                      \
  pthread_mutex_lock(&lock);                             \
  ssize_t room = fitting(fd, offset, length), result = -1; \
  if (room >= 0) {                                       \
    size_t fits = (size_t)room;                          \
    result = call;                                       \
  }                                                      \
  int fault = errno;                                     \
  pthread_mutex_unlock(&lock);                           \
  errno = fault;                                         \
  return result;

ssize_t write(int fd, const void *bytes, size_t length) {
  LIMITED(fd, place(fd), length, REAL(write)(fd, bytes, fits))
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  LIMITED(fd, at, length, REAL(pwrite)(fd, bytes, fits, at))
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return pwrite(fd, bytes, length, at); }

/* Vectors are taken one part at a time: a short write is what a caller must expect anyway. */
ssize_t writev(int fd, const struct iovec *parts, int many) {
  if (!is_watched(fd)) return REAL(writev)(fd, parts, many);
  return many > 0 ? write(fd, parts[0].iov_base, parts[0].iov_len) : 0;
}
ssize_t pwritev(int fd, const struct iovec *parts, int many, off_t at) {
  if (!is_watched(fd)) return REAL(pwritev)(fd, parts, many, at);
  return many > 0 ? pwrite(fd, parts[0].iov_base, parts[0].iov_len, at) : 0;
}
ssize_t pwritev64(int fd, const struct iovec *parts, int many, off64_t at) { return pwritev(fd, parts, many, at); }

static int reserve(int fd, int64_t offset, int64_t length) {
  if (!is_watched(fd)) return 0;
  pthread_mutex_lock(&lock);
  ssize_t room = fitting(fd, offset, (size_t)length);
  pthread_mutex_unlock(&lock);
  return room == length ? 0 : ENOSPC;
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  int full = reserve(fd, offset, length);
  if (!full) return REAL(fallocate)(fd, mode, offset, length);
  errno = full;
  return -1;
}
int fallocate64(int fd, int mode, off64_t offset, off64_t length) { return fallocate(fd, mode, offset, length); }
int posix_fallocate(int fd, off_t offset, off_t length) {
  int full = reserve(fd, offset, length);
  return full ? full : REAL(posix_fallocate)(fd, offset, length);
}
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return posix_fallocate(fd, offset, length); }

int statfs(const char *path, struct statfs *out) {
  char full[PATH_MAX];
  int result = REAL(statfs)(path, out);
  if (result != 0 || !realpath(path, full) || !is_below(full)) return result;
  pthread_mutex_lock(&lock);
  int64_t left = free_blocks();
  pthread_mutex_unlock(&lock);
  out->f_bsize = BLOCK;
  out->f_blocks = (fsblkcnt_t)(left + counted);
  out->f_bfree = out->f_bavail = (fsblkcnt_t)left;
  return 0;
}
int statfs64(const char *path, struct statfs64 *out) {
  struct statfs plain;
  int result = REAL(statfs64)(path, out);
  if (result != 0 || statfs(path, &plain) != 0) return result;
  out->f_bsize = plain.f_bsize;
  out->f_blocks = plain.f_blocks;
  out->f_bfree = out->f_bavail = plain.f_bavail;
  return 0;
}

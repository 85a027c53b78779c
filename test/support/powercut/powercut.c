/*
 * LD_PRELOAD shim: journals what a process does to the files of one folder, and ends it at a given operation.
 *
 *   POWERCUT_DIR  the folder whose files are watched
 *   POWERCUT_LOG  the journal, outside that folder; journal.ts reads it
 *   POWERCUT_AT   the process is killed (SIGKILL) right after this many journalled operations; 0 or absent: never
 *
 * The real operation is done first and journalled second, both under one lock, so the order of the journal is the order on
 * the files. A real fsync is left out: whether data is durable is decided by the journal, and only the replayed folder counts.
 * SQLite's shared-memory index (-shm) is rebuilt after a crash and is not watched. What the replayer could not honour (shared
 * writable mappings, hard links, renamed folders) is journalled as unsupported, so that the replay fails loudly.
 *
 * Not seen: stdio streams that libc opens by itself (fopen), io_uring (the harness switches it off), and children: the
 * variables are taken out of the environment at the start.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FD 65536
#define MAX_FILES 65536
#define LOG_FD_FLOOR 1000 /* keeps the journal away from the numbers that programs expect to get */

/* One journalled operation; journal.ts knows the same numbers. */
enum { OP_BASE = 1, OP_CREATE, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_SYNC_DIR, OP_RENAME, OP_UNLINK, OP_MKDIR, OP_RMDIR,
       OP_UNSUPPORTED };

struct header { uint8_t op; uint8_t pad; uint16_t name_length; uint32_t file; uint64_t offset; uint32_t length; uint32_t name2_length; };
struct known { dev_t device; ino_t inode; int live; };
struct slot { uint32_t file; uint8_t is_dir; uint8_t is_sync; };

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char dir[PATH_MAX];
static size_t dir_length;
static int log_fd = -1;
static unsigned long cut_at;
static unsigned long done;
static pid_t owner;
static struct slot slots[MAX_FD]; /* by descriptor; file 0: not watched */
static struct known files[MAX_FILES];
static uint32_t file_count = 1;

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) abort();
  return found;
}
/* libc's own function of this name, looked up once. */
#define REAL(name)                          \
  ({                                        \
    static __typeof__(&name) found;         \
    if (!found) found = real(#name);        \
    found;                                  \
  })
/* libc's own syscall(): ours below watches for copies made by the kernel. */
#define sys(...) REAL(syscall)(__VA_ARGS__)

static void die(const char *why) {
  char line[256];
  int length = snprintf(line, sizeof line, "powercut: %s (errno %d)\n", why, errno);
  if (length > 0) sys(SYS_write, 2, line, (size_t)length);
  _exit(99);
}

/* ---- start ---------------------------------------------------------------------------------------------------------- */

__attribute__((constructor)) static void start(void) {
  const char *folder = getenv("POWERCUT_DIR"), *log = getenv("POWERCUT_LOG"), *at = getenv("POWERCUT_AT");
  if (!folder || !log) return;
  if (!realpath(folder, dir)) die("POWERCUT_DIR does not exist");
  dir_length = strlen(dir);
  int opened = (int)sys(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (opened < 0) die("POWERCUT_LOG cannot be opened");
  log_fd = (int)sys(SYS_fcntl, opened, F_DUPFD_CLOEXEC, LOG_FD_FLOOR);
  if (log_fd < 0) log_fd = opened;
  else sys(SYS_close, opened);
  cut_at = at ? strtoul(at, NULL, 10) : 0;
  owner = getpid();
  unsetenv("POWERCUT_DIR");
  unsetenv("POWERCUT_LOG");
  unsetenv("POWERCUT_AT");
}

static int active(void) { return log_fd >= 0 && getpid() == owner; }

/* ---- journal -------------------------------------------------------------------------------------------------------- */

static void append(struct header head, const char *name, const char *name2, const void *bytes, int counts) {
  head.name_length = name ? (uint16_t)strlen(name) : 0;
  head.name2_length = name2 ? (uint32_t)strlen(name2) : 0;
  struct iovec parts[4] = {{&head, sizeof head},
                           {(void *)name, head.name_length},
                           {(void *)name2, head.name2_length},
                           {(void *)bytes, head.length}};
  size_t all = sizeof head + head.name_length + head.name2_length + head.length;
  if (sys(SYS_writev, log_fd, parts, 4) != (long)all) die("the journal cannot be written");
  if (!counts) return;
  done += 1;
  if (cut_at && done >= cut_at) {
    sys(SYS_kill, owner, SIGKILL);
    for (;;) pause();
  }
}

static void note(uint8_t op, uint32_t file, const char *name, const char *name2) {
  append((struct header){.op = op, .file = file}, name, name2, NULL, 1);
}

static void note_bytes(uint8_t op, uint32_t file, uint64_t offset, const void *bytes, size_t length) {
  append((struct header){.op = op, .file = file, .offset = offset, .length = (uint32_t)length}, NULL, NULL, bytes, 1);
}

static void unsupported(const char *what) { note(OP_UNSUPPORTED, 0, what, NULL); }

/* ---- names and files ------------------------------------------------------------------------------------------------ */

/* Path below the watched folder ("" for the folder itself), or NULL when it is elsewhere or not watched. */
static const char *below(const char *path) {
  if (strncmp(path, dir, dir_length) != 0) return NULL;
  if (path[dir_length] == 0) return path + dir_length;
  if (path[dir_length] != '/') return NULL;
  const char *name = path + dir_length + 1;
  size_t length = strlen(name);
  return length >= 4 && strcmp(name + length - 4, "-shm") == 0 ? NULL : name;
}

/* Full path of a name whose last part need not exist. */
static int resolve(int at, const char *path, char *out) {
  char full[PATH_MAX * 2], parent[PATH_MAX];
  if (path[0] == '/') snprintf(full, sizeof full, "%s", path);
  else {
    char base[PATH_MAX], link[64];
    if (at == AT_FDCWD) {
      if (!getcwd(base, sizeof base)) return 0;
    } else {
      snprintf(link, sizeof link, "/proc/self/fd/%d", at);
      ssize_t got = readlink(link, base, sizeof base - 1);
      if (got < 0) return 0;
      base[got] = 0;
    }
    snprintf(full, sizeof full, "%s/%s", base, path);
  }
  size_t length = strlen(full);
  while (length > 1 && full[length - 1] == '/') full[--length] = 0;
  char *slash = strrchr(full, '/');
  if (!slash || slash[1] == 0) return 0;
  *slash = 0;
  if (!realpath(full[0] ? full : "/", parent)) return 0;
  return snprintf(out, PATH_MAX, "%s/%s", strcmp(parent, "/") ? parent : "", slash + 1) < PATH_MAX;
}

static uint32_t known_file(const struct stat *s) {
  for (uint32_t i = file_count; i-- > 1;)
    if (files[i].live && files[i].inode == s->st_ino && files[i].device == s->st_dev) return i;
  return 0;
}

static uint32_t new_file(const struct stat *s) {
  if (file_count >= MAX_FILES) die("too many files");
  uint32_t old = known_file(s); /* the inode number of a deleted file, used again */
  if (old) files[old].live = 0;
  files[file_count] = (struct known){s->st_dev, s->st_ino, 1};
  return file_count++;
}

/* Number of a file that was there before the process; its content goes to the journal once, as durable. */
static uint32_t based_file(const char *path, const char *name, const struct stat *s) {
  uint32_t file = known_file(s);
  if (file) return file;
  file = new_file(s);
  int fd = (int)sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die("a file of the folder cannot be read");
  char *bytes = malloc(s->st_size ? (size_t)s->st_size : 1);
  long got = 0;
  while (bytes && got < s->st_size) {
    long more = sys(SYS_pread64, fd, bytes + got, (size_t)(s->st_size - got), got);
    if (more <= 0) die("a file of the folder cannot be read");
    got += more;
  }
  if (!bytes) die("out of memory");
  append((struct header){.op = OP_BASE, .file = file, .length = (uint32_t)got}, name, NULL, bytes, 0);
  free(bytes);
  sys(SYS_close, fd);
  return file;
}

static struct slot *watched(int fd) {
  return fd >= 0 && fd < MAX_FD && slots[fd].file ? &slots[fd] : NULL;
}

/* ---- open, close ---------------------------------------------------------------------------------------------------- */

static int opened(int at, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  const char *name = NULL;
  struct stat before, after;
  int existed = 0;
  if (!active()) return (int)sys(SYS_openat, at, path, flags, mode);
  pthread_mutex_lock(&lock);
  if (resolve(at, path, full)) name = below(full);
  if (name) {
    existed = stat(full, &before) == 0;
    if (existed && S_ISREG(before.st_mode) && (flags & O_ACCMODE) != O_RDONLY) based_file(full, name, &before);
  }
  int fd = (int)sys(SYS_openat, at, path, flags, mode);
  int fault = errno;
  if (fd >= 0 && fd < MAX_FD) slots[fd] = (struct slot){0};
  if (fd >= MAX_FD && name) die("descriptor out of range");
  if (fd >= 0 && name && fstat(fd, &after) == 0) {
    struct slot *slot = &slots[fd];
    if (S_ISDIR(after.st_mode)) *slot = (struct slot){.file = UINT32_MAX, .is_dir = 1};
    else if (S_ISREG(after.st_mode) && !existed) {
      slot->file = new_file(&after);
      note(OP_CREATE, slot->file, name, NULL);
    } else if (S_ISREG(after.st_mode)) {
      slot->file = known_file(&after);
      if (slot->file && (flags & O_TRUNC) && before.st_size > 0) note_bytes(OP_TRUNCATE, slot->file, 0, NULL, 0);
    }
    slot->is_sync = (flags & (O_SYNC | O_DSYNC)) != 0;
  }
  pthread_mutex_unlock(&lock);
  errno = fault;
  return fd;
}

#define OPEN_MODE(flags)                                   \
  mode_t mode = 0;                                         \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {                 \
    va_list rest;                                          \
    va_start(rest, flags);                                 \
    mode = va_arg(rest, mode_t);                           \
    va_end(rest);                                          \
  }
int open(const char *path, int flags, ...) { OPEN_MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { OPEN_MODE(flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { OPEN_MODE(flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { OPEN_MODE(flags) return opened(at, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }
int __open_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags, 0); } /* what a fortified open calls */
int __open64_2(const char *path, int flags) { return opened(AT_FDCWD, path, flags | O_LARGEFILE, 0); }

static void forget(int fd) {
  if (fd >= 0 && fd < MAX_FD) slots[fd] = (struct slot){0};
}

int close(int fd) {
  if (fd == log_fd && active()) return 0;
  if (active()) {
    pthread_mutex_lock(&lock);
    forget(fd);
    int result = REAL(close)(fd);
    pthread_mutex_unlock(&lock);
    return result;
  }
  return REAL(close)(fd);
}

static int copied(int from, int to) {
  if (to >= 0 && to < MAX_FD && from >= 0 && from < MAX_FD && active()) slots[to] = slots[from];
  return to;
}
int dup(int fd) { return copied(fd, REAL(dup)(fd)); }
int dup2(int fd, int to) { return copied(fd, REAL(dup2)(fd, to)); }
int dup3(int fd, int to, int flags) { return copied(fd, REAL(dup3)(fd, to, flags)); }

/* ---- writes --------------------------------------------------------------------------------------------------------- */

static void wrote(int fd, uint64_t offset, const void *bytes, size_t length) {
  struct slot slot = slots[fd];
  note_bytes(OP_WRITE, slot.file, offset, bytes, length);
  if (slot.is_sync) note(OP_SYNC, slot.file, NULL, NULL);
}

static void wrote_vector(int fd, uint64_t offset, const struct iovec *parts, int count, size_t length) {
  char *bytes = malloc(length ? length : 1);
  if (!bytes) die("out of memory");
  size_t at = 0;
  for (int i = 0; i < count && at < length; i++) {
    size_t take = parts[i].iov_len < length - at ? parts[i].iov_len : length - at;
    memcpy(bytes + at, parts[i].iov_base, take);
    at += take;
  }
  wrote(fd, offset, bytes, length);
  free(bytes);
}

/* What the kernel copied into a watched file by itself is read back. */
static void wrote_by_kernel(int fd, uint64_t offset, size_t length) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  int reader = (int)sys(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
  char *bytes = malloc(length);
  if (reader < 0 || !bytes || sys(SYS_pread64, reader, bytes, length, offset) != (long)length) die("a copy cannot be read back");
  sys(SYS_close, reader);
  wrote(fd, offset, bytes, length);
  free(bytes);
}

static uint64_t position(int fd) { return (uint64_t)lseek(fd, 0, SEEK_CUR); }

#define WATCHED(fd, plain, real_call, after)      \
  if (!active() || !watched(fd)) return plain;    \
  pthread_mutex_lock(&lock);                      \
  __typeof__(plain) result = real_call;           \
  int fault = errno;                              \
  if (result >= 0) {                              \
    after;                                        \
  }                                               \
  pthread_mutex_unlock(&lock);                    \
  errno = fault;                                  \
  return result;
#define BOTH(fd, call, after) WATCHED(fd, call, call, after)

ssize_t write(int fd, const void *bytes, size_t length) {
  BOTH(fd, REAL(write)(fd, bytes, length), wrote(fd, position(fd) - (uint64_t)result, bytes, (size_t)result))
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  BOTH(fd, REAL(pwrite)(fd, bytes, length, at), wrote(fd, (uint64_t)at, bytes, (size_t)result))
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return pwrite(fd, bytes, length, at); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
  BOTH(fd, REAL(writev)(fd, parts, count), wrote_vector(fd, position(fd) - (uint64_t)result, parts, count, (size_t)result))
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  BOTH(fd, REAL(pwritev)(fd, parts, count, at), wrote_vector(fd, (uint64_t)at, parts, count, (size_t)result))
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return pwritev(fd, parts, count, at); }
ssize_t sendfile(int to, int from, off_t *at, size_t length) {
  BOTH(to, REAL(sendfile)(to, from, at, length), wrote_by_kernel(to, position(to) - (uint64_t)result, (size_t)result))
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) { return sendfile(to, from, at, length); }

int ftruncate(int fd, off_t size) {
  BOTH(fd, REAL(ftruncate)(fd, size), note_bytes(OP_TRUNCATE, slots[fd].file, (uint64_t)size, NULL, 0))
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int truncate(const char *path, off_t size) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int result = ftruncate(fd, size), fault = errno;
  close(fd);
  errno = fault;
  return result;
}
int truncate64(const char *path, off64_t size) { return truncate(path, size); }

static void grown(int fd, uint64_t end) {
  struct stat s;
  if (fstat(fd, &s) == 0 && (uint64_t)s.st_size == end) note_bytes(OP_TRUNCATE, slots[fd].file, end, NULL, 0);
}
int fallocate(int fd, int mode, off_t at, off_t length) {
  BOTH(fd, REAL(fallocate)(fd, mode, at, length), if (mode) unsupported("fallocate with a mode"); else grown(fd, (uint64_t)(at + length)))
}
int fallocate64(int fd, int mode, off64_t at, off64_t length) { return fallocate(fd, mode, at, length); }
static int allocated(int fd, off_t at, off_t length) { return fallocate(fd, 0, at, length) ? errno : 0; }
int posix_fallocate(int fd, off_t at, off_t length) {
  return active() && watched(fd) ? allocated(fd, at, length) : REAL(posix_fallocate)(fd, at, length);
}
int posix_fallocate64(int fd, off64_t at, off64_t length) { return posix_fallocate(fd, at, length); }

/* ---- syncs: journalled, not done ------------------------------------------------------------------------------------ */

static int synced(int fd) {
  char link[64], path[PATH_MAX];
  pthread_mutex_lock(&lock);
  if (!slots[fd].is_dir) note(OP_SYNC, slots[fd].file, NULL, NULL);
  else {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got < 0) die("a folder has no name");
    path[got] = 0;
    const char *name = below(path);
    if (name) note(OP_SYNC_DIR, 0, name, NULL);
  }
  pthread_mutex_unlock(&lock);
  return 0;
}
int fsync(int fd) { return active() && watched(fd) ? synced(fd) : REAL(fsync)(fd); }
int fdatasync(int fd) { return active() && watched(fd) ? synced(fd) : REAL(fdatasync)(fd); }
int sync_file_range(int fd, off64_t at, off64_t length, unsigned flags) {
  return REAL(sync_file_range)(fd, at, length, flags); /* starts write-back, makes nothing durable: no metadata, no flush */
}

/* ---- names ---------------------------------------------------------------------------------------------------------- */

static int renamed(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  char full_from[PATH_MAX], full_to[PATH_MAX];
  struct stat s, target;
  if (!active()) return (int)sys(SYS_renameat2, from_at, from, to_at, to, flags);
  pthread_mutex_lock(&lock);
  const char *old = resolve(from_at, from, full_from) ? below(full_from) : NULL;
  const char *new = resolve(to_at, to, full_to) ? below(full_to) : NULL;
  uint32_t file = 0;
  int is_dir = 0;
  if ((old || new) && lstat(full_from, &s) == 0) {
    is_dir = S_ISDIR(s.st_mode);
    if (old && S_ISREG(s.st_mode)) file = based_file(full_from, old, &s);
    if (new && lstat(full_to, &target) == 0 && S_ISREG(target.st_mode)) based_file(full_to, new, &target);
  }
  int result = (int)sys(SYS_renameat2, from_at, from, to_at, to, flags);
  int fault = errno;
  if (result == 0 && (old || new)) {
    if (old && new && file && !flags) note(OP_RENAME, file, old, new);
    else unsupported(is_dir ? "rename of a folder" : "rename across the watched folder's edge");
  }
  pthread_mutex_unlock(&lock);
  errno = fault;
  return result;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return renamed(from_at, from, to_at, to, 0); }
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  return renamed(from_at, from, to_at, to, flags);
}

static int removed(int at, const char *path, int flags) {
  char full[PATH_MAX];
  struct stat s;
  if (!active()) return (int)sys(SYS_unlinkat, at, path, flags);
  pthread_mutex_lock(&lock);
  const char *name = resolve(at, path, full) ? below(full) : NULL;
  uint32_t file = 0;
  if (name && lstat(full, &s) == 0 && S_ISREG(s.st_mode)) file = based_file(full, name, &s);
  int result = (int)sys(SYS_unlinkat, at, path, flags);
  int fault = errno;
  if (result == 0 && name) note(flags & AT_REMOVEDIR ? OP_RMDIR : OP_UNLINK, file, name, NULL);
  pthread_mutex_unlock(&lock);
  errno = fault;
  return result;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removed(at, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int at, const char *path, mode_t mode) {
  char full[PATH_MAX];
  if (!active()) return (int)sys(SYS_mkdirat, at, path, mode);
  pthread_mutex_lock(&lock);
  int result = (int)sys(SYS_mkdirat, at, path, mode);
  int fault = errno;
  const char *name = result == 0 && resolve(at, path, full) ? below(full) : NULL;
  if (name) note(OP_MKDIR, 0, name, NULL);
  pthread_mutex_unlock(&lock);
  errno = fault;
  return result;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return made(at, path, mode); }

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
  char full[PATH_MAX];
  int result = REAL(linkat)(from_at, from, to_at, to, flags);
  if (result == 0 && active() && resolve(to_at, to, full) && below(full)) unsupported("a hard link");
  return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

/* ---- what the replayer cannot honour, and raw system calls ---------------------------------------------------------- */

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  if (fd >= 0 && active() && watched(fd) && (flags & MAP_SHARED) && (protection & PROT_WRITE)) {
    pthread_mutex_lock(&lock);
    unsupported("a shared writable mapping");
    pthread_mutex_unlock(&lock);
  }
  return (void *)sys(SYS_mmap, at, length, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t offset) {
  return mmap(at, length, protection, flags, fd, offset);
}

static ssize_t copied_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
  BOTH(to, sys(SYS_copy_file_range, from, from_at, to, to_at, length, flags),
       if (result) wrote_by_kernel(to, (to_at ? (uint64_t)*to_at : position(to)) - (uint64_t)result, (size_t)result))
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags) {
  return copied_range(from, from_at, to, to_at, length, flags);
}

/* libuv copies files by this call and not by the function of its name. */
long syscall(long number, ...) {
  va_list rest;
  long a[6];
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_copy_file_range)
    return copied_range((int)a[0], (off64_t *)a[1], (int)a[2], (off64_t *)a[3], (size_t)a[4], (unsigned)a[5]);
  return sys(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

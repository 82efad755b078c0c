/* Lets calls that write below a directory fail, as a full, broken or read-only disk does. Loaded by LD_PRELOAD:
 *
 *   cc -shared -fPIC -O1 -o faults.so faults.c -ldl
 *   FAULTS_BELOW=DIR FAULTS_LOG=FILE FAULTS_KIND=fsync FAULTS_FROM=2 FAULTS_ERRNO=EIO LD_PRELOAD=faults.so COMMAND
 *
 *   FAULTS_BELOW   an absolute path without links; only calls on paths below it are counted
 *   FAULTS_LOG     outside of it: a line for each such call, "KIND RESULT PATH", RESULT being "ok" or the error's name
 *   FAULTS_KIND    open (to write), write, fsync, rename, mkdir, truncate, link, remove, or any; nothing fails without
 *   FAULTS_FROM    the first call that fails, counted from 1 within its kind (within all calls for any)
 *   FAULTS_ONCE    if set, only that call fails, otherwise all that follow it too
 *   FAULTS_ERRNO   ENOSPC, EIO or EROFS. A full disk lets files be removed, so calls of kind remove do not fail with ENOSPC
 *
 * Buffered streams of the C library are caught where they are handed to it, which TensorFlow's writer uses.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { LONGEST = 4096 };

static long counted_of_kind;
static int log_file = -1;

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

__attribute__((constructor)) static void open_log(void) {
  if (*setting("FAULTS_LOG") != 0)
    log_file = syscall(SYS_openat, AT_FDCWD, setting("FAULTS_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static int below(const char *path) {
  const char *directory = setting("FAULTS_BELOW");
  size_t length = strlen(directory);
  return length > 0 && strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static void path_of(int descriptor, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, LONGEST - 1);
  path[length < 0 ? 0 : length] = 0;
}

static void path_at(int directory, const char *name, char *path) {
  if (name[0] == '/') {
    snprintf(path, LONGEST, "%s", name);
    return;
  }
  if (directory == AT_FDCWD) {
    if (syscall(SYS_getcwd, path, LONGEST) < 0) path[0] = 0;
  } else {
    path_of(directory, path);
  }
  size_t length = strlen(path);
  snprintf(path + length, LONGEST - length, "/%s", name);
}

/* Whether this call is to fail; errno is set then, and else left as it is. */
static int fails(const char *kind, const char *path) {
  if (!below(path)) return 0;
  int before = errno;
  const char *wanted = setting("FAULTS_KIND");
  const char *name = setting("FAULTS_ERRNO");
  int fault = 0;
  if (strcmp(wanted, kind) == 0 || strcmp(wanted, "any") == 0) {
    long number = __atomic_add_fetch(&counted_of_kind, 1, __ATOMIC_SEQ_CST);
    long from = atol(setting("FAULTS_FROM"));
    int here = *setting("FAULTS_ONCE") != 0 ? number == from : number >= from;
    int removes = strcmp(kind, "remove") == 0;
    if (here && strcmp(name, "ENOSPC") == 0 && !removes) fault = ENOSPC;
    if (here && strcmp(name, "EIO") == 0) fault = EIO;
    if (here && strcmp(name, "EROFS") == 0) fault = EROFS;
  }
  char line[LONGEST + 64];
  int length = snprintf(line, sizeof line, "%s %s %s\n", kind, fault ? name : "ok", path);
  if (log_file >= 0 && length > 0) syscall(SYS_write, log_file, line, (size_t)length);
  errno = fault ? fault : before;
  return fault != 0;
}

static int fails_on(const char *kind, int descriptor) {
  char path[LONGEST];
  path_of(descriptor, path);
  return fails(kind, path);
}

static int fails_at(const char *kind, int directory, const char *name) {
  char path[LONGEST];
  path_at(directory, name, path);
  return fails(kind, path);
}

static int fails_stream(FILE *stream) {
  return __fwritable(stream) && fails_on("write", fileno(stream));
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                    \
  int name(const char *path, int flags, ...) {                                        \
    va_list rest;                                                                     \
    va_start(rest, flags);                                                            \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0;               \
    va_end(rest);                                                                     \
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));    \
    if (writes && fails_at("open", AT_FDCWD, path)) return -1;                        \
    return REAL(name)(path, flags, mode);                                             \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                  \
  int name(int directory, const char *path, int flags, ...) {                         \
    va_list rest;                                                                     \
    va_start(rest, flags);                                                            \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, int) : 0;               \
    va_end(rest);                                                                     \
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));    \
    if (writes && fails_at("open", directory, path)) return -1;                       \
    return REAL(name)(directory, path, flags, mode);                                  \
  }
OPENAT(openat)
OPENAT(openat64)

#define CREAT(name)                                                                   \
  int name(const char *path, mode_t mode) {                                           \
    return fails_at("open", AT_FDCWD, path) ? -1 : REAL(name)(path, mode);            \
  }
CREAT(creat)
CREAT(creat64)

#define FOPEN(name)                                                                   \
  FILE *name(const char *path, const char *mode) {                                    \
    int writes = strpbrk(mode, "wa+") != NULL;                                        \
    return writes && fails_at("open", AT_FDCWD, path) ? NULL : REAL(name)(path, mode); \
  }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int file, const void *bytes, size_t count) {
  return fails_on("write", file) ? -1 : REAL(write)(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  return fails_on("write", file) ? -1 : REAL(writev)(file, parts, count);
}

#define PWRITE(name, offset_type)                                                     \
  ssize_t name(int file, const void *bytes, size_t count, offset_type offset) {       \
    return fails_on("write", file) ? -1 : REAL(name)(file, bytes, count, offset);     \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream) {
  return fails_stream(stream) ? 0 : REAL(fwrite)(bytes, size, count, stream);
}

int fflush(FILE *stream) {
  return stream != NULL && fails_stream(stream) ? EOF : REAL(fflush)(stream);
}

/* The stream is gone either way. */
int fclose(FILE *stream) {
  int failed = fails_stream(stream);
  int fault = errno;
  int result = REAL(fclose)(stream);
  if (!failed) return result;
  errno = fault;
  return EOF;
}

int fsync(int file) { return fails_on("fsync", file) ? -1 : REAL(fsync)(file); }

int fdatasync(int file) { return fails_on("fsync", file) ? -1 : REAL(fdatasync)(file); }

#define FTRUNCATE(name, length_type)                                                  \
  int name(int file, length_type length) {                                            \
    return fails_on("truncate", file) ? -1 : REAL(name)(file, length);                \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

int rename(const char *from, const char *to) {
  return fails_at("rename", AT_FDCWD, to) ? -1 : REAL(rename)(from, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  return fails_at("rename", to_directory, to) ? -1 : REAL(renameat)(from_directory, from, to_directory, to);
}

int link(const char *from, const char *to) {
  return fails_at("link", AT_FDCWD, to) ? -1 : REAL(link)(from, to);
}

int symlink(const char *target, const char *path) {
  return fails_at("link", AT_FDCWD, path) ? -1 : REAL(symlink)(target, path);
}

int mkdir(const char *path, mode_t mode) {
  return fails_at("mkdir", AT_FDCWD, path) ? -1 : REAL(mkdir)(path, mode);
}

int unlink(const char *path) { return fails_at("remove", AT_FDCWD, path) ? -1 : REAL(unlink)(path); }

int rmdir(const char *path) { return fails_at("remove", AT_FDCWD, path) ? -1 : REAL(rmdir)(path); }

int unlinkat(int directory, const char *path, int flags) {
  return fails_at("remove", directory, path) ? -1 : REAL(unlinkat)(directory, path, flags);
}

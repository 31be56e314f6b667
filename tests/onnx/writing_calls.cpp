// Loaded before the C library, it stands between a process and the system calls that write, to end
// the process or let the call fail at the n-th of them.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>

extern "C" {
long left = 0;  // calls until it happens; 0 for never
}

namespace {

enum Way { kKill, kFail };
int way = kKill;

bool now() { return left > 0 && --left == 0; }

// Whether the call is to fail; does not return if the process is to end.
bool strike() {
  if (!now()) return false;
  if (way == kKill) kill(getpid(), SIGKILL);
  errno = ENOSPC;
  return true;
}

template <class Call>
Call next(const char* name) {
  return reinterpret_cast<Call>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void arm(long calls, int what) {
  left = calls;
  way = what;
}

#define WRAP(result, name, parameters, arguments)               \
  result name parameters {                                      \
    static auto real = next<result(*) parameters>(#name);       \
    return strike() ? static_cast<result>(-1) : real arguments; \
  }

#define WRAP_OPEN(name, parameters, arguments)                                 \
  int name parameters {                                                        \
    mode_t mode = 0;                                                           \
    if (flags & O_CREAT) {                                                     \
      va_list more;                                                            \
      va_start(more, flags);                                                   \
      mode = va_arg(more, mode_t);                                             \
      va_end(more);                                                            \
    }                                                                          \
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);        \
    return writes && strike() ? -1 : next<int(*) parameters>(#name) arguments; \
  }

WRAP_OPEN(open, (const char* path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char* path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int folder, const char* path, int flags, ...), (folder, path, flags, mode))
WRAP_OPEN(openat64, (int folder, const char* path, int flags, ...), (folder, path, flags, mode))

// Ends in the midst of what it writes.
ssize_t write(int file, const void* bytes, size_t size) {
  static auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (left == 1 && way == kKill) real(file, bytes, size / 2);
  return strike() ? -1 : real(file, bytes, size);
}

// A process that ends loses nothing that the system has, so there is no need to wait for the disk.
int fsync(int) { return strike() ? -1 : 0; }
int fdatasync(int) { return strike() ? -1 : 0; }

WRAP(ssize_t, pwrite, (int f, const void* b, size_t n, off_t at), (f, b, n, at))
WRAP(ssize_t, pwrite64, (int f, const void* b, size_t n, off64_t at), (f, b, n, at))
WRAP(ssize_t, writev, (int f, const iovec* v, int n), (f, v, n))
WRAP(ssize_t, sendfile, (int to, int from, off_t* at, size_t n), (to, from, at, n))
WRAP(ssize_t, sendfile64, (int to, int from, off64_t* at, size_t n), (to, from, at, n))
WRAP(ssize_t, copy_file_range,
     (int from, off64_t* at, int to, off64_t* there, size_t n, unsigned flags),
     (from, at, to, there, n, flags))
WRAP(int, ftruncate, (int f, off_t size), (f, size))
WRAP(int, ftruncate64, (int f, off64_t size), (f, size))
WRAP(int, truncate, (const char* path, off_t size), (path, size))
WRAP(int, rename, (const char* a, const char* b), (a, b))
WRAP(int, renameat, (int f, const char* a, int g, const char* b), (f, a, g, b))
WRAP(int, renameat2, (int f, const char* a, int g, const char* b, unsigned flags),
     (f, a, g, b, flags))
WRAP(int, link, (const char* a, const char* b), (a, b))
WRAP(int, linkat, (int f, const char* a, int g, const char* b, int flags), (f, a, g, b, flags))
WRAP(int, symlink, (const char* a, const char* b), (a, b))
WRAP(int, unlink, (const char* path), (path))
WRAP(int, unlinkat, (int f, const char* path, int flags), (f, path, flags))
WRAP(int, mkdir, (const char* path, mode_t mode), (path, mode))
WRAP(int, chmod, (const char* path, mode_t mode), (path, mode))
WRAP(int, fchmod, (int f, mode_t mode), (f, mode))
WRAP(int, fchown, (int f, uid_t user, gid_t group), (f, user, group))
WRAP(int, utimensat, (int f, const char* path, const timespec* t, int flags), (f, path, t, flags))

}  // extern "C"

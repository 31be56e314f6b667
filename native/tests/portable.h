// What the tests need of a system, and systems do in different ways.
#pragma once

#include <stdlib.h>

#if defined(_WIN32)
#define NOMINMAX
#include <windows.h>
#undef near  // words of processors of old, which tests use as names
#undef far
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace portable {

#if defined(_WIN32)

inline size_t page_size() {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info.dwPageSize;
}

inline char* untouchable(size_t bytes) {
  return (char*)VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS);
}

inline bool make_touchable(char* begin, size_t bytes) {
  DWORD before;
  return VirtualProtect(begin, bytes, PAGE_READWRITE, &before);
}

inline void set_variable(const char* name, const char* value) { _putenv_s(name, value); }

#else

inline size_t page_size() { return size_t(sysconf(_SC_PAGESIZE)); }

// Pages that can be neither read nor written, or null.
inline char* untouchable(size_t bytes) {
  void* all = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return all == MAP_FAILED ? nullptr : (char*)all;
}

// Whether these can be read and written from now on.
inline bool make_touchable(char* begin, size_t bytes) {
  return mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0;
}

// Sets an environment variable; where the value is empty, Windows removes it.
inline void set_variable(const char* name, const char* value) { setenv(name, value, 1); }

#endif

}  // namespace portable

#include "pages.h"

#include <stdint.h>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

void mish_ask_for_huge_pages(void* memory, size_t bytes) {
#if defined(__linux__)
  // As NumPy does: in less memory there is hardly a whole huge page that lies where one can.
  constexpr size_t least = size_t{1} << 22;
  if (bytes < least) return;
  static const uintptr_t page = uintptr_t(sysconf(_SC_PAGESIZE));
  const auto first = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t begin = (first + page - 1) / page * page, end = (first + bytes) / page * page;
  // It fails where the system was built without huge pages. Nothing depends on it.
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

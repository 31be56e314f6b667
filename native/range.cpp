#include "range.h"

#include <algorithm>
#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {

const void* at(const void* array, ptrdiff_t stride, size_t i) {
  return static_cast<const char*>(array) + ptrdiff_t(i) * stride;
}
void* at(void* array, ptrdiff_t stride, size_t i) {
  return static_cast<char*>(array) + ptrdiff_t(i) * stride;
}

// Bytes of the last cache that a core reaches. The C library's sysconf adds up those of all cores
// on some processors.
size_t last_cache() {
  size_t largest = 0;
#if defined(__x86_64__)
  constexpr unsigned intel = 4, amd = 0x8000001D;
  for (unsigned leaf : {intel, amd}) {
    unsigned a, b, c, d;
    for (unsigned i = 0; __get_cpuid_count(leaf, i, &a, &b, &c, &d) && (a & 31); ++i) {
      const size_t ways = (b >> 22) + 1, partitions = (b >> 12 & 1023) + 1, line = (b & 4095) + 1;
      largest = std::max(largest, ways * partitions * line * (size_t(c) + 1));
    }
  }
#endif
  return largest ? largest : SIZE_MAX;
}

// A result that is half in the cache when the call ends is worth more there. docs/threads.md has
// the measurements.
mish_stores stores_for(size_t arrays, mish_format format, size_t n) {
  static const size_t room = last_cache();
  return arrays * n * mish_element_size(format) / 2 >= room ? MISH_STREAMED : MISH_CACHED;
}

}  // namespace

void mish_unary_range(mish_unary kernel, mish_format format, const void* x, ptrdiff_t x_stride,
                      void* y, ptrdiff_t y_stride, size_t n, size_t begin, size_t end) {
  // In place, each line of the result has been read anyway.
  const mish_stores stores = x == y ? MISH_CACHED : stores_for(2, format, n);
  kernel(at(x, x_stride, begin), x_stride, at(y, y_stride, begin), y_stride, end - begin, stores);
}

void mish_backward_range(mish_backward kernel, mish_format format, const void* dy,
                         ptrdiff_t dy_stride, const void* x, ptrdiff_t x_stride, void* dx,
                         ptrdiff_t dx_stride, size_t n, size_t begin, size_t end) {
  const mish_stores stores = dy == dx || x == dx ? MISH_CACHED : stores_for(3, format, n);
  kernel(at(dy, dy_stride, begin), dy_stride, at(x, x_stride, begin), x_stride,
         at(dx, dx_stride, begin), dx_stride, end - begin, stores);
}

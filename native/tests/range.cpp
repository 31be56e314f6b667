// Parts of a call: where each begins, and when its results go past the caches.
// Exits with 1, and says on standard error why, if one is wrong.
#include "range.h"

#include <stdio.h>

namespace {

// What the kernels below were last called with. They touch no memory, so arrays may be of any size.
struct Seen {
  const void *dy, *x, *result;
  size_t n;
  mish_stores stores;
} seen;

void unary(const void* x, ptrdiff_t, void* y, ptrdiff_t, size_t n, mish_stores stores) {
  seen = {nullptr, x, y, n, stores};
}

void backward(const void* dy, ptrdiff_t, const void* x, ptrdiff_t, void* dx, ptrdiff_t, size_t n,
              mish_stores stores) {
  seen = {dy, x, dx, n, stores};
}

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "FAILED %s\n", what);
}

}  // namespace

int main() {
  static char a[64], b[64], c[64];
  constexpr size_t huge = size_t{1} << 40;
#if defined(__x86_64__)
  constexpr mish_stores stores_of_huge = MISH_STREAMED;
#else
  constexpr mish_stores stores_of_huge = MISH_CACHED;
#endif

  mish_unary_range(unary, MISH_FLOAT32, a, 8, b + 32, -4, 9, 2, 5);
  expect(seen.x == a + 16 && seen.result == b + 24 && seen.n == 3, "part of a unary call");
  expect(seen.stores == MISH_CACHED, "a small result stays in the caches");
  mish_backward_range(backward, MISH_FLOAT64, a, 0, b, 8, c, 16, 9, 1, 9);
  expect(seen.dy == a && seen.x == b + 8 && seen.result == c + 16 && seen.n == 8,
         "part of a backward call");
  expect(seen.stores == MISH_CACHED, "a small gradient stays in the caches");

  mish_unary_range(unary, MISH_FLOAT16, a, 2, b, 2, huge, 0, 5);
  expect(seen.stores == stores_of_huge, "a small part of a huge result goes past the caches");
  mish_unary_range(unary, MISH_FLOAT16, a, 2, a, 2, huge, 0, 5);
  expect(seen.stores == MISH_CACHED, "a huge result in place does not");
  mish_backward_range(backward, MISH_FLOAT32, a, 4, b, 4, c, 4, huge, 0, 5);
  expect(seen.stores == stores_of_huge, "a small part of a huge gradient goes past the caches");
  mish_backward_range(backward, MISH_FLOAT32, a, 4, b, 4, a, 4, huge, 0, 5);
  expect(seen.stores == MISH_CACHED, "a huge gradient in place of dy does not");
  mish_backward_range(backward, MISH_FLOAT32, a, 4, b, 4, b, 4, huge, 0, 5);
  expect(seen.stores == MISH_CACHED, "a huge gradient in place of x does not");
  return failures != 0;
}

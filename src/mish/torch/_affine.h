// What a normalisation does to elements once its statistics are known: z = a·x + b.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mish_torch {

// The numbers a and b of a tensor, in the order of its memory: `run` elements one after another
// share theirs, and after `count` runs they begin again.
template <class T>
struct Affine {
  const T *a, *b;
  int64_t run, count;

  // Elements `begin` to `end` of a·x + b, written to z[0] and on.
  void operator()(const T* x, int64_t begin, int64_t end, T* z) const {
    for (int64_t i = begin; i < end;) {
      const int64_t first = i / run % count;
      const int64_t next = std::min(end, run == 1 ? i + count - first : (i / run + 1) * run);
      if (run == 1)
        for (int64_t j = 0; j < next - i; ++j) z[i - begin + j] = a[first + j] * x[i + j] + b[first + j];
      else
        for (int64_t j = i; j < next; ++j) z[j - begin] = a[first] * x[j] + b[first];
      i = next;
    }
  }
};

}  // namespace mish_torch

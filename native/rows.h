// Rows of a normalisation: what its backward pass does to numbers besides Mish.
#pragma once

#include "loops.h"

namespace mish::MISH_ISA {

// Calls each(i, load, store) for the vectors of a row, of which the last may be a part: that is
// filled up with zeros.
template <class T, class Each>
MISH_INLINE void by_vectors(size_t n, const Each& each) {
  using V = Vec<T>;
  size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes)
    each(i, [](const T* from) { return V::load(from); }, [](V v, T* to) { v.store(to); });
  if (i == n) return;
  const size_t rest = n - i;
  const auto load = [rest](const T* from) {
    T numbers[V::kLanes] = {};
    memcpy(numbers, from, rest * sizeof(T));
    return V::load(numbers);
  };
  const auto store = [rest](V v, T* to) {
    T numbers[V::kLanes];
    v.store(numbers);
    memcpy(to, numbers, rest * sizeof(T));
  };
  each(i, load, store);
}

template <class T>
void row_affine(const void* x_, double least, double centre, double scale, double shift, void* z_,
                size_t n) {
  using V = Vec<T>;
  const T* const x = (const T*)x_;
  T* const z = (T*)z_;
  const V low{T(least)}, c{T(centre)}, a{T(scale)}, b{T(shift)};
  by_vectors<T>(n, [&](size_t i, const auto& load, const auto& store) {
    store(fma(max(low, load(x + i)) - c, a, b), z + i);  // NaN where x is
  });
}

template <class T>
void row_sums(const void* dz_, const void* x_, size_t n, double found[2]) {
  using V = Vec<T>;
  const T *const dz = (const T*)dz_, *const x = (const T*)x_;
  constexpr size_t block = 512;
  for (size_t start = 0; start < n; start += block) {
    V first(0), second(0);
    by_vectors<T>(n - start < block ? n - start : block,
                  [&](size_t i, const auto& load, const auto&) {
                    const V d = load(dz + start + i);
                    first = first + d;
                    second = fma(d, load(x + start + i), second);
                  });
    T lanes[2][V::kLanes];
    first.store(lanes[0]);
    second.store(lanes[1]);
    for (int k = 0; k < 2; ++k)
      for (const T lane : lanes[k]) found[k] += double(lane);
  }
}

template <class T>
void row_combine(void* dz_, const void* x_, double a, double b, double c, size_t n) {
  using V = Vec<T>;
  T* const dz = (T*)dz_;
  const T* const x = (const T*)x_;
  const V p{T(a)}, q{T(b)}, r{T(c)};
  by_vectors<T>(n, [&](size_t i, const auto& load, const auto& store) {
    store(fma(load(dz + i), p, fma(load(x + i), q, r)), dz + i);
  });
}

}  // namespace mish::MISH_ISA

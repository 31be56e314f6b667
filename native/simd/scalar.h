// One number at a time, for processors that have a fused multiply-add. See simd/vector.h for the
// contract; there are no 16-bit formats here.
#pragma once

namespace mish::scalar {

template <class T>
struct Vec {
  using Scalar = T;
  static constexpr int kLanes = 1;
  T v;

  Vec() = default;
  explicit Vec(T s) : v(s) {}
};

template <class T>
struct Bits;
template <>
struct Bits<float> {
  uint32_t v;
};
template <>
struct Bits<double> {
  uint64_t v;
};

template <class T>
struct Mask {
  bool v;
};

using F32 = Vec<float>;
using F64 = Vec<double>;

template <class T>
MISH_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) {
  return Vec<T>(a.v + b.v);
}
template <class T>
MISH_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) {
  return Vec<T>(a.v - b.v);
}
template <class T>
MISH_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) {
  return Vec<T>(a.v * b.v);
}
MISH_INLINE F32 fma(F32 a, F32 b, F32 c) { return F32(__builtin_fmaf(a.v, b.v, c.v)); }
MISH_INLINE F64 fma(F64 a, F64 b, F64 c) { return F64(__builtin_fma(a.v, b.v, c.v)); }
MISH_INLINE F32 sqrt(F32 a) { return F32(__builtin_sqrtf(a.v)); }
MISH_INLINE F64 sqrt(F64 a) { return F64(__builtin_sqrt(a.v)); }

template <class T>
MISH_INLINE Mask<T> operator<(Vec<T> a, Vec<T> b) {
  return {a.v < b.v};
}
template <class T>
MISH_INLINE Mask<T> is_nan(Vec<T> a) {
  return {a.v != a.v};
}
template <class T>
MISH_INLINE unsigned lanes_of(Mask<T> m) {
  return m.v;
}
template <class T>
MISH_INLINE bool any(Mask<T> m) {
  return m.v;
}
template <class T>
MISH_INLINE Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) {
  return m.v ? a : b;
}
template <class T>
MISH_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
  return select(a < b, a, b);
}
template <class T>
MISH_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
  return select(b < a, a, b);
}

MISH_INLINE Bits<float> set_bits(float, int32_t s) { return {uint32_t(s)}; }
MISH_INLINE Bits<double> set_bits(double, int64_t s) { return {uint64_t(s)}; }
template <class T>
MISH_INLINE Bits<T> bits(Vec<T> a) {
  Bits<T> b;
  memcpy(&b.v, &a.v, sizeof(T));
  return b;
}
template <class T>
MISH_INLINE Vec<T> as_vec(Bits<T> b) {
  Vec<T> a;
  memcpy(&a.v, &b.v, sizeof(T));
  return a;
}
template <class T>
MISH_INLINE Bits<T> operator&(Bits<T> a, Bits<T> b) {
  return {a.v & b.v};
}
template <class T>
MISH_INLINE Bits<T> operator|(Bits<T> a, Bits<T> b) {
  return {a.v | b.v};
}
template <class T>
MISH_INLINE Bits<T> operator^(Bits<T> a, Bits<T> b) {
  return {a.v ^ b.v};
}
template <class T>
MISH_INLINE Bits<T> operator-(Bits<T> a, Bits<T> b) {
  return {a.v - b.v};
}
template <int n, class T>
MISH_INLINE Bits<T> shl(Bits<T> a) {
  return {a.v << n};
}
template <class T, class Integer>
MISH_INLINE Mask<T> beyond(Bits<T> a, Integer low) {
  return {a.v > decltype(a.v)(low)};
}

template <class T, int kRows, int kColumns, int kUsed>
struct Table {
  const T* rows;

  template <const T (&table)[kRows * kColumns]>
  static Table make() {
    return {table};
  }

  static constexpr int kAhead = 1;
  using Place = Bits<T>;
  MISH_INLINE Place place(Bits<T> row) const { return row; }
  MISH_INLINE void lookup(Place row, Vec<T> (&column)[kUsed]) const {
    const T* const found = rows + kColumns * (row.v & (kRows - 1));
#pragma GCC unroll 16  // or it becomes a copy in memory
    for (int c = 0; c < kUsed; ++c) column[c] = Vec<T>(found[c]);
  }
};

}  // namespace mish::scalar

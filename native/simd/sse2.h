// The x86-64 baseline (SSE2): 4 floats or 2 doubles. See simd/vector.h for the contract.
//
// There is no fused multiply-add here. It is made of other operations, so that the results
// have the same bits as elsewhere; this costs speed, which nobody looks for on such a
// processor.
#pragma once

#include <emmintrin.h>

#include "half.h"
#include "software_fma.h"

namespace mish::baseline {

template <class T>
struct Vec;

template <class T>
struct Bits {
  __m128i v;
};

template <class T>
struct Mask;
template <>
struct Mask<float> {
  __m128 v;
};
template <>
struct Mask<double> {
  __m128d v;
};

template <>
struct Vec<float> {
  using Scalar = float;
  static constexpr int kLanes = 4;
  static constexpr bool kStreams = false;
  __m128 v;

  Vec() = default;
  Vec(__m128 value) : v(value) {}
  explicit Vec(float s) : v(_mm_set1_ps(s)) {}
  static Vec load(const float* p) { return _mm_loadu_ps(p); }
  static Vec load(const Half* p) {
    return _mm_setr_ps(half_to_float(p[0].bits), half_to_float(p[1].bits), half_to_float(p[2].bits),
                       half_to_float(p[3].bits));
  }
  static Vec load(const Bfloat16* p) {
    const __m128i half = _mm_loadl_epi64((const __m128i*)p);
    return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), half));
  }
  void store(float* p) const { _mm_storeu_ps(p, v); }
  void store(Bfloat16* p) const {
    const __m128i b = _mm_castps_si128(v);
    const __m128i odd = _mm_and_si128(_mm_srli_epi32(b, 16), _mm_set1_epi32(1));
    const __m128i up = _mm_add_epi32(b, _mm_add_epi32(odd, _mm_set1_epi32(0x7FFF)));
    const __m128i high = _mm_srai_epi32(up, 16);  // signed, so that the packing keeps all bits
    _mm_storel_epi64((__m128i*)p, _mm_packs_epi32(high, high));
  }
  void store(Half* p) const {
    float lanes[4];
    store(lanes);
    for (int i = 0; i < 4; ++i) p[i].bits = float_to_half(lanes[i]);
  }
};

template <>
struct Vec<double> {
  using Scalar = double;
  static constexpr int kLanes = 2;
  static constexpr bool kStreams = false;
  __m128d v;

  Vec() = default;
  Vec(__m128d value) : v(value) {}
  explicit Vec(double s) : v(_mm_set1_pd(s)) {}
  static Vec load(const double* p) { return _mm_loadu_pd(p); }
  void store(double* p) const { _mm_storeu_pd(p, v); }
};

using F32 = Vec<float>;
using F64 = Vec<double>;

MISH_INLINE F32 operator+(F32 a, F32 b) { return _mm_add_ps(a.v, b.v); }
MISH_INLINE F64 operator+(F64 a, F64 b) { return _mm_add_pd(a.v, b.v); }
MISH_INLINE F32 operator-(F32 a, F32 b) { return _mm_sub_ps(a.v, b.v); }
MISH_INLINE F64 operator-(F64 a, F64 b) { return _mm_sub_pd(a.v, b.v); }
MISH_INLINE F32 operator*(F32 a, F32 b) { return _mm_mul_ps(a.v, b.v); }
MISH_INLINE F64 operator*(F64 a, F64 b) { return _mm_mul_pd(a.v, b.v); }
MISH_INLINE F32 sqrt(F32 a) { return _mm_sqrt_ps(a.v); }
MISH_INLINE F64 sqrt(F64 a) { return _mm_sqrt_pd(a.v); }
MISH_INLINE F32 min(F32 a, F32 b) { return _mm_min_ps(a.v, b.v); }
MISH_INLINE F64 min(F64 a, F64 b) { return _mm_min_pd(a.v, b.v); }
MISH_INLINE F32 max(F32 a, F32 b) { return _mm_max_ps(a.v, b.v); }
MISH_INLINE F64 max(F64 a, F64 b) { return _mm_max_pd(a.v, b.v); }

MISH_INLINE Mask<float> operator<(F32 a, F32 b) { return {_mm_cmplt_ps(a.v, b.v)}; }
MISH_INLINE Mask<double> operator<(F64 a, F64 b) { return {_mm_cmplt_pd(a.v, b.v)}; }
MISH_INLINE Mask<float> is_nan(F32 a) { return {_mm_cmpunord_ps(a.v, a.v)}; }
MISH_INLINE Mask<double> is_nan(F64 a) { return {_mm_cmpunord_pd(a.v, a.v)}; }
MISH_INLINE unsigned lanes_of(Mask<float> m) { return (unsigned)_mm_movemask_ps(m.v); }
MISH_INLINE unsigned lanes_of(Mask<double> m) { return (unsigned)_mm_movemask_pd(m.v); }
MISH_INLINE bool any(Mask<float> m) { return lanes_of(m) != 0; }
MISH_INLINE bool any(Mask<double> m) { return lanes_of(m) != 0; }
MISH_INLINE F32 select(Mask<float> m, F32 a, F32 b) {
  return _mm_or_ps(_mm_and_ps(m.v, a.v), _mm_andnot_ps(m.v, b.v));
}
MISH_INLINE F64 select(Mask<double> m, F64 a, F64 b) {
  return _mm_or_pd(_mm_and_pd(m.v, a.v), _mm_andnot_pd(m.v, b.v));
}

MISH_INLINE Bits<float> set_bits(float, int32_t s) { return {_mm_set1_epi32(s)}; }
MISH_INLINE Bits<double> set_bits(double, int64_t s) { return {_mm_set1_epi64x(s)}; }
MISH_INLINE Bits<float> bits(F32 a) { return {_mm_castps_si128(a.v)}; }
MISH_INLINE Bits<double> bits(F64 a) { return {_mm_castpd_si128(a.v)}; }
MISH_INLINE F32 as_vec(Bits<float> a) { return _mm_castsi128_ps(a.v); }
MISH_INLINE F64 as_vec(Bits<double> a) { return _mm_castsi128_pd(a.v); }
template <class T>
MISH_INLINE Bits<T> operator&(Bits<T> a, Bits<T> b) {
  return {_mm_and_si128(a.v, b.v)};
}
template <class T>
MISH_INLINE Bits<T> operator|(Bits<T> a, Bits<T> b) {
  return {_mm_or_si128(a.v, b.v)};
}
template <class T>
MISH_INLINE Bits<T> operator^(Bits<T> a, Bits<T> b) {
  return {_mm_xor_si128(a.v, b.v)};
}
MISH_INLINE Bits<float> operator-(Bits<float> a, Bits<float> b) {
  return {_mm_sub_epi32(a.v, b.v)};
}
MISH_INLINE Bits<double> operator-(Bits<double> a, Bits<double> b) {
  return {_mm_sub_epi64(a.v, b.v)};
}
template <int n>
MISH_INLINE Bits<float> shl(Bits<float> a) {
  return {_mm_slli_epi32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shl(Bits<double> a) {
  return {_mm_slli_epi64(a.v, n)};
}
template <int n>
MISH_INLINE Bits<float> shr(Bits<float> a) {
  return {_mm_srli_epi32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shr(Bits<double> a) {
  return {_mm_srli_epi64(a.v, n)};
}
MISH_INLINE Mask<float> is_zero(Bits<float> a) {
  return {_mm_castsi128_ps(_mm_cmpeq_epi32(a.v, _mm_setzero_si128()))};
}
MISH_INLINE Mask<float> beyond(Bits<float> a, int32_t low) {
  const __m128i high = _mm_andnot_si128(_mm_set1_epi32(low), a.v);
  const __m128i inside = _mm_cmpeq_epi32(high, _mm_setzero_si128());
  return {_mm_castsi128_ps(_mm_xor_si128(inside, _mm_set1_epi32(-1)))};
}
MISH_INLINE Mask<double> beyond(Bits<double> a, int64_t low) {
  const __m128i high = _mm_andnot_si128(_mm_set1_epi64x(low), a.v);
  const __m128i halves = _mm_cmpeq_epi32(high, _mm_setzero_si128());
  const __m128i inside = _mm_and_si128(halves, _mm_shuffle_epi32(halves, 0xB1));
  return {_mm_castsi128_pd(_mm_xor_si128(inside, _mm_set1_epi32(-1)))};
}

// A sum that was not rounded but, where inexact, has its last bit set ("round to odd"): rounding
// it once more, to fewer bits, then gives what one rounding would have given
// (S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
MISH_INLINE __m128d add_to_odd(__m128d a, __m128d b) {
  const __m128d sum = _mm_add_pd(a, b);
  const __m128d b_part = _mm_sub_pd(sum, a);
  const __m128d error = _mm_add_pd(_mm_sub_pd(a, _mm_sub_pd(sum, b_part)), _mm_sub_pd(b, b_part));
  // Not where the error is NaN, beside an infinite sum.
  const __m128d inexact = _mm_cmplt_pd(_mm_setzero_pd(), _mm_andnot_pd(_mm_set1_pd(-0.0), error));
  // Of the two neighbours of the exact value the one that is nearer to zero, then the odd one.
  const __m128i s = _mm_castpd_si128(sum), mask = _mm_castpd_si128(inexact);
  const __m128i beyond = _mm_srli_epi64(_mm_xor_si128(s, _mm_castpd_si128(error)), 63);
  const __m128i lower = _mm_sub_epi64(s, _mm_and_si128(beyond, mask));
  return _mm_castsi128_pd(_mm_or_si128(lower, _mm_srli_epi64(mask, 63)));
}

// Not inlined: these have some twenty operations, whose copies take the compiler seven times as
// long, to save a quarter of a kernel's time. The product of two floats is exact as a double.
MISH_CALLED F32 fma(F32 a, F32 b, F32 c) {
  const auto half = [](__m128 a2, __m128 b2, __m128 c2) {
    return _mm_cvtpd_ps(
        add_to_odd(_mm_mul_pd(_mm_cvtps_pd(a2), _mm_cvtps_pd(b2)), _mm_cvtps_pd(c2)));
  };
  const auto upper = [](F32 x) { return _mm_movehl_ps(x.v, x.v); };
  return _mm_movelh_ps(half(a.v, b.v, c.v), half(upper(a), upper(b), upper(c)));
}

// Dekker's product and two error-free sums leave two numbers to add with odd rounding. All errors
// have the opposite sign here: one that is zero is then +0, whose subtraction leaves −0 as it is.
// The product's error is lost below 2^-1022, so small products take another way.
MISH_CALLED F64 fma(F64 a, F64 b, F64 c) {
  const F64 product = a * b;
  const auto split_high = [](F64 x) {
    const F64 scaled = x * F64(134217729.0);
    return scaled - (scaled - x);
  };
  const F64 a_high = split_high(a), a_low = a - a_high, b_high = split_high(b), b_low = b - b_high;
  const F64 excess =
      ((product - a_high * b_high) - a_high * b_low - a_low * b_high) - a_low * b_low;
  const F64 low = c - excess, excess_part = c - low;
  const F64 low_excess = ((low + excess_part) - c) + (excess - excess_part);
  const F64 high = product + low, low_part = high - product;
  const F64 high_excess = ((high - low_part) - product) + (low_part - low);
  const F64 result = high - F64(add_to_odd(low_excess.v, high_excess.v));

  const F64 zero(0);
  const __m128d no_product = _mm_or_pd(_mm_cmpeq_pd(a.v, zero.v), _mm_cmpeq_pd(b.v, zero.v));
  const __m128d magnitude = _mm_andnot_pd(_mm_set1_pd(-0.0), product.v);
  const __m128d no_underflow = _mm_cmpge_pd(magnitude, _mm_set1_pd(0x1p-900));
  // The splitting may overflow as well as the product.
  const __m128d no_overflow = _mm_cmpord_pd(result.v, result.v);
  const __m128d usual = _mm_and_pd(_mm_or_pd(no_product, no_underflow), no_overflow);
  if (__builtin_expect(_mm_movemask_pd(usual) != 3, false)) {
    double x[2], y[2], z[2];
    a.store(x), b.store(y), c.store(z);
    return _mm_setr_pd(software_fma(x[0], y[0], z[0]), software_fma(x[1], y[1], z[1]));
  }
  return result;
}

template <class T, int kRows, int kColumns, int kUsed>
struct Table;

// Rows of floats in memory, transposed in blocks of 4 by 4.
template <int kRows, int kColumns, int kUsed>
struct Table<float, kRows, kColumns, kUsed> {
  const float* rows;

  template <const float (&table)[kRows * kColumns]>
  static Table make() {
    return {table};
  }

  static constexpr int kAhead = 1;
  using Place = Bits<float>;
  MISH_INLINE Place place(Bits<float> row) const { return row; }
  MISH_INLINE void lookup(Place row, F32 (&column)[kUsed]) const {
    alignas(16) int32_t r[4];
    _mm_store_si128((__m128i*)r, _mm_and_si128(row.v, _mm_set1_epi32(kRows - 1)));
    for (int c = 0; c < kUsed; c += 4) {
      __m128 block[4];
      for (int i = 0; i < 4; ++i) block[i] = _mm_load_ps(rows + kColumns * r[i] + c);
      _MM_TRANSPOSE4_PS(block[0], block[1], block[2], block[3]);
      for (int i = 0; i < 4 && c + i < kUsed; ++i) column[c + i] = block[i];
    }
  }
};

// The same with doubles, 2 by 2.
template <int kRows, int kColumns, int kUsed>
struct Table<double, kRows, kColumns, kUsed> {
  const double* rows;

  template <const double (&table)[kRows * kColumns]>
  static Table make() {
    return {table};
  }

  static constexpr int kAhead = 1;
  using Place = Bits<double>;
  MISH_INLINE Place place(Bits<double> row) const { return row; }
  MISH_INLINE void lookup(Place row, F64 (&column)[kUsed]) const {
    alignas(16) int64_t r[2];
    _mm_store_si128((__m128i*)r, _mm_and_si128(row.v, _mm_set1_epi64x(kRows - 1)));
    for (int c = 0; c < kUsed; c += 2) {
      const __m128d r0 = _mm_load_pd(rows + kColumns * r[0] + c);
      const __m128d r1 = _mm_load_pd(rows + kColumns * r[1] + c);
      column[c] = _mm_unpacklo_pd(r0, r1);
      if (c + 1 < kUsed) column[c + 1] = _mm_unpackhi_pd(r0, r1);
    }
  }
};

}  // namespace mish::baseline

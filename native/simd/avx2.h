// AVX2 with FMA and F16C: 8 floats or 4 doubles. See simd/vector.h for the contract.
#pragma once

#include <immintrin.h>

namespace mish::avx2 {

template <class T>
struct Vec;

template <class T>
struct Bits {
  __m256i v;
};

template <class T>
struct Mask;
template <>
struct Mask<float> {
  __m256 v;
};
template <>
struct Mask<double> {
  __m256d v;
};

MISH_INLINE void store(float* p, __m256 v) { _mm256_storeu_ps(p, v); }
MISH_INLINE void store(void* p, __m128i v) { _mm_storeu_si128((__m128i*)p, v); }
MISH_INLINE void stream(float* p, __m256 v) { _mm256_stream_ps(p, v); }
MISH_INLINE void stream(void* p, __m128i v) { _mm_stream_si128((__m128i*)p, v); }

template <>
struct Vec<float> {
  using Scalar = float;
  static constexpr int kLanes = 8;
  static constexpr bool kStreams = true;
  __m256 v;

  Vec() = default;
  Vec(__m256 value) : v(value) {}
  explicit Vec(float s) : v(_mm256_set1_ps(s)) {}
  static Vec load(const float* p) { return _mm256_loadu_ps(p); }
  static Vec load(const Half* p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)); }
  static Vec load(const Bfloat16* p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  template <class Element>
  void store(Element* p) const {
    mish::avx2::store(p, packed(p));
  }
  template <class Element>
  void stream(Element* p) const {
    mish::avx2::stream(p, packed(p));
  }

 private:
  __m256 packed(const float*) const { return v; }
  __m128i packed(const Bfloat16*) const {
    const __m256i b = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(b, 16), _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(b, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
    const __m256i high = _mm256_srli_epi32(up, 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
  }
  __m128i packed(const Half*) const { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
};

template <>
struct Vec<double> {
  using Scalar = double;
  static constexpr int kLanes = 4;
  static constexpr bool kStreams = true;
  __m256d v;

  Vec() = default;
  Vec(__m256d value) : v(value) {}
  explicit Vec(double s) : v(_mm256_set1_pd(s)) {}
  static Vec load(const double* p) { return _mm256_loadu_pd(p); }
  void store(double* p) const { _mm256_storeu_pd(p, v); }
  void stream(double* p) const { _mm256_stream_pd(p, v); }
};

using F32 = Vec<float>;
using F64 = Vec<double>;

MISH_INLINE F32 operator+(F32 a, F32 b) { return _mm256_add_ps(a.v, b.v); }
MISH_INLINE F64 operator+(F64 a, F64 b) { return _mm256_add_pd(a.v, b.v); }
MISH_INLINE F32 operator-(F32 a, F32 b) { return _mm256_sub_ps(a.v, b.v); }
MISH_INLINE F64 operator-(F64 a, F64 b) { return _mm256_sub_pd(a.v, b.v); }
MISH_INLINE F32 operator*(F32 a, F32 b) { return _mm256_mul_ps(a.v, b.v); }
MISH_INLINE F64 operator*(F64 a, F64 b) { return _mm256_mul_pd(a.v, b.v); }
MISH_INLINE F32 fma(F32 a, F32 b, F32 c) { return _mm256_fmadd_ps(a.v, b.v, c.v); }
MISH_INLINE F64 fma(F64 a, F64 b, F64 c) { return _mm256_fmadd_pd(a.v, b.v, c.v); }
MISH_INLINE F32 sqrt(F32 a) { return _mm256_sqrt_ps(a.v); }
MISH_INLINE F64 sqrt(F64 a) { return _mm256_sqrt_pd(a.v); }
MISH_INLINE F32 min(F32 a, F32 b) { return _mm256_min_ps(a.v, b.v); }
MISH_INLINE F64 min(F64 a, F64 b) { return _mm256_min_pd(a.v, b.v); }
MISH_INLINE F32 max(F32 a, F32 b) { return _mm256_max_ps(a.v, b.v); }
MISH_INLINE F64 max(F64 a, F64 b) { return _mm256_max_pd(a.v, b.v); }

MISH_INLINE Mask<float> operator<(F32 a, F32 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
MISH_INLINE Mask<double> operator<(F64 a, F64 b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)}; }
MISH_INLINE Mask<float> is_nan(F32 a) { return {_mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q)}; }
MISH_INLINE Mask<double> is_nan(F64 a) { return {_mm256_cmp_pd(a.v, a.v, _CMP_UNORD_Q)}; }
MISH_INLINE unsigned lanes_of(Mask<float> m) { return (unsigned)_mm256_movemask_ps(m.v); }
MISH_INLINE unsigned lanes_of(Mask<double> m) { return (unsigned)_mm256_movemask_pd(m.v); }
MISH_INLINE bool any(Mask<float> m) { return lanes_of(m) != 0; }
MISH_INLINE bool any(Mask<double> m) { return lanes_of(m) != 0; }
MISH_INLINE F32 select(Mask<float> m, F32 a, F32 b) { return _mm256_blendv_ps(b.v, a.v, m.v); }
MISH_INLINE F64 select(Mask<double> m, F64 a, F64 b) { return _mm256_blendv_pd(b.v, a.v, m.v); }

MISH_INLINE Bits<float> set_bits(float, int32_t s) { return {_mm256_set1_epi32(s)}; }
MISH_INLINE Bits<double> set_bits(double, int64_t s) { return {_mm256_set1_epi64x(s)}; }
MISH_INLINE Bits<float> bits(F32 a) { return {_mm256_castps_si256(a.v)}; }
MISH_INLINE Bits<double> bits(F64 a) { return {_mm256_castpd_si256(a.v)}; }
MISH_INLINE F32 as_vec(Bits<float> a) { return _mm256_castsi256_ps(a.v); }
MISH_INLINE F64 as_vec(Bits<double> a) { return _mm256_castsi256_pd(a.v); }
template <class T>
MISH_INLINE Bits<T> operator&(Bits<T> a, Bits<T> b) {
  return {_mm256_and_si256(a.v, b.v)};
}
template <class T>
MISH_INLINE Bits<T> operator|(Bits<T> a, Bits<T> b) {
  return {_mm256_or_si256(a.v, b.v)};
}
template <class T>
MISH_INLINE Bits<T> operator^(Bits<T> a, Bits<T> b) {
  return {_mm256_xor_si256(a.v, b.v)};
}
MISH_INLINE Bits<float> operator-(Bits<float> a, Bits<float> b) {
  return {_mm256_sub_epi32(a.v, b.v)};
}
MISH_INLINE Bits<double> operator-(Bits<double> a, Bits<double> b) {
  return {_mm256_sub_epi64(a.v, b.v)};
}
template <int n>
MISH_INLINE Bits<float> shl(Bits<float> a) {
  return {_mm256_slli_epi32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shl(Bits<double> a) {
  return {_mm256_slli_epi64(a.v, n)};
}
template <int n>
MISH_INLINE Bits<float> shr(Bits<float> a) {
  return {_mm256_srli_epi32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shr(Bits<double> a) {
  return {_mm256_srli_epi64(a.v, n)};
}
MISH_INLINE Mask<float> is_zero(Bits<float> a) {
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(a.v, _mm256_setzero_si256()))};
}
MISH_INLINE Mask<float> beyond(Bits<float> a, int32_t n) {
  const __m256i larger = _mm256_max_epu32(a.v, _mm256_set1_epi32(n + 1));
  return {_mm256_castsi256_ps(_mm256_cmpeq_epi32(larger, a.v))};
}
MISH_INLINE Mask<double> beyond(Bits<double> a, int64_t low) {
  const __m256i high = _mm256_andnot_si256(_mm256_set1_epi64x(low), a.v);
  const __m256i inside = _mm256_cmpeq_epi64(high, _mm256_setzero_si256());
  return {_mm256_castsi256_pd(_mm256_xor_si256(inside, _mm256_set1_epi32(-1)))};
}

template <class T, int kRows, int kColumns, int kUsed>
struct Table;

// Rows of floats in memory. Rows i and i + 4 share registers, which are transposed in blocks of
// 4 by 4. A row of 8 is one load, and so are two row numbers: on Zen 3 that is faster than twice
// as many loads of half the size.
template <int kRows, int kColumns, int kUsed>
struct Table<float, kRows, kColumns, kUsed> {
  const float* rows;

  template <const float (&table)[kRows * kColumns]>
  static Table make() {
    return {table};
  }

  // Stored and loaded again, which takes as long as a whole lookup: so it is done for many
  // vectors ahead.
  static constexpr int kAhead = 8;
  struct alignas(32) Place {
    uint32_t offset[8];  // in bytes
  };
  MISH_INLINE Place place(Bits<float> row) const {
    constexpr int bytes = kColumns * sizeof(float);
    Place place;
    const __m256i scaled = _mm256_slli_epi32(row.v, __builtin_ctz(bytes));
    _mm256_store_si256((__m256i*)place.offset,
                       _mm256_and_si256(scaled, _mm256_set1_epi32((kRows - 1) * bytes)));
    return place;
  }

  MISH_INLINE void lookup(const Place& place, F32 (&column)[kUsed]) const {
    const float* row[8];
    for (int i = 0; i < 8; i += 2) {
      uint64_t two;
      memcpy(&two, place.offset + i, sizeof two);
      row[i] = (const float*)((const char*)rows + uint32_t(two));
      row[i + 1] = (const float*)((const char*)rows + (two >> 32));
    }
    constexpr int kWide = kUsed % 8 > 4 ? kUsed : kUsed / 8 * 8;
    for (int c = 0; c < kWide; c += 8) {
      __m256 low[4], high[4];
      for (int i = 0; i < 4; ++i) {
        const __m256 a = _mm256_load_ps(row[i] + c), b = _mm256_load_ps(row[i + 4] + c);
        low[i] = _mm256_insertf128_ps(a, _mm256_castps256_ps128(b), 1);
        high[i] = _mm256_permute2f128_ps(a, b, 0x31);
      }
      transpose(low, column, c);
      transpose(high, column, c + 4);
    }
    for (int c = kWide; c < kUsed; c += 4) {
      __m256 pair[4];
      for (int i = 0; i < 4; ++i)
        pair[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_load_ps(row[i] + c)),
                                       _mm_load_ps(row[i + 4] + c), 1);
      transpose(pair, column, c);
    }
  }

 private:
  MISH_INLINE static void transpose(const __m256 (&row)[4], F32 (&column)[kUsed], int c) {
    const __m256d lo01 = _mm256_castps_pd(_mm256_unpacklo_ps(row[0], row[1]));
    const __m256d hi01 = _mm256_castps_pd(_mm256_unpackhi_ps(row[0], row[1]));
    const __m256d lo23 = _mm256_castps_pd(_mm256_unpacklo_ps(row[2], row[3]));
    const __m256d hi23 = _mm256_castps_pd(_mm256_unpackhi_ps(row[2], row[3]));
    if (c < kUsed) column[c] = _mm256_castpd_ps(_mm256_unpacklo_pd(lo01, lo23));
    if (c + 1 < kUsed) column[c + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(lo01, lo23));
    if (c + 2 < kUsed) column[c + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(hi01, hi23));
    if (c + 3 < kUsed) column[c + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(hi01, hi23));
  }
};

// The same with doubles, transposed 2 by 2.
template <int kRows, int kColumns, int kUsed>
struct Table<double, kRows, kColumns, kUsed> {
  const double* rows;

  template <const double (&table)[kRows * kColumns]>
  static Table make() {
    return {table};
  }

  static constexpr int kAhead = 8;
  struct alignas(32) Place {
    uint64_t offset[4];  // in bytes
  };
  MISH_INLINE Place place(Bits<double> row) const {
    constexpr int bytes = kColumns * sizeof(double);
    Place place;
    const __m256i scaled = _mm256_slli_epi64(row.v, __builtin_ctz(bytes));
    _mm256_store_si256((__m256i*)place.offset,
                       _mm256_and_si256(scaled, _mm256_set1_epi64x((kRows - 1) * bytes)));
    return place;
  }

  MISH_INLINE void lookup(const Place& place, F64 (&column)[kUsed]) const {
    const double* row[4];
    for (int i = 0; i < 4; ++i) row[i] = (const double*)((const char*)rows + place.offset[i]);
    for (int c = 0; c < kUsed; c += 2) {
      const auto pair = [&](int i) {
        return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_load_pd(row[i] + c)),
                                    _mm_load_pd(row[i + 2] + c), 1);
      };
      const __m256d r02 = pair(0), r13 = pair(1);
      column[c] = _mm256_unpacklo_pd(r02, r13);
      if (c + 1 < kUsed) column[c + 1] = _mm256_unpackhi_pd(r02, r13);
    }
  }
};

}  // namespace mish::avx2

// AVX-512 (F, DQ, BW, VL): 16 floats or 8 doubles. See simd/vector.h for the contract.
#pragma once

// GCC before 13 warns of its own intrinsics, which leave the unused source of an unmasked
// operation undefined (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

namespace mish::avx512 {

template <class T>
struct Vec;

template <class T>
struct Bits {
  __m512i v;
};

MISH_INLINE void store(float* p, __m512 v) { _mm512_storeu_ps(p, v); }
MISH_INLINE void store(void* p, __m256i v) { _mm256_storeu_si256((__m256i*)p, v); }
MISH_INLINE void stream(float* p, __m512 v) { _mm512_stream_ps(p, v); }
MISH_INLINE void stream(void* p, __m256i v) { _mm256_stream_si256((__m256i*)p, v); }

template <>
struct Vec<float> {
  using Scalar = float;
  using Mask = __mmask16;
  static constexpr int kLanes = 16;
  static constexpr bool kStreams = true;
  __m512 v;

  Vec() = default;
  Vec(__m512 value) : v(value) {}
  explicit Vec(float s) : v(_mm512_set1_ps(s)) {}
  static Vec load(const float* p) { return _mm512_loadu_ps(p); }
  static Vec load(const Half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p)); }
  static Vec load(const Bfloat16* p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
  template <class Element>
  void store(Element* p) const {
    mish::avx512::store(p, packed(p));
  }
  template <class Element>
  void stream(Element* p) const {
    mish::avx512::stream(p, packed(p));
  }

 private:
  __m512 packed(const float*) const { return v; }
  __m256i packed(const Bfloat16*) const {
    const __m512i b = _mm512_castps_si512(v), one = _mm512_set1_epi32(1);
    const __mmask16 odd = _mm512_test_epi32_mask(b, _mm512_set1_epi32(1 << 16));
    const __m512i half = _mm512_add_epi32(b, _mm512_set1_epi32(0x7FFF));
    const __m512i up = _mm512_mask_add_epi32(half, odd, half, one);
    // The upper halves of all lanes, by one permute.
    const __m512i upper = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0x1F001D, 0x1B0019, 0x170015,
                                           0x130011, 0xF000D, 0xB0009, 0x70005, 0x30001);
    return _mm512_castsi512_si256(_mm512_permutexvar_epi16(upper, up));
  }
  __m256i packed(const Half*) const { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
};

template <>
struct Vec<double> {
  using Scalar = double;
  using Mask = __mmask8;
  static constexpr int kLanes = 8;
  static constexpr bool kStreams = true;
  __m512d v;

  Vec() = default;
  Vec(__m512d value) : v(value) {}
  explicit Vec(double s) : v(_mm512_set1_pd(s)) {}
  static Vec load(const double* p) { return _mm512_loadu_pd(p); }
  void store(double* p) const { _mm512_storeu_pd(p, v); }
  void stream(double* p) const { _mm512_stream_pd(p, v); }
};

using F32 = Vec<float>;
using F64 = Vec<double>;

MISH_INLINE F32 operator+(F32 a, F32 b) { return _mm512_add_ps(a.v, b.v); }
MISH_INLINE F64 operator+(F64 a, F64 b) { return _mm512_add_pd(a.v, b.v); }
MISH_INLINE F32 operator-(F32 a, F32 b) { return _mm512_sub_ps(a.v, b.v); }
MISH_INLINE F64 operator-(F64 a, F64 b) { return _mm512_sub_pd(a.v, b.v); }
MISH_INLINE F32 operator*(F32 a, F32 b) { return _mm512_mul_ps(a.v, b.v); }
MISH_INLINE F64 operator*(F64 a, F64 b) { return _mm512_mul_pd(a.v, b.v); }
MISH_INLINE F32 fma(F32 a, F32 b, F32 c) { return _mm512_fmadd_ps(a.v, b.v, c.v); }
MISH_INLINE F64 fma(F64 a, F64 b, F64 c) { return _mm512_fmadd_pd(a.v, b.v, c.v); }
MISH_INLINE F32 sqrt(F32 a) { return _mm512_sqrt_ps(a.v); }
MISH_INLINE F64 sqrt(F64 a) { return _mm512_sqrt_pd(a.v); }
MISH_INLINE F32 min(F32 a, F32 b) { return _mm512_min_ps(a.v, b.v); }
MISH_INLINE F64 min(F64 a, F64 b) { return _mm512_min_pd(a.v, b.v); }
MISH_INLINE F32 max(F32 a, F32 b) { return _mm512_max_ps(a.v, b.v); }
MISH_INLINE F64 max(F64 a, F64 b) { return _mm512_max_pd(a.v, b.v); }

MISH_INLINE __mmask16 operator<(F32 a, F32 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
MISH_INLINE __mmask8 operator<(F64 a, F64 b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ); }
MISH_INLINE __mmask16 is_nan(F32 a) { return _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q); }
MISH_INLINE __mmask8 is_nan(F64 a) { return _mm512_cmp_pd_mask(a.v, a.v, _CMP_UNORD_Q); }
MISH_INLINE unsigned lanes_of(__mmask16 m) { return m; }
MISH_INLINE unsigned lanes_of(__mmask8 m) { return m; }
MISH_INLINE bool any(__mmask16 m) { return m != 0; }
MISH_INLINE bool any(__mmask8 m) { return m != 0; }
MISH_INLINE F32 select(__mmask16 m, F32 a, F32 b) { return _mm512_mask_mov_ps(b.v, m, a.v); }
MISH_INLINE F64 select(__mmask8 m, F64 a, F64 b) { return _mm512_mask_mov_pd(b.v, m, a.v); }

MISH_INLINE Bits<float> set_bits(float, int32_t s) { return {_mm512_set1_epi32(s)}; }
MISH_INLINE Bits<double> set_bits(double, int64_t s) { return {_mm512_set1_epi64(s)}; }
MISH_INLINE Bits<float> bits(F32 a) { return {_mm512_castps_si512(a.v)}; }
MISH_INLINE Bits<double> bits(F64 a) { return {_mm512_castpd_si512(a.v)}; }
MISH_INLINE F32 as_vec(Bits<float> a) { return _mm512_castsi512_ps(a.v); }
MISH_INLINE F64 as_vec(Bits<double> a) { return _mm512_castsi512_pd(a.v); }
template <class T>
MISH_INLINE Bits<T> operator&(Bits<T> a, Bits<T> b) {
  return {_mm512_and_si512(a.v, b.v)};
}
template <class T>
MISH_INLINE Bits<T> operator|(Bits<T> a, Bits<T> b) {
  return {_mm512_or_si512(a.v, b.v)};
}
template <class T>
MISH_INLINE Bits<T> operator^(Bits<T> a, Bits<T> b) {
  return {_mm512_xor_si512(a.v, b.v)};
}
MISH_INLINE Bits<float> operator-(Bits<float> a, Bits<float> b) {
  return {_mm512_sub_epi32(a.v, b.v)};
}
MISH_INLINE Bits<double> operator-(Bits<double> a, Bits<double> b) {
  return {_mm512_sub_epi64(a.v, b.v)};
}
template <int n>
MISH_INLINE Bits<float> shl(Bits<float> a) {
  return {_mm512_slli_epi32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shl(Bits<double> a) {
  return {_mm512_slli_epi64(a.v, n)};
}
template <int n>
MISH_INLINE Bits<float> shr(Bits<float> a) {
  return {_mm512_srli_epi32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shr(Bits<double> a) {
  return {_mm512_srli_epi64(a.v, n)};
}
MISH_INLINE __mmask16 is_zero(Bits<float> a) { return _mm512_testn_epi32_mask(a.v, a.v); }
MISH_INLINE __mmask16 beyond(Bits<float> a, int32_t n) {
  return _mm512_cmp_epu32_mask(a.v, _mm512_set1_epi32(n), _MM_CMPINT_NLE);
}
MISH_INLINE __mmask8 beyond(Bits<double> a, int64_t n) {
  return _mm512_cmp_epu64_mask(a.v, _mm512_set1_epi64(n), _MM_CMPINT_NLE);
}

template <class T, int kRows, int kColumns, int kUsed>
struct Table;

// 32 rows of floats: each column lives in two registers, and one permute looks it up. The
// transposed copy is made by the compiler.
template <int kColumns, int kUsed>
struct Table<float, 32, kColumns, kUsed> {
  __m512 low[kUsed], high[kUsed];

  template <const float (&rows)[32 * kColumns]>
  static Table make() {
    struct Transposed {
      alignas(64) float v[kUsed * 32];
      constexpr Transposed() : v{} {
        for (int c = 0; c < kUsed; ++c)
          for (int r = 0; r < 32; ++r) v[32 * c + r] = rows[kColumns * r + c];
      }
    };
    static constexpr Transposed transposed;
    Table t;
    for (int c = 0; c < kUsed; ++c) {
      t.low[c] = _mm512_load_ps(transposed.v + 32 * c);
      t.high[c] = _mm512_load_ps(transposed.v + 32 * c + 16);
    }
    return t;
  }

  static constexpr int kAhead = 1;
  using Place = Bits<float>;
  MISH_INLINE Place place(Bits<float> row) const { return row; }

  // Uses the low five bits of `row`.
  MISH_INLINE void lookup(Place row, F32 (&column)[kUsed]) const {
    for (int c = 0; c < kUsed; ++c) column[c] = _mm512_permutex2var_ps(low[c], row.v, high[c]);
  }
};

// Rows of doubles in memory, four columns at a time: halves of rows i and i + 2 side by side,
// then a transposition in blocks of 2 by 2.
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

  // Uses the low bits of `row` that number the rows.
  MISH_INLINE void lookup(Place row, F64 (&column)[kUsed]) const {
    alignas(64) int64_t at[8];  // in bytes
    constexpr int bytes = kColumns * sizeof(double);
    const __m512i scaled = _mm512_and_si512(_mm512_slli_epi64(row.v, __builtin_ctz(bytes)),
                                            _mm512_set1_epi64((kRows - 1) * bytes));
    _mm256_store_si256((__m256i*)at, _mm512_castsi512_si256(scaled));
    _mm256_store_si256((__m256i*)(at + 4), _mm512_extracti64x4_epi64(scaled, 1));
    MISH_THROUGH_MEMORY(at);
    for (int c = 0; c < kUsed; c += 4) {
      const auto pair = [&](int i) {
        const __m256d a = _mm256_load_pd((const double*)((const char*)rows + at[i]) + c);
        const __m256d b = _mm256_load_pd((const double*)((const char*)rows + at[i + 2]) + c);
        return _mm512_insertf64x4(_mm512_castpd256_pd512(a), b, 1);
      };
      const __m512d r02 = pair(0), r13 = pair(1), r46 = pair(4), r57 = pair(5);
      const __m512d even03 = _mm512_unpacklo_pd(r02, r13), odd03 = _mm512_unpackhi_pd(r02, r13);
      const __m512d even47 = _mm512_unpacklo_pd(r46, r57), odd47 = _mm512_unpackhi_pd(r46, r57);
      column[c] = _mm512_shuffle_f64x2(even03, even47, 0x88);
      if (c + 1 < kUsed) column[c + 1] = _mm512_shuffle_f64x2(odd03, odd47, 0x88);
      if (c + 2 < kUsed) column[c + 2] = _mm512_shuffle_f64x2(even03, even47, 0xDD);
      if (c + 3 < kUsed) column[c + 3] = _mm512_shuffle_f64x2(odd03, odd47, 0xDD);
    }
  }
};

}  // namespace mish::avx512

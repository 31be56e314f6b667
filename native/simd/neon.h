// AArch64 NEON: 4 floats or 2 doubles. See simd/vector.h for the contract.
#pragma once

#include <arm_neon.h>

namespace mish::neon {

template <class T>
struct Vec;

template <class T>
struct Bits;
template <>
struct Bits<float> {
  uint32x4_t v;
};
template <>
struct Bits<double> {
  uint64x2_t v;
};

template <class T>
struct Mask {
  decltype(Bits<T>::v) v;
};

template <>
struct Vec<float> {
  using Scalar = float;
  static constexpr int kLanes = 4;
  static constexpr bool kStreams = false;
  float32x4_t v;

  Vec() = default;
  Vec(float32x4_t value) : v(value) {}
  explicit Vec(float s) : v(vdupq_n_f32(s)) {}
  static Vec load(const float* p) { return vld1q_f32(p); }
  static Vec load(const Half* p) { return vcvt_f32_f16(vld1_f16((const float16_t*)p)); }
  static Vec load(const Bfloat16* p) {
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16((const uint16_t*)p), 16));
  }
  void store(float* p) const { vst1q_f32(p, v); }
  void store(Bfloat16* p) const {
    const uint32x4_t b = vreinterpretq_u32_f32(v);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(b, 16), vdupq_n_u32(1));
    const uint32x4_t up = vaddq_u32(b, vaddq_u32(odd, vdupq_n_u32(0x7FFF)));
    vst1_u16((uint16_t*)p, vshrn_n_u32(up, 16));
  }
  void store(Half* p) const { vst1_f16((float16_t*)p, vcvt_f16_f32(v)); }
};

template <>
struct Vec<double> {
  using Scalar = double;
  static constexpr int kLanes = 2;
  static constexpr bool kStreams = false;
  float64x2_t v;

  Vec() = default;
  Vec(float64x2_t value) : v(value) {}
  explicit Vec(double s) : v(vdupq_n_f64(s)) {}
  static Vec load(const double* p) { return vld1q_f64(p); }
  void store(double* p) const { vst1q_f64(p, v); }
};

using F32 = Vec<float>;
using F64 = Vec<double>;

MISH_INLINE F32 operator+(F32 a, F32 b) { return vaddq_f32(a.v, b.v); }
MISH_INLINE F64 operator+(F64 a, F64 b) { return vaddq_f64(a.v, b.v); }
MISH_INLINE F32 operator-(F32 a, F32 b) { return vsubq_f32(a.v, b.v); }
MISH_INLINE F64 operator-(F64 a, F64 b) { return vsubq_f64(a.v, b.v); }
MISH_INLINE F32 operator*(F32 a, F32 b) { return vmulq_f32(a.v, b.v); }
MISH_INLINE F64 operator*(F64 a, F64 b) { return vmulq_f64(a.v, b.v); }
MISH_INLINE F32 fma(F32 a, F32 b, F32 c) { return vfmaq_f32(c.v, a.v, b.v); }
MISH_INLINE F64 fma(F64 a, F64 b, F64 c) { return vfmaq_f64(c.v, a.v, b.v); }
MISH_INLINE F32 sqrt(F32 a) { return vsqrtq_f32(a.v); }
MISH_INLINE F64 sqrt(F64 a) { return vsqrtq_f64(a.v); }

MISH_INLINE Mask<float> operator<(F32 a, F32 b) { return {vcltq_f32(a.v, b.v)}; }
MISH_INLINE Mask<double> operator<(F64 a, F64 b) { return {vcltq_f64(a.v, b.v)}; }
MISH_INLINE Mask<float> is_nan(F32 a) { return {vmvnq_u32(vceqq_f32(a.v, a.v))}; }
MISH_INLINE Mask<double> is_nan(F64 a) {
  return {veorq_u64(vceqq_f64(a.v, a.v), vdupq_n_u64(~uint64_t{0}))};
}
MISH_INLINE unsigned lanes_of(Mask<float> m) {
  constexpr uint32_t lane[4] = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32(m.v, vld1q_u32(lane)));
}
MISH_INLINE unsigned lanes_of(Mask<double> m) {
  constexpr uint64_t lane[2] = {1, 2};
  return (unsigned)vaddvq_u64(vandq_u64(m.v, vld1q_u64(lane)));
}
MISH_INLINE bool any(Mask<float> m) { return vmaxvq_u32(m.v) != 0; }
MISH_INLINE bool any(Mask<double> m) { return vmaxvq_u32(vreinterpretq_u32_u64(m.v)) != 0; }
MISH_INLINE F32 select(Mask<float> m, F32 a, F32 b) { return vbslq_f32(m.v, a.v, b.v); }
MISH_INLINE F64 select(Mask<double> m, F64 a, F64 b) { return vbslq_f64(m.v, a.v, b.v); }
// The instructions vmin and vmax would return NaN for either operand.
template <class T>
MISH_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
  return select(a < b, a, b);
}
template <class T>
MISH_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
  return select(b < a, a, b);
}

MISH_INLINE Bits<float> set_bits(float, int32_t s) { return {vdupq_n_u32(uint32_t(s))}; }
MISH_INLINE Bits<double> set_bits(double, int64_t s) { return {vdupq_n_u64(uint64_t(s))}; }
MISH_INLINE Bits<float> bits(F32 a) { return {vreinterpretq_u32_f32(a.v)}; }
MISH_INLINE Bits<double> bits(F64 a) { return {vreinterpretq_u64_f64(a.v)}; }
MISH_INLINE F32 as_vec(Bits<float> a) { return vreinterpretq_f32_u32(a.v); }
MISH_INLINE F64 as_vec(Bits<double> a) { return vreinterpretq_f64_u64(a.v); }
MISH_INLINE Bits<float> operator&(Bits<float> a, Bits<float> b) { return {vandq_u32(a.v, b.v)}; }
MISH_INLINE Bits<double> operator&(Bits<double> a, Bits<double> b) { return {vandq_u64(a.v, b.v)}; }
MISH_INLINE Bits<float> operator|(Bits<float> a, Bits<float> b) { return {vorrq_u32(a.v, b.v)}; }
MISH_INLINE Bits<double> operator|(Bits<double> a, Bits<double> b) { return {vorrq_u64(a.v, b.v)}; }
MISH_INLINE Bits<float> operator^(Bits<float> a, Bits<float> b) { return {veorq_u32(a.v, b.v)}; }
MISH_INLINE Bits<double> operator^(Bits<double> a, Bits<double> b) { return {veorq_u64(a.v, b.v)}; }
MISH_INLINE Bits<float> operator-(Bits<float> a, Bits<float> b) { return {vsubq_u32(a.v, b.v)}; }
MISH_INLINE Bits<double> operator-(Bits<double> a, Bits<double> b) { return {vsubq_u64(a.v, b.v)}; }
template <int n>
MISH_INLINE Bits<float> shl(Bits<float> a) {
  return {vshlq_n_u32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shl(Bits<double> a) {
  return {vshlq_n_u64(a.v, n)};
}
template <int n>
MISH_INLINE Bits<float> shr(Bits<float> a) {
  return {vshrq_n_u32(a.v, n)};
}
template <int n>
MISH_INLINE Bits<double> shr(Bits<double> a) {
  return {vshrq_n_u64(a.v, n)};
}
MISH_INLINE Mask<float> is_zero(Bits<float> a) { return {vceqzq_u32(a.v)}; }
MISH_INLINE Mask<float> beyond(Bits<float> a, int32_t low) {
  return {vcgtq_u32(a.v, vdupq_n_u32(uint32_t(low)))};
}
MISH_INLINE Mask<double> beyond(Bits<double> a, int64_t low) {
  return {vcgtq_u64(a.v, vdupq_n_u64(uint64_t(low)))};
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
    uint32_t r[4];
    vst1q_u32(r, vandq_u32(row.v, vdupq_n_u32(kRows - 1)));
    for (int c = 0; c < kUsed; c += 4) {
      float32x4_t block[4];
      for (int i = 0; i < 4; ++i) block[i] = vld1q_f32(rows + kColumns * r[i] + c);
      const float64x2_t even01 = vreinterpretq_f64_f32(vtrn1q_f32(block[0], block[1]));
      const float64x2_t odd01 = vreinterpretq_f64_f32(vtrn2q_f32(block[0], block[1]));
      const float64x2_t even23 = vreinterpretq_f64_f32(vtrn1q_f32(block[2], block[3]));
      const float64x2_t odd23 = vreinterpretq_f64_f32(vtrn2q_f32(block[2], block[3]));
      column[c] = vreinterpretq_f32_f64(vzip1q_f64(even01, even23));
      if (c + 1 < kUsed) column[c + 1] = vreinterpretq_f32_f64(vzip1q_f64(odd01, odd23));
      if (c + 2 < kUsed) column[c + 2] = vreinterpretq_f32_f64(vzip2q_f64(even01, even23));
      if (c + 3 < kUsed) column[c + 3] = vreinterpretq_f32_f64(vzip2q_f64(odd01, odd23));
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
    uint64_t r[2];
    vst1q_u64(r, vandq_u64(row.v, vdupq_n_u64(kRows - 1)));
    for (int c = 0; c < kUsed; c += 2) {
      const float64x2_t r0 = vld1q_f64(rows + kColumns * r[0] + c);
      const float64x2_t r1 = vld1q_f64(rows + kColumns * r[1] + c);
      column[c] = vzip1q_f64(r0, r1);
      if (c + 1 < kUsed) column[c + 1] = vzip2q_f64(r0, r1);
    }
  }
};

}  // namespace mish::neon

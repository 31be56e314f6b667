// binary16 to and from binary32 in integer arithmetic, for processors without an instruction.
#pragma once

#include <stdint.h>
#include <string.h>

namespace mish {

inline float half_to_float(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000) << 16;
  const uint32_t magnitude = uint32_t(half & 0x7FFF) << 13;
  uint32_t bits;
  if (magnitude >= 0x0F800000) {  // infinity, NaN (made quiet)
    bits = magnitude | 0x7F800000 | (magnitude > 0x0F800000 ? 0x00400000 : 0);
  } else {
    // 2^112 mends the bias, and normalises subnormals on the way.
    float value;
    memcpy(&value, &magnitude, 4);
    value *= 0x1p112f;
    memcpy(&bits, &value, 4);
  }
  bits |= sign;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

// To nearest even, with subnormals and overflow to infinity.
inline uint16_t float_to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  const uint16_t sign = uint16_t((bits >> 16) & 0x8000);
  bits &= 0x7FFFFFFF;
  if (bits > 0x7F800000) return uint16_t(sign | 0x7E00 | ((bits >> 13) & 0x3FF));
  if (bits >= 0x477FF000) return uint16_t(sign | 0x7C00);  // 65520 and above
  if (bits < 0x38800000) {                                 // below 2^-14: subnormal
    // Adding 1/2 aligns the last bit of the result with the last bit of the sum.
    float magnitude;
    memcpy(&magnitude, &bits, 4);
    magnitude += 0.5f;
    memcpy(&bits, &magnitude, 4);
    return uint16_t(sign | (bits - 0x3F000000));
  }
  const uint32_t odd = (bits >> 13) & 1;
  return uint16_t(sign | ((bits - 0x38000000 + 0xFFF + odd) >> 13));
}

}  // namespace mish

// a·b + c of float64, rounded once, in integer arithmetic: for processors without an instruction.
// The C library's fma is not the same everywhere (that of MinGW-w64 is wrong where a part of the
// result overflows or underflows), and the results of kernels are.
#pragma once

#include <stdint.h>
#include <string.h>

namespace mish {

// significand·2^exponent, the magnitude of a finite number. The significand of one that is not
// zero lies in [2^52, 2^53), where it is subnormal as well.
struct Magnitude {
  explicit Magnitude(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
    const int biased = int(bits >> 52 & 0x7FF);
    const int up = biased || !fraction ? 0 : __builtin_clzll(fraction) - 11;
    significand = biased ? fraction | uint64_t{1} << 52 : fraction << up;
    exponent = (biased ? biased : 1) - 1075 - up;
  }

  uint64_t significand;
  int exponent;
};

// x·2^-distance, where a number that is no integer becomes the odd one of its two neighbours
// (S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums", 2008): rounding the
// result to fewer bits, by two at least, is as good as rounding the number itself.
template <class Unsigned>
static inline Unsigned shift_to_odd(Unsigned x, int distance) {
  if (distance >= int(8 * sizeof x)) return x != 0;
  const Unsigned shifted = x >> distance;
  return shifted | Unsigned((shifted << distance) != x);
}

// The bits of significand·2^exponent, to nearest even; the first bit of the significand is 2^63.
static inline uint64_t round_to_float64(uint64_t significand, int exponent) {
  // What the last of 53 bits stands for, or, of a subnormal number, the last that there is.
  const int last = exponent + 11 < -1074 ? -1074 : exponent + 11;
  if (last > 971) return uint64_t{0x7FF} << 52;
  const uint64_t fine = shift_to_odd(significand, last - 2 - exponent);
  const uint64_t up = (fine & 3) + (fine >> 2 & 1) > 2;
  // The bit 2^52 of a normal number counts for one in the exponent, and so does a carry, up to
  // infinity.
  return (uint64_t(last + 1074) << 52) + (fine >> 2) + up;
}

static inline double software_fma(double a, double b, double c) {
  const auto is_finite = [](double x) { return x - x == 0; };
  if (!(is_finite(a) && is_finite(b)) || a == 0 || b == 0)
    return a * b + c;  // one rounding at most
  if (c == 0) return a * b;
  if (!is_finite(c)) return c + c;

  // The product and c as integers at one exponent, below 2^126. Where one loses bits on the right,
  // the other is above 2^124 and it below 2^105: the sum has over 70 bits more than its rounding
  // keeps, and needs to know of the lost ones only whether they are zero.
  using Wide = unsigned __int128;
  const Magnitude p = Magnitude(a), q = Magnitude(b), r = Magnitude(c);
  Wide product = Wide(p.significand) * q.significand, addend = r.significand;
  int exponent = p.exponent + q.exponent;
  const int apart = r.exponent - exponent;
  if (apart >= 0) {
    const int shift = apart < 73 ? apart : 73;
    addend <<= shift;
    exponent += apart - shift;
    product = shift_to_odd(product, apart - shift);
  } else {
    const int shift = -apart < 20 ? -apart : 20;
    product <<= shift;
    exponent -= shift;
    addend = shift_to_odd(addend, -apart - shift);
  }

  const bool product_minus = __builtin_signbit(a) != __builtin_signbit(b);
  const bool addend_minus = __builtin_signbit(c);
  const bool product_leads = product > addend;
  Wide sum = product + addend;
  if (product_minus != addend_minus) sum = product_leads ? product - addend : addend - product;
  if (sum == 0) return 0;
  const uint64_t high = uint64_t(sum >> 64);
  const int zeros = high ? __builtin_clzll(high) : 64 + __builtin_clzll(uint64_t(sum));
  const uint64_t significand = uint64_t(shift_to_odd(Wide(sum << zeros), 64));
  const bool minus = product_leads ? product_minus : addend_minus;
  const uint64_t bits = round_to_float64(significand, exponent + 64 - zeros) | uint64_t(minus)
                                                                                   << 63;
  double result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

}  // namespace mish

// The slope of Mish, and its input, from its output over a vector: the mathematics, written once.
//
// Mish falls to its least value Y at X0 = −1.1924… and rises from there, so an output and the side
// of X0 on which the input lies tell all; the side counts where y < 0. Both sides are one analytic
// function of s = ±√(y − Y), and native/coefficients/generate_inverse.py makes the tables of it:
// s is cut into rows, but for the left end, where y → −0 and octaves of −y are the rows.
//
// y − Y is computed with Y in two parts and is exact next to it. There the error is what the
// rounding of y has left of s; elsewhere it is a few units of 2^-24 (float) or 2^-53 of the largest
// slope, or of x. Beyond the last octave of −y, some 2^-35 or 2^-67, the slope is right to 4 %, or
// 2 %, of itself, and x stays where it is, near −28 or −50.
#pragma once

#include "evaluate.h"
#include "inverse_tables.h"

namespace mish::MISH_ISA {

template <class T>
struct Inverted;

template <>
struct Inverted<float> {
  static constexpr float kRightOf = inverse_tables::f32::kRightOf;
  static constexpr float kLeast = inverse_tables::f32::kLeast;
  static constexpr float kLeastLow = inverse_tables::f32::kLeastLow;
  static constexpr float kFloor = inverse_tables::f32::kFloor;
  static constexpr float kSteps = inverse_tables::f32::kSteps;
  static constexpr float kMost = inverse_tables::f32::kMost;
  static constexpr int kHalvings = inverse_tables::f32::kHalvings;
  using Slope = inverse_tables::f32::Slope;
  using Inverse = inverse_tables::f32::Inverse;
};

template <>
struct Inverted<double> {
  static constexpr double kRightOf = inverse_tables::f64::kRightOf;
  static constexpr double kLeast = inverse_tables::f64::kLeast;
  static constexpr double kLeastLow = inverse_tables::f64::kLeastLow;
  static constexpr double kFloor = inverse_tables::f64::kFloor;
  static constexpr double kSteps = inverse_tables::f64::kSteps;
  static constexpr double kMost = inverse_tables::f64::kMost;
  static constexpr int kHalvings = inverse_tables::f64::kHalvings;
  using Slope = inverse_tables::f64::Slope;
  using Inverse = inverse_tables::f64::Inverse;
};

// The representation that is this integer in every lane.
template <class T>
MISH_INLINE Bits<T> integer(int64_t n) {
  return set_bits(T(), std::conditional_t<sizeof(T) == 4, int32_t, int64_t>(n));
}

// What is asked of an output.
enum class Wanted { kSlope, kInput };

template <class T, Wanted wanted>
class FromOutput {
  using F = Format<T>;
  using I = Inverted<T>;
  static constexpr bool kIsSlope = wanted == Wanted::kSlope;
  using Shape = std::conditional_t<kIsSlope, typename I::Slope, typename I::Inverse>;
  using Rows = Table<T, Shape::kRows, Shape::kColumns, Shape::kUsed>;
  using LeftRows = Table<T, Shape::kRows, Shape::kColumns, Shape::kLeftUsed>;

 public:
  using V = Vec<T>;
  static constexpr int kAhead = Rows::kAhead;

  // Where the constants of an output are found, and its place between the rows.
  struct Place {
    typename Rows::Place row;
    V s, d;
  };

  // `left` is the sign bit where the input lies on the left, else 0.
  MISH_INLINE Place place(V y, Bits<T> left) const {
    // Each time the second is NaN where y is.
    const V z = max(V(I::kFloor), (y - V(I::kLeast)) - V(I::kLeastLow));
    const V s = as_vec(bits(min(V(I::kMost), sqrt(z))) | left);
    const V shifted = fma(s, V(I::kSteps), V(kShift));
    return {rows_.place(bits(shifted)), s, fma(s, V(I::kSteps), V(kShift) - shifted)};
  }

  MISH_INLINE V at(V y, const Place& place) const {
    V column[Shape::kUsed];
    rows_.lookup(place.row, column);
    V found;
    if constexpr (kIsSlope) {
      found = column[0] + fma(place.d, horner<2, Shape::kUsed - 1>(column, place.d), column[1]);
    } else {
      found = y + horner<0, Shape::kUsed - 1>(column, place.d);
    }
    const auto far = V(Shape::kLeftBegin) < select(place.s < V(0), y, V(-1));
    if (__builtin_expect(any(far), false)) found = select(far, left_end(y), found);
    return found;
  }

 private:
  static constexpr T kShift = F::kInteger;
  static constexpr int kKept = F::kFraction - I::kHalvings;  // bits of a significand, in a row

  MISH_INLINE V left_end(V y) const {
    const V v = max(V(Shape::kLeftEnd), V(0) - y);
    const Bits<T> fraction = bits(v) & integer<T>((int64_t{1} << kKept) - 1);
    const V d = as_vec(fraction | bits(V(1))) - V(T(1) + T(0.5) / (1 << I::kHalvings));
    V column[Shape::kLeftUsed];
    left_rows_.lookup(left_rows_.place(shr<kKept>(bits(v))), column);
    const V found = horner<0, Shape::kLeftUsed - 1>(column, d);
    return kIsSlope ? y * found : found;
  }

  const Rows rows_ = Rows::template make<Shape::kCore>();
  const LeftRows left_rows_ = LeftRows::template make<Shape::kLeft>();
};

// Marked outputs: where y < 0 the last bit of the format is 0 on the left and 1 on the right. One
// of the two neighbours of the exact value has that bit. −0 comes from underflow on the left; the
// output of −0 is 0.

// What brings the numbers between −2^-14 and 0 to one exponent, where those of binary16 have one.
template <class Element, class V>
MISH_INLINE V one_exponent(V y, V& step) {
  if constexpr (std::is_same_v<Element, Half>) {
    step = select(V(-0x1p-14f) < y, V(-0x1p-14f), V(0));
    return y + step;
  }
  step = V(0);
  return y;
}

// The sign bit where a marked output comes from the left.
template <int spare, class Element, class V, class T = typename V::Scalar>
MISH_INLINE Bits<T> left_of_marked(V y) {
  V step;
  const Bits<T> b = bits(one_exponent<Element>(y, step));
  constexpr int top = sizeof(T) * 8 - 1;
  return bits(y) & (shl<top - spare>(b) ^ bits(V(T(-0.0)))) & bits(V(T(-0.0)));
}

// The marked output, from an approximation y of the exact one and in which direction that lies.
template <int spare, class Element, class V>
MISH_INLINE V marked(V x, V y, V rest) {
  using T = typename V::Scalar;
  const Bits<T> unit = integer<T>(int64_t{1} << spare), none = bits(V(0));
  const Bits<T> right = bits(select(x < V(Inverted<T>::kRightOf), V(0), as_vec(unit)));
  V step, found;
  if constexpr (spare == 0) {
    step = V(0);
    const Bits<T> wrong = (bits(y) ^ right) & unit;
    const V outwards = as_vec(bits(rest) ^ (bits(y) & bits(V(T(-0.0)))));
    found = as_vec(bits(y) - wrong);
    found = select(outwards < V(0), found, as_vec(bits(y) - (none - wrong)));
  } else {  // the lower neighbour in magnitude, or the other
    const Bits<T> wide = bits(one_exponent<Element>(y, step));
    const Bits<T> lower = wide ^ (wide & (unit - integer<T>(1)));
    found = as_vec(lower - (none - ((lower ^ right) & unit)));
    found = as_vec(bits(found - step) | bits(V(T(-0.0))));
  }
  return select(x < V(0), found, y + V(0));
}

}  // namespace mish::MISH_ISA

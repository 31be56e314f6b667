// Mish and its derivatives over a vector, below 1 ulp in float and within 1 in double where
// sampled: the mathematics, written once.
//
// Core range: a table of accurate values with a short polynomial (native/coefficients tells
// how it is made). With d = x − c,
//
//     f(x) = f0 + p1·d + d²·Q(d),
//
// where only f0 + p1·d needs more than working precision: u = RN(f0 + p1·d) leaves the exact
// rest l = (f0 − u) + p1·d, one fma, because f0 − u is exact (u and f0 are close, or f0 is 0,
// as it is in the rows around a zero of f). The sum l + d²·Q(d) is small beside u, so its own
// rounding hardly counts, and one last rounding remains.
//
// Order 0 takes f = T = mish(x)/x, which has no zero, and the last rounding is that of
// x·u + x·(l + d²·Q(d)). A derivative has zeros; there low parts of f0 and p1 keep the relative
// error bounded.
//
// Tails: series in e = exp(x) on the left and w = exp(−x) on the right; see `left_tail` and
// `right_tail`. native/loops.h brings the numbers together that need them.
//
// Types: float, double. Maximum error: docs/accuracy.md, by order. NaN stays NaN and becomes quiet.
#pragma once

#include <type_traits>

#include "simd/vector.h"
#include "tables.h"

namespace mish::MISH_ISA {

template <class T>
struct Format;

template <>
struct Format<float> {
  static constexpr int kFraction = 23;  // bits
  static constexpr int32_t kIntegerBits = 0x4B400000;
  static constexpr float kInteger = 0x1.8p23f;  // x + kInteger rounds x to an integer
  static constexpr float kBias = 127;
  // Beyond these the tails have underflowed: |x|·e^x < 2^-151, 16·x·e^(-2x) < 2^-151.
  static constexpr float kLeftClamp = -120, kRightClamp = 60;
  // Of so many orders the limit is reached on the right of the core range: 2·exp(-2x) < 2^-25 there
  // for T, 4·x·exp(-2x) < 2^-24 for mish'.
  static constexpr int kSaturated = 2;

  static constexpr int kTailTerms = tables::f32::kTailTerms;
  static constexpr int kExpTerms = tables::f32::kExpTerms;
  static constexpr float kLog2E = tables::f32::kLog2E;
  static constexpr float kLn2Hi = tables::f32::kLn2Hi;
  static constexpr float kLn2Lo = tables::f32::kLn2Lo;
  static constexpr const float (&kExp)[kExpTerms] = tables::f32::kExp;
  template <int order>
  using Core = tables::f32::Core<order>;
  template <int order>
  using Tail = tables::f32::Tail<order>;
};

template <>
struct Format<double> {
  static constexpr int kFraction = 52;
  static constexpr int64_t kIntegerBits = 0x4338000000000000;
  static constexpr double kInteger = 0x1.8p52;
  static constexpr double kBias = 1023;
  static constexpr double kLeftClamp = -800, kRightClamp = 400;  // as above, below 2^-1076
  static constexpr int kSaturated = 1;                           // 2·exp(-2x) < 2^-54

  static constexpr int kTailTerms = tables::f64::kTailTerms;
  static constexpr int kExpTerms = tables::f64::kExpTerms;
  static constexpr double kLog2E = tables::f64::kLog2E;
  static constexpr double kLn2Hi = tables::f64::kLn2Hi;
  static constexpr double kLn2Lo = tables::f64::kLn2Lo;
  static constexpr const double (&kExp)[kExpTerms] = tables::f64::kExp;
  template <int order>
  using Core = tables::f64::Core<order>;
  template <int order>
  using Tail = tables::f64::Tail<order>;
};

template <int first, int last, class V>
MISH_INLINE V horner(const V* coefficients, V x) {
  V sum = coefficients[last];
  for (int i = last - 1; i >= first; --i) sum = fma(sum, x, coefficients[i]);
  return sum;
}

template <class V, int n>
MISH_INLINE V horner(const typename V::Scalar (&coefficients)[n], V x) {
  V sum(coefficients[n - 1]);
  for (int i = n - 2; i >= 0; --i) sum = fma(sum, x, V(coefficients[i]));
  return sum;
}

// exp(t) = (head + tail)·2^k with |tail| < 0.08, relative error below 2^-27 (float) or 2^-56.
template <class V>
struct Exp {
  V head, tail, k;
};

// t ≥ 2·kLeftClamp, |t| ≥ 1/2. Then t − k·ln2_hi is exact: a multiple of ulp(ln2_hi) below 1/2.
template <class V>
MISH_INLINE Exp<V> exp_parts(V t) {
  using F = Format<typename V::Scalar>;
  const V k = fma(t, V(F::kLog2E), V(F::kInteger)) - V(F::kInteger);
  const V minus_k = V(0) - k;
  const V r_hi = fma(minus_k, V(F::kLn2Hi), t);
  const V r = fma(minus_k, V(F::kLn2Lo), r_hi);
  const V head = V(1) + r_hi;
  const V head_error = (V(1) - head) + r_hi;
  const V tail = fma(r * r, horner(F::kExp, r), fma(minus_k, V(F::kLn2Lo), head_error));
  return {head, tail, k};
}

// y ↦ y·2^k with one rounding, for normal y near 1 and k from the tails: the first of two steps is
// exact because half of k leaves y normal.
template <class V>
struct Scale {
  V first, second;

  MISH_INLINE explicit Scale(V k) {
    using F = Format<typename V::Scalar>;
    const auto power = [](V j) {  // the sum's low bits hold j + bias: the exponent field
      return as_vec(shl<F::kFraction>(bits(j + V(F::kInteger + F::kBias))));
    };
    const V half = fma(k, V(0.5), V(F::kInteger)) - V(F::kInteger);
    first = power(half);
    second = power(k - half);
  }

  MISH_INLINE V operator()(V y) const { return y * first * second; }
};

// a·b + c before its last rounding.
template <class V>
struct Sum {
  V a, b, c;

  MISH_INLINE V rounded() const { return fma(a, b, c); }
  // What the rounding left over.
  MISH_INLINE V rest() const { return fma(a, b, V(0) - rounded()) + c; }
};

// X·exp(t)·(1 + rest / X) before the scaling by 2^k, where `rest` is small beside X.
template <class V>
MISH_INLINE Sum<V> leading_times(V X, const Exp<V>& e, V rest) {
  return {X, e.head, fma(X, e.tail, (e.head + e.tail) * rest)};
}

// x·A(u) + B(u), A and B without constant terms. B is 0 for order 0.
template <int order, class V, int n>
MISH_INLINE V tail_rest(const typename V::Scalar (&a)[n], const typename V::Scalar (&b)[n], V x,
                        V u) {
  if constexpr (order == 0) return u * (x * horner(a, u));
  return u * fma(x, horner(a, u), horner(b, u));
}

template <class V>
struct Scaled {
  Sum<V> sum;
  Scale<V> scale;

  MISH_INLINE V rounded() const { return scale(sum.rounded()); }
};

// e·[(x + order) + x·A(e) + B(e)], e = exp(x); x + order is exact for x below the core range.
template <int order, class V>
MISH_INLINE Scaled<V> left_tail(V x) {
  using F = Format<typename V::Scalar>;
  using Tail = typename F::template Tail<order>;
  x = max(x, V(F::kLeftClamp));
  const Exp<V> e = exp_parts(x);
  const Scale<V> scale(e.k);
  const V rest = tail_rest<order>(Tail::kLeftA, Tail::kLeftB, x, scale(e.head + e.tail));
  return {leading_times(x + V(order), e, rest), scale};
}

// The limit (x, 1, then 0) + w²·[−2·(−2)^order·(x − order/2) + x·A(w) + B(w)], w = exp(−x).
template <int order, class V>
MISH_INLINE V right_tail(V x) {
  using F = Format<typename V::Scalar>;
  using Tail = typename F::template Tail<order>;
  if constexpr (order < F::kSaturated) {
    return order == 0 ? x : V(1);
  } else {
    const V c = min(x, V(F::kRightClamp));
    const Exp<V> w2 = exp_parts(V(-2) * c);
    const Scale<V> scale(w2.k);
    const V w = sqrt(scale(w2.head + w2.tail));
    const V rest = tail_rest<order>(Tail::kRightA, Tail::kRightB, c, w);
    constexpr int factor = (order % 2 ? 1 : -1) * (2 << order);
    const V y = scale(leading_times(V(factor) * (c - V(order * 0.5)), w2, rest).rounded());
    if constexpr (order == 1) return V(1) + y;
    return y;
  }
}

// Where the lanes of a vector lie: all inside the core range, all outside, or anywhere, but inside
// more likely than not.
enum class Lanes { kInside, kOutside, kLikelyInside };

template <class T, int order>
class Kernel {
  using F = Format<T>;
  using Shape = typename F::template Core<order>;
  static constexpr int kUsed = Shape::kUsed;
  using Rows = Table<T, Shape::kRows, Shape::kColumns, kUsed>;

 public:
  using V = Vec<T>;
  // Vectors of 16 lanes are computed in less time than it takes to put their strays aside.
  static constexpr bool kPutsAside = V::kLanes < 16;
  static constexpr unsigned kAllLanes = (1u << V::kLanes) - 1;

  // Where the constants for x are found, and for how many vectors to ask ahead of their use.
  using Place = typename Rows::Place;
  static constexpr int kAhead = Rows::kAhead;
  MISH_INLINE Place place(V x) const { return table_.place(row(x)); }

  // The lanes that the table does not serve.
  MISH_INLINE static auto outside(V x) { return beyond(index(row(x)), Shape::kRows - 1); }

  // The same, from the place where that is the row: computed once, it takes no second multiply-add.
  MISH_INLINE static auto outside(V x, const Place& place) {
    if constexpr (std::is_same_v<Place, Bits<T>>) {
      return beyond(index(place), Shape::kRows - 1);
    } else {
      return outside(x);
    }
  }

  MISH_INLINE static bool all_outside(V x) { return lanes_of(outside(x)) == kAllLanes; }

  // For many vectors: what `place` is for each, and whether all lanes of all lie inside.
  template <size_t vectors, class Element>
  MISH_INLINE bool places(const Element* x, Place (&place)[vectors]) const {
    Bits<T> all = bits(V(0));
    for (size_t j = 0; j < vectors; ++j) {
      const Bits<T> r = row(V::load(x + j * V::kLanes));
      place[j] = table_.place(r);
      all = all | index(r);  // the number of rows is a power of two
    }
    return !any(beyond(all, Shape::kRows - 1));
  }

  // x ↦ mish^(order)(x), for a vector of which it is known where its lanes lie. `place` is not used
  // where all are outside.
  template <Lanes lanes>
  MISH_INLINE V at(V x, const Place& place) const {
    if constexpr (lanes == Lanes::kOutside) return tails(x, kAllLanes);
    V y = core(x, place).rounded();
    if constexpr (order == 0) {
      // T is positive, so the sign is that of x; the sum alone loses it at −0.
      y = as_vec(bits(y) | (bits(x) & bits(V(T(-0.0)))));
    }
    if constexpr (lanes != Lanes::kInside) {
      const auto far = outside(x, place);
      if (__builtin_expect(any(far), false)) y = select(far, tails(x, lanes_of(far)), y);
    }
    return y;
  }

  // The same with what the rounding left over, in whatever units: its sign and zero count.
  template <Lanes lanes>
  MISH_INLINE V at(V x, const Place& place, V& rest) const {
    V y(0);
    if constexpr (lanes != Lanes::kOutside) {
      const Sum<V> sum = core(x, place);
      y = sum.rounded();
      rest = sum.rest();
    }
    if constexpr (lanes != Lanes::kInside) {
      const auto far = outside(x);
      if (lanes == Lanes::kOutside || any(far)) {
        const Scaled<V> left = left_tail<order>(x);
        y = select(far, select(x < V(0), left.rounded(), right_tail<order>(x)), y);
        rest = select(far, left.sum.rest(), rest);
      }
    }
    return y;
  }

  // The same for a result that is to be rounded once more, to a format whose halfway points have
  // the last `spare` bits zero. A result that looks like one of them takes one step towards the
  // exact value, so that the second rounding goes the right way.
  template <Lanes lanes, int spare>
  MISH_INLINE V before_rounding(V x, const Place& place) const {
    V y = at<lanes>(x, place);
    const auto halfway = is_zero(bits(y) & set_bits(T(), (1 << spare) - 1));
    if (__builtin_expect(any(halfway), false)) {
      // On the right of the core range nothing is so close to a halfway point that it matters.
      if constexpr (lanes != Lanes::kInside)
        if ((lanes_of(halfway) & ~lanes_on_the_right(x)) == 0) return y;
      const V rest = rest_at<lanes>(x, place);
      // Positive where the exact magnitude is larger.
      const V outwards = as_vec(bits(rest) ^ (bits(y) & bits(V(T(-0.0)))));
      const V larger = as_vec(bits(y) - set_bits(T(), -1));
      const V smaller = as_vec(bits(y) - set_bits(T(), 1));
      const V stepped = select(V(0) < outwards, larger, select(outwards < V(0), smaller, y));
      const auto zero = is_zero(shl<1>(bits(y)));
      y = select(zero, y, select(halfway, stepped, y));
    }
    return y;
  }

 private:
  // The low bits hold the number of the row, rounded from x. Far on the left some tables have wider
  // rows, numbered by another line: the larger number is that of the row.
  MISH_INLINE static Bits<T> row(V x) {
    const V number = fma(x, V(Shape::kStepsPerUnit), V(F::kInteger));
    if constexpr (Shape::kLeftStepsPerUnit == 0) {
      return bits(number);
    } else {
      const V wider = fma(x, V(Shape::kLeftStepsPerUnit), V(F::kInteger + Shape::kLeftShift));
      return bits(max(number, wider));
    }
  }

  // The same counted from the first row.
  MISH_INLINE static Bits<T> index(Bits<T> row) {
    return row - set_bits(T(), F::kIntegerBits + Shape::kFirstRow);
  }

  MISH_INLINE Sum<V> core(V x, const Place& place) const {
    V column[kUsed];
    table_.lookup(place, column);
    const V d = x - column[0];
    if constexpr (order == 0) {
      const V f0 = column[1], p1 = column[2], q = horner<3, kUsed - 1>(column, d);
      const V u = fma(p1, d, f0);
      const V rest = fma(d * d, q, fma(p1, d, f0 - u));
      return {x, u, x * rest};
    } else {
      const V f0 = column[1], f0_low = column[2], p1 = column[3], p1_low = column[4];
      const V q = horner<5, kUsed - 1>(column, d);
      if constexpr (order < 3) {
        const V u = fma(p1, d, f0);
        const V rest = fma(d, fma(d, q, p1_low), fma(p1, d, f0 - u) + f0_low);
        return {V(1), u, rest};
      } else {
        // The terms grow so fast here that p1 + d·Q needs more than working precision too, and
        // a zero at −0.0879 lies so near 0 that x − c is not exact.
        const V minus_c = V(0) - column[0], x_part = d - x;
        const V d_low = (x - (d - x_part)) + (minus_c - x_part);
        const V w = fma(d, q, p1);
        const V w_low = fma(d, q, p1 - w) + p1_low;
        const V u = fma(d, w, f0);
        const V low = fma(p1, d_low, f0_low);
        const V rest = fma(d, w_low, fma(d, w, f0 - u) + low);
        return {V(1), u, rest};
      }
    }
  }

  // For the lanes of a set, all of them outside. Only the tails in which they lie are computed.
  MISH_INLINE static V tails(V x, unsigned far) {
    const auto negative = x < V(0);
    const unsigned left = lanes_of(negative) & far;
    if (left == far) return left_tail<order>(x).rounded();
    const V y = select(is_nan(x), x + x, right_tail<order>(x));
    return left == 0 ? y : select(negative, left_tail<order>(x).rounded(), y);
  }

  // A NaN counts as well.
  MISH_INLINE static unsigned lanes_on_the_right(V x) {
    return lanes_of(outside(x)) & ~lanes_of(x < V(0));
  }

  // What the rounding of at(x) left over; 0 on the right of the core range.
  template <Lanes lanes>
  MISH_INLINE V rest_at(V x, const Place& place) const {
    if constexpr (lanes == Lanes::kInside) return core(x, place).rest();
    const auto left = x < V(0);
    V rest(0);
    if (any(left)) rest = select(left, left_tail<order>(x).sum.rest(), rest);
    if constexpr (lanes == Lanes::kOutside) return rest;
    return select(outside(x), rest, core(x, place).rest());
  }

  const Rows table_ = Rows::template make<Shape::kTable>();
};

}  // namespace mish::MISH_ISA

// Mish and its first three derivatives in double-double arithmetic: about 100 bits, to judge the
// float64 kernels by. It shares no formula with them: here everything comes from the derivatives
// of d = e² + 2e + 2, e = exp(x).
#pragma once

#include <math.h>

namespace mish::exact {

// The unevaluated sum of two doubles, |low| at most half an ulp of high.
struct Pair {
  double high, low;
};

inline Pair quick_two_sum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

inline Pair two_sum(double a, double b) {
  const double sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

inline Pair operator+(Pair a, Pair b) {
  const Pair high = two_sum(a.high, b.high), low = two_sum(a.low, b.low);
  const Pair sum = quick_two_sum(high.high, high.low + low.high);
  return quick_two_sum(sum.high, sum.low + low.low);
}

inline Pair operator*(Pair a, Pair b) {
  const double product = a.high * b.high;
  const double low = fma(a.high, b.high, -product) + (a.high * b.low + a.low * b.high);
  return quick_two_sum(product, low);
}

inline Pair operator*(double a, Pair b) { return Pair{a, 0} * b; }
inline Pair operator-(Pair a) { return {-a.high, -a.low}; }

inline Pair operator/(Pair a, Pair b) {
  const double q1 = a.high / b.high;
  const Pair r1 = a + -(q1 * b);
  const double q2 = r1.high / b.high;
  const Pair r2 = r1 + -(q2 * b);
  return quick_two_sum(q1, q2) + Pair{r2.high / b.high, 0};
}

// exp(x) = value·2^k for |x| < 2^12: the argument less k·ln 2, divided by 2^8, a Taylor polynomial
// whose first neglected term is below 2^-115, and eight squarings, done on exp − 1, which keeps
// what squaring would lose.
inline Pair exp_scaled(double x, int& k) {
  constexpr double ln2_high = 0x1.62e42fefa38p-1;  // 42 bits, so that k·ln2_high is exact
  constexpr Pair ln2_low = {0x1.ef35793c7673p-45, 0x1.f97b57a079a19p-103};
  k = int(rint(x / (ln2_high + ln2_low.high)));
  const Pair r = 0x1p-8 * (two_sum(x, -k * ln2_high) + -(double(k) * ln2_low));
  Pair sum = {0, 0};
  for (int n = 11; n >= 1; --n) sum = (r * (Pair{1, 0} + sum)) / Pair{double(n), 0};
  for (int i = 0; i < 8; ++i) sum = 2.0 * sum + sum * sum;
  return Pair{1, 0} + sum;
}

// A number that may be too small for a Pair: value·2^exponent.
struct Scaled {
  Pair value;
  int exponent;
};

// The derivatives of order 0 to 3 at a finite x.
inline void derivatives(double x, Scaled (&values)[4]) {
  if (x < -300) {  // further terms are smaller by a factor of exp(x)
    int k;
    const Pair e = exp_scaled(fmax(x, -4000), k);
    for (int order = 0; order < 4; ++order) values[order] = {two_sum(x, order) * e, k};
    return;
  }
  if (x > 300) {  // of exp(-x)
    int k;
    const Pair w2 = exp_scaled(-2 * fmin(x, 2000), k);
    values[0] = {{x, 0}, 0};
    values[1] = {{1, 0}, 0};
    values[2] = {-8.0 * (two_sum(x, -1) * w2), k};
    values[3] = {16.0 * (two_sum(x, -1.5) * w2), k};
    return;
  }
  int k;
  Pair e = exp_scaled(x, k);
  e = {ldexp(e.high, k), ldexp(e.low, k)};
  const Pair e2 = e * e;
  const auto d = [&](int j) { return double(1 << j) * e2 + 2.0 * e; };  // derivatives of d
  const Pair d0 = d(0) + Pair{2, 0};
  // h = 2/d: the derivatives of h·d = 2 give those of h, and T = 1 − h.
  const Pair h0 = Pair{2, 0} / d0;
  const Pair h1 = -(h0 * d(1)) / d0;
  const Pair h2 = -(2.0 * (h1 * d(1)) + h0 * d(2)) / d0;
  const Pair h3 = -(3.0 * (h2 * d(1)) + 3.0 * (h1 * d(2)) + h0 * d(3)) / d0;
  const Pair T = d(0) / d0;
  const int up = fabs(x) < 0x1p-300 ? 600 : 0;  // or the product's low part would underflow
  values[0] = {ldexp(x, up) * T, -up};
  values[1] = {T + -(x * h1), 0};
  values[2] = {-(2.0 * h1 + x * h2), 0};
  values[3] = {-(3.0 * h2 + x * h3), 0};
}

}  // namespace mish::exact

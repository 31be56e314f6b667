#include "sweep.h"

#include <math.h>
#include <string.h>

#include <algorithm>

#include "exact.h"

namespace {

constexpr size_t kBlock = 4096;

// One over the unit in the last place of float32 in the binade of a finite value.
double ulps_per_unit(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  const int64_t exponent = int64_t(bits >> 52 & 0x7FF) - 1023;
  bits = uint64_t(1023 + 23 - (exponent < -126 ? -126 : exponent)) << 52;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// The exact derivatives of n numbers, as near as float64 comes to them.
void exact_derivatives(const mish_kernels* kernels, int order, const double* x, double* y,
                       size_t n) {
  // From here on every derivative is its limit in float64 too: |x|·exp(−|x|) < 2^-1075. The
  // kernel would take its slow paths there, for nearly half of all float32 numbers.
  constexpr double far = 1024;
  const auto is_far = [](double each) { return !(fabs(each) < far); };
  if (std::all_of(x, x + n, is_far)) {
    for (size_t i = 0; i < n; ++i) {
      const double right = order == 0 ? x[i] : order == 1;
      y[i] = isnan(x[i]) ? x[i] : x[i] < 0 ? 0 : right;
    }
  } else {
    kernels->derivative[order][MISH_FLOAT64](x, sizeof *x, y, sizeof *y, n, MISH_CACHED);
  }
}

// SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators").
uint64_t next_random(uint64_t& state) {
  uint64_t z = state += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

double random_input(uint64_t& state, bool bent) {
  uint64_t bits = next_random(state);
  if (bent) bits = (bits & 0x800FFFFFFFFFFFFF) | (1023 - 12 + (bits >> 52) % 22) << 52;
  double x;
  memcpy(&x, &bits, sizeof x);
  return isfinite(x) ? x : 0;
}

// The error of y in ulp of the exact value, which is not zero.
double error_in_ulp(double y, const mish::exact::Scaled& exact) {
  const auto [value, exponent] = exact;
  const int binade = ilogb(value.high) + exponent;
  const int unit = (binade < -1022 ? -1022 : binade) - 52;
  return fabs(ldexp((ldexp(y, -exponent) - value.high) - value.low, exponent - unit));
}

}  // namespace

void mish_sweep_float64(const mish_kernels* kernels, uint64_t seed, uint64_t count,
                        mish_sweep_wide found[MISH_ORDERS]) {
  double x[kBlock], y[MISH_ORDERS][kBlock];
  for (int order = 0; order < MISH_ORDERS; ++order) found[order] = {0, 0};
  for (uint64_t start = 0; start < count; start += kBlock) {
    const size_t n = count - start < kBlock ? size_t(count - start) : kBlock;
    for (size_t i = 0; i < n; ++i) x[i] = random_input(seed, i % 2);
    for (int order = 0; order < MISH_ORDERS; ++order)
      kernels->derivative[order][MISH_FLOAT64](x, sizeof *x, y[order], sizeof **y, n, MISH_CACHED);
    for (size_t i = 0; i < n; ++i) {
      if (x[i] == 0) continue;
      mish::exact::Scaled exact[MISH_ORDERS];
      mish::exact::derivatives(x[i], exact);
      for (int order = 0; order < MISH_ORDERS; ++order) {
        const double error = error_in_ulp(y[order][i], exact[order]);
        if (!(error <= found[order].worst)) found[order] = {error, x[i]};
      }
    }
  }
}

mish_sweep mish_sweep_float32(const mish_kernels* kernels, int order, uint32_t first,
                              uint64_t count) {
  mish_sweep found = {0, first, 0, 0};
  float x[kBlock], y[kBlock];
  double exact_x[kBlock], exact_y[kBlock];
  for (uint64_t start = 0; start < count; start += kBlock) {
    const size_t n = count - start < kBlock ? size_t(count - start) : kBlock;
    for (size_t i = 0; i < n; ++i) {
      const uint32_t bits = uint32_t(first + start + i);
      memcpy(&x[i], &bits, sizeof bits);
      exact_x[i] = x[i];
    }
    kernels->derivative[order][MISH_FLOAT32](x, sizeof *x, y, sizeof *y, n, MISH_CACHED);
    exact_derivatives(kernels, order, exact_x, exact_y, n);
    for (size_t i = 0; i < n; ++i) {
      if (!isfinite(x[i])) {
        found.special += isnan(x[i]) ? !isnan(y[i]) : y[i] != float(exact_y[i]);
        continue;
      }
      const double error = fabs(y[i] - exact_y[i]) * ulps_per_unit(exact_y[i]);
      found.at_least_one += !(error < 1);
      if (!(error <= found.worst)) {
        found.worst = error;
        memcpy(&found.worst_input, &x[i], sizeof x[i]);
      }
    }
  }
  return found;
}

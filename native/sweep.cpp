#include "sweep.h"

#include <math.h>
#include <string.h>

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

}  // namespace

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
    kernels->derivative[order][MISH_FLOAT32](x, sizeof *x, y, sizeof *y, n);
    kernels->derivative[order][MISH_FLOAT64](exact_x, sizeof *exact_x, exact_y, sizeof *exact_y, n);
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

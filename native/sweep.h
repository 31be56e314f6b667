// Accuracy over a range of bit patterns: float32 results against float64 ones.
#pragma once

#include <stdint.h>

#include "mish.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  double worst;           // the largest error, in ulp of the float64 value
  uint32_t worst_input;   // its bits
  uint64_t at_least_one;  // how many inputs have an error of 1 ulp or more
  uint64_t special;       // how many infinities and NaNs gave what is not their limit or a NaN
} mish_sweep;

// Judges the float32 kernel of an order on the `count` bit patterns from `first` on by the
// float64 kernel of the same instruction set, whose own error (about 1 ulp, held to the certified
// reference elsewhere) is 2^-29 of a float32 ulp.
mish_sweep mish_sweep_float32(const mish_kernels* kernels, int order, uint32_t first,
                              uint64_t count);

typedef struct {
  double worst;  // the largest error, in ulp of the exact value
  double worst_input;
} mish_sweep_wide;

// Judges the float64 kernels of all orders on `count` random inputs by double-double arithmetic.
// Every second input has random bits, the others have random bits and a magnitude from 2^-12 to
// 2^10, where the function bends.
void mish_sweep_float64(const mish_kernels* kernels, uint64_t seed, uint64_t count,
                        mish_sweep_wide found[MISH_ORDERS]);

#ifdef __cplusplus
}
#endif

// The tables of kernels that kernels.cpp defines, one of each for each instruction set.
//
// `kernels` are those to call. `computed` give the same bits and never read them from a table of
// results, which those of the 16-bit formats do where it is faster (lookup.h).
#pragma once

#include "mish.h"

#define MISH_KERNELS_OF(isa)          \
  namespace mish::isa {               \
  extern const mish_kernels kernels;  \
  extern const mish_kernels computed; \
  }
MISH_KERNELS_OF(avx512)
MISH_KERNELS_OF(avx2)
MISH_KERNELS_OF(baseline)
MISH_KERNELS_OF(neon)
#undef MISH_KERNELS_OF

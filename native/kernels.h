// The tables of kernels that kernels.cpp defines, one of each for each instruction set.
// `kernels` are those to call, `computed` those of mish_compiled.
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

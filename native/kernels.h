// The tables of kernels that kernels.cpp defines, one for each instruction set.
#pragma once

#include "mish.h"

namespace mish {
namespace avx512 {
extern const mish_kernels kernels;
}
namespace avx2 {
extern const mish_kernels kernels;
}
namespace baseline {
extern const mish_kernels kernels;
}
namespace neon {
extern const mish_kernels kernels;
}
}  // namespace mish

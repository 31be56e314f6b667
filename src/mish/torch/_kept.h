// The CPU kernels of the operators of _kept_ops.py.
#pragma once

#include "_shim.h"

namespace mish_torch {

extern const Registration kept_kernels[9];

}  // namespace mish_torch

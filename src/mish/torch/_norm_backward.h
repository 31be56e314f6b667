// The CPU kernel of mish::_norm_mish_backward, of _fused/kept_norm.py.
#pragma once

#include "_shim.h"

namespace mish_torch {

extern const Registration norm_kernels[1];

}  // namespace mish_torch

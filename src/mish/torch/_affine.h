// The CPU kernels of mish::_backward_of_affine and mish::_backward_then_affine_, of
// _fused/kept_norm.py.
#pragma once

#include "_shim.h"

namespace mish_torch {

extern const Registration affine_kernels[2];

}  // namespace mish_torch

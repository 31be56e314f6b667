// One number alone. The kernels of native/mish.h would do, but they are made for arrays.
#pragma once

#include "include/mish_types.h"

template <class Number>
struct mish_scalars {
  Number (*derivative[MISH_ORDERS])(Number x);
  Number (*grad)(Number dy, Number x);
};

// They give the bits of the kernels, and keep the caller's settings as those do.
extern const mish_scalars<float> mish_float_scalars;
extern const mish_scalars<double> mish_double_scalars;

// Whether this CPU can run them.
bool mish_has_scalars();

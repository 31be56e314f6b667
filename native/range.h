// A kernel over a part of its arrays, which is how threads share a call.
#pragma once

#include "mish.h"

#ifdef __cplusplus
extern "C" {
#endif

// The kernel, which is one for this format, on elements begin to end of n. A contiguous result goes
// past the caches where all arrays together are at least twice as large as the last of them.
MISH_API void mish_unary_range(mish_unary kernel, mish_format format, const void* x,
                               ptrdiff_t x_stride, void* y, ptrdiff_t y_stride, size_t n,
                               size_t begin, size_t end);
MISH_API void mish_backward_range(mish_backward kernel, mish_format format, const void* dy,
                                  ptrdiff_t dy_stride, const void* x, ptrdiff_t x_stride, void* dx,
                                  ptrdiff_t dx_stride, size_t n, size_t begin, size_t end);

#ifdef __cplusplus
}
#endif

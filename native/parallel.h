// Kernel calls over several threads. The bits of the result do not depend on their number.
#pragma once

#include "mish.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MISH_MAX_THREADS = 1024 };

// How many threads a call may use, the caller's own among them. It is 1 until it is set, and
// what lies outside of [1, MISH_MAX_THREADS] is brought inside. Any thread may set it; calls that
// run already keep theirs. These two are of the C interface as well.
MISH_API int mish_get_num_threads(void);
MISH_API void mish_set_num_threads(int n);

// The kernel, which is one for this format, over all n elements. What stays on the caller's thread:
// ranges that take little time, those that come while another thread's call has the pool, and, in
// one call of the kernel, those whose output overlaps an input without being the same array. Any
// thread may call, and the process may fork.
MISH_API void mish_parallel_unary(mish_unary kernel, mish_format format, const void* x,
                                  ptrdiff_t x_stride, void* y, ptrdiff_t y_stride, size_t n);
MISH_API void mish_parallel_backward(mish_backward kernel, mish_format format, const void* dy,
                                     ptrdiff_t dy_stride, const void* x, ptrdiff_t x_stride,
                                     void* dx, ptrdiff_t dx_stride, size_t n);

#ifdef __cplusplus
}
#endif

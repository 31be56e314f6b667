// Mish, x * tanh(log(1 + exp(x))), its first three derivatives and its backward pass, for C99 and
// C++. Link with libmish. Its symbols carry the version MISH_1, so a program that was linked with
// this header runs with every later library too.
//
// What holds for every function:
//
// - Range: every number, infinities and NaNs included. mish(+-0) = +-0, mish(-inf) = -0,
//   mish(+inf) = +inf. The first derivative is 0.6 at 0, -0 at -inf, 1 at +inf; the second 0.64 at
//   0 and -0 at both ends; the third -0 at -inf and +0 at +inf. A NaN gives a NaN.
// - Maximum error: below 1 ulp in float32, for each of the 2^32 inputs; 2 ulp in float64, where
//   sweeps have found no more than 1.0; float16 and bfloat16 are correctly rounded. The backward
//   pass dy * mish'(x) has one more rounding, and none more in the formats of 16 bits.
// - The bits of a result depend on nothing but the input: not on the instruction set, the number of
//   threads, the strides, nor on whether it is computed alone or in an array.
// - Any thread may call, and a process may fork. Nothing is allocated, but for the threads that
//   calls on large arrays start once.
// - The floating-point environment: computed in round-to-nearest with subnormals, whatever the
//   caller's settings are, which stay as they are. No exception is raised, errno is not touched.
#ifndef MISH_H
#define MISH_H

#include "mish_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// --- One number. The best instruction set of this CPU computes it, whatever MISH_ISA says. ---

MISH_API double mish(double x);
MISH_API double mish_d1(double x);
MISH_API double mish_d2(double x);
MISH_API double mish_d3(double x);
MISH_API double mish_grad(double dy, double x);  // dy * mish'(x)

MISH_API float mishf(float x);
MISH_API float mish_d1f(float x);
MISH_API float mish_d2f(float x);
MISH_API float mish_d3f(float x);
MISH_API float mish_gradf(float dy, float x);

// --- Arrays ---

// What a function says that can fail. Then nothing has been written.
typedef enum {
  MISH_OK = 0,
  MISH_BAD_ORDER,     // not from 0 to 3
  MISH_BAD_FORMAT,    // none of mish_format
  MISH_NULL_POINTER,  // an array is missing, and n is not 0
  MISH_MISALIGNED,    // a pointer or a stride is no multiple of the size of an element
  MISH_NO_SUCH_ISA    // this CPU has no instruction set of that name
} mish_status;

// The status in English: a constant string, also for numbers that are no status.
MISH_API const char* mish_status_text(mish_status status);

// y[i] = the derivative of this order at x[i], for i from 0 to n - 1; order 0 is the function.
//
// A stride is the distance in bytes from one element to the next. It may be negative; that of an
// input may be 0, which means one number n times. Contiguous arrays (strides of
// mish_element_size(format)) are fastest. y may be x with the same stride, or lie apart from it, or
// trail behind it (y <= x, both strides positive and equal); any other overlap is the caller's to
// avoid.
//
// Fails with MISH_BAD_ORDER, MISH_BAD_FORMAT, MISH_NULL_POINTER, MISH_MISALIGNED, or with
// MISH_NO_SUCH_ISA if the environment variable MISH_ISA asks for one that is not there.
MISH_API mish_status mish_array(int order, mish_format format, const void* x, ptrdiff_t x_stride,
                                void* y, ptrdiff_t y_stride, size_t n);

// dx[i] = dy[i] * mish'(x[i]). dx may be dy, or x, as y may be x above. Fails likewise.
MISH_API mish_status mish_grad_array(mish_format format, const void* dy, ptrdiff_t dy_stride,
                                     const void* x, ptrdiff_t x_stride, void* dx,
                                     ptrdiff_t dx_stride, size_t n);

// --- Threads and instruction sets, of all array calls of the process that begin later ---

// How many threads a call on a large array may use, the caller's own among them: 1 until it is set.
// Numbers outside of 1 to 1024 are brought inside.
MISH_API int mish_get_num_threads(void);
MISH_API void mish_set_num_threads(int n);

// The instruction set in use: "avx512", "avx2", "baseline" (of x86-64) or "neon". Before one is set
// it is the one that the environment variable MISH_ISA names when the first call comes, or the best
// of this CPU if that is unset or empty. NULL if it names one that is not there.
MISH_API const char* mish_get_isa(void);

// Sets it; NULL means the best. Fails with MISH_NO_SUCH_ISA, and then changes nothing.
MISH_API mish_status mish_set_isa(const char* name);

// The names of those that this CPU can run, best first; NULL beyond the last.
MISH_API const char* mish_available_isa(size_t index);

// The version of this interface: 1. It grows when functions are added.
MISH_API int mish_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif

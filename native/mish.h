// The contract of the native core: all that the rest of the project may call. What people call from
// C is include/mish.h.
//
// A kernel applies one operation to n elements. Strides are in bytes and may be zero or
// negative. Every pointer is aligned to its element type. An output may be the very array
// that an input is (same address, same stride), or trail behind it; any other overlap is the
// caller's to avoid.
// Kernels allocate nothing, may run on any thread, leave the floating-point status and control
// registers as they found them, and compute in round-to-nearest with subnormals whatever the
// caller's settings are.
#pragma once

#include "include/mish_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// How results reach memory. Streamed ones go past the caches, which saves reading their place in
// memory first; it pays where nobody would find them in a cache later. It is a hint, which
// contiguous results follow.
typedef enum { MISH_CACHED, MISH_STREAMED } mish_stores;

// y[i] = mish^(order)(x[i])
typedef void (*mish_unary)(const void* x, ptrdiff_t x_stride, void* y, ptrdiff_t y_stride, size_t n,
                           mish_stores stores);

// dx[i] = dy[i] * mish'(x[i])
typedef void (*mish_backward)(const void* dy, ptrdiff_t dy_stride, const void* x,
                              ptrdiff_t x_stride, void* dx, ptrdiff_t dx_stride, size_t n,
                              mish_stores stores);

// For training that keeps something smaller than x; native/kept.h and native/from_output.h tell
// more. The side of x is on which side of the minimum of Mish it lies. Sides (bits = 0), or codes
// of 1 to 4 bits that stand for mish'(x) roughly, are packed: (n + 7) / 8 bytes, times the bits of
// a code. Arrays are contiguous here, but for a stride of dy that may be 0.
typedef void (*mish_encode)(const void* x, int bits, unsigned char* packed, size_t n);

// dx[i] = dy[i] * mish'(x[i]), from y[i] = mish(x[i]) and its side, or from its code without y.
typedef void (*mish_decode)(const void* dy, ptrdiff_t dy_stride, const void* y,
                            const unsigned char* packed, int bits, void* dx, size_t n);

// x from y and its side
typedef void (*mish_invert)(const void* y, const unsigned char* packed, void* x, size_t n);

// What the backward pass of a normalisation does to rows of float or double besides Mish.
typedef struct {
  // z = scale * (max(x, least) - centre) + shift
  void (*affine)(const void* x, double least, double centre, double scale, double shift, void* z,
                 size_t n);
  // Adds the sums of dz and of dz * x to what is found already.
  void (*sums)(const void* dz, const void* x, size_t n, double found[2]);
  // dz = a * dz + b * x + c
  void (*combine)(void* dz, const void* x, double a, double b, double c, size_t n);
} mish_rows;

typedef struct {
  const char* isa;
  mish_unary derivative[MISH_ORDERS][MISH_FORMATS];
  mish_backward grad[MISH_FORMATS];
  // Marked: y = mish(x) with the side of x in its last bit where y < 0; then x, and the slope, from
  // y.
  mish_unary mark[MISH_FORMATS];
  mish_unary invert_marked[MISH_FORMATS];
  mish_backward marked_grad[MISH_FORMATS];
  mish_encode encode[MISH_FORMATS];
  mish_decode decode_grad[MISH_FORMATS];
  mish_invert invert_sided[MISH_FORMATS];
  mish_rows rows[MISH_FORMATS];  // null for formats of 16 bits
} mish_kernels;

// The kernels for the instruction set of this name, or the best for this CPU when `isa` is
// null. Returns null when the name is unknown or this CPU cannot run it.
const mish_kernels* mish_select(const char* isa);

// The kernels for the instruction set that the environment variable MISH_ISA names, or the best for
// this CPU when that is unset or empty. Returns null when this CPU cannot run what it names, and
// then writes to `message` why, and what it may name.
enum { MISH_MESSAGE = 256 };
const mish_kernels* mish_select_from_environment(char message[MISH_MESSAGE]);

// Writes the names of the instruction sets that this CPU can run, best first, and returns
// their number (at most MISH_MAX_ISAS).
enum { MISH_MAX_ISAS = 4 };
size_t mish_available(const char* names[MISH_MAX_ISAS]);

#ifdef __cplusplus
}
#endif

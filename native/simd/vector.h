// A small vocabulary of vectors, one implementation for each instruction set.
//
// The including file defines MISH_ISA (avx512, avx2, baseline, neon or scalar) and is compiled with
// the matching flags. Everything lies in namespace mish::MISH_ISA, so that the same templates
// compiled for several instruction sets never meet in the linker.
//
// Contract, the same bits everywhere:
//   Vec<T>           kLanes numbers of type T (float or double); Vec(s) repeats a scalar
//   load, store      kLanes elements at any address; from and to 16-bit formats with one
//                    rounding (a NaN must have its lower half zero to become a Bfloat16)
//   stream           store past the caches, where kStreams says that there is an instruction; the
//                    address is aligned to the size of what is stored
//   + - * sqrt       IEEE 754, to nearest even
//   fma(a, b, c)     a·b + c rounded once, whatever the hardware has
//   min, max(a, b)   b where either is NaN
//   a < b, select    a mask; the first choice where the mask is set, the second elsewhere
//   bits, as<Vec>    the representation as integers, and back
//   shl<n>, shr<n>   shift left or right, zeros come in
//   beyond(bits, n)  where a number, taken as unsigned, is above n = 2^k - 1
//   is_zero(bits)    where no bit is set (float only)
//   any(mask)        whether a lane is set
//   lanes_of(mask)   the set lanes as bits of an integer, the first lane lowest
//   Table            rows of constants, their number a power of two. place(row) uses the low bits
//                    of a lane that number the rows; lookup(place) gives each lane the columns of
//                    its own row. Places are best asked for kAhead vectors at a time
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The kernels are worth their speed only when everything in a loop is inlined.
#define MISH_INLINE inline __attribute__((always_inline))
#define MISH_CALLED inline __attribute__((noinline))
// Keeps the compiler from passing a vector's lanes to scalar registers one by one, by shuffles:
// through memory it takes one store.
#define MISH_THROUGH_MEMORY(array) asm volatile("" : "+m"(array))

namespace mish {

// The representations of the two 16-bit formats: IEEE 754 binary16, and the upper half of a
// binary32.
struct Half {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};

}  // namespace mish

#define MISH_ISA_IS_avx512 1
#define MISH_ISA_IS_avx2 2
#define MISH_ISA_IS_baseline 3
#define MISH_ISA_IS_neon 4
#define MISH_ISA_IS_scalar 5
#define MISH_CONCAT(a, b) a##b
#define MISH_ISA_CODE(isa) MISH_CONCAT(MISH_ISA_IS_, isa)

#if MISH_ISA_CODE(MISH_ISA) == 1
#include "simd/avx512.h"
#elif MISH_ISA_CODE(MISH_ISA) == 2
#include "simd/avx2.h"
#elif MISH_ISA_CODE(MISH_ISA) == 3
#include "simd/sse2.h"
#elif MISH_ISA_CODE(MISH_ISA) == 4
#include "simd/neon.h"
#elif MISH_ISA_CODE(MISH_ISA) == 5
#include "simd/scalar.h"
#else
#error "MISH_ISA must be avx512, avx2, baseline, neon or scalar"
#endif

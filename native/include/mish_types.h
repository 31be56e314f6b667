// What the C interface (mish.h) and the native core have in common.
#ifndef MISH_TYPES_H
#define MISH_TYPES_H

#include <stddef.h>

// What every function of the library is declared with. For Windows it is compiled with
// -DMISH_API=__declspec(dllexport).
#ifndef MISH_API
#if defined(_WIN32)
#define MISH_API
#else
#define MISH_API __attribute__((visibility("default")))
#endif
#endif

// The formats of an element.
typedef enum {
  MISH_FLOAT16,   // IEEE 754 binary16
  MISH_BFLOAT16,  // the upper half of a binary32
  MISH_FLOAT32,
  MISH_FLOAT64,
  MISH_FORMATS  // their number
} mish_format;

enum { MISH_ORDERS = 4 };  // order 0 is the function, the others are its derivatives

// Bytes of an element.
static inline size_t mish_element_size(mish_format format) {
  return format == MISH_FLOAT64 ? 8 : format == MISH_FLOAT32 ? 4 : 2;
}

#endif

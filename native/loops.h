// Arrays: contiguous, strided, and what is left over after the last whole vector.
#pragma once

#include "evaluate.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace mish::MISH_ISA {

// Round to nearest, subnormals kept, no exception trapped; the caller's settings and status
// flags come back at the end of the scope.
class FloatingPointScope {
#if defined(__x86_64__)
 public:
  FloatingPointScope() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
  ~FloatingPointScope() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
 public:
  FloatingPointScope() {
    asm volatile("mrs %0, fpcr" : "=r"(control_));
    asm volatile("mrs %0, fpsr" : "=r"(status_));
    asm volatile("msr fpcr, %0" ::"r"(uint64_t{0}));
  }
  ~FloatingPointScope() {
    asm volatile("msr fpcr, %0" ::"r"(control_));
    asm volatile("msr fpsr, %0" ::"r"(status_));
  }

 private:
  uint64_t control_, status_;
#endif
  FloatingPointScope(const FloatingPointScope&) = delete;
  FloatingPointScope& operator=(const FloatingPointScope&) = delete;
};

// The arithmetic of a format, and how many bits its numbers lack at the end.
template <class Element>
struct Arithmetic {
  using Type = Element;
  static constexpr int kSpare = 0;
};
template <>
struct Arithmetic<Half> {
  using Type = float;
  static constexpr int kSpare = 13;
};
template <>
struct Arithmetic<Bfloat16> {
  using Type = float;
  static constexpr int kSpare = 16;
};

// An operation is a function of `inputs` vectors; these two say which.
template <class Element, int order>
struct Unary {
  static constexpr int kInputs = 1;
  using V = Vec<typename Arithmetic<Element>::Type>;
  Kernel<typename V::Scalar, order> derivative;
  MISH_INLINE V operator()(const V (&in)[1]) const {
    constexpr int spare = Arithmetic<Element>::kSpare;
    if constexpr (spare == 0) {
      return derivative(in[0]);
    } else {
      return derivative.template before_rounding<spare - 1>(in[0]);
    }
  }
};

template <class Element>
struct Backward {
  static constexpr int kInputs = 2;
  using V = Vec<typename Arithmetic<Element>::Type>;
  Kernel<typename V::Scalar, 1> derivative;
  MISH_INLINE V operator()(const V (&in)[2]) const { return in[0] * derivative(in[1]); }
};

// How far ahead of the loop memory is asked for, in bytes: the next page, to which the hardware
// does not look by itself.
constexpr ptrdiff_t kPrefetch = 4096;

template <class Element, class Operation>
MISH_INLINE void apply_contiguous(const Operation& operation,
                                  const Element* const (&in)[Operation::kInputs], Element* out,
                                  size_t n) {
  using V = typename Operation::V;
  constexpr int inputs = Operation::kInputs;
  constexpr size_t lanes = V::kLanes;
  V x[inputs];
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int k = 0; k < inputs; ++k) {
      x[k] = V::load(in[k] + i);
      __builtin_prefetch((const char*)(in[k] + i) + kPrefetch);
    }
    __builtin_prefetch((const char*)(out + i) + kPrefetch, 1);
    operation(x).store(out + i);
  }
  if (i < n) {
    Element buffer[lanes] = {};
    for (int k = 0; k < inputs; ++k) {
      memcpy(buffer, in[k] + i, (n - i) * sizeof(Element));
      x[k] = V::load(buffer);
    }
    operation(x).store(buffer);
    memcpy(out + i, buffer, (n - i) * sizeof(Element));
  }
}

// Applies the operation to n elements. Strided arrays pass through buffers, a block at a time.
template <class Element, class Operation>
MISH_INLINE void apply(const char* const (&in)[Operation::kInputs],
                       const ptrdiff_t (&in_stride)[Operation::kInputs], char* out,
                       ptrdiff_t out_stride, size_t n) {
  constexpr int inputs = Operation::kInputs;
  constexpr size_t block = 512;
  constexpr ptrdiff_t unit = sizeof(Element);
  const FloatingPointScope scope;
  const Operation operation;
  bool contiguous = out_stride == unit;
  for (int k = 0; k < inputs; ++k) contiguous = contiguous && in_stride[k] == unit;
  const Element* source[inputs];
  if (contiguous) {
    for (int k = 0; k < inputs; ++k) source[k] = (const Element*)in[k];
    apply_contiguous(operation, source, (Element*)out, n);
    return;
  }
  Element buffer[inputs][block];
  for (size_t start = 0; start < n; start += block) {
    const size_t count = n - start < block ? n - start : block;
    for (int k = 0; k < inputs; ++k) {
      const char* p = in[k] + (ptrdiff_t)start * in_stride[k];
      for (size_t i = 0; i < count; ++i, p += in_stride[k])
        memcpy(&buffer[k][i], p, sizeof(Element));
      source[k] = buffer[k];
    }
    apply_contiguous(operation, source, buffer[0], count);
    char* p = out + (ptrdiff_t)start * out_stride;
    for (size_t i = 0; i < count; ++i, p += out_stride) memcpy(p, &buffer[0][i], sizeof(Element));
  }
}

}  // namespace mish::MISH_ISA

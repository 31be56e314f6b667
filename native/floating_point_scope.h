// The caller's floating-point settings, put aside for a while.
#pragma once

#include "simd/vector.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace mish::MISH_ISA {

// Round to nearest, subnormals kept, no exception trapped; the caller's settings and status
// flags come back at the end of the scope.
class FloatingPointScope {
#if defined(__x86_64__)
  // Writing the register takes longer than computing a number, and it seldom has to change: nearly
  // all programs have the settings wanted, and the flags that are raised here, mostly inexact.
 public:
  FloatingPointScope() : saved_(_mm_getcsr()) {
    if ((saved_ & ~kFlags) != kSettings) _mm_setcsr(kSettings);
  }
  ~FloatingPointScope() {
    if (_mm_getcsr() != saved_) _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned kFlags = 0x3F, kSettings = 0x1F80;
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

// The compiler knows nothing of the settings: it computes with a number only after the place where
// this is said of it, and has computed it by there.
template <class T>
MISH_INLINE void stays_here(T& number) {
#if defined(__x86_64__)
  asm volatile("" : "+x"(number));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(number));
#endif
}

}  // namespace mish::MISH_ISA

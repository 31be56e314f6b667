// What an x86-64 processor has, asked of itself: compilers differ in whether their runtime library
// can tell.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdint.h>

namespace mish {

// As in the processor manuals: leaf 1 tells of AVX in ECX, leaf 7 of AVX2 and AVX-512 in EBX.
class Cpu {
 public:
  Cpu() {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return;
    one_ = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) seven_ = b;
    if (one_ & osxsave) {
      unsigned low, high;
      __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
      saved_ = low;
    }
  }

  // The operating system must save the wide registers, too.
  bool has_avx2() const {
    return all(saved_, 0x6) && all(one_, fma | avx | f16c) && all(seven_, avx2);
  }
  bool has_avx512() const {
    return has_avx2() && all(saved_, 0xE6) && all(seven_, avx512f | avx512dq | avx512bw | avx512vl);
  }

 private:
  enum : uint32_t {
    fma = 1u << 12,
    osxsave = 1u << 27,
    avx = 1u << 28,
    f16c = 1u << 29,
    avx2 = 1u << 5,
    avx512f = 1u << 16,
    avx512dq = 1u << 17,
    avx512bw = 1u << 30,
    avx512vl = 1u << 31,
  };

  static bool all(uint32_t found, uint32_t asked) { return (found & asked) == asked; }

  uint32_t one_ = 0, seven_ = 0, saved_ = 0;
};

}  // namespace mish
#endif

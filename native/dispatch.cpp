// Which instruction sets this CPU runs, best first.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "kernels.h"
#include "scalar.h"

namespace mish {
namespace {

struct Choice {
  const mish_kernels* kernels;
  bool (*runs_here)();
};

#if defined(__x86_64__)
bool has_avx512() { return Cpu().has_avx512(); }
bool has_avx2() { return Cpu().has_avx2(); }
bool always() { return true; }

const Choice choices[] = {
    {&avx512::kernels, has_avx512}, {&avx2::kernels, has_avx2}, {&baseline::kernels, always}};
#elif defined(__aarch64__)
bool always() { return true; }

const Choice choices[] = {{&neon::kernels, always}};
#else
#error "mish needs an x86-64 or AArch64 processor"
#endif

}  // namespace
}  // namespace mish

bool mish_has_scalars() {
#if defined(__x86_64__)
  return mish::has_avx2();
#else
  return true;
#endif
}

const mish_kernels* mish_select(const char* isa) {
  for (const auto& choice : mish::choices)
    if (choice.runs_here() && (!isa || strcmp(isa, choice.kernels->isa) == 0))
      return choice.kernels;
  return nullptr;
}

const mish_kernels* mish_select_from_environment(char message[MISH_MESSAGE]) {
  const char* asked = getenv("MISH_ISA");
  const mish_kernels* found = mish_select(asked && *asked ? asked : nullptr);
  if (found) return found;
  const char* names[MISH_MAX_ISAS];
  const size_t count = mish_available(names);
  int length = snprintf(message, MISH_MESSAGE,
                        "MISH_ISA=%.64s: this CPU cannot run an instruction set of that name; "
                        "unset MISH_ISA or set it to one of: ",
                        asked);
  for (size_t i = 0; i < count; ++i)
    length +=
        snprintf(message + length, size_t(MISH_MESSAGE - length), "%s%s", i ? ", " : "", names[i]);
  return nullptr;
}

size_t mish_available(const char* names[MISH_MAX_ISAS]) {
  size_t count = 0;
  for (const auto& choice : mish::choices)
    if (choice.runs_here()) names[count++] = choice.kernels->isa;
  return count;
}

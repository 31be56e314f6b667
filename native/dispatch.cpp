// Which instruction sets this CPU runs, best first.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <string>

#include "kernels.h"

namespace mish {
namespace {

struct Choice {
  const mish_kernels* kernels;
  bool (*runs_here)();
};

#if defined(__x86_64__)
// __builtin_cpu_supports also asks whether the operating system saves the wide registers.
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
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
  std::string list;
  for (size_t i = 0; i < count; ++i) list += (i ? ", " : "") + std::string(names[i]);
  snprintf(message, MISH_MESSAGE,
           "MISH_ISA=%.64s: this CPU cannot run an instruction set of that name; unset MISH_ISA or "
           "set it to one of: %s",
           asked, list.c_str());
  return nullptr;
}

size_t mish_available(const char* names[MISH_MAX_ISAS]) {
  size_t count = 0;
  for (const auto& choice : mish::choices)
    if (choice.runs_here()) names[count++] = choice.kernels->isa;
  return count;
}

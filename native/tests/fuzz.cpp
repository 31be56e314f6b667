// Random calls of the kernels, each checked against calls for one element at a time.
//
// With Clang's -fsanitize=fuzzer and MISH_LIBFUZZER defined, libFuzzer makes the inputs. Without,
// `main` makes them: fuzz [count] [seed].
#include "support.h"

using namespace mish::tests;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Checker check;
  static const auto all = all_kernels();
  Source source(data, size);
  const auto random_array = [&](bool may_repeat) {
    // Near strides most of all, seldom one beyond a page.
    ptrdiff_t stride = ptrdiff_t(source.below(9)) - 4;
    if (source.below(3) == 0) stride = 1;
    if (source.below(20) == 0) stride = ptrdiff_t(source.below(2001)) - 1000;
    if (stride == 0 && !may_repeat) stride = 1;
    return Array{stride, source.below(2) == 0, source.below(66)};
  };
  Call call;
  call.kernels = all[source.below(all.size())];
  call.operation = int(source.below(kOperations));
  call.format = int(source.below(MISH_FORMATS));
  call.stores = mish_stores(source.below(2));
  for (Array& each : call.in) each = random_array(true);
  call.out = random_array(true);
  if (source.below(3) == 0) {
    call.in_place = int(source.below(inputs_of(call.operation)));
    // An element that is read again after it was written is not the contract's "same array".
    Array& same = call.in[call.in_place];
    if (same.stride == 0) same.stride = 1;
  }
  const bool far =
      llabs(call.in[0].stride) > 4 || llabs(call.in[1].stride) > 4 || llabs(call.out.stride) > 4;
  call.n = source.below(!far && source.below(20) == 0 ? 1300 : 60);
  if (!check(call, source)) abort();
  return 0;
}

#ifndef MISH_LIBFUZZER
int main(int argc, char** argv) {
  const uint64_t count = argc > 1 ? strtoull(argv[1], nullptr, 0) : 20000;
  Source seeds(argc > 2 ? strtoull(argv[2], nullptr, 0) : 1);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t seed = seeds.word();
    LLVMFuzzerTestOneInput((const uint8_t*)&seed, sizeof seed);
  }
  printf("%llu random calls are right\n", (unsigned long long)count);
}
#endif

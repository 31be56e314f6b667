// Every kernel of every instruction set, on arrays of every kind that the contract allows.
// Exits with 1, and says on standard error why, if one is wrong.
#include <fenv.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <thread>

#include "support.h"

namespace {

using namespace mish::tests;

int failures = 0;

void expect(bool holds, const char* what, const Call& call) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "FAILED %s (%s, operation %d, format %d, stores %d)\n", what, call.kernels->isa,
          call.operation, call.format, call.stores);
}

void test_contiguous(Checker& check, Call call, Source& source) {
  for (call.n = 0; call.n <= 70; ++call.n) {
    for (int ends = 0; ends < 4; ++ends) {
      // At the upper end the alignment changes with n, at the lower end it is that of a page.
      call.in[0].high = call.in[1].high = ends & 1;
      call.out.high = ends & 2;
      expect(check(call, source), "contiguous", call);
    }
  }
  call.n = 33;
  for (size_t place = 1; place < 33; ++place) {
    call.in[0].place = place;
    call.in[1].place = 2 * place;
    call.out.place = 3 * place;
    expect(check(call, source), "shifted", call);
  }
}

void test_strided(Checker& check, Call call, Source& source) {
  for (const ptrdiff_t in : {-3, -1, 0, 1, 2, 513}) {
    for (const ptrdiff_t out : {-2, -1, 0, 1, 3, 513}) {
      for (const size_t n : {1, 17, 70}) {
        call.n = n;
        call.in[0] = {in, false, 0};
        call.in[1] = {1 - in, true, 0};
        call.out = {out, n % 2 == 0, 0};
        expect(check(call, source), "strided", call);
      }
    }
  }
  // Strided arrays go through buffers, a block of 512 at a time.
  for (const size_t n : {511, 512, 513, 1030}) {
    call.n = n;
    call.in[0] = {-2, true, 0};
    call.in[1] = {1, true, 0};
    call.out = {3, true, 0};
    expect(check(call, source), "blocks", call);
  }
}

void test_in_place(Checker& check, Call call, Source& source) {
  for (call.in_place = 0; call.in_place < inputs_of(call.operation); ++call.in_place) {
    for (const ptrdiff_t stride : {-2, -1, 1, 3}) {
      for (const size_t n : {1, 16, 70, 530}) {
        call.n = n;
        call.in[0] = call.in[1] = {stride, true, 0};
        expect(check(call, source), "in place", call);
        call.in[1 - call.in_place].stride = 1;  // only one input has the output's stride
        expect(check(call, source), "in place of one", call);
      }
    }
  }
}

// Arrays of the two kinds for the tests below: what the parts of one run must make of them.
struct Sample {
  static constexpr size_t kCount = 203;
  alignas(64) char x[2][kCount * 8], y[kCount * 8];

  Sample(const Call& call, Source& source) {
    for (auto& each : x)
      for (size_t i = 0; i < kCount; ++i)
        put_number(source, call.format, each + i * kSizes[call.format]);
    run(call, y, 0, kCount);
  }

  void run(const Call& call, char* out, size_t begin, size_t end) const {
    const ptrdiff_t size = kSizes[call.format];
    apply(call, {x[0] + begin * size, x[1] + begin * size}, {size, size}, out + begin * size, size,
          end - begin);
  }

  bool same(const Call& call, const char* out) const {
    return memcmp(out, y, kCount * kSizes[call.format]) == 0;
  }
};

// Neighbours write side by side and read the same: a race if one touches more than its part.
void test_two_threads(const Call& call, Source& source) {
  const Sample sample(call, source);
  alignas(64) char out[sizeof sample.y];
  for (const size_t cut : {1, 100, 129}) {
    memset(out, 0, sizeof out);
    std::thread other([&] { sample.run(call, out, 0, cut); });
    sample.run(call, out, cut, Sample::kCount);
    other.join();
    expect(sample.same(call, out), "two threads", call);
  }
}

void test_floating_point_state(const Call& call, Source& source) {
  const Sample sample(call, source);
  alignas(64) char out[sizeof sample.y] = {};
  for (const int direction : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    fesetround(direction);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_DIVBYZERO);
    sample.run(call, out, 0, Sample::kCount);
    const bool kept = fegetround() == direction && fetestexcept(FE_ALL_EXCEPT) == FE_DIVBYZERO;
    fesetenv(FE_DFL_ENV);
    expect(kept, "the caller's rounding and status stay", call);
    expect(sample.same(call, out), "the caller's rounding has no effect", call);
  }
}

void test_same_bits(const Call& call) {
  Source source(7);  // the same numbers for every instruction set
  const Sample sample(call, source);
  Call other = call;
  for (const mish_kernels* kernels : all_kernels()) {
    alignas(64) char out[sizeof sample.y] = {};
    other.kernels = kernels;
    sample.run(other, out, 0, Sample::kCount);
    expect(sample.same(call, out), "every instruction set gives the same bits", other);
  }
}

}  // namespace

int main() {
  Checker check;
  Source source(1);
  const auto all = all_kernels();
  if (all.empty() || mish_select(nullptr) != all[0] || mish_select("none") != nullptr) {
    fprintf(stderr, "FAILED mish_select\n");
    return 1;
  }
  char message[MISH_MESSAGE] = "";
  for (const char* asked : {"", all[0]->isa}) {
    portable::set_variable("MISH_ISA", asked);
    if (mish_select_from_environment(message) != all[0] || *message) {
      fprintf(stderr, "FAILED mish_select_from_environment\n");
      return 1;
    }
  }
  portable::set_variable("MISH_ISA", std::string(1000, 'x').c_str());
  if (mish_select_from_environment(message) || !strstr(message, all[0]->isa)) {
    fprintf(stderr, "FAILED mish_select_from_environment\n");
    return 1;
  }
  for (const mish_kernels* kernels : all) {
    for (int operation = 0; operation < kOperations; ++operation) {
      for (int format = 0; format < MISH_FORMATS; ++format) {
        for (const mish_stores stores : {MISH_CACHED, MISH_STREAMED}) {
          const Call call = {kernels, operation, format, 0, {}, {}, -1, stores};
          test_contiguous(check, call, source);
          test_strided(check, call, source);
          test_in_place(check, call, source);
          test_two_threads(call, source);
          test_floating_point_state(call, source);
          test_same_bits(call);
        }
      }
    }
  }
  if (failures) fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}

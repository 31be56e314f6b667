// Kernels that read tables of results: filled or not, while they are filled and after a fork, they
// give the bits of those that compute. Exits with 1, and says on standard error why, if not.
#include <fenv.h>
#include <sys/wait.h>

#include <algorithm>
#include <thread>

#include "kernels.h"
#include "support.h"

namespace {

using namespace mish::tests;

constexpr size_t kAll = 1 << 16;
constexpr size_t kFilling = 1 << 20;  // elements after which every table is there

struct Pair {
  const mish_kernels *kernels, *computed;
};

std::vector<Pair> pairs() {
  std::vector<Pair> found;
  for (const mish_kernels* kernels : all_kernels()) {
    for (const Pair& each : {
#if defined(__x86_64__)
             Pair{&mish::avx512::kernels, &mish::avx512::computed},
             Pair{&mish::avx2::kernels, &mish::avx2::computed},
             Pair{&mish::baseline::kernels, &mish::baseline::computed}
#else
             Pair{&mish::neon::kernels, &mish::neon::computed}
#endif
         })
      if (each.kernels == kernels) found.push_back(each);
  }
  return found;
}

int failures = 0;

void expect(bool holds, const char* what, const Call& call) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "FAILED %s (%s, operation %d, format %d, stores %d)\n", what, call.kernels->isa,
          call.operation, call.format, call.stores);
}

// Every number of the format as x, with dy from both ends of the format and from the middle.
struct Numbers {
  std::vector<uint16_t> x, dy, wanted;

  explicit Numbers(const Call& call) : x(kAll), dy(kAll), wanted(kAll) {
    for (size_t i = 0; i < kAll; ++i) {
      x[i] = uint16_t(i);
      dy[i] = uint16_t(40503 * i + i / 7);
    }
    run(call, wanted.data(), kAll);
  }

  void run(const Call& call, uint16_t* out, size_t n) const {
    const char* const given = (const char*)x.data();
    apply(call, {call.operation == MISH_ORDERS ? (const char*)dy.data() : given, given}, {2, 2},
          (char*)out, 2, n);
  }
};

// Threads that meet an empty table: one fills it.
void test_filling(const Call& call, const Numbers& numbers) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int& mine : wrong)
    threads.emplace_back([&call, &numbers, &mine] {
      std::vector<uint16_t> out(kAll);
      for (size_t done = 0; done < kFilling / 2; done += kAll) {
        numbers.run(call, out.data(), kAll);
        mine += out != numbers.wanted;
      }
    });
  for (std::thread& each : threads) each.join();
  for (const int each : wrong) expect(each == 0, "while a table is filled", call);
}

void test_filled(Checker& check, Call call, Source& source, const Numbers& numbers) {
  for (const mish_stores stores : {MISH_CACHED, MISH_STREAMED}) {
    call.stores = stores;
    std::vector<uint16_t> out(kAll);
    for (size_t n = kAll; n > kAll - 9; --n) {
      out.assign(kAll, 0xA5A5);
      numbers.run(call, out.data(), n);
      expect(std::equal(out.begin(), out.begin() + ptrdiff_t(n), numbers.wanted.begin()) &&
                 (n == kAll || out[n] == 0xA5A5),
             "all numbers", call);
    }
    call.n = 1061;
    for (size_t place = 0; place < 33; place += 1 + place % 3) {
      call.in[0] = {1, false, place};
      call.in[1] = {1, false, 2 * place};
      call.out = {1, place % 2 == 0, 3 * place};
      expect(check(call, source), "shifted", call);
    }
    for (const ptrdiff_t in : {-2, 0, 1, 3}) {
      for (const ptrdiff_t out : {-1, 1, 2}) {
        call.in[0] = {in, false, 0};
        call.in[1] = {1 - in, true, 0};
        call.out = {out, true, 0};
        expect(check(call, source), "strided", call);
      }
    }
    for (call.in_place = 0; call.in_place < inputs_of(call.operation); ++call.in_place) {
      for (const ptrdiff_t stride : {-1, 1, 2}) {
        call.in[0] = call.in[1] = {stride, true, 0};
        expect(check(call, source), "in place", call);
      }
    }
    call.in_place = -1;
  }
}

void test_floating_point_state(const Call& call, const Numbers& numbers) {
  std::vector<uint16_t> out(kAll);
  fesetround(FE_UPWARD);
  feclearexcept(FE_ALL_EXCEPT);
  numbers.run(call, out.data(), kAll);
  const bool kept = fegetround() == FE_UPWARD && fetestexcept(FE_ALL_EXCEPT) == 0;
  fesetenv(FE_DFL_ENV);
  expect(kept, "the caller's rounding and status stay", call);
  expect(out == numbers.wanted, "the caller's rounding has no effect", call);
}

// A child that was forked while another thread filled has the table half full, and fills it anew.
void test_fork(const Call& call, const Numbers& numbers) {
  std::thread filler([&] {
    std::vector<uint16_t> out(kFilling);
    for (size_t done = 0; done < kFilling; done += kAll) numbers.run(call, out.data(), kAll);
  });
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      std::vector<uint16_t> out(kAll);
      bool same = true;
      for (size_t done = 0; done < kFilling + kAll; done += kAll) {
        numbers.run(call, out.data(), kAll);
        same = same && out == numbers.wanted;
      }
      _exit(same ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    expect(status == 0, "after a fork", call);
  }
  filler.join();
}

}  // namespace

// To ThreadSanitizer a thread that had finished when a child was forked, and that the parent joins
// later, is one that the child never joined.
extern "C" const char* __tsan_default_options() { return "report_thread_leaks=0"; }

int main() {
  Checker check;
  Source source(1);
  for (const Pair& pair : pairs()) {
    for (int operation = 0; operation <= MISH_ORDERS; ++operation) {  // the others look nothing up
      for (const int format : {MISH_FLOAT16, MISH_BFLOAT16}) {
        const Numbers numbers({pair.computed, operation, format, 0, {}, {}});
        const Call call = {pair.kernels, operation, format, 0, {}, {}};
        if (operation == MISH_ORDERS) {
          test_fork(call, numbers);
        } else {
          test_filling(call, numbers);
        }
        numbers.run(call, std::vector<uint16_t>(kAll).data(), kAll);
        test_filled(check, call, source, numbers);
        test_floating_point_state(call, numbers);
      }
    }
  }
  if (failures) fprintf(stderr, "%d failures\n", failures);
  return failures != 0;
}

// Results that go past the caches are seen by another thread before what the caller stores next.
// Without the fence after them x86 processors let a later store overtake them: on an AMD EPYC in
// half of the rounds below with AVX2, in one of fifty with AVX-512. To see it takes two free cores.
// Exits with 1, and says on standard error why, if one is wrong.
#include <stdio.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "mish.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 20'000;
constexpr auto longest = std::chrono::milliseconds(500);  // where the threads share a core
constexpr int last = -1;                                  // the round that ends it

alignas(64) float x[256], y[256];
constexpr size_t n = sizeof x / sizeof *x;

// How many rounds showed an old result. Far to the right, Mish is its argument.
int overtaken(const mish_kernels* kernels) {
  std::atomic<int> sent{0}, seen{0};
  int failures = 0;
  std::thread reader([&] {
    for (int round = 0;;) {
      const int next = sent.load(std::memory_order_acquire);
      if (next == round) continue;
      if (next == last) return;
      round = next;
      bool old = false;
      for (size_t i = n; i-- > 0;) old |= y[i] != float(100 + round);  // the last one first
      failures += old;
      seen.store(round, std::memory_order_release);
    }
  });
  const auto end = Clock::now() + longest;
  for (int round = 1; round <= rounds && Clock::now() < end; ++round) {
    for (float& each : x) each = float(100 + round);
    kernels->derivative[0][MISH_FLOAT32](x, sizeof *x, y, sizeof *y, n, MISH_STREAMED);
    sent.store(round, std::memory_order_release);
    while (seen.load(std::memory_order_acquire) != round) {
    }
  }
  sent.store(last, std::memory_order_release);
  reader.join();
  return failures;
}

}  // namespace

int main() {
  const char* names[MISH_MAX_ISAS];
  const size_t count = mish_available(names);
  int failures = 0;
  for (size_t i = 0; i < count; ++i) {
    const int found = overtaken(mish_select(names[i]));
    failures += found;
    if (found) fprintf(stderr, "FAILED %s: %d results came late\n", names[i], found);
  }
  return failures != 0;
}

// How many elements are worth a thread of their own, by what they cost.
//
// That depends on the kernel, on the instruction set, on the numbers (tails cost more) and on where
// the arrays lie, by a factor of a hundred in all. So the clock decides: the caller does the
// beginning of the range and looks how long that took.
#pragma once

#include <stddef.h>

#include <chrono>

namespace mish {

// A thread has to be worth waking: its part takes about as long as a sleeping thread needs to
// begin, twice over. docs/threads.md has the measurements.
constexpr std::chrono::duration<double> kWorthAThread{30e-6};
// The caller looks at the clock after so many elements, then after twice as many, until so much
// time has gone by: long against what the clock shows, short against what a thread is worth.
constexpr size_t kFirstLook = 4096;
constexpr std::chrono::duration<double> kLookedLongEnough{3e-6};

struct Begun {
  size_t done;   // part(0, done) has been called, in pieces
  size_t grain;  // of what is left, so many elements are worth a thread
};

// Begins a range of n elements: calls part(begin, end) for its first ones. A short range is done to
// its end by one such call.
template <class Part>
Begun begin_range(size_t n, const Part& part) {
  using Clock = std::chrono::steady_clock;
  if (n < 2 * kFirstLook) {
    part(0, n);
    return {n, n};
  }
  const Clock::time_point start = Clock::now();
  for (size_t done = 0, piece = kFirstLook;; piece *= 2) {
    if (n - done < 2 * piece) piece = n - done;
    part(done, done + piece);
    done += piece;
    const std::chrono::duration<double> taken = Clock::now() - start;
    if (done < n && taken < kLookedLongEnough) continue;
    const double worth = double(done) * (kWorthAThread / taken);
    // What is left is at most n; the clock may not have moved.
    return {done, worth < double(n) ? size_t(worth) + 1 : n};
  }
}

}  // namespace mish

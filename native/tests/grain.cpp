// The beginning of a range: done once and in order; the grain follows the time that it takes.
#include "grain.h"

#include <cstdio>
#include <vector>

namespace {

using mish::Begun;
using mish::kFirstLook;
using Clock = std::chrono::steady_clock;

int failures = 0;

void expect(bool right, const char* what) {
  if (right) return;
  ++failures;
  std::printf("grain: %s\n", what);
}

// Begins a range whose elements take so long each, and checks what is done of it.
Begun begin(size_t n, std::chrono::nanoseconds each) {
  size_t next = 0, calls = 0;
  const Begun begun = mish::begin_range(n, [&](size_t first, size_t last) {
    expect(first == next && first <= last && last <= n, "parts are in order and inside");
    next = last;
    ++calls;
    for (const auto end = Clock::now() + each * (last - first); Clock::now() < end;) continue;
  });
  expect(begun.done == next, "what is told as done was done");
  expect(n >= 2 * kFirstLook || (calls == 1 && next == n), "a short range is one part");
  expect(begun.grain >= 1 || n == 0, "a grain has elements");
  return begun;
}

}  // namespace

int main() {
  using std::chrono::nanoseconds;
  for (const size_t n : {size_t{0}, size_t{1}, 2 * kFirstLook - 1})
    expect(begin(n, nanoseconds(0)).done == n, "a short range is done");
  for (const size_t n : {2 * kFirstLook, 3 * kFirstLook, 100 * kFirstLook + 7}) {
    begin(n, nanoseconds(0));
    // 10 ns each: 3,000 of them take 30 us. Another process may take the processor meanwhile.
    const Begun slow = begin(n, nanoseconds(10));
    expect(slow.done == kFirstLook, "one look is enough where elements are slow");
    expect(slow.grain <= 3001, "slow elements make a small grain");
  }
  return failures > 0;
}

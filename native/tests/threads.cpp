// Many callers, short and long ranges, and a number of threads that changes while they run:
// every element is computed once, and every call returns.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include "parallel.h"

namespace {

constexpr int callers = 4, rounds = 200;
constexpr size_t longest = 400'000;

std::atomic<int> failures{0};

void expect(bool right, const char* what) {
  if (!right && failures++ == 0) std::printf("threads: %s\n", what);
}

// A range that is computed twice or not at all shows in the counts.
void count_up(const void* x, ptrdiff_t x_stride, void* y, ptrdiff_t y_stride, size_t n,
              mish_stores) {
  auto in = static_cast<const char*>(x);
  auto out = static_cast<char*>(y);
  for (; n > 0; --n, in += x_stride, out += y_stride)
    *reinterpret_cast<uint32_t*>(out) += *reinterpret_cast<const uint32_t*>(in);
}

void count_both(const void* dy, ptrdiff_t dy_stride, const void* x, ptrdiff_t x_stride, void* dx,
                ptrdiff_t dx_stride, size_t n, mish_stores stores) {
  count_up(dy, dy_stride, dx, dx_stride, n, stores);
  count_up(x, x_stride, dx, dx_stride, n, stores);
}

void call(unsigned seed) {
  std::vector<uint32_t> in(longest), out(longest);
  for (size_t i = 0; i < longest; ++i) in[i] = uint32_t(i) ^ seed;
  for (int round = 0; round < rounds; ++round) {
    seed = seed * 1664525 + 1013904223;
    const size_t n = round % 4 ? seed % longest : seed % 100;
    const ptrdiff_t unit = sizeof(uint32_t);
    const bool backward = round % 3 == 0, reversed = round % 5 == 0;
    const uint32_t* const x = in.data() + (reversed && n ? n - 1 : 0);
    const ptrdiff_t stride = reversed ? -unit : unit;
    std::fill(out.begin(), out.end(), 7);
    if (backward) {
      mish_parallel_backward(count_both, MISH_FLOAT64, x, stride, x, stride, out.data(), unit, n);
    } else {
      mish_parallel_unary(count_up, MISH_FLOAT32, x, stride, out.data(), unit, n);
    }
    for (size_t i = 0; i < longest; ++i) {
      const uint32_t once = i < n ? in[reversed ? n - 1 - i : i] : 0;
      expect(out[i] == 7 + (backward ? 2 * once : once), "an element was not computed once");
    }
  }
}

// An output one element before its input has to be computed in order.
void check_overlap() {
  std::vector<uint32_t> row(longest);
  for (size_t i = 0; i < longest; ++i) row[i] = uint32_t(i * i);
  const ptrdiff_t unit = sizeof(uint32_t);
  mish_set_num_threads(4);
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint32_t> sums = row;
    mish_parallel_unary(count_up, MISH_FLOAT32, &sums[1], unit, &sums[0], unit, longest - 1);
    for (size_t i = 0; i + 1 < longest; ++i)
      expect(sums[i] == row[i] + row[i + 1], "an overlap was not computed in order");
  }
}

}  // namespace

int main() {
  expect(mish_get_num_threads() == 1, "the first number is not 1");
  mish_set_num_threads(0);
  expect(mish_get_num_threads() == 1, "0 was not raised to 1");
  mish_set_num_threads(MISH_MAX_THREADS + 1);
  expect(mish_get_num_threads() == MISH_MAX_THREADS, "a number too large was not lowered");

  std::atomic<int> running{callers};
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller)
    threads.emplace_back([caller, &running] {
      call(unsigned(caller));
      --running;
    });
  for (int turn = 0; running > 0; ++turn) {
    mish_set_num_threads(1 + turn % 5);
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();

  check_overlap();
  return failures > 0;
}

// The C interface: what it refuses, and that it computes what the kernels do.
// Exits with 1, and says on standard error why, if anything is wrong.
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <random>
#include <thread>
#include <vector>

#include "include/mish.h"

namespace {

void require(bool right, int line) {
  if (right) return;
  fprintf(stderr, "FAILED c_interface.cpp, line %d\n", line);
  exit(1);
}
#define REQUIRE(condition) require(condition, __LINE__)

constexpr size_t kCount = 6000;

template <class Number>
struct Functions {
  Number (*derivative[MISH_ORDERS])(Number);
  Number (*grad)(Number, Number);
  mish_format format;
};
const Functions<float> narrow = {{mishf, mish_d1f, mish_d2f, mish_d3f}, mish_gradf, MISH_FLOAT32};
const Functions<double> wide = {{mish, mish_d1, mish_d2, mish_d3}, mish_grad, MISH_FLOAT64};

template <class Number>
std::vector<Number> numbers() {
  std::vector<Number> x = {0, Number(-0.0), Number(1e30), Number(-1e30), Number(HUGE_VAL)};
  while (x.size() < 3000) x.push_back(Number(x.size() * 0.017 - 26));
  std::mt19937_64 random(1);
  while (x.size() < kCount) {  // of any bits: subnormal ones, infinities and NaN, too
    const uint64_t bits = random();
    Number number;
    memcpy(&number, &bits, sizeof number);
    x.push_back(number);
  }
  return x;
}

template <class Number>
bool same(Number a, Number b) {
  return memcmp(&a, &b, sizeof a) == 0;
}

// Numbers alone, in arrays, in place and with strides have the same bits.
template <class Number>
void numbers_and_arrays_agree(const Functions<Number>& functions) {
  const std::vector<Number> x = numbers<Number>();
  const mish_format format = functions.format;
  constexpr ptrdiff_t size = sizeof(Number);
  const auto last = ptrdiff_t(kCount) - 1;
  for (int order = 0; order < MISH_ORDERS; ++order) {
    std::vector<Number> y(kCount), back(kCount), in_place = x;
    REQUIRE(mish_array(order, format, x.data(), size, y.data(), size, kCount) == MISH_OK);
    REQUIRE(mish_array(order, format, x.data(), size, &back[last], -size, kCount) == MISH_OK);
    REQUIRE(mish_array(order, format, in_place.data(), size, in_place.data(), size, kCount) ==
            MISH_OK);
    for (size_t i = 0; i < kCount; ++i) {
      REQUIRE(same(y[i], functions.derivative[order](x[i])));
      REQUIRE(same(y[i], back[last - i]) && same(y[i], in_place[i]));
    }
  }
  const Number dy = Number(-1.7);
  std::vector<Number> dx(kCount);
  REQUIRE(mish_grad_array(format, &dy, 0, x.data(), size, dx.data(), size, kCount) == MISH_OK);
  for (size_t i = 0; i < kCount; ++i) REQUIRE(same(dx[i], functions.grad(dy, x[i])));
}

// Whatever the settings are, a number alone gives the same bits, and neither they nor the status
// flags change.
template <class Number>
void settings_stay(const Functions<Number>& functions) {
  for (const Number x : numbers<Number>()) {
    for (int order = 0; order <= MISH_ORDERS; ++order) {
      const auto call = [&] {
        return order < MISH_ORDERS ? functions.derivative[order](x) : functions.grad(x, x);
      };
      const Number y = call();
      for (const int direction : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
        for (const int raised : {0, FE_DIVBYZERO}) {
          fesetround(direction);
          feclearexcept(FE_ALL_EXCEPT);
          feraiseexcept(raised);
          const Number again = call();
          const bool kept = fetestexcept(FE_ALL_EXCEPT) == raised && fegetround() == direction;
          fesetround(FE_TONEAREST);
          REQUIRE(kept && same(y, again));
        }
      }
    }
  }
}

// In the formats of 16 bits: Mish of 1 is 0.8650984, which is 0.86523 and 0.8672.
void short_formats() {
  uint16_t y;
  const uint16_t half = 0x3C00, bfloat = 0x3F80;
  REQUIRE(mish_array(0, MISH_FLOAT16, &half, 2, &y, 2, 1) == MISH_OK && y == 0x3AEC);
  REQUIRE(mish_array(0, MISH_BFLOAT16, &bfloat, 2, &y, 2, 1) == MISH_OK && y == 0x3F5D);
}

void refusals() {
  float x[2] = {1, 2}, y[2] = {7, 7};
  const auto call = [&](int order, int format, const void* from, ptrdiff_t stride, void* to) {
    return mish_array(order, mish_format(format), from, stride, to, 4, 2);
  };
  REQUIRE(call(-1, MISH_FLOAT32, x, 4, y) == MISH_BAD_ORDER);
  REQUIRE(call(4, MISH_FLOAT32, x, 4, y) == MISH_BAD_ORDER);
  REQUIRE(call(0, MISH_FORMATS, x, 4, y) == MISH_BAD_FORMAT);
  REQUIRE(call(0, MISH_FLOAT32, nullptr, 4, y) == MISH_NULL_POINTER);
  REQUIRE(call(0, MISH_FLOAT32, x, 4, nullptr) == MISH_NULL_POINTER);
  REQUIRE(call(0, MISH_FLOAT32, x, 2, y) == MISH_MISALIGNED);
  REQUIRE(call(0, MISH_FLOAT32, (char*)x + 1, 4, y) == MISH_MISALIGNED);
  REQUIRE(mish_grad_array(MISH_FLOAT32, x, 4, nullptr, 4, y, 4, 2) == MISH_NULL_POINTER);
  REQUIRE(mish_grad_array(MISH_FORMATS, x, 4, x, 4, y, 4, 2) == MISH_BAD_FORMAT);
  REQUIRE(y[0] == 7 && y[1] == 7);
  REQUIRE(mish_array(0, MISH_FLOAT32, nullptr, 4, nullptr, 4, 0) == MISH_OK);
  for (int status = MISH_OK; status <= MISH_NO_SUCH_ISA + 1; ++status)
    REQUIRE(*mish_status_text(mish_status(status)));
}

void instruction_sets() {
  setenv("MISH_ISA", "none", 1);
  float x = 1, y = 7;
  REQUIRE(mish_get_isa() == nullptr);
  REQUIRE(mish_array(0, MISH_FLOAT32, &x, 4, &y, 4, 1) == MISH_NO_SUCH_ISA && y == 7);
  REQUIRE(mish_grad_array(MISH_FLOAT32, &x, 4, &x, 4, &y, 4, 1) == MISH_NO_SUCH_ISA && y == 7);
  setenv("MISH_ISA", "", 1);
  REQUIRE(mish_get_isa() == mish_available_isa(0));
  REQUIRE(mish_set_isa("none") == MISH_NO_SUCH_ISA);
  for (size_t i = 0; mish_available_isa(i); ++i) {
    REQUIRE(mish_set_isa(mish_available_isa(i)) == MISH_OK);
    REQUIRE(strcmp(mish_get_isa(), mish_available_isa(i)) == 0);
    numbers_and_arrays_agree(narrow);
    numbers_and_arrays_agree(wide);
  }
  REQUIRE(mish_set_isa(nullptr) == MISH_OK && mish_get_isa() == mish_available_isa(0));
}

// Calls and settings from many threads.
void threads() {
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i)
    all.emplace_back([i] {
      std::vector<float> x(1 << 18, 1), y(x.size());
      mish_set_num_threads(1 + i);
      mish_set_isa(mish_available_isa(0));
      mish_array(0, MISH_FLOAT32, x.data(), 4, y.data(), 4, x.size());
      for (float each : y) REQUIRE(each == mishf(1));
    });
  for (std::thread& each : all) each.join();
  mish_set_num_threads(0);
  REQUIRE(mish_get_num_threads() == 1);
}

}  // namespace

int main() {
  REQUIRE(mish_abi_version() == 1);
  instruction_sets();  // first, since MISH_ISA counts when the first call comes
  settings_stay(narrow);
  settings_stay(wide);
  short_formats();
  refusals();
  threads();
  puts("the C interface keeps its word");
}

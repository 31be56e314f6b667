// Kernels of the 16-bit formats that read their results from tables.
//
// Such a format has 65,536 numbers, so a table of all results takes 128 KiB, and reading it costs
// less than computing on processors without AVX-512. The table is filled by the kernel that
// computes, so the bits are the same. For the backward pass it holds mish' as float32, 256 KiB;
// what is left is one product, rounded once.
//
// Filling takes as long as computing some 300,000 results, so it waits until about as many have
// been asked for: whatever the calls are, all together then take about twice the time at most that
// the better of the two ways would have taken. Short calls always compute: the table might have
// left the cache since the last one, and to fetch its lines again can cost more than it saves.
// docs/performance.md has the measurements.
//
// Nobody ever waits for a table: while one thread fills it, the others compute. The memory of a
// table that is not used is never touched.
#pragma once

// With AVX-512 Zen 5 and Intel compute faster than a table is read; Zen 4 does not, see
// docs/performance.md.
#define MISH_LOOKS_UP (MISH_ISA_CODE(MISH_ISA) != MISH_ISA_IS_avx512)

#include "loops.h"
#include "system.h"

namespace mish::MISH_ISA {

constexpr size_t kNumbers = 1 << 16;  // of a 16-bit format

// Calls of fewer elements compute, and so do all until so many elements have been asked for.
// Without a fused multiply-add computing takes twenty times as long, and filling fifty times.
constexpr bool kFuses = MISH_ISA_CODE(MISH_ISA) != MISH_ISA_IS_baseline;
constexpr size_t kLeastCall = kFuses ? 1024 : 64, kLeastTotal = size_t{1} << (kFuses ? 18 : 20);

// A value for each number of a format.
template <class Value>
class Results {
 public:
  // The values, or null where a call of n elements should compute. fill(values) makes them.
  template <class Fill>
  const Value* for_call(size_t n, const Fill& fill) {
    if (n < kLeastCall) return nullptr;
    if (__atomic_load_n(&filler_, __ATOMIC_ACQUIRE) == kFilled) return values_;
    if (__atomic_add_fetch(&asked_, n, __ATOMIC_RELAXED) < kLeastTotal) return nullptr;
    // A process that was forked while another thread filled has a filler that does not exist.
    const int self = this_process();
    int filler = __atomic_load_n(&filler_, __ATOMIC_RELAXED);
    if (filler == kFilled || filler == self ||
        !__atomic_compare_exchange_n(&filler_, &filler, self, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
      return nullptr;
    fill(values_);
    __atomic_store_n(&filler_, kFilled, __ATOMIC_RELEASE);
    return values_;
  }

 private:
  static constexpr int kFilled = -1;

  int filler_ = 0;  // the process whose thread fills
  size_t asked_ = 0;
  alignas(kLine) Value values_[kNumbers];
};

// Calls part(numbers, start) for all numbers of a format, a block at a time.
template <class Element, class Part>
void for_all_numbers(const Part& part) {
  constexpr size_t block = 512;
  Element x[block];
  for (size_t start = 0; start < kNumbers; start += block) {
    for (size_t i = 0; i < block; ++i) x[i].bits = uint16_t(start + i);
    part(x, start, block);
  }
}

// Static, for an inline variable has its zeros in the file on macOS.
template <class Element, int order>
static Results<uint16_t> results;

template <class Element>
static Results<float> slopes;

template <class Element, int order>
const uint16_t* results_for_call(size_t n) {
  return results<Element, order>.for_call(n, [](uint16_t* values) {
    for_all_numbers<Element>([&](const Element* x, size_t start, size_t count) {
      unary<Element, order>(x, 2, values + start, 2, count, MISH_CACHED);
    });
  });
}

template <class Element>
const float* slopes_for_call(size_t n) {
  return slopes<Element>.for_call(n, [](float* values) {
    for_all_numbers<Element>([&](const Element* x, size_t start, size_t count) {
      const FloatingPointScope scope;
      float* const wide = values + start;
      for (size_t i = 0; i < count; i += Vec<float>::kLanes)
        Vec<float>::load(x + i).store(wide + i);
      unary<float, 1>(wide, 4, wide, 4, count, MISH_CACHED);
    });
  });
}

MISH_INLINE uint16_t number_at(const char* p) {
  uint16_t bits;
  memcpy(&bits, p, sizeof bits);
  return bits;
}

MISH_INLINE void put_number(char* p, uint16_t bits) { memcpy(p, &bits, sizeof bits); }

// The results for whole groups of numbers; returns how many those are. What is streamed starts at
// a multiple of 16 bytes.
#if defined(__x86_64__)
template <mish_stores stores>
MISH_CALLED size_t look_up_groups(const uint16_t* table, const char* x, char* y, size_t n) {
  const auto four = [&](const char* from) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    __m128i found = _mm_cvtsi32_si128(table[uint16_t(word)]);
    found = _mm_insert_epi16(found, table[uint16_t(word >> 16)], 1);
    found = _mm_insert_epi16(found, table[uint16_t(word >> 32)], 2);
    return _mm_insert_epi16(found, table[word >> 48], 3);
  };
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i eight = _mm_unpacklo_epi64(four(x + 2 * i), four(x + 2 * i + 8));
    __m128i* const to = (__m128i*)(y + 2 * i);
    if constexpr (stores == MISH_STREAMED) {
      _mm_stream_si128(to, eight);
    } else {
      _mm_storeu_si128(to, eight);
    }
  }
  return i;
}
#else
template <mish_stores>
MISH_CALLED size_t look_up_groups(const uint16_t* table, const char* x, char* y, size_t n) {
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    uint64_t word;
    memcpy(&word, x + 2 * i, sizeof word);
    const uint64_t first = table[uint16_t(word)], second = table[uint16_t(word >> 16)],
                   third = table[uint16_t(word >> 32)], fourth = table[word >> 48];
    word = first | second << 16 | third << 32 | fourth << 48;
    memcpy(y + 2 * i, &word, sizeof word);
  }
  return i;
}
#endif

// y = mish^(order)(x), n numbers.
template <class Element, int order>
void look_up(const void* x_, ptrdiff_t x_stride, void* y_, ptrdiff_t y_stride, size_t n,
             mish_stores stores) {
  const uint16_t* const table = results_for_call<Element, order>(n);
  if (!table) return unary<Element, order>(x_, x_stride, y_, y_stride, n, stores);
  const char* const x = (const char*)x_;
  char* const y = (char*)y_;
  const auto one_by_one = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      put_number(y + (ptrdiff_t)i * y_stride, table[number_at(x + (ptrdiff_t)i * x_stride)]);
  };
  if (x_stride != 2 || y_stride != 2) return one_by_one(0, n);
  size_t done = 0;
#if defined(__x86_64__)
  if (stores == MISH_STREAMED) {
    const size_t head = before_line<Element>(y);
    done = head < n ? head : n;
    one_by_one(0, done);
    done += look_up_groups<MISH_STREAMED>(table, x + 2 * done, y + 2 * done, n - done);
    _mm_sfence();  // or other threads might see what follows before the results
  }
#endif
  done += look_up_groups<MISH_CACHED>(table, x + 2 * done, y + 2 * done, n - done);
  one_by_one(done, n);
}

// dx = dy * slope for at most a block of elements, of which all slopes can be read.
template <mish_stores stores, class Element, class V = Vec<float>>
MISH_CALLED void multiply(const Element* dy, const typename V::Scalar* slope, Element* dx,
                          size_t n) {
  constexpr size_t lanes = V::kLanes;
  // As in Backward: of two NaNs let it be dy.
  const auto product = [](V a, V b) { return a * select(is_nan(a), a, b); };
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const V y = product(V::load(dy + i), V::load(slope + i));
    if constexpr (stores == MISH_STREAMED) {
      y.stream(dx + i);
    } else {
      y.store(dx + i);
    }
  }
  if (i == n) return;
  Element rest[lanes] = {};
  memcpy(rest, dy + i, (n - i) * sizeof(Element));
  product(V::load(rest), V::load(slope + i)).store(rest);
  memcpy(dx + i, rest, (n - i) * sizeof(Element));
}

// dx = dy * mish'(x), n numbers, a block at a time.
template <class Element>
void look_up_backward(const void* dy_, ptrdiff_t dy_stride, const void* x_, ptrdiff_t x_stride,
                      void* dx_, ptrdiff_t dx_stride, size_t n, mish_stores stores) {
  const float* const table = slopes_for_call<Element>(n);
  if (!table) return backward<Element>(dy_, dy_stride, x_, x_stride, dx_, dx_stride, n, stores);
  const FloatingPointScope scope;
  constexpr size_t block = 512;
  const char *dy = (const char*)dy_, *x = (const char*)x_;
  char* dx = (char*)dx_;
  const bool stream = Vec<float>::kStreams && stores == MISH_STREAMED && dx_stride == 2;
  size_t count = block;
  if (stream && before_line<Element>(dx)) count = before_line<Element>(dx);
  for (size_t left = n; left > 0; count = block) {
    const bool whole_lines = count == block;
    if (count > left) count = left;
    alignas(kLine) float slope[block];
    // Four a turn: the speed of a loop of one load would depend on where in a line of code it lies.
    size_t i = 0;
    for (; i + 4 <= count; i += 4)
      for (size_t j = i; j < i + 4; ++j) slope[j] = table[number_at(x + (ptrdiff_t)j * x_stride)];
    for (; i < count; ++i) slope[i] = table[number_at(x + (ptrdiff_t)i * x_stride)];
    Element given[block], made[block];
    if (dy_stride != 2)
      for (size_t i = 0; i < count; ++i) given[i].bits = number_at(dy + (ptrdiff_t)i * dy_stride);
    const Element* const from = dy_stride == 2 ? (const Element*)dy : given;
    Element* const to = dx_stride == 2 ? (Element*)dx : made;
    constexpr mish_stores streamed = Vec<float>::kStreams ? MISH_STREAMED : MISH_CACHED;
    if (stream && whole_lines) {
      multiply<streamed>(from, slope, to, count);
    } else {
      multiply<MISH_CACHED>(from, slope, to, count);
    }
    if (dx_stride != 2)
      for (size_t i = 0; i < count; ++i) put_number(dx + (ptrdiff_t)i * dx_stride, made[i].bits);
    dy += (ptrdiff_t)count * dy_stride;
    x += (ptrdiff_t)count * x_stride;
    dx += (ptrdiff_t)count * dx_stride;
    left -= count;
  }
#if defined(__x86_64__)
  if (stream) _mm_sfence();
#endif
}

}  // namespace mish::MISH_ISA

// What the native tests share: memory that faults at its ends, numbers to try, and the check
// that one call of a kernel does what calls for one element at a time do, and nothing else.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

#include "half.h"
#include "mish.h"
#include "portable.h"

namespace mish::tests {

// The derivatives by their order, then the backward pass; marked outputs, and from these x and the
// backward pass.
enum { kMark = MISH_ORDERS + 1, kInvertMarked, kMarkedGrad, kOperations };
constexpr ptrdiff_t kSizes[MISH_FORMATS] = {2, 2, 4, 8};

inline int inputs_of(int operation) {
  return operation == MISH_ORDERS || operation == kMarkedGrad ? 2 : 1;
}

// Bytes of the caller's, then pseudorandom ones (SplitMix64) without end.
class Source {
 public:
  explicit Source(uint64_t seed) : state_(seed) {}
  Source(const uint8_t* data, size_t size) : data_(data), left_(size), state_(size) {}

  uint64_t below(uint64_t limit) { return word() % limit; }

  uint64_t word() {
    if (left_ >= 8) {
      uint64_t next;
      memcpy(&next, data_, 8);
      data_ += 8;
      left_ -= 8;
      state_ ^= next;
      return next;
    }
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  const uint8_t* data_ = nullptr;
  size_t left_ = 0;
  uint64_t state_;
};

// Any bit pattern, or a number from the middle, where the tables are.
inline void put_number(Source& source, int format, char* at) {
  const uint64_t pattern = source.word();
  if (source.below(3) == 0) {
    memcpy(at, &pattern, kSizes[format]);
    return;
  }
  const double wide = double(pattern >> 11) * 0x1p-53 * 24 - 12;
  const float narrow = float(wide);
  uint32_t narrow_bits;
  memcpy(&narrow_bits, &narrow, 4);
  const uint16_t half = float_to_half(narrow), upper_half = uint16_t(narrow_bits >> 16);
  const void* const numbers[MISH_FORMATS] = {&half, &upper_half, &narrow, &wide};
  memcpy(at, numbers[format], kSizes[format]);
}

// Whole pages between two that can be neither read nor written.
class GuardedMemory {
 public:
  explicit GuardedMemory(size_t at_least) {
    const size_t page = portable::page_size();
    size_ = (at_least + page - 1) / page * page;
    char* const all = portable::untouchable(size_ + 2 * page);
    if (!all) abort();
    begin_ = all + page;
    if (!portable::make_touchable(begin_, size_)) abort();
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  char* begin() const { return begin_; }
  size_t size() const { return size_; }

 private:
  char* begin_;
  size_t size_;
};

// An array of n elements. `place` counts the elements between it and the end of its memory that
// `high` names; the stride counts elements too.
struct Array {
  ptrdiff_t stride = 1;
  bool high = false;
  size_t place = 0;
};

struct Call {
  const mish_kernels* kernels;
  int operation, format;
  size_t n;
  Array in[2], out;
  int in_place = -1;  // the input that is also the output, or none
  mish_stores stores = MISH_CACHED;
};

inline void apply(const Call& call, const char* const (&in)[2], const ptrdiff_t (&in_stride)[2],
                  char* out, ptrdiff_t out_stride, size_t n) {
  const mish_kernels& kernels = *call.kernels;
  const int format = call.format;
  if (inputs_of(call.operation) == 2) {
    const auto& grad = call.operation == kMarkedGrad ? kernels.marked_grad : kernels.grad;
    grad[format](in[0], in_stride[0], in[1], in_stride[1], out, out_stride, n, call.stores);
    return;
  }
  const auto& unary = call.operation == kMark           ? kernels.mark
                      : call.operation == kInvertMarked ? kernels.invert_marked
                                                        : kernels.derivative[call.operation];
  unary[format](in[0], in_stride[0], out, out_stride, n, call.stores);
}

class Checker {
 public:
  static constexpr size_t kBytes = size_t{1} << 19;  // in each array's memory

  // Whether the call writes what it must, and nothing else; tells of the first difference.
  bool operator()(const Call& call, Source& source) {
    const int inputs = inputs_of(call.operation);
    const ptrdiff_t size = kSizes[call.format];
    Region region[3];  // inputs, output
    for (int k = 0; k < inputs; ++k) region[k] = place(memory_[k], call.in[k], size, call.n);
    region[2] =
        call.in_place < 0 ? place(memory_[2], call.out, size, call.n) : region[call.in_place];

    for (Region& each : region)
      if (each.bytes) memset(each.begin, 0xA5, each.bytes);
    for (int k = 0; k < inputs; ++k)
      for (size_t i = 0; i < call.n; ++i) put_number(source, call.format, region[k].element(i));

    std::vector<char> image[3];
    for (int k = 0; k < 3; ++k) image[k].assign(region[k].begin, region[k].begin + region[k].bytes);
    std::vector<char>& wanted = image[call.in_place < 0 ? 2 : call.in_place];
    for (size_t i = 0; i < call.n; ++i) {
      alignas(8) char x[2][8], y[8];
      for (int k = 0; k < inputs; ++k) memcpy(x[k], region[k].element(i), size);
      apply(call, {x[0], x[1]}, {size, size}, y, size, 1);
      memcpy(wanted.data() + (region[2].element(i) - region[2].begin), y, size);
    }
    if (call.in_place >= 0) image[2] = wanted;

    apply(call, {region[0].first, region[1].first}, {region[0].stride, region[1].stride},
          region[2].first, region[2].stride, call.n);
    for (int k = 0; k < 3; ++k) {
      for (size_t i = 0; i < image[k].size(); ++i) {
        if (image[k][i] == region[k].begin[i]) continue;
        report(call, k, &region[k].begin[i] - region[k].first);
        return false;
      }
    }
    return true;
  }

 private:
  // An array, and as much of the memory around it as a stray vector could touch.
  struct Region {
    char *begin = nullptr, *first = nullptr;
    size_t bytes = 0;
    ptrdiff_t stride = 0;

    char* element(size_t i) const { return first + ptrdiff_t(i) * stride; }
  };

  static Region place(const GuardedMemory& memory, const Array& array, ptrdiff_t size, size_t n) {
    constexpr size_t around = 256;
    const ptrdiff_t stride = array.stride * size;
    const ptrdiff_t reach = n ? ptrdiff_t(n - 1) * stride : 0;  // from the first to the last
    const size_t span = n ? size_t(llabs(reach) + size) : 0;
    const size_t gap = array.place * size;
    if (span + gap > memory.size()) abort();
    const size_t low = array.high ? memory.size() - gap - span : gap;
    const size_t from = low < around ? 0 : low - around;
    const size_t to = low + span + around < memory.size() ? low + span + around : memory.size();
    char* const first = memory.begin() + low + (reach < 0 ? -reach : 0);
    return {memory.begin() + from, first, to - from, stride};
  }

  static void report(const Call& call, int array, ptrdiff_t byte) {
    fprintf(stderr, "%s, operation %d, format %d, n = %zu, in place %d, stores %d; strides",
            call.kernels->isa, call.operation, call.format, call.n, call.in_place, call.stores);
    for (const Array* each : {&call.in[0], &call.in[1], &call.out})
      fprintf(stderr, " %td (%zu from the %s)", each->stride, each->place,
              each->high ? "upper end" : "lower end");
    fprintf(stderr, ": array %d is wrong %td bytes after its first element\n", array, byte);
  }

  const GuardedMemory memory_[3] = {GuardedMemory(kBytes), GuardedMemory(kBytes),
                                    GuardedMemory(kBytes)};
};

inline std::vector<const mish_kernels*> all_kernels() {
  const char* names[MISH_MAX_ISAS];
  const size_t count = mish_available(names);
  std::vector<const mish_kernels*> all;
  for (size_t i = 0; i < count; ++i) all.push_back(mish_select(names[i]));
  return all;
}

}  // namespace mish::tests

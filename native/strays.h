// Numbers outside of the tables, in data that has few of them.
//
// A vector has to take the slow way, through both tails, when one of its lanes lies outside; where
// one number in a hundred does, one vector in seven or twelve is slow. So the numbers that lie
// outside are put aside, those on the left and those on the right each for itself, and all others
// go as if there were none. Of what was put aside whole vectors are made, many at a time, since one
// alone would wait for its own results most of the time.
#pragma once

#include "evaluate.h"

namespace mish::MISH_ISA {

constexpr size_t kChunk = 256;  // elements, so that their numbers fit into bytes
constexpr size_t kFewStrays =
    kChunk / 2;                // where there are more, bringing them together is no gain
constexpr size_t kBatch = 64;  // strays that are evaluated together, or more

// For each set of eight lanes the numbers of those that are in it, lowest first, and how many.
struct Members {
  uint64_t numbers[256];
  uint8_t count[256];

  constexpr Members() : numbers{}, count{} {
    for (int set = 0; set < 256; ++set) {
      for (int lane = 0; lane < 8; ++lane)
        if (set >> lane & 1) numbers[set] |= uint64_t(lane) << 8 * count[set]++;
    }
  }
};
inline constexpr Members members;

// What was put aside.
template <class Element, class Operation>
class Strays {
  static constexpr int kInputs = Operation::kInputs;
  using V = typename Operation::V;

 public:
  // Puts the strays of the chunk at `start` aside. False, and nothing done, if they are not few.
  // Their results replace what is written there later, and are in `out` after finish(out).
  MISH_CALLED bool take(const Element* const (&in)[kInputs], size_t start, Element* out) {
    const Element* const x = in[kInputs - 1] + start;
    uint8_t at[kChunk + 8];  // eight are written at a time
    size_t count = 0;
    for (size_t j = 0; j < kChunk; j += V::kLanes) {
      const unsigned outside = lanes_of(Operation::Derivative::outside(V::load(x + j)));
      for (size_t part = 0; part < V::kLanes; part += 8) {
        const unsigned set = outside >> part & 255;
        const uint64_t numbers = members.numbers[set] + 0x0101010101010101 * (j + part);
        memcpy(at + count, &numbers, sizeof numbers);
        count += members.count[set];
      }
    }
    if (count > kFewStrays) return false;
    // Those of earlier chunks: this one's other results are not written yet.
    if (left_.count >= kBatch) left_.evaluate(out);
    if (right_.count >= kBatch) right_.evaluate(out);
    size_t left = left_.count, right = right_.count;
    for (size_t i = 0; i < count; ++i) {  // without a branch: each is written to both sides
      const size_t stray = start + at[i];
      left_.put(left, in, stray);
      right_.put(right, in, stray);
      const bool negative = is_negative(in[kInputs - 1][stray]);
      left += negative;
      right += !negative;
    }
    left_.count = left;
    right_.count = right;
    return true;
  }

  MISH_INLINE void finish(Element* out) {
    if (left_.count) left_.evaluate(out);
    if (right_.count) right_.evaluate(out);
  }

 private:
  static constexpr size_t kRoom = kBatch + kFewStrays;

  struct Side {
    size_t count = 0;
    size_t at[kRoom];
    Element in[kInputs][kRoom + V::kLanes];

    MISH_INLINE void put(size_t i, const Element* const (&from)[kInputs], size_t stray) {
      at[i] = stray;
      for (int k = 0; k < kInputs; ++k) in[k][i] = from[k][stray];
    }

    MISH_CALLED void evaluate(Element* out) {
      const Operation operation;
      const typename Operation::Derivative::Place nowhere = {};
      // The last vector is filled with one of the strays.
      for (size_t i = count; i % V::kLanes; ++i)
        for (int k = 0; k < kInputs; ++k) in[k][i] = in[k][0];
      Element results[kRoom + V::kLanes];
      for (size_t i = 0; i < count; i += V::kLanes) {
        V x[kInputs];
        for (int k = 0; k < kInputs; ++k) x[k] = V::load(in[k] + i);
        operation.template at<Lanes::kOutside>(x, nowhere).store(results + i);
      }
      for (size_t i = 0; i < count; ++i) out[at[i]] = results[i];
      count = 0;
    }
  };

  MISH_INLINE static bool is_negative(const Element& x) {
    unsigned char bytes[sizeof x];
    memcpy(bytes, &x, sizeof x);
    return bytes[sizeof x - 1] >> 7;
  }

  Side left_, right_;
};

}  // namespace mish::MISH_ISA

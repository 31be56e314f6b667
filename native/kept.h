// Arrays: training that keeps something smaller than the input of Mish.
//
// Marked outputs are operations of their own for the loops of loops.h. Sides and codes are packed:
// for each eight numbers one byte for each bit, the first number lowest. They are made and read a
// block at a time.
#pragma once

#include "code_tables.h"
#include "from_output.h"
#include "lookup.h"

namespace mish::MISH_ISA {

template <class Element>
struct Marked {
  static constexpr int kInputs = 1;
  static constexpr int kSpare = Arithmetic<Element>::kSpare;
  using V = Vec<typename Arithmetic<Element>::Type>;
  using Derivative = Kernel<typename V::Scalar, 0>;
  Derivative derivative;
  template <Lanes lanes>
  MISH_INLINE V at(const V (&in)[1], const typename Derivative::Place& place) const {
    V y, rest(0);
    if constexpr (kSpare == 0) {
      y = derivative.template at<lanes>(in[0], place, rest);
    } else {
      y = derivative.template before_rounding<lanes, kSpare - 1>(in[0], place);
    }
    return marked<kSpare, Element>(in[0], y, rest);
  }
};

// FromOutput for the loops, which ask only where the constants of a number are.
template <class Element, Wanted wanted>
struct FromMarked {
  using From = FromOutput<typename Arithmetic<Element>::Type, wanted>;
  using V = typename From::V;
  using Place = typename From::Place;
  static constexpr bool kPutsAside = false;  // no output lies outside of the tables
  static constexpr int kAhead = From::kAhead;
  MISH_INLINE static bool all_outside(V) { return false; }
  From from;
  MISH_INLINE Place place(V y) const {
    return from.place(y, left_of_marked<Arithmetic<Element>::kSpare, Element>(y));
  }
};

template <class Element>
struct MarkedInverse {
  static constexpr int kInputs = 1;
  using Derivative = FromMarked<Element, Wanted::kInput>;
  using V = typename Derivative::V;
  Derivative derivative;
  template <Lanes>
  MISH_INLINE V at(const V (&in)[1], const typename Derivative::Place& place) const {
    return derivative.from.at(in[0], place);
  }
};

template <class Element>
struct MarkedBackward {
  static constexpr int kInputs = 2;
  using Derivative = FromMarked<Element, Wanted::kSlope>;
  using V = typename Derivative::V;
  Derivative derivative;
  template <Lanes>
  MISH_INLINE V at(const V (&in)[2], const typename Derivative::Place& place) const {
    const V dy = in[0];  // as in Backward: of two NaNs let both be dy
    return dy * select(is_nan(dy), dy, derivative.from.at(in[1], place));
  }
};

template <class Element>
void mark(const void* x, ptrdiff_t x_stride, void* y, ptrdiff_t y_stride, size_t n,
          mish_stores stores) {
  apply<Element, Marked<Element>>({(const char*)x}, {x_stride}, (char*)y, y_stride, n, stores);
}

template <class Element>
void invert_marked(const void* y, ptrdiff_t y_stride, void* x, ptrdiff_t x_stride, size_t n,
                   mish_stores stores) {
  apply<Element, MarkedInverse<Element>>({(const char*)y}, {y_stride}, (char*)x, x_stride, n,
                                         stores);
}

template <class Element>
void marked_backward(const void* dy, ptrdiff_t dy_stride, const void* y, ptrdiff_t y_stride,
                     void* dx, ptrdiff_t dx_stride, size_t n, mish_stores stores) {
  apply<Element, MarkedBackward<Element>>({(const char*)dy, (const char*)y}, {dy_stride, y_stride},
                                          (char*)dx, dx_stride, n, stores);
}

constexpr size_t kPackedBlock = 512;

// Eight bits as the lowest ones of eight bytes, and back.
MISH_INLINE uint64_t spread(uint8_t byte) {
  const uint64_t each = uint64_t{byte} * 0x0101010101010101 & 0x8040201008040201;
  return (each + 0x7F7F7F7F7F7F7F7F) >> 7 & 0x0101010101010101;
}
MISH_INLINE uint8_t gathered(uint64_t bytes) {
  return uint8_t((bytes & 0x0101010101010101) * 0x0102040810204080 >> 56);
}

// Codes of so many bits, a byte each, for the eights that hold `count` numbers.
MISH_INLINE void unpack(const unsigned char* packed, int bits, size_t count, uint8_t* codes) {
  for (size_t i = 0; i < count; i += 8) {
    uint64_t eight = 0;
    for (int bit = 0; bit < bits; ++bit) eight |= spread(*packed++) << bit;
    memcpy(codes + i, &eight, 8);
  }
}
MISH_INLINE void pack(const uint8_t* codes, int bits, size_t count, unsigned char* packed) {
  for (size_t i = 0; i < count; i += 8) {
    uint64_t eight;
    memcpy(&eight, codes + i, 8);
    for (int bit = 0; bit < bits; ++bit) *packed++ = gathered(eight >> bit);
  }
}

// The first numbers of an array in the arithmetic of their format; zeros fill the last vector.
template <class Element, class V>
MISH_INLINE void widen(const Element* from, size_t count, V, typename V::Scalar* to) {
  constexpr size_t lanes = V::kLanes;
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) V::load(from + i).store(to + i);
  if (i == count) return;
  Element rest[lanes] = {};
  memcpy(rest, from + i, (count - i) * sizeof(Element));
  V::load(rest).store(to + i);
}

// The sides (bits = 0) or the codes of mish'(x), packed.
template <class Element>
void encode(const void* x_, int bits, unsigned char* packed, size_t n) {
  using T = typename Arithmetic<Element>::Type;
  using V = Vec<T>;
  const Element* x = (const Element*)x_;
  const FloatingPointScope scope;
  for (size_t start = 0; start < n; start += kPackedBlock) {
    const size_t count = n - start < kPackedBlock ? n - start : kPackedBlock;
    T wide[kPackedBlock];
    uint8_t codes[kPackedBlock] = {};
    widen(x + start, count, V(), wide);
    if (bits == 0) {
      for (size_t i = 0; i < count; ++i) codes[i] = wide[i] < Inverted<T>::kRightOf;
    } else {
      const T* const input[1] = {wide};
      apply_contiguous<T, Unary<T, 1>>(input, wide, count, MISH_CACHED);
      const float* const borders = code_tables::kBorders[bits - 1];
      for (int border = 0; border < (1 << bits) - 1; ++border)
        for (size_t i = 0; i < count; ++i) codes[i] += wide[i] >= T(borders[border]);
    }
    pack(codes, bits ? bits : 1, count, packed);
    packed += (count + 7) / 8 * (bits ? bits : 1);
  }
}

// What a block of outputs with their sides has: all of `wide` is read and written.
template <Wanted wanted, class T>
MISH_CALLED void from_sides(const uint8_t* left, T* wide, size_t count) {
  using V = Vec<T>;
  using From = FromOutput<T, wanted>;
  constexpr size_t lanes = V::kLanes, ahead = From::kAhead;
  using Integer = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  constexpr int top = sizeof(T) * 8 - 1;
  T signs[kPackedBlock];
  for (size_t i = 0; i < kPackedBlock; ++i) {
    const Integer sign = Integer(left[i]) << top;
    memcpy(signs + i, &sign, sizeof sign);
  }
  const From from;
  for (size_t i = 0; i < count; i += ahead * lanes) {
    typename From::Place place[ahead];
    for (size_t j = 0; j < ahead; ++j) {
      const V y = V::load(wide + i + j * lanes);
      // Only where y < 0 is there a side.
      place[j] = from.place(y, bits(V::load(signs + i + j * lanes)) & bits(y));
    }
    if constexpr (ahead > 1) MISH_THROUGH_MEMORY(place);
    for (size_t j = 0; j < ahead; ++j)
      from.at(V::load(wide + i + j * lanes), place[j]).store(wide + i + j * lanes);
  }
}

// dx = dy · mish', from outputs and their sides (bits = 0) or from codes, for which y is not read.
template <class Element>
void decode_backward(const void* dy_, ptrdiff_t dy_stride, const void* y_,
                     const unsigned char* packed, int bits, void* dx_, size_t n) {
  using T = typename Arithmetic<Element>::Type;
  using V = Vec<T>;
  const char* dy = (const char*)dy_;
  const Element* const y = (const Element*)y_;
  Element* const dx = (Element*)dx_;
  const FloatingPointScope scope;
  for (size_t start = 0; start < n; start += kPackedBlock) {
    const size_t count = n - start < kPackedBlock ? n - start : kPackedBlock;
    alignas(kLine) T slope[kPackedBlock] = {};
    uint8_t codes[kPackedBlock] = {};
    unpack(packed, bits ? bits : 1, count, codes);
    packed += (count + 7) / 8 * (bits ? bits : 1);
    if (bits == 0) {
      widen(y + start, count, V(), slope);
      from_sides<Wanted::kSlope>(codes, slope, count);
    } else {
      const float* const levels = code_tables::kLevels[bits - 1];
      for (size_t i = 0; i < count; ++i) slope[i] = T(levels[codes[i]]);
    }
    Element given[kPackedBlock];
    for (size_t i = 0; dy_stride == 0 && i < count; ++i) memcpy(given + i, dy, sizeof(Element));
    const Element* const from = dy_stride == 0 ? given : (const Element*)dy + start;
    multiply<MISH_CACHED, Element, V>(from, slope, dx + start, count);
  }
}

// x from outputs and their sides.
template <class Element>
void invert_sided(const void* y_, const unsigned char* packed, void* x_, size_t n) {
  using T = typename Arithmetic<Element>::Type;
  using V = Vec<T>;
  const FloatingPointScope scope;
  for (size_t start = 0; start < n; start += kPackedBlock) {
    const size_t count = n - start < kPackedBlock ? n - start : kPackedBlock;
    alignas(kLine) T wide[kPackedBlock] = {};
    uint8_t left[kPackedBlock] = {};
    unpack(packed, 1, count, left);
    packed += (count + 7) / 8;
    widen((const Element*)y_ + start, count, V(), wide);
    from_sides<Wanted::kInput>(left, wide, count);
    Element found[kPackedBlock];
    for (size_t i = 0; i < count; i += V::kLanes) V::load(wide + i).store(found + i);
    memcpy((Element*)x_ + start, found, count * sizeof(Element));
  }
}

}  // namespace mish::MISH_ISA

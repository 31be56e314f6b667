// Arrays: contiguous, strided, and what is left over after the last whole vector.
#pragma once

#include "evaluate.h"
#include "floating_point_scope.h"
#include "mish.h"
#include "strays.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace mish::MISH_ISA {

// The arithmetic of a format, and how many bits its numbers lack at the end.
template <class Element>
struct Arithmetic {
  using Type = Element;
  static constexpr int kSpare = 0;
};
template <>
struct Arithmetic<Half> {
  using Type = float;
  static constexpr int kSpare = 13;
};
template <>
struct Arithmetic<Bfloat16> {
  using Type = float;
  static constexpr int kSpare = 16;
};

// An operation is a function of kInputs vectors, the last of which is x; these two say which.
template <class Element, int order>
struct Unary {
  static constexpr int kInputs = 1;
  using V = Vec<typename Arithmetic<Element>::Type>;
  using Derivative = Kernel<typename V::Scalar, order>;
  Derivative derivative;
  template <Lanes lanes>
  MISH_INLINE V at(const V (&in)[1], const typename Derivative::Place& place) const {
    constexpr int spare = Arithmetic<Element>::kSpare;
    if constexpr (spare == 0) {
      return derivative.template at<lanes>(in[0], place);
    } else {
      return derivative.template before_rounding<lanes, spare - 1>(in[0], place);
    }
  }
};

template <class Element>
struct Backward {
  static constexpr int kInputs = 2;
  using V = Vec<typename Arithmetic<Element>::Type>;
  using Derivative = Kernel<typename V::Scalar, 1>;
  Derivative derivative;
  template <Lanes lanes>
  MISH_INLINE V at(const V (&in)[2], const typename Derivative::Place& place) const {
    // Of two NaNs the product keeps the one that the compiler chose to pass first: let it be dy.
    const V dy = in[0];
    return dy * select(is_nan(dy), V(1), derivative.template at<lanes>(in[1], place));
  }
};

constexpr size_t kLine = 64;  // of a cache, in bytes

// How many elements come before the first whole line of the array.
template <class Element>
MISH_INLINE size_t before_line(const void* array) {
  return (0 - (uintptr_t)array) % kLine / sizeof(Element);
}

// Asks for `bytes` of memory one page ahead, to which the hardware does not look by itself.
template <int write>
MISH_INLINE void prefetch_page_ahead(const void* p, size_t bytes) {
  constexpr size_t page = 4096;
  for (size_t i = 0; i < bytes; i += kLine) __builtin_prefetch((const char*)p + page + i, write);
}

// Applies the operation to `vectors` whole vectors. What is streamed starts at a multiple of kLine.
template <Lanes lanes, int vectors, mish_stores stores, class Element, class Operation>
MISH_INLINE void apply_block(const Operation& operation,
                             const Element* const (&in)[Operation::kInputs], size_t start,
                             const typename Operation::Derivative::Place* place, Element* out) {
  using V = typename Operation::V;
  constexpr int inputs = Operation::kInputs;
  for (int j = 0; j < vectors; ++j) {
    const size_t i = start + j * V::kLanes;
    V x[inputs];
    for (int k = 0; k < inputs; ++k) x[k] = V::load(in[k] + i);
    const V y = operation.template at<lanes>(x, place[j]);
    if constexpr (stores == MISH_STREAMED) {
      y.stream(out + i);
    } else {
      y.store(out + i);
    }
  }
}

// Asks for the memory ahead of `bytes` from the start on.
template <mish_stores stores, int inputs, class Element>
MISH_INLINE void prefetch_ahead(const Element* const (&in)[inputs], size_t start, Element* out,
                                size_t bytes) {
  for (int k = 0; k < inputs; ++k) prefetch_page_ahead<0>(in[k] + start, bytes);
  if (stores == MISH_CACHED) prefetch_page_ahead<1>(out + start, bytes);
}

// The same for a chunk.
template <Lanes lanes, mish_stores stores, class Element, class Operation>
MISH_INLINE void apply_chunk(const Operation& operation,
                             const Element* const (&in)[Operation::kInputs], size_t start,
                             const typename Operation::Derivative::Place* place, Element* out) {
  constexpr size_t ahead = Operation::Derivative::kAhead, block = ahead * Operation::V::kLanes;
  for (size_t i = start; i < start + kChunk; i += block, place += ahead) {
    prefetch_ahead<stores>(in, i, out, block * sizeof(Element));
    apply_block<lanes, ahead, stores>(operation, in, i, place, out);
  }
}

// The same from an element up to another, as far as there are whole blocks; their places are found
// here. Returns where they end.
template <Lanes lanes, mish_stores stores, class Element, class Operation>
MISH_INLINE size_t apply_blocks(const Operation& operation,
                                const Element* const (&in)[Operation::kInputs], size_t start,
                                size_t end, Element* out) {
  using Derivative = typename Operation::Derivative;
  using V = typename Operation::V;
  constexpr size_t ahead = Derivative::kAhead, block = ahead * V::kLanes;
  for (; start + block <= end; start += block) {
    typename Derivative::Place place[ahead];
    for (size_t j = 0; j < ahead; ++j)
      place[j] =
          operation.derivative.place(V::load(in[Operation::kInputs - 1] + start + j * V::kLanes));
    if constexpr (ahead > 1) MISH_THROUGH_MEMORY(place);
    prefetch_ahead<stores>(in, start, out, block * sizeof(Element));
    apply_block<lanes, ahead, stores>(operation, in, start, place, out);
  }
  return start;
}

// A chunk of which many elements lie outside of the table. A vector that lies there as a whole
// needs no place.
template <mish_stores stores, class Element, class Operation>
MISH_CALLED void apply_far_chunk(const Element* const (&in)[Operation::kInputs], size_t start,
                                 Element* out) {
  using Derivative = typename Operation::Derivative;
  using V = typename Operation::V;
  const Operation operation;
  for (size_t i = start; i < start + kChunk; i += V::kLanes) {
    prefetch_ahead<stores>(in, i, out, V::kLanes * sizeof(Element));
    const V x = V::load(in[Operation::kInputs - 1] + i);
    if (Derivative::all_outside(x)) {
      const typename Derivative::Place nowhere = {};
      apply_block<Lanes::kOutside, 1, stores>(operation, in, i, &nowhere, out);
    } else {
      const typename Derivative::Place place = operation.derivative.place(x);
      apply_block<Lanes::kLikelyInside, 1, stores>(operation, in, i, &place, out);
    }
  }
}

// Not inlined, since the compiler takes long over each copy. The operation with its tables is made
// here, so that it may stay in registers.
template <mish_stores stores, class Element, class Operation>
MISH_CALLED void apply_contiguous(const Element* const (&in)[Operation::kInputs], Element* out,
                                  size_t n) {
  using Derivative = typename Operation::Derivative;
  using V = typename Operation::V;
  constexpr int inputs = Operation::kInputs;
  constexpr size_t lanes = V::kLanes, block = Derivative::kAhead * lanes;
  const Operation operation;
  const Element* const x = in[inputs - 1];
  size_t i = 0;
  if constexpr (Derivative::kPutsAside) {
    Strays<Element, Operation> strays;
    for (; i + kChunk <= n; i += kChunk) {
      if (Derivative::all_outside(V::load(x + i))) {  // so will its neighbours be
        apply_far_chunk<stores, Element, Operation>(in, i, out);
        continue;
      }
      typename Derivative::Place place[kChunk / lanes];
      const bool inside = operation.derivative.places(x + i, place);
      MISH_THROUGH_MEMORY(place);
      // What is put aside is read now: in place it will be overwritten.
      if (__builtin_expect(!inside && !strays.take(in, i, out), false)) {
        apply_far_chunk<stores, Element, Operation>(in, i, out);
      } else {
        apply_chunk<Lanes::kInside, stores>(operation, in, i, place, out);
      }
    }
    strays.finish(out);
  }
  while (i + block <= n) {
    const bool chunk = !Derivative::kPutsAside && i + kChunk <= n;
    if (chunk && Derivative::all_outside(V::load(x + i))) {  // so will its neighbours be
      apply_far_chunk<stores, Element, Operation>(in, i, out);
      i += kChunk;
    } else {
      const size_t end = chunk ? i + kChunk : n;
      i = apply_blocks<Lanes::kLikelyInside, stores>(operation, in, i, end, out);
    }
  }
  for (; i < n; i += lanes) {
    const bool whole = i + lanes <= n;
    Element buffer[inputs][lanes] = {};
    const Element* source[inputs];
    for (int k = 0; k < inputs; ++k) {
      if (!whole) memcpy(buffer[k], in[k] + i, (n - i) * sizeof(Element));
      source[k] = whole ? in[k] + i : buffer[k];
    }
    const auto place = operation.derivative.place(V::load(source[inputs - 1]));
    apply_block<Lanes::kLikelyInside, 1, MISH_CACHED>(operation, source, 0, &place,
                                                      whole ? out + i : buffer[0]);
    if (!whole) memcpy(out + i, buffer[0], (n - i) * sizeof(Element));
  }
}

// Applies the operation to n elements. Strided arrays pass through buffers, a block at a time.
template <class Element, class Operation>
MISH_INLINE void apply(const char* const (&in)[Operation::kInputs],
                       const ptrdiff_t (&in_stride)[Operation::kInputs], char* out,
                       ptrdiff_t out_stride, size_t n, [[maybe_unused]] mish_stores stores) {
  constexpr int inputs = Operation::kInputs;
  constexpr size_t block = 512;
  constexpr ptrdiff_t unit = sizeof(Element);
  const FloatingPointScope scope;
  bool contiguous = out_stride == unit;
  for (int k = 0; k < inputs; ++k) contiguous = contiguous && in_stride[k] == unit;
  const Element* source[inputs];
  if (contiguous) {
    for (int k = 0; k < inputs; ++k) source[k] = (const Element*)in[k];
#if defined(__x86_64__)
    if constexpr (Operation::V::kStreams) {
      if (stores == MISH_STREAMED) {
        size_t head = before_line<Element>(out);
        if (head > n) head = n;
        apply_contiguous<MISH_CACHED, Element, Operation>(source, (Element*)out, head);
        for (int k = 0; k < inputs; ++k) source[k] += head;
        apply_contiguous<MISH_STREAMED, Element, Operation>(source, (Element*)out + head, n - head);
        _mm_sfence();  // or other threads might see what follows before the results
        return;
      }
    }
#endif
    apply_contiguous<MISH_CACHED, Element, Operation>(source, (Element*)out, n);
    return;
  }
  Element buffer[inputs][block];
  for (size_t start = 0; start < n; start += block) {
    const size_t count = n - start < block ? n - start : block;
    for (int k = 0; k < inputs; ++k) {
      const char* p = in[k] + (ptrdiff_t)start * in_stride[k];
      for (size_t i = 0; i < count; ++i, p += in_stride[k])
        memcpy(&buffer[k][i], p, sizeof(Element));
      source[k] = buffer[k];
    }
    apply_contiguous<MISH_CACHED, Element, Operation>(source, buffer[0], count);
    char* p = out + (ptrdiff_t)start * out_stride;
    for (size_t i = 0; i < count; ++i, p += out_stride) memcpy(p, &buffer[0][i], sizeof(Element));
  }
}

// The kernels.
template <class Element, int order>
void unary(const void* x, ptrdiff_t x_stride, void* y, ptrdiff_t y_stride, size_t n,
           mish_stores stores) {
  apply<Element, Unary<Element, order>>({(const char*)x}, {x_stride}, (char*)y, y_stride, n,
                                        stores);
}

template <class Element>
void backward(const void* dy, ptrdiff_t dy_stride, const void* x, ptrdiff_t x_stride, void* dx,
              ptrdiff_t dx_stride, size_t n, mish_stores stores) {
  apply<Element, Backward<Element>>({(const char*)dy, (const char*)x}, {dy_stride, x_stride},
                                    (char*)dx, dx_stride, n, stores);
}

}  // namespace mish::MISH_ISA

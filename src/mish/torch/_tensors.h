// Tensors as the kernels see them: how they lie in memory, new ones, and calls on PyTorch's
// threads.
#pragma once

#include <algorithm>
#include <new>

#include "_shim.h"
#include "grain.h"
#include "mish.h"
#include "pages.h"
#include "range.h"

namespace mish_torch {

inline const mish_kernels* kernels = nullptr;
inline int32_t cpu;                   // PyTorch's numbers for the device type
inline int32_t dtypes[MISH_FORMATS];  // and for the dtypes
inline int32_t dtype_bytes;

// Tensors of more dimensions are left to PyTorch, whose own loops end there as well.
constexpr int64_t max_dims = 64;

// How the elements of a tensor lie in memory.
struct View {
  explicit View(Handle tensor) : tensor(tensor) {
    check(shim.get_dtype(tensor, &dtype));
    check(shim.get_dim(tensor, &dims));
    check(shim.get_numel(tensor, &numel));
    check(shim.get_sizes(tensor, &sizes));
    check(shim.get_strides(tensor, &strides));
    for (int f = 0; f < MISH_FORMATS; ++f)
      if (dtypes[f] == dtype) format = mish_format(f);
  }

  bool served() const { return format != MISH_FORMATS && dims <= max_dims; }

  // In the order of its indices, without gaps.
  bool contiguous() const {
    int64_t expected = 1;
    for (int64_t d = dims; d-- > 0; expected *= sizes[d])
      if (sizes[d] != 1 && strides[d] != expected) return numel == 0;
    return true;
  }

  // Without gaps and overlaps, in whatever order: its memory can be gone through from end to end.
  bool dense() const {
    if (contiguous()) return true;
    int64_t order[max_dims], count = 0, expected = 1;
    for (int64_t d = 0; d < dims; ++d)
      if (sizes[d] != 1) order[count++] = d;
    std::sort(order, order + count, [&](auto a, auto b) { return strides[a] < strides[b]; });
    for (int64_t i = 0; i < count; expected *= sizes[order[i++]])
      if (strides[order[i]] != expected) return false;
    return true;
  }

  // One number seen as many, as the gradient of a sum is.
  bool single() const {
    return std::all_of(strides, strides + dims, [](int64_t stride) { return stride == 0; });
  }

  bool same_shape(const View& other) const {
    return dims == other.dims && std::equal(sizes, sizes + dims, other.sizes);
  }

  bool same_layout(const View& other) const {
    for (int64_t d = 0; d < dims; ++d)
      if (sizes[d] != 1 && strides[d] != other.strides[d]) return numel == 0;
    return true;
  }

  const void* data() const {
    const void* found;
    check(shim.get_const_data_ptr(tensor, &found));
    return found;
  }

  void* mutable_data() const {
    void* found;
    check(shim.get_data_ptr(tensor, &found));
    return found;
  }

  Handle tensor;
  int32_t dtype;
  int64_t dims, numel;
  int64_t *sizes, *strides;
  mish_format format = MISH_FORMATS;
};

inline ptrdiff_t element_size(mish_format format) {  // signed, as PyTorch's sizes and strides are
  return ptrdiff_t(mish_element_size(format));
}

// Calls part(begin, end) for ranges that make up [0, n), on PyTorch's threads.
template <class Part>
void on_threads(int64_t n, const Part& part) {
  const auto [done, grain] = mish::begin_range(size_t(n), part);
  if (done == size_t(n)) return;
  const auto call = [](int64_t begin, int64_t end, void* context) {
    (*static_cast<const Part*>(context))(begin, end);
  };
  check(shim.parallel_for(int64_t(done), n, int64_t(grain), call, const_cast<Part*>(&part)));
}

// The same for ranges of few parts, of which each may be worth a thread.
template <class Part>
void on_threads_by_one(int64_t n, const Part& part) {
  if (n < 2) return part(0, n);
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  part(0, 1);
  const std::chrono::duration<double> taken = Clock::now() - start;
  const double worth = mish::kWorthAThread / taken;
  const int64_t grain = worth < double(n) ? int64_t(worth) + 1 : n;
  const auto call = [](int64_t begin, int64_t end, void* context) {
    (*static_cast<const Part*>(context))(begin, end);
  };
  check(shim.parallel_for(1, n, grain, call, const_cast<Part*>(&part)));
}

inline void run(const mish_unary (&kernel)[MISH_FORMATS], mish_format format, const void* x,
                void* y, int64_t n) {
  const ptrdiff_t size = element_size(format);
  on_threads(n, [&](int64_t begin, int64_t end) {
    mish_unary_range(kernel[format], format, x, size, y, size, n, begin, end);
  });
}

inline void run_backward(const mish_backward (&kernel)[MISH_FORMATS], mish_format format,
                         const void* dy, ptrdiff_t dy_stride, const void* x, void* dx, int64_t n) {
  const ptrdiff_t size = element_size(format);
  on_threads(n, [&](int64_t begin, int64_t end) {
    mish_backward_range(kernel[format], format, dy, dy_stride, x, size, dx, size, n, begin, end);
  });
}

// A new tensor, laid out as PyTorch lays out the result of an elementwise operation on a dense one.
// Nothing has been written to it.
inline Tensor empty_like(const View& x) {
  Handle made;
  int64_t strides[max_dims];
  std::copy(x.strides, x.strides + x.dims, strides);
  if (x.contiguous()) {
    int64_t stride = 1;
    for (int64_t d = x.dims; d-- > 0; stride *= std::max<int64_t>(x.sizes[d], 1))
      strides[d] = stride;
  }
  check(shim.empty_strided(x.dims, x.sizes, strides, x.dtype, cpu, 0, &made));
  Tensor result(made);
  mish_ask_for_huge_pages(View(made).mutable_data(), size_t(x.numel * element_size(x.format)));
  return result;
}

// PyTorch's own kernel, which is at::cpu::mish for mish.
template <class Own, class... Arguments>
Tensor own(Own kernel, Arguments... arguments) {
  Handle made;
  check(shim.new_tensor(&made));
  Tensor result(made);
  new (made) TensorValue(kernel(arguments...));  // in place of the undefined tensor
  return result;
}

inline Tensor unary(const mish_unary (&kernel)[MISH_FORMATS], const View& x) {
  if (x.dense()) {
    Tensor y = empty_like(x);
    run(kernel, x.format, x.data(), View(y.get()).mutable_data(), x.numel);
    return y;
  }
  Handle copy;  // it is dense
  check(shim.clone(x.tensor, &copy));
  Tensor y(copy);
  const View view(copy);
  run(kernel, view.format, view.data(), view.mutable_data(), view.numel);
  return y;
}

// The numbers of one tensor in the layout of another, which is dense.
inline Tensor laid_out_as(const View& layout, const View& numbers) {
  Tensor made = empty_like(layout);
  check(shim.copy(made.get(), numbers.tensor, 0));
  return made;
}

inline Tensor gradient(const mish_backward (&kernel)[MISH_FORMATS], const View& dy, const View& x) {
  if (!x.dense()) {
    Handle copy;  // it is dense
    check(shim.clone(x.tensor, &copy));
    const Tensor owner(copy);
    return gradient(kernel, dy, View(copy));
  }
  if (!dy.single() && !dy.same_layout(x)) {
    const Tensor owner = laid_out_as(x, dy);
    return gradient(kernel, View(owner.get()), x);
  }
  Tensor dx = empty_like(x);
  const ptrdiff_t stride = dy.single() ? 0 : element_size(x.format);
  run_backward(kernel, x.format, dy.data(), stride, x.data(), View(dx.get()).mutable_data(),
               x.numel);
  return dx;
}

}  // namespace mish_torch

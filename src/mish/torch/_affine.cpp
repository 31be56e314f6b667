#include "_affine.h"

#include <type_traits>

#include "_tensors.h"

namespace mish_torch {
namespace {

// What a normalisation does to numbers once its statistics are known, where the channel changes
// from one number to the next: a·x + b, and after `count` numbers a and b begin again.
template <class T>
struct Affine {
  const T *a, *b;
  int64_t count;

  // Numbers `begin` to `end`, written to z[0] and on.
  void operator()(const T* x, int64_t begin, int64_t end, T* z) const {
    for (int64_t i = begin; i < end;) {
      const int64_t channel = i % count, next = std::min(end, i + count - channel);
      for (int64_t j = i; j < next; ++j)
        z[j - begin] = a[channel + j - i] * x[j] + b[channel + j - i];
      i = next;
    }
  }
};

template <class T>
const T* numbers(const View& v) {
  return static_cast<const T*>(v.data());
}

// Calls part(i, n) for blocks of a tensor, n numbers from i on, that stay in the first cache.
constexpr int64_t block = 2048;

template <class Part>
void by_blocks(const View& x, const Part& part) {
  on_threads(x.numel, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += block) part(i, std::min(block, end - i));
  });
}

template <class T>
void slope_times(const View& like, const T* dy, const T* z, T* dz, int64_t n) {
  constexpr ptrdiff_t size = sizeof(T);
  mish_backward_range(kernels->grad[like.format], like.format, dy, size, z, size, dz, size,
                      like.numel, 0, n);
}

// dz = dy·mish′(a·x + b).
struct OfAffine {
  template <class T>
  static void run(const View& dy, const View& x, const Affine<T>& affine, T* dz) {
    by_blocks(x, [&](int64_t i, int64_t n) {
      T z[block];
      affine(numbers<T>(x), i, i + n, z);
      slope_times(x, numbers<T>(dy) + i, z, dz + i, n);
    });
  }
};

// dz = dy·mish′(z), and then z becomes a·z + b.
struct ThenAffine {
  template <class T>
  static void run(const View& dy, const View& z, const Affine<T>& affine, T* dz) {
    T* const all = static_cast<T*>(z.mutable_data());
    by_blocks(z, [&](int64_t i, int64_t n) {
      slope_times(z, numbers<T>(dy) + i, all + i, dz + i, n);
      affine(all, i, i + n, all + i);
    });
  }
};

// (Tensor dy, Tensor x, Tensor scale, Tensor shift) -> Tensor dz, where all are of float32
// or of float64, x is dense, and scale and shift are vectors.
template <class Operation>
void with_affine(Value* stack, uint64_t, uint64_t) {
  const Tensor dy(stack[0]), x(stack[1]), scale(stack[2]), shift(stack[3]);
  const View at(x.get()), given(dy.get()), a(scale.get()), b(shift.get());
  Tensor copy(Handle(nullptr));
  if (!given.same_layout(at)) copy = laid_out_as(at, given);
  const View from = copy.get() ? View(copy.get()) : given;
  Tensor dz = empty_like(at);
  const auto go = [&](auto* to) {
    using T = std::remove_pointer_t<decltype(to)>;
    Operation::run(from, at, Affine<T>{numbers<T>(a), numbers<T>(b), a.numel}, to);
  };
  void* const to = View(dz.get()).mutable_data();
  at.format == MISH_FLOAT32 ? go(static_cast<float*>(to)) : go(static_cast<double*>(to));
  stack[0] = dz.release();
}

}  // namespace

const Registration affine_kernels[] = {{"_backward_of_affine", with_affine<OfAffine>},
                                       {"_backward_then_affine_", with_affine<ThenAffine>}};

}  // namespace mish_torch

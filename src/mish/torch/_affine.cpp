#include "_affine.h"

#include "_tensors.h"

namespace mish_torch {
namespace {

// What a normalisation does to numbers once its statistics are known: a·x + b. In the order of
// memory `run` numbers one after another share a and b, and after `count` runs they begin again.
template <class T>
struct Affine {
  const T *a, *b;
  int64_t run, count;

  // Numbers `begin` to `end`, written to z[0] and on.
  void operator()(const T* x, int64_t begin, int64_t end, T* z) const {
    for (int64_t i = begin; i < end;) {
      const int64_t row = i / run % count;
      if (run == 1) {
        const int64_t next = std::min(end, i + count - row);
        for (int64_t j = i; j < next; ++j)
          z[j - begin] = a[row + j - i] * x[j] + b[row + j - i];
        i = next;
      } else {
        const int64_t next = std::min(end, (i / run + 1) * run);
        for (int64_t j = i; j < next; ++j) z[j - begin] = a[row] * x[j] + b[row];
        i = next;
      }
    }
  }
};

// dz = dy·mish′(a·x + b), a block at a time, whose a·x + b stays in the first cache.
template <class T>
void backward(const View& dy, const View& x, const View& a, const View& b, int64_t run, void* dz) {
  constexpr int64_t block = 2048;
  constexpr ptrdiff_t size = sizeof(T);
  const auto numbers = [](const View& v) { return static_cast<const T*>(v.data()); };
  const Affine<T> affine{numbers(a), numbers(b), run, a.numel};
  on_threads(grain[x.format], x.numel, [&](int64_t begin, int64_t end) {
    T z[block];
    for (int64_t i = begin; i < end; i += block) {
      const int64_t n = std::min(block, end - i);
      affine(numbers(x), i, i + n, z);
      mish_backward_range(kernels->grad[x.format], x.format, numbers(dy) + i, size, z, size,
                          static_cast<T*>(dz) + i, size, x.numel, 0, n);
    }
  });
}

// _affine_backward(Tensor dy, Tensor x, Tensor scale, Tensor shift, int run) -> Tensor, where all
// are of float32 or of float64, x is dense, and scale and shift are vectors.
void affine_backward(Value* stack, uint64_t, uint64_t) {
  const Tensor dy(stack[0]), x(stack[1]), scale(stack[2]), shift(stack[3]);
  const auto run = int64_t(stack[4]);
  const View at(x.get()), given(dy.get()), a(scale.get()), b(shift.get());
  Tensor dz = empty_like(at);
  Tensor copy(Handle(nullptr));
  if (!given.same_layout(at)) copy = laid_out_as(at, given);
  const View from = copy.get() ? View(copy.get()) : given;
  void* const to = View(dz.get()).mutable_data();
  (at.format == MISH_FLOAT32 ? backward<float> : backward<double>)(from, at, a, b, run, to);
  stack[0] = dz.release();
}

}  // namespace

const Registration affine_kernels[] = {{"_affine_backward", affine_backward}};

}  // namespace mish_torch

#include "_kept.h"

#include "_tensors.h"

namespace mish_torch {
namespace {

void require(bool holds, const char* message) {
  if (!holds) throw std::runtime_error(message);
}

constexpr char kDtype[] = "the tensor must be of float16, bfloat16, float32 or float64";

// A dense tensor with these numbers: the tensor itself, or a copy that `owner` holds.
View dense(const View& x, Tensor& owner) {
  require(x.served(), kDtype);
  if (x.dense()) return x;
  Handle copy;
  check(shim.clone(x.tensor, &copy));
  owner = Tensor(copy);
  return View(copy);
}

View laid_out_as(const View& layout, const View& numbers, Tensor& owner) {
  if (numbers.same_layout(layout)) return numbers;
  owner = laid_out_as(layout, numbers);
  return View(owner.get());
}

// Calls part(begin, end) for ranges of numbers that begin with whole bytes of bits.
template <class Part>
void on_threads_by_eights(int64_t n, const Part& part) {
  on_threads((n + 7) / 8,
             [&](int64_t begin, int64_t end) { part(8 * begin, std::min(8 * end, n)); });
}

const char* at(const void* array, const View& x, int64_t i) {
  return static_cast<const char*>(array) + i * element_size(x.format);
}
char* at(void* array, const View& x, int64_t i) {
  return static_cast<char*>(array) + i * element_size(x.format);
}

int64_t packed_size(const View& x, int64_t bits) {
  return (x.numel + 7) / 8 * std::max<int64_t>(bits, 1);
}

const unsigned char* packed_data(const View& packed, const View& x, int64_t bits) {
  require(
      packed.dtype == dtype_bytes && packed.contiguous() && packed.numel == packed_size(x, bits),
      "sides or codes must be those that were made for a tensor of this size: uint8, one byte "
      "for each eight numbers and bit");
  return static_cast<const unsigned char*>(packed.data());
}

void require_alike(const View& dy, const View& y) {
  require(y.served(), kDtype);
  require(dy.dtype == y.dtype && dy.same_shape(y), "dy must have the shape and the dtype of y");
}

// marked(Tensor x) -> Tensor
void marked(Value* stack, uint64_t, uint64_t) {
  const Tensor x(stack[0]);
  const View view(x.get());
  Tensor y = view.served() ? unary(kernels->mark, view) : own(shim.own_mish, x.get());
  stack[0] = y.release();
}

// marked_(Tensor(a!) x) -> ()
void marked_in_place(Value* stack, uint64_t, uint64_t) {
  const Tensor x(stack[0]);
  const View view(x.get());
  if (!view.served()) {
    shim.own_mish_inplace(x.get());
  } else if (view.dense()) {
    run(kernels->mark, view.format, view.data(), view.mutable_data(), view.numel);
  } else {
    const Tensor y = unary(kernels->mark, view);
    check(shim.copy(x.get(), y.get(), 0));
  }
}

// marked_inverse(Tensor y) -> Tensor
void marked_inverse(Value* stack, uint64_t, uint64_t) {
  const Tensor y(stack[0]);
  const View view(y.get());
  require(view.served(), kDtype);
  stack[0] = unary(kernels->invert_marked, view).release();
}

// marked_backward(Tensor dy, Tensor y) -> Tensor
void marked_backward(Value* stack, uint64_t, uint64_t) {
  const Tensor dy(stack[0]), y(stack[1]);
  const View from(dy.get()), at(y.get());
  require_alike(from, at);
  stack[0] = gradient(kernels->marked_grad, from, at).release();
}

Tensor encoded(const View& numbers, int64_t bits) {
  Tensor owner(Handle{});
  const View x = dense(numbers, owner);
  const int64_t size = packed_size(x, bits), stride = 1;
  Handle made;
  check(shim.empty_strided(1, &size, &stride, dtype_bytes, cpu, 0, &made));
  Tensor result(made);
  unsigned char* const packed = static_cast<unsigned char*>(View(made).mutable_data());
  const void* const data = x.data();
  on_threads_by_eights(x.numel, [&](int64_t begin, int64_t end) {
    kernels->encode[x.format](at(data, x, begin), int(bits),
                              packed + begin / 8 * std::max<int64_t>(bits, 1), end - begin);
  });
  return result;
}

// sides(Tensor x) -> Tensor
void sides(Value* stack, uint64_t, uint64_t) {
  const Tensor x(stack[0]);
  stack[0] = encoded(View(x.get()), 0).release();
}

// codes(Tensor x, int bits) -> Tensor
void codes(Value* stack, uint64_t, uint64_t) {
  const Tensor x(stack[0]);
  const auto bits = int64_t(stack[1]);
  require(bits >= 1 && bits <= 4, "bits must be 1, 2, 3 or 4");
  stack[0] = encoded(View(x.get()), bits).release();
}

// dy · mish', laid out as `like`; `like` is y where bits = 0.
Tensor decoded(const View& dy, const View& like, const View& packed, int64_t bits) {
  const unsigned char* const bytes = packed_data(packed, like, bits);
  Tensor owner(Handle{});
  const View from = dy.single() ? dy : laid_out_as(like, dy, owner);
  Tensor dx = empty_like(like);
  void* const to = View(dx.get()).mutable_data();
  const void *const given = from.data(), *const y = like.data();
  const ptrdiff_t stride = dy.single() ? 0 : element_size(like.format);
  on_threads_by_eights(like.numel, [&](int64_t begin, int64_t end) {
    kernels->decode_grad[like.format](static_cast<const char*>(given) + begin * stride, stride,
                                      at(y, like, begin),
                                      bytes + begin / 8 * std::max<int64_t>(bits, 1), int(bits),
                                      at(to, like, begin), end - begin);
  });
  return dx;
}

// sided_backward(Tensor dy, Tensor y, Tensor sides) -> Tensor
void sided_backward(Value* stack, uint64_t, uint64_t) {
  const Tensor dy(stack[0]), y(stack[1]), packed(stack[2]);
  const View from(dy.get()), numbers(y.get());
  require_alike(from, numbers);
  Tensor owner(Handle{});
  stack[0] = decoded(from, dense(numbers, owner), View(packed.get()), 0).release();
}

// coded_backward(Tensor dy, Tensor codes, int bits) -> Tensor
void coded_backward(Value* stack, uint64_t, uint64_t) {
  const Tensor dy(stack[0]), packed(stack[1]);
  const auto bits = int64_t(stack[2]);
  const View from(dy.get());
  require(bits >= 1 && bits <= 4, "bits must be 1, 2, 3 or 4");
  Tensor owner(Handle{});
  const View numbers = dense(from, owner);
  stack[0] = decoded(numbers, numbers, View(packed.get()), bits).release();
}

// sided_inverse(Tensor y, Tensor sides) -> Tensor
void sided_inverse(Value* stack, uint64_t, uint64_t) {
  const Tensor tensor(stack[0]), packed(stack[1]);
  Tensor owner(Handle{});
  const View y = dense(View(tensor.get()), owner);
  const unsigned char* const bytes = packed_data(View(packed.get()), y, 0);
  Tensor x = empty_like(y);
  void* const to = View(x.get()).mutable_data();
  const void* const from = y.data();
  on_threads_by_eights(y.numel, [&](int64_t begin, int64_t end) {
    kernels->invert_sided[y.format](at(from, y, begin), bytes + begin / 8, at(to, y, begin),
                                    end - begin);
  });
  stack[0] = x.release();
}

}  // namespace

const Registration kept_kernels[] = {{"marked", marked},
                                     {"marked_", marked_in_place},
                                     {"marked_inverse", marked_inverse},
                                     {"marked_backward", marked_backward},
                                     {"sides", sides},
                                     {"codes", codes},
                                     {"sided_backward", sided_backward},
                                     {"coded_backward", coded_backward},
                                     {"sided_inverse", sided_inverse}};

}  // namespace mish_torch

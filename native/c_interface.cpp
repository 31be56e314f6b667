// The C interface of include/mish.h, on top of the core's kernels.
//
// Nothing here may include a header with `namespace mish`: the function of that name is declared.
#include <atomic>
#include <cstdint>
#include <initializer_list>

#include "include/mish.h"
#include "mish.h"
#include "parallel.h"
#include "scalar.h"

namespace {

// The kernels of array calls, or null as long as nobody has asked for any.
std::atomic<const mish_kernels*> chosen{nullptr};

const mish_kernels* kernels_in_use() {
  if (const mish_kernels* found = chosen.load(std::memory_order_relaxed)) return found;
  char message[MISH_MESSAGE];
  const mish_kernels* found = mish_select_from_environment(message);
  const mish_kernels* none = nullptr;
  // Who sets one at the same time has the last word.
  if (found && !chosen.compare_exchange_strong(none, found)) return none;
  return found;
}

const mish_kernels* best_kernels() {
  static const mish_kernels* const found = mish_select(nullptr);
  return found;
}

template <class Number>
constexpr mish_format format_of = sizeof(Number) == 4 ? MISH_FLOAT32 : MISH_FLOAT64;

const mish_scalars<float>& scalars_of(float) { return mish_float_scalars; }
const mish_scalars<double>& scalars_of(double) { return mish_double_scalars; }

bool has_scalars() {
  static const bool found = mish_has_scalars();
  return found;
}

template <int order, class Number>
Number derivative(Number x) {
  if (has_scalars()) return scalars_of(x).derivative[order](x);
  Number y;
  best_kernels()->derivative[order][format_of<Number>](&x, sizeof x, &y, sizeof y, 1, MISH_CACHED);
  return y;
}

template <class Number>
Number backward(Number dy, Number x) {
  if (has_scalars()) return scalars_of(x).grad(dy, x);
  Number dx;
  best_kernels()->grad[format_of<Number>](&dy, sizeof dy, &x, sizeof x, &dx, sizeof dx, 1,
                                          MISH_CACHED);
  return dx;
}

struct Array {
  const void* data;
  ptrdiff_t stride;
};

mish_status check(mish_format format, size_t n, std::initializer_list<Array> arrays) {
  if (int(format) < 0 || int(format) >= MISH_FORMATS) return MISH_BAD_FORMAT;
  const uintptr_t rest = mish_element_size(format) - 1;
  for (const auto& [data, stride] : arrays) {
    if (!data && n > 0) return MISH_NULL_POINTER;
    if (((uintptr_t(data) | uintptr_t(stride)) & rest) != 0) return MISH_MISALIGNED;
  }
  return MISH_OK;
}

}  // namespace

double mish(double x) { return derivative<0>(x); }
double mish_d1(double x) { return derivative<1>(x); }
double mish_d2(double x) { return derivative<2>(x); }
double mish_d3(double x) { return derivative<3>(x); }
double mish_grad(double dy, double x) { return backward(dy, x); }

float mishf(float x) { return derivative<0>(x); }
float mish_d1f(float x) { return derivative<1>(x); }
float mish_d2f(float x) { return derivative<2>(x); }
float mish_d3f(float x) { return derivative<3>(x); }
float mish_gradf(float dy, float x) { return backward(dy, x); }

const char* mish_status_text(mish_status status) {
  switch (status) {
    case MISH_OK:
      return "no error";
    case MISH_BAD_ORDER:
      return "the order must be from 0 to 3";
    case MISH_BAD_FORMAT:
      return "the format must be one of mish_format";
    case MISH_NULL_POINTER:
      return "a pointer to an array is null, and n is not 0";
    case MISH_MISALIGNED:
      return "a pointer or a stride is no multiple of the size of an element";
    case MISH_NO_SUCH_ISA:
      return "this CPU cannot run the instruction set that mish_set_isa or MISH_ISA names";
  }
  return "no status of mish";
}

mish_status mish_array(int order, mish_format format, const void* x, ptrdiff_t x_stride, void* y,
                       ptrdiff_t y_stride, size_t n) {
  if (order < 0 || order >= MISH_ORDERS) return MISH_BAD_ORDER;
  if (mish_status bad = check(format, n, {{x, x_stride}, {y, y_stride}})) return bad;
  const mish_kernels* const kernels = kernels_in_use();
  if (!kernels) return MISH_NO_SUCH_ISA;
  if (n > 0)
    mish_parallel_unary(kernels->derivative[order][format], format, x, x_stride, y, y_stride, n);
  return MISH_OK;
}

mish_status mish_grad_array(mish_format format, const void* dy, ptrdiff_t dy_stride, const void* x,
                            ptrdiff_t x_stride, void* dx, ptrdiff_t dx_stride, size_t n) {
  if (mish_status bad = check(format, n, {{dy, dy_stride}, {x, x_stride}, {dx, dx_stride}}))
    return bad;
  const mish_kernels* const kernels = kernels_in_use();
  if (!kernels) return MISH_NO_SUCH_ISA;
  if (n > 0)
    mish_parallel_backward(kernels->grad[format], format, dy, dy_stride, x, x_stride, dx, dx_stride,
                           n);
  return MISH_OK;
}

const char* mish_get_isa() {
  const mish_kernels* const kernels = kernels_in_use();
  return kernels ? kernels->isa : nullptr;
}

mish_status mish_set_isa(const char* name) {
  const mish_kernels* const found = mish_select(name);
  if (!found) return MISH_NO_SUCH_ISA;
  chosen.store(found);
  return MISH_OK;
}

const char* mish_available_isa(size_t index) {
  const char* names[MISH_MAX_ISAS];
  return index < mish_available(names) ? names[index] : nullptr;
}

int mish_abi_version() { return 1; }

// The kernels of one instruction set, chosen by the macro MISH_ISA.
#include "kernels.h"

#include "loops.h"

namespace mish::MISH_ISA {
namespace {

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

}  // namespace

#define MISH_STRING_(name) #name
#define MISH_STRING(name) MISH_STRING_(name)
#define MISH_FORMATS_OF(order) \
  {unary<Half, order>, unary<Bfloat16, order>, unary<float, order>, unary<double, order>}

const mish_kernels kernels = {
    MISH_STRING(MISH_ISA),
    {MISH_FORMATS_OF(0), MISH_FORMATS_OF(1), MISH_FORMATS_OF(2), MISH_FORMATS_OF(3)},
    {backward<Half>, backward<Bfloat16>, backward<float>, backward<double>},
};

}  // namespace mish::MISH_ISA

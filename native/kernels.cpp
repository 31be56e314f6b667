// The kernels of one instruction set, chosen by the macro MISH_ISA.
#include "kernels.h"

#include "kept.h"
#include "lookup.h"
#include "loops.h"
#include "rows.h"

#define MISH_STRING_(name) #name
#define MISH_STRING(name) MISH_STRING_(name)

namespace mish::MISH_ISA {

#define MISH_FORMATS_OF(order) \
  {unary<Half, order>, unary<Bfloat16, order>, unary<float, order>, unary<double, order>}
#define MISH_EACH(kernel) {kernel<Half>, kernel<Bfloat16>, kernel<float>, kernel<double>}
#define MISH_ROWS_OF(T) {row_affine<T>, row_sums<T>, row_combine<T>}
#define MISH_ROWS {{}, {}, MISH_ROWS_OF(float), MISH_ROWS_OF(double)}
#define MISH_KEPT                                                                           \
  MISH_EACH(mark), MISH_EACH(invert_marked), MISH_EACH(marked_backward), MISH_EACH(encode), \
      MISH_EACH(decode_backward), MISH_EACH(invert_sided), MISH_ROWS

constexpr mish_kernels computed = {
    MISH_STRING(MISH_ISA),
    {MISH_FORMATS_OF(0), MISH_FORMATS_OF(1), MISH_FORMATS_OF(2), MISH_FORMATS_OF(3)},
    MISH_EACH(backward),
    MISH_KEPT,
};

#undef MISH_FORMATS_OF

#if MISH_LOOKS_UP
#define MISH_FORMATS_OF(order) \
  {look_up<Half, order>, look_up<Bfloat16, order>, unary<float, order>, unary<double, order>}

constexpr mish_kernels kernels = {
    MISH_STRING(MISH_ISA),
    {MISH_FORMATS_OF(0), MISH_FORMATS_OF(1), MISH_FORMATS_OF(2), MISH_FORMATS_OF(3)},
    {look_up_backward<Half>, look_up_backward<Bfloat16>, backward<float>, backward<double>},
    MISH_KEPT,
};
#else
constexpr mish_kernels kernels = computed;
#endif

#undef MISH_KEPT
#undef MISH_ROWS
#undef MISH_ROWS_OF
#undef MISH_EACH

}  // namespace mish::MISH_ISA

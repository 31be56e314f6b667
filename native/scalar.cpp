// The functions of one number, compiled with MISH_ISA=scalar.
#include "scalar.h"

#include "evaluate.h"
#include "floating_point_scope.h"

namespace mish::scalar {
namespace {

template <int order, class T>
Vec<T> at(T x) {
  const Kernel<T, order> kernel;
  const Vec<T> point(x);
  return kernel.template at<Lanes::kLikelyInside>(point, kernel.place(point));
}

template <int order, class T>
T derivative(T x) {
  const FloatingPointScope scope;
  stays_here(x);
  T y = at<order>(x).v;
  stays_here(y);
  return y;
}

// Of two NaNs the kernels keep dy.
template <class T>
T grad(T dy, T x) {
  const FloatingPointScope scope;
  stays_here(x);
  stays_here(dy);
  T dx = dy != dy ? dy + dy : dy * at<1>(x).v;
  stays_here(dx);
  return dx;
}

template <class T>
constexpr mish_scalars<T> all = {
    {derivative<0, T>, derivative<1, T>, derivative<2, T>, derivative<3, T>}, grad<T>};

}  // namespace
}  // namespace mish::scalar

const mish_scalars<float> mish_float_scalars = mish::scalar::all<float>;
const mish_scalars<double> mish_double_scalars = mish::scalar::all<double>;

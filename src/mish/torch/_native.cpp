// PyTorch's CPU kernels of Mish on top of native/mish.h: those of the operators mish::*, and those
// that stand behind aten::mish while mish.torch.accelerate() holds.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <new>

#include "_shim.h"
#include "mish.h"
#include "pages.h"
#include "range.h"

namespace {

using namespace mish_torch;

constexpr uint64_t oldest_abi = uint64_t(2) << 56 | uint64_t(9) << 48;  // PyTorch 2.9

const mish_kernels* kernels = nullptr;
std::atomic<bool> accelerated{false};
int32_t cpu;                   // PyTorch's numbers for the device type
int32_t dtypes[MISH_FORMATS];  // and for the dtypes

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
    if (!shim.get_const_data_ptr) return mutable_data();
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

constexpr ptrdiff_t element_size[MISH_FORMATS] = {2, 2, 4, 8};

// As in native/parallel.cpp: fewer elements are not worth waking a thread.
constexpr int64_t grain[MISH_FORMATS] = {1 << 16, 1 << 16, 1 << 16, 1 << 14};

// Calls part(begin, end) for ranges that make up [0, n), on PyTorch's threads.
template <class Part>
void on_threads(mish_format format, int64_t n, const Part& part) {
  if (n < 2 * grain[format] || !shim.parallel_for) return part(0, n);
  const auto call = [](int64_t begin, int64_t end, void* context) {
    (*static_cast<const Part*>(context))(begin, end);
  };
  check(shim.parallel_for(0, n, grain[format], call, const_cast<Part*>(&part)));
}

void run(const mish_unary (&kernel)[MISH_FORMATS], mish_format format, const void* x, void* y,
         int64_t n) {
  const ptrdiff_t size = element_size[format];
  on_threads(format, n, [&](int64_t begin, int64_t end) {
    mish_unary_range(kernel[format], format, x, size, y, size, n, begin, end);
  });
}

void run_backward(mish_format format, const void* dy, ptrdiff_t dy_stride, const void* x, void* dx,
                  int64_t n) {
  const ptrdiff_t size = element_size[format];
  on_threads(format, n, [&](int64_t begin, int64_t end) {
    mish_backward_range(kernels->grad[format], format, dy, dy_stride, x, size, dx, size, n, begin,
                        end);
  });
}

// A new tensor, laid out as PyTorch lays out the result of an elementwise operation on a dense one.
// Nothing has been written to it.
Tensor empty_like(const View& x) {
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
  mish_ask_for_huge_pages(View(made).mutable_data(), size_t(x.numel * element_size[x.format]));
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

Tensor unary(const mish_unary (&kernel)[MISH_FORMATS], const View& x) {
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

// mish(Tensor x) -> Tensor
void forward(Value* stack, bool ours) {
  const Tensor x(stack[0]);
  const View view(x.get());
  Tensor y =
      ours && view.served() ? unary(kernels->derivative[0], view) : own(shim.own_mish, x.get());
  stack[0] = y.release();
}

void in_place(const Tensor& x, bool ours) {
  const View view(x.get());
  if (ours && view.served() && view.dense())
    run(kernels->derivative[0], view.format, view.data(), view.mutable_data(), view.numel);
  else
    shim.own_mish_inplace(x.get());
}

// mish_(Tensor(a!) x) -> Tensor(a!), aten's
void in_place_returning(Value* stack, bool ours) {
  Tensor x(stack[0]);
  in_place(x, ours);
  stack[0] = x.release();
}

// mish_(Tensor(a!) x) -> (), ours
void in_place_returning_nothing(Value* stack, bool ours) { in_place(Tensor(stack[0]), ours); }

// mish.out(Tensor x, *, Tensor(a!) out) -> Tensor(a!)
void out(Value* stack, bool ours) {
  const Tensor x(stack[0]);
  Tensor y(stack[1]);
  const View from(x.get()), to(y.get());
  bool direct = ours && from.served() && from.dtype == to.dtype && from.same_shape(to) &&
                from.same_layout(to) && from.dense();
  if (direct) {
    const auto first = static_cast<const char*>(from.data());
    const auto second = static_cast<const char*>(to.mutable_data());
    const int64_t bytes = from.numel * element_size[from.format];
    direct = first == second || first + bytes <= second || second + bytes <= first;
  }
  if (direct)
    run(kernels->derivative[0], from.format, from.data(), to.mutable_data(), from.numel);
  else
    shim.own_mish_out(x.get(), y.get());
  stack[0] = y.release();
}

// The numbers of one tensor in the layout of another, which is dense.
Tensor laid_out_as(const View& layout, const View& numbers) {
  Tensor made = empty_like(layout);
  check(shim.copy(made.get(), numbers.tensor, 0));
  return made;
}

Tensor gradient(const View& dy, const View& x) {
  if (!x.dense()) {
    Handle copy;  // it is dense
    check(shim.clone(x.tensor, &copy));
    const Tensor owner(copy);
    return gradient(dy, View(copy));
  }
  if (!dy.single() && !dy.same_layout(x)) {
    const Tensor owner = laid_out_as(x, dy);
    return gradient(View(owner.get()), x);
  }
  Tensor dx = empty_like(x);
  const ptrdiff_t stride = dy.single() ? 0 : element_size[x.format];
  run_backward(x.format, dy.data(), stride, x.data(), View(dx.get()).mutable_data(), x.numel);
  return dx;
}

// backward(Tensor dy, Tensor x) -> Tensor
void backward(Value* stack, bool ours) {
  const Tensor dy(stack[0]), x(stack[1]);
  const View from(dy.get()), at(x.get());
  Tensor dx = ours && at.served() && from.dtype == at.dtype && from.same_shape(at)
                  ? gradient(from, at)
                  : own(shim.own_mish_backward, dy.get(), x.get());
  stack[0] = dx.release();
}

// _derivative(Tensor x, int order) -> Tensor, for the orders that have kernels
void derivative(Value* stack, uint64_t, uint64_t) {
  const Tensor x(stack[0]);
  const auto order = int64_t(stack[1]);
  if (order < 0 || order >= MISH_ORDERS) throw std::runtime_error("order must be from 0 to 3");
  const View view(x.get());
  Tensor y = view.served() ? unary(kernels->derivative[order], view) : own(shim.own_mish, x.get());
  stack[0] = y.release();
}

// The operators mish::* are always ours; aten's are while the flag is up.
template <void (*kernel)(Value*, bool)>
void always(Value* stack, uint64_t, uint64_t) {
  kernel(stack, true);
}
template <void (*kernel)(Value*, bool)>
void when_accelerated(Value* stack, uint64_t, uint64_t) {
  kernel(stack, accelerated.load(std::memory_order_relaxed));
}

struct Registration {
  const char* name;
  Kernel kernel;
};

// Registrations stay for the life of the process: to take one back while another thread is inside
// of it would not be safe.
template <size_t n>
void add(const char* space, const Registration (&registrations)[n]) {
  Library library;
  check(shim.library_init(space, "CPU", __FILE__, __LINE__, &library));
  for (const auto& [name, kernel] : registrations) check(shim.library_impl(library, name, kernel));
}

void load(const char* libtorch) {
  void* const handle = dlopen(libtorch, RTLD_LAZY | RTLD_NOLOAD);
  if (!handle) throw std::runtime_error("the library that PyTorch names is not loaded");
  shim.resolve([&](const char* symbol) { return dlsym(handle, symbol); });
  if (shim.abi_version() < oldest_abi) throw std::runtime_error("PyTorch 2.9 or newer is needed");
  cpu = shim.device_type_cpu();
  dtypes[MISH_FLOAT16] = shim.dtype_float16();
  dtypes[MISH_BFLOAT16] = shim.dtype_bfloat16();
  dtypes[MISH_FLOAT32] = shim.dtype_float32();
  dtypes[MISH_FLOAT64] = shim.dtype_float64();
}

// What a Python function is: C++ exceptions become ImportError, since all happen while loading.
template <class Action>
PyObject* python(const Action& action) {
  try {
    action();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_ImportError, error.what());
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* py_register_operators(PyObject*, PyObject* path) {
  const char* const libtorch = PyUnicode_AsUTF8AndSize(path, nullptr);
  if (!libtorch) return nullptr;
  return python([&] {
    load(libtorch);
    add("mish", {{"mish", always<forward>},
                 {"_forward", always<forward>},
                 {"mish_", always<in_place_returning_nothing>},
                 {"_forward_", always<in_place_returning_nothing>},
                 {"backward", always<backward>},
                 {"_derivative", derivative}});
  });
}

PyObject* py_register_aten(PyObject*, PyObject*) {
  return python([] {
    add("aten", {{"mish", when_accelerated<forward>},
                 {"mish_", when_accelerated<in_place_returning>},
                 {"mish.out", when_accelerated<out>},
                 {"mish_backward", when_accelerated<backward>}});
  });
}

PyObject* py_set_accelerated(PyObject*, PyObject* on) {
  const int truth = PyObject_IsTrue(on);
  if (truth < 0) return nullptr;
  accelerated.store(truth != 0, std::memory_order_relaxed);
  Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"register_operators", py_register_operators, METH_O,
     "register_operators(libtorch): the CPU kernels of mish::*, for the loaded library at this "
     "path"},
    {"register_aten", py_register_aten, METH_NOARGS,
     "register_aten(): our CPU kernels in front of PyTorch's own"},
    {"set_accelerated", py_set_accelerated, METH_O,
     "set_accelerated(on): whether aten's operators are ours or PyTorch's own"},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_native", nullptr, -1, functions, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__native() {
  char message[MISH_MESSAGE];
  kernels = mish_select_from_environment(message);
  if (!kernels) {
    PyErr_Format(PyExc_ImportError, "%s", message);
    return nullptr;
  }
  return PyModule_Create(&definition);
}

// PyTorch's CPU kernels of Mish on top of native/mish.h: those of the operators mish::*, and those
// that stand behind aten::mish while mish.torch.accelerate() holds.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>

#include <atomic>

#include "../_support/module_slots.h"
#include "_affine.h"
#include "_kept.h"
#include "_norm_backward.h"
#include "_tensors.h"

namespace {

using namespace mish_torch;

constexpr uint64_t oldest_abi = uint64_t(2) << 56 | uint64_t(10) << 48;  // PyTorch 2.10

std::atomic<bool> accelerated{false};

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
    const int64_t bytes = from.numel * element_size(from.format);
    direct = first == second || first + bytes <= second || second + bytes <= first;
  }
  if (direct)
    run(kernels->derivative[0], from.format, from.data(), to.mutable_data(), from.numel);
  else
    shim.own_mish_out(x.get(), y.get());
  stack[0] = y.release();
}

// backward(Tensor dy, Tensor x) -> Tensor
void backward(Value* stack, bool ours) {
  const Tensor dy(stack[0]), x(stack[1]);
  const View from(dy.get()), at(x.get());
  Tensor dx = ours && at.served() && from.dtype == at.dtype && from.same_shape(at)
                  ? gradient(kernels->grad, from, at)
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
  if (shim.abi_version() < oldest_abi) throw std::runtime_error("PyTorch 2.10 or newer is needed");
  cpu = shim.device_type_cpu();
  dtypes[MISH_FLOAT16] = shim.dtype_float16();
  dtypes[MISH_BFLOAT16] = shim.dtype_bfloat16();
  dtypes[MISH_FLOAT32] = shim.dtype_float32();
  dtypes[MISH_FLOAT64] = shim.dtype_float64();
  dtype_bytes = shim.dtype_uint8();
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
    add("mish", kept_kernels);
    add("mish", affine_kernels);
    add("mish", norm_kernels);
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

int execute(PyObject*) {
  char message[MISH_MESSAGE];
  kernels = mish_select_from_environment(message);
  if (kernels) return 0;
  PyErr_Format(PyExc_ImportError, "%s", message);
  return -1;
}

}  // namespace

// PyTorch's operators are there once in a process, and with them what their kernels need.
PyMODINIT_FUNC PyInit__native() {
  static mish::ModuleSlots slots(execute);
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", nullptr, 0,      functions,
                                   slots.get(),           nullptr,   nullptr, nullptr};
  return PyModuleDef_Init(&definition);
}

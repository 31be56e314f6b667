// The NumPy ufuncs on top of native/mish.h. This is the one file that knows both.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#include <iterator>
#include <memory>
#include <string>

#include "../_support/module_slots.h"
#include "mish.h"
#include "parallel.h"
#include "sweep.h"

namespace {

constexpr int ufunc_count = MISH_ORDERS + 1;  // the last one is the backward pass

// What the module of an interpreter holds.
struct State {
  const mish_kernels* kernels;
  PyObject* ufuncs[ufunc_count];
};

State& state_of(PyObject* module) { return *static_cast<State*>(PyModule_GetState(module)); }

// NumPy hands each loop the pointer that was registered with it: here, to one of these.
struct Loop {
  void* kernel;
  mish_format format;
};

void unary_loop(char** args, const npy_intp* n, const npy_intp* strides, void* data) {
  const Loop& loop = *static_cast<const Loop*>(data);
  mish_parallel_unary(reinterpret_cast<mish_unary>(loop.kernel), loop.format, args[0], strides[0],
                      args[1], strides[1], size_t(*n));
}

void backward_loop(char** args, const npy_intp* n, const npy_intp* strides, void* data) {
  const Loop& loop = *static_cast<const Loop*>(data);
  const auto call = [&](npy_intp first, npy_intp count) {
    mish_parallel_backward(reinterpret_cast<mish_backward>(loop.kernel), loop.format,
                           args[0] + first * strides[0], strides[0], args[1] + first * strides[1],
                           strides[1], args[2] + first * strides[2], strides[2], size_t(count));
  };
  if (args[2] == args[0] + strides[0]) {  // reduce, accumulate: each result is the next dy
    for (npy_intp i = 0; i < *n; ++i) call(i, 1);
  } else {
    call(0, *n);
  }
}

// The formats that NumPy knows by itself. bfloat16 is a dtype of another package.
struct NativeFormat {
  mish_format format;
  char type;
};
constexpr NativeFormat native_formats[] = {
    {MISH_FLOAT16, NPY_HALF}, {MISH_FLOAT32, NPY_FLOAT}, {MISH_FLOAT64, NPY_DOUBLE}};
constexpr int native_count = int(std::size(native_formats));

// What mish._numpy.refusal says of the inputs: a text, or None.
PyObject* refusal(const PyUFuncObject* ufunc, PyArrayObject** operands) {
  PyObject* inputs = PyTuple_New(ufunc->nin);
  for (int i = 0; inputs && i < ufunc->nin; ++i)
    PyTuple_SetItem(inputs, i, Py_NewRef(reinterpret_cast<PyObject*>(operands[i])));
  PyObject* module = inputs ? PyImport_ImportModule("mish._numpy.refusal") : nullptr;
  PyObject* told =
      module ? PyObject_CallMethod(module, "of_inputs", "sO", ufunc->name, inputs) : nullptr;
  Py_XDECREF(module);
  Py_XDECREF(inputs);
  return told;
}

// NumPy asks this for the loop of dtypes that it meets for the first time. Its own error for dtypes
// that have none does not name them.
int resolve_types(PyUFuncObject* ufunc, NPY_CASTING casting, PyArrayObject** operands,
                  PyObject* types, PyArray_Descr** found) {
  const int status = PyUFunc_DefaultTypeResolver(ufunc, casting, operands, types, found);
  if (status == 0 || !PyErr_ExceptionMatches(PyExc_TypeError)) return status;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject* told = refusal(ufunc, operands);
  if (told == Py_None) {
    PyErr_Restore(type, value, traceback);
  } else {
    if (told) PyErr_SetObject(PyExc_TypeError, told);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
  }
  Py_XDECREF(told);
  return status;
}

// A ufunc keeps pointers to this, and owns the capsule that it is in.
struct Definition {
  std::string doc;
  PyUFuncGenericFunction function;
  Loop loop[MISH_FORMATS];
  PyUFuncGenericFunction loops[native_count];
  void* data[native_count];
  char types[native_count * 3];
};

constexpr char definition_capsule[] = "mish._numpy.native.Definition";

void free_definition(PyObject* capsule) {
  delete static_cast<Definition*>(PyCapsule_GetPointer(capsule, definition_capsule));
}

Definition* definition_of(PyUFuncObject* ufunc) {
  return static_cast<Definition*>(PyCapsule_GetPointer(ufunc->obj, definition_capsule));
}

template <class Kernel>
PyObject* make_ufunc(const Kernel (&kernel)[MISH_FORMATS], PyUFuncGenericFunction function,
                     int inputs, const char* name, std::string doc) {
  auto owned = std::make_unique<Definition>();
  Definition& definition = *owned;
  definition.doc = std::move(doc);
  definition.function = function;
  for (int f = 0; f < MISH_FORMATS; ++f)
    definition.loop[f] = {reinterpret_cast<void*>(kernel[f]), mish_format(f)};
  for (int n = 0; n < native_count; ++n) {
    definition.loops[n] = function;
    definition.data[n] = &definition.loop[native_formats[n].format];
    for (int i = 0; i <= inputs; ++i)
      definition.types[n * (inputs + 1) + i] = native_formats[n].type;
  }
  PyObject* capsule = PyCapsule_New(&definition, definition_capsule, free_definition);
  if (!capsule) return nullptr;
  owned.release();  // the capsule's from here on
  PyObject* made =
      PyUFunc_FromFuncAndData(definition.loops, definition.data, definition.types, native_count,
                              inputs, 1, PyUFunc_None, name, definition.doc.c_str(), 0);
  if (!made) {
    Py_DECREF(capsule);
    return nullptr;
  }
  auto* ufunc = reinterpret_cast<PyUFuncObject*>(made);
  ufunc->obj = capsule;
  ufunc->type_resolver = resolve_types;
  return made;
}

constexpr char x_doc[] = R"(

Parameters
----------
x : array_like
    float16, bfloat16 (of ml_dtypes), float32 or float64, of any shape. Integers and booleans
    are promoted as by `numpy.exp`.)";

constexpr char common_doc[] = R"(
out, where, casting, order, dtype, subok
    As for every NumPy ufunc.

Returns
-------
ndarray or scalar
    Of the (broadcast) shape and the promoted dtype.

Raises
------
TypeError
    For dtypes that cannot be cast safely to float64: complex, longdouble, object, text.
ValueError
    If the shapes cannot be broadcast.

Notes
-----
)";

constexpr char accuracy_doc[] = R"(
Maximum error: below 1 ulp in float32, for every input; 2 ulp in float64, where 1.0 was the largest
seen, see docs/accuracy.md; float16 and bfloat16 are correctly rounded, for every input.)";

constexpr char references_doc[] = R"(
The bits are the same on every instruction set. No input raises a floating-point warning.

References
----------
D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020,
arXiv:1908.08681.)";

struct UnaryTexts {
  const char *name, *summary, *values;
};
constexpr UnaryTexts unary_texts[MISH_ORDERS] = {
    {"mish", "Mish, x * tanh(log(1 + exp(x))), for each element.",
     "mish(+-0) = +-0, mish(-inf) = -0, mish(inf) = inf, mish(nan) = nan."},
    {"mish_d1", "The first derivative of Mish for each element.",
     "mish'(+-0) = 0.6, mish'(-inf) = -0, mish'(inf) = 1, mish'(nan) = nan."},
    {"mish_d2", "The second derivative of Mish for each element.",
     "mish''(+-0) = 0.64, mish''(-inf) = -0, mish''(inf) = -0, mish''(nan) = nan."},
    {"mish_d3", "The third derivative of Mish for each element.",
     "mish'''(-inf) = -0, mish'''(inf) = 0, mish'''(nan) = nan."},
};

constexpr char grad_doc[] = R"(The backward pass of Mish, dy * mish'(x), for each element.

Parameters
----------
dy, x : array_like
    The gradient of the output, and the input of the forward pass; float16, bfloat16 (of
    ml_dtypes), float32 or float64, broadcast against each other. Integers and booleans are
    promoted as by `numpy.exp`.)";

constexpr char grad_notes[] = R"(dy = 0, inf or nan behave as in IEEE 754 multiplication.
Maximum error: that of `mish_d1` and of one more rounding. In float16 and bfloat16 the product is
taken in float32 and rounded once.)";

bool add_ufuncs(PyObject* module) {
  State& state = state_of(module);
  const auto add = [&](int place, const char* name, PyObject* ufunc) {
    state.ufuncs[place] = ufunc;
    return ufunc && PyModule_AddObjectRef(module, name, ufunc) == 0;
  };
  for (int order = 0; order < MISH_ORDERS; ++order) {
    const auto& [name, summary, values] = unary_texts[order];
    std::string doc =
        std::string(summary) + x_doc + common_doc + values + accuracy_doc + references_doc;
    if (!add(order, name,
             make_ufunc(state.kernels->derivative[order], unary_loop, 1, name, std::move(doc))))
      return false;
  }
  std::string doc = std::string(grad_doc) + common_doc + grad_notes + references_doc;
  return add(MISH_ORDERS, "mish_grad",
             make_ufunc(state.kernels->grad, backward_loop, 2, "mish_grad", std::move(doc)));
}

// Gives every ufunc a loop for the dtype that the argument names.
PyObject* register_bfloat16(PyObject* module, PyObject* dtype) {
  PyArray_Descr* descr = nullptr;
  if (!PyArray_DescrConverter(dtype, &descr)) return nullptr;
  const int number = descr->type_num;
  Py_DECREF(descr);
  const int types[] = {number, number, number};
  for (PyObject* each : state_of(module).ufuncs) {
    auto* const ufunc = reinterpret_cast<PyUFuncObject*>(each);
    Definition* const definition = definition_of(ufunc);
    if (!definition || PyUFunc_RegisterLoopForType(ufunc, number, definition->function, types,
                                                   &definition->loop[MISH_BFLOAT16]) < 0)
      return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject* isa(PyObject* module, PyObject*) {
  return PyUnicode_FromString(state_of(module).kernels->isa);
}

PyObject* available_isas(PyObject*, PyObject*) {
  const char* names[MISH_MAX_ISAS];
  const size_t count = mish_available(names);
  PyObject* list = PyList_New(Py_ssize_t(count));
  for (size_t i = 0; list && i < count; ++i) {
    PyObject* name = PyUnicode_FromString(names[i]);
    if (!name || PyList_SetItem(list, Py_ssize_t(i), name) < 0) Py_CLEAR(list);
  }
  return list;
}

// Where the machine code of each kernel that computes lies, whether this CPU runs it or not.
PyObject* kernel_addresses(PyObject*, PyObject*) {
  const mish_kernels* compiled[MISH_MAX_ISAS];
  const size_t count = mish_compiled(compiled);
  PyObject* found = PyDict_New();
  const auto put = [found](const char* isa, int order, int format, void* kernel) {
    PyObject* key = Py_BuildValue("sii", isa, order, format);
    PyObject* address = PyLong_FromVoidPtr(kernel);
    const bool done = key && address && PyDict_SetItem(found, key, address) == 0;
    Py_XDECREF(key);
    Py_XDECREF(address);
    return done;
  };
  bool done = found != nullptr;
  for (size_t i = 0; i < count; ++i) {
    const mish_kernels* const each = compiled[i];
    for (int format = 0; done && format < MISH_FORMATS; ++format) {
      for (int order = 0; done && order < MISH_ORDERS; ++order)
        done = put(each->isa, order, format, (void*)each->derivative[order][format]);
      done = done && put(each->isa, MISH_ORDERS, format, (void*)each->grad[format]);
    }
  }
  if (!done) Py_CLEAR(found);
  return found;
}

PyObject* sweep_float32(PyObject* module, PyObject* args) {
  int order;
  unsigned long long first, count;
  if (!PyArg_ParseTuple(args, "iKK", &order, &first, &count)) return nullptr;
  constexpr unsigned long long all = 1ULL << 32;
  if (order < 0 || order >= MISH_ORDERS || first > all || count > all - first) {
    PyErr_SetString(PyExc_ValueError, "order must be 0 to 3, and the range lie within 2**32");
    return nullptr;
  }
  const mish_kernels* const kernels = state_of(module).kernels;
  mish_sweep found;
  Py_BEGIN_ALLOW_THREADS;
  found = mish_sweep_float32(kernels, order, uint32_t(first), count);
  Py_END_ALLOW_THREADS;
  return Py_BuildValue("dIKK", found.worst, found.worst_input,
                       static_cast<unsigned long long>(found.at_least_one),
                       static_cast<unsigned long long>(found.special));
}

PyObject* sweep_float64(PyObject* module, PyObject* args) {
  unsigned long long seed, count;
  if (!PyArg_ParseTuple(args, "KK", &seed, &count)) return nullptr;
  const mish_kernels* const kernels = state_of(module).kernels;
  mish_sweep_wide found[MISH_ORDERS];
  Py_BEGIN_ALLOW_THREADS;
  mish_sweep_float64(kernels, seed, count, found);
  Py_END_ALLOW_THREADS;
  PyObject* list = PyList_New(MISH_ORDERS);
  for (int order = 0; list && order < MISH_ORDERS; ++order) {
    PyObject* pair = Py_BuildValue("dd", found[order].worst, found[order].worst_input);
    if (!pair || PyList_SetItem(list, order, pair) < 0) Py_CLEAR(list);
  }
  return list;
}

PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(mish_get_num_threads()); }

PyObject* set_num_threads(PyObject*, PyObject* number) {
  const long n = PyLong_AsLong(number);
  if (n == -1 && PyErr_Occurred()) return nullptr;
  mish_set_num_threads(int(n));
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"isa", isa, METH_NOARGS, "The name of the instruction set in use."},
    {"available_isas", available_isas, METH_NOARGS,
     "The names of the instruction sets that this CPU can run, best first."},
    {"kernel_addresses", kernel_addresses, METH_NOARGS,
     "The addresses of the compiled kernels by instruction set, order (4: the backward pass) and\n"
     "format (0: float16, 1: bfloat16, 2: float32, 3: float64)."},
    {"register_bfloat16", register_bfloat16, METH_O,
     "Give every ufunc a loop for this dtype, which must be a bfloat16."},
    {"get_num_threads", get_num_threads, METH_NOARGS, "How many threads a call may use."},
    {"set_num_threads", set_num_threads, METH_O,
     "Set how many threads a call may use; from 1 to MAX_THREADS, unchecked."},
    {"sweep_float32", sweep_float32, METH_VARARGS,
     "Judge float32 by float64: sweep_float32(order, first, count) over bit patterns gives the\n"
     "largest error in ulp, its input's bits, how many reach 1 ulp, how many specials are wrong."},
    {"sweep_float64", sweep_float64, METH_VARARGS,
     "Judge float64 by double-double arithmetic: sweep_float64(seed, count) gives for each order\n"
     "the largest error in ulp and its input."},
    {nullptr, nullptr, 0, nullptr},
};

int execute(PyObject* module) {
  if (_import_array() < 0 || _import_umath() < 0) return -1;
  char message[MISH_MESSAGE];
  State& state = state_of(module);
  state.kernels = mish_select_from_environment(message);
  if (!state.kernels) {
    PyErr_Format(PyExc_ImportError, "%s", message);
    return -1;
  }
  return add_ufuncs(module) ? PyModule_AddIntConstant(module, "MAX_THREADS", MISH_MAX_THREADS) : -1;
}

int traverse(PyObject* module, visitproc visit, void* arg) {
  for (PyObject* ufunc : state_of(module).ufuncs) Py_VISIT(ufunc);
  return 0;
}

int clear(PyObject* module) {
  for (PyObject*& ufunc : state_of(module).ufuncs) Py_CLEAR(ufunc);
  return 0;
}

}  // namespace

PyMODINIT_FUNC PyInit_native() {
  static mish::ModuleSlots slots(execute);
  static PyModuleDef definition = {
      PyModuleDef_HEAD_INIT,
      "mish._numpy.native",
      "The native core of mish.",
      sizeof(State),
      methods,
      slots.get(),
      traverse,
      clear,
      [](void* module) { clear(static_cast<PyObject*>(module)); },
  };
  return PyModuleDef_Init(&definition);
}

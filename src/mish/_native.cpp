// The NumPy ufuncs on top of native/mish.h. This is the one file that knows both.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#include <cstdlib>
#include <string>

#include "mish.h"

namespace {

const mish_kernels* kernels = nullptr;

// NumPy hands each loop the pointer that was registered with it: here, the kernel.
void unary_loop(char** args, const npy_intp* n, const npy_intp* strides, void* kernel) {
  reinterpret_cast<mish_unary>(kernel)(args[0], strides[0], args[1], strides[1], size_t(*n));
}

void backward_loop(char** args, const npy_intp* n, const npy_intp* strides, void* kernel) {
  reinterpret_cast<mish_backward>(kernel)(args[0], strides[0], args[1], strides[1], args[2],
                                          strides[2], size_t(*n));
}

// In the order of mish_format.
constexpr char formats[MISH_FORMATS] = {NPY_HALF, NPY_FLOAT, NPY_DOUBLE};

// What a ufunc keeps pointers to for as long as it lives.
struct Definition {
  PyUFuncGenericFunction loops[MISH_FORMATS];
  void* kernels[MISH_FORMATS];
  char types[MISH_FORMATS * 3];
};

template <class Kernel>
PyObject* make_ufunc(Definition& definition, const Kernel (&kernel)[MISH_FORMATS],
                     PyUFuncGenericFunction loop, int inputs, const char* name, const char* doc) {
  for (int f = 0; f < MISH_FORMATS; ++f) {
    definition.loops[f] = loop;
    definition.kernels[f] = reinterpret_cast<void*>(kernel[f]);
    for (int i = 0; i <= inputs; ++i) definition.types[f * (inputs + 1) + i] = formats[f];
  }
  return PyUFunc_FromFuncAndData(definition.loops, definition.kernels, definition.types,
                                 MISH_FORMATS, inputs, 1, PyUFunc_None, name, doc, 0);
}

constexpr char mish_doc[] = R"(Mish, x * tanh(log(1 + exp(x))), for each element.

Parameters
----------
x : array_like
    float16, float32 or float64 of any shape. Integers and booleans are promoted as by
    `numpy.exp`.
out, where, casting, order, dtype, subok
    As for every NumPy ufunc.

Returns
-------
y : ndarray or scalar
    Of x's shape and of the promoted dtype. mish(+-0) = +-0, mish(-inf) = -0,
    mish(inf) = inf, mish(nan) = nan. No input raises a floating-point warning.

Raises
------
TypeError
    For dtypes that cannot be cast safely to float64: complex, longdouble, object, text.

Notes
-----
Maximum error: 1 ulp in float32, over all inputs; 1 ulp seen in float64; in float16 the
float32 result is rounded once more. The results have the same bits on every instruction set.

References
----------
D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020,
arXiv:1908.08681.)";

constexpr char d1_doc[] = R"(The first derivative of Mish for each element.

Parameters
----------
x : array_like
    float16, float32 or float64 of any shape. Integers and booleans are promoted as by
    `numpy.exp`.
out, where, casting, order, dtype, subok
    As for every NumPy ufunc.

Returns
-------
y : ndarray or scalar
    Of x's shape and of the promoted dtype. mish'(+-0) = 0.6, mish'(-inf) = -0,
    mish'(inf) = 1, mish'(nan) = nan. No input raises a floating-point warning.

Raises
------
TypeError
    For dtypes that cannot be cast safely to float64: complex, longdouble, object, text.

Notes
-----
Maximum error: 1 ulp in float32, over all inputs, next to the zero at -1.19243 too; 1 ulp seen
in float64; in float16 the float32 result is rounded once more. The results have the same bits
on every instruction set.

References
----------
D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020,
arXiv:1908.08681.)";

constexpr char grad_doc[] = R"(The backward pass of Mish, dy * mish'(x), for each element.

Parameters
----------
dy, x : array_like
    The gradient of the output, and the input of the forward pass; float16, float32 or float64,
    broadcast against each other. Integers and booleans are promoted as by `numpy.exp`.
out, where, casting, order, dtype, subok
    As for every NumPy ufunc.

Returns
-------
dx : ndarray or scalar
    Of the broadcast shape and the promoted dtype. dy = 0, inf or nan behave as in IEEE 754
    multiplication. No input raises a floating-point warning.

Raises
------
TypeError
    For dtypes that cannot be cast safely to float64: complex, longdouble, object, text.
ValueError
    If the shapes cannot be broadcast.

Notes
-----
The error is that of `mish_d1` and of one more rounding. In float16 only the product is rounded.)";

bool add(PyObject* module, const char* name, PyObject* object) {
  const bool added = object && PyModule_AddObjectRef(module, name, object) == 0;
  Py_XDECREF(object);
  return added;
}

bool add_ufuncs(PyObject* module) {
  static Definition definitions[MISH_ORDERS + 1];
  const auto unary = [&](int order, const char* name, const char* doc) {
    return add(
        module, name,
        make_ufunc(definitions[order], kernels->derivative[order], unary_loop, 1, name, doc));
  };
  return unary(0, "mish", mish_doc) && unary(1, "mish_d1", d1_doc) &&
         add(module, "mish_grad",
             make_ufunc(definitions[MISH_ORDERS], kernels->grad, backward_loop, 2, "mish_grad",
                        grad_doc));
}

bool choose_kernels() {
  const char* asked = std::getenv("MISH_ISA");
  kernels = mish_select(asked && *asked ? asked : nullptr);
  if (kernels) return true;
  const char* names[MISH_MAX_ISAS];
  const size_t count = mish_available(names);
  std::string list;
  for (size_t i = 0; i < count; ++i) list += (i ? ", " : "") + std::string(names[i]);
  PyErr_Format(
      PyExc_ImportError,
      "MISH_ISA=%s: this CPU cannot run an instruction set of that name; unset MISH_ISA or "
      "set it to one of: %s",
      asked, list.c_str());
  return false;
}

PyObject* isa(PyObject*, PyObject*) { return PyUnicode_FromString(kernels->isa); }

PyObject* available_isas(PyObject*, PyObject*) {
  const char* names[MISH_MAX_ISAS];
  const size_t count = mish_available(names);
  PyObject* list = PyList_New(Py_ssize_t(count));
  for (size_t i = 0; list && i < count; ++i) {
    PyObject* name = PyUnicode_FromString(names[i]);
    if (name) {
      PyList_SET_ITEM(list, Py_ssize_t(i), name);
    } else {
      Py_CLEAR(list);
    }
  }
  return list;
}

PyMethodDef methods[] = {
    {"isa", isa, METH_NOARGS, "The name of the instruction set in use."},
    {"available_isas", available_isas, METH_NOARGS,
     "The names of the instruction sets that this CPU can run, best first."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "mish._native",
    "The native core of mish.",
    -1,
    methods,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__native() {
  import_array();
  import_umath();
  if (!choose_kernels()) return nullptr;
  PyObject* module = PyModule_Create(&definition);
  if (module && !add_ufuncs(module)) Py_CLEAR(module);
  return module;
}

// How a module for Python says where it may be loaded: in a Python without the global interpreter
// lock, whose threads may call it at the same time, and in the main interpreter alone.
#pragma once

#include <Python.h>

#include <cstdlib>
#include <cstring>

namespace mish {

// Their slots are newer than the limited API that is used, and a Python that does not know a slot
// refuses the module. So the numbers are written here, and given to those that know them.
constexpr int kMultipleInterpreters = 3;  // since Python 3.12
constexpr int kGil = 4;                   // since Python 3.13

inline bool python_is_at_least(int minor) {
  const char* const version = Py_GetVersion();  // "3.13.5 (main, …"
  return std::atoi(std::strchr(version, '.') + 1) >= minor;
}

// What the definition of a module begins with: its execution, then what this Python knows.
class ModuleSlots {
 public:
  explicit ModuleSlots(int (*execute)(PyObject* module)) {
    PyModuleDef_Slot* next = slots_;
    *next++ = {Py_mod_exec, reinterpret_cast<void*>(execute)};
    // NumPy and PyTorch refuse a second interpreter with a lock of its own. Python refuses the
    // module by its name, before the error is one of theirs.
    if (python_is_at_least(12)) *next++ = {kMultipleInterpreters, nullptr};    // NOT_SUPPORTED
    if (python_is_at_least(13)) *next++ = {kGil, reinterpret_cast<void*>(1)};  // NOT_USED
    *next = {0, nullptr};
  }

  PyModuleDef_Slot* get() { return slots_; }

 private:
  PyModuleDef_Slot slots_[4];
};

}  // namespace mish

// What the kernels use of PyTorch, found in the loaded library when they are registered. So this is
// built without PyTorch, and one build serves every version from 2.10 on.
//
// The names with aoti_ and torch_ are PyTorch's stable C interface
// (torch/csrc/inductor/aoti_torch/c/shim.h and torch/csrc/stable/c/shim.h). It has nothing that
// calls the kernel that a registration replaces, so that one is called as at::cpu::mish and so on,
// by its C++ symbol.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace mish_torch {

using Handle = struct TensorOpaque*;  // at::Tensor*, owned by whoever holds it
using Library = struct LibraryOpaque*;
using Value = uint64_t;  // an argument or a result of an operator; a tensor is its Handle
using Kernel = void (*)(Value* stack, uint64_t arguments, uint64_t results);
using Error = int32_t;

// at::Tensor as the calling convention sees it: one pointer, returned through memory because
// copying and destroying are not trivial. It is only ever made in place of an undefined tensor,
// whose owner destroys it.
struct TensorValue {
  void* impl;
  TensorValue(const TensorValue&) = delete;
  ~TensorValue() {}
};

// name in the code, type, symbol
#define MISH_TORCH_SYMBOLS(X)                                                                     \
  X(abi_version, uint64_t (*)(), "aoti_torch_abi_version")                                        \
  X(dtype_float16, int32_t (*)(), "aoti_torch_dtype_float16")                                     \
  X(dtype_bfloat16, int32_t (*)(), "aoti_torch_dtype_bfloat16")                                   \
  X(dtype_float32, int32_t (*)(), "aoti_torch_dtype_float32")                                     \
  X(dtype_float64, int32_t (*)(), "aoti_torch_dtype_float64")                                     \
  X(dtype_uint8, int32_t (*)(), "aoti_torch_dtype_uint8")                                         \
  X(device_type_cpu, int32_t (*)(), "aoti_torch_device_type_cpu")                                 \
  X(get_dtype, Error (*)(Handle, int32_t*), "aoti_torch_get_dtype")                               \
  X(get_dim, Error (*)(Handle, int64_t*), "aoti_torch_get_dim")                                   \
  X(get_numel, Error (*)(Handle, int64_t*), "aoti_torch_get_numel")                               \
  X(get_sizes, Error (*)(Handle, int64_t**), "aoti_torch_get_sizes")                              \
  X(get_strides, Error (*)(Handle, int64_t**), "aoti_torch_get_strides")                          \
  X(get_data_ptr, Error (*)(Handle, void**), "aoti_torch_get_data_ptr")                           \
  X(empty_strided,                                                                                \
    Error (*)(int64_t, const int64_t*, const int64_t*, int32_t, int32_t, int32_t, Handle*),       \
    "aoti_torch_empty_strided")                                                                   \
  X(clone, Error (*)(Handle, Handle*), "aoti_torch_clone")                                        \
  X(copy, Error (*)(Handle, Handle, int32_t), "aoti_torch_copy_")                                 \
  X(new_tensor, Error (*)(Handle*), "aoti_torch_new_uninitialized_tensor")                        \
  X(delete_tensor, Error (*)(Handle), "aoti_torch_delete_tensor_object")                          \
  X(library_init, Error (*)(const char*, const char*, const char*, uint32_t, Library*),           \
    "aoti_torch_library_init_impl")                                                               \
  X(library_impl, Error (*)(Library, const char*, Kernel), "aoti_torch_library_impl")             \
  X(own_mish, TensorValue (*)(Handle), "_ZN2at3cpu4mishERKNS_6TensorE")                           \
  X(own_mish_inplace, void* (*)(Handle), "_ZN2at3cpu5mish_ERNS_6TensorE")                         \
  X(own_mish_out, void* (*)(Handle, Handle), "_ZN2at3cpu9mish_outfERKNS_6TensorERS1_")            \
  X(own_mish_backward, TensorValue (*)(Handle, Handle),                                           \
    "_ZN2at3cpu13mish_backwardERKNS_6TensorES3_")                                                 \
  X(parallel_for, Error (*)(int64_t, int64_t, int64_t, void (*)(int64_t, int64_t, void*), void*), \
    "torch_parallel_for")                                                                         \
  X(get_const_data_ptr, Error (*)(Handle, const void**), "torch_get_const_data_ptr")

struct Registration {
  const char* name;
  Kernel kernel;
};

struct Shim {
#define X(name, type, symbol) \
  using name##_type = type;   \
  name##_type name = nullptr;
  MISH_TORCH_SYMBOLS(X)
#undef X

  // find(symbol) is its address or null. Throws if one is missing.
  template <class Find>
  void resolve(const Find& find) {
#define X(name, type, symbol)                         \
  name = reinterpret_cast<name##_type>(find(symbol)); \
  if (!name) throw std::runtime_error("this PyTorch has no symbol " symbol);
    MISH_TORCH_SYMBOLS(X)
#undef X
  }
};

inline Shim shim;

inline void check(Error error) {
  if (error) throw std::runtime_error("mish: a call of PyTorch's C interface failed");
}

// A tensor that this owns.
class Tensor {
 public:
  explicit Tensor(Value value) : handle_(reinterpret_cast<Handle>(value)) {}
  explicit Tensor(Handle handle) : handle_(handle) {}
  Tensor(Tensor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Tensor& operator=(Tensor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Tensor() {
    if (handle_) shim.delete_tensor(handle_);
  }

  Handle get() const { return handle_; }
  Value release() { return reinterpret_cast<Value>(std::exchange(handle_, nullptr)); }

 private:
  Handle handle_;
};

}  // namespace mish_torch

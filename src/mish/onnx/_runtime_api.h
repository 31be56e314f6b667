// The few entries of ONNX Runtime's C interface that a custom operator needs.
//
// The interface is a table of functions. A version of it, once released, never changes: later
// versions only append. So the places below hold in every ONNX Runtime that grants version
// `api_version`, which `OrtApiBase::GetApi` decides at run time by returning null or the table.
// Places are counted in pointers; `benchmarks/onnx/runtime_api.py` prints them, and the members
// of `OrtCustomOp` up to that version, from ONNX Runtime's own header.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ort {

constexpr uint32_t api_version = 18;  // ONNX Runtime 1.18, the first with GetMayInplace

struct Status;
struct SessionOptions;
struct Domain;
struct Value;
struct ShapeInfo;
struct ShapeContext;
struct KernelContext;
struct CustomOp;

enum ElementType { FLOAT = 1, FLOAT16 = 10, DOUBLE = 11, BFLOAT16 = 16 };
enum ErrorCode { FAIL = 1 };

using Api = void* const;  // an entry of the table

struct ApiBase {
  Api* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

template <class Signature, size_t place>
struct Entry {
  template <class... Arguments>
  auto operator()(Api* table, Arguments... arguments) const {
    return reinterpret_cast<Signature*>(table[place])(arguments...);
  }
};

constexpr Entry<Status*(ErrorCode, const char*), 0> CreateStatus;
constexpr Entry<Status*(const char*, Domain**), 26> CreateCustomOpDomain;
constexpr Entry<Status*(Domain*, const CustomOp*), 27> CustomOpDomain_Add;
constexpr Entry<Status*(SessionOptions*, Domain*), 28> AddCustomOpDomain;
constexpr Entry<Status*(Value*, void**), 51> GetTensorMutableData;
constexpr Entry<Status*(const ShapeInfo*, size_t*), 61> GetDimensionsCount;
constexpr Entry<Status*(const ShapeInfo*, int64_t*, size_t), 62> GetDimensions;
constexpr Entry<Status*(const ShapeInfo*, const char**, size_t), 63> GetSymbolicDimensions;
constexpr Entry<Status*(const ShapeInfo*, size_t*), 64> GetTensorShapeElementCount;
constexpr Entry<Status*(const Value*, ShapeInfo**), 65> GetTensorTypeAndShape;
constexpr Entry<Status*(const KernelContext*, size_t, const Value**), 90> KernelContext_GetInput;
constexpr Entry<Status*(KernelContext*, size_t, const int64_t*, size_t, Value**), 91>
    KernelContext_GetOutput;
constexpr Entry<void(ShapeInfo*), 99> ReleaseTensorTypeAndShapeInfo;
constexpr Entry<Status*(const ShapeContext*, size_t, ShapeInfo**), 268>
    ShapeInferContext_GetInputTypeShape;
constexpr Entry<Status*(const ShapeContext*, size_t, const ShapeInfo*), 270>
    ShapeInferContext_SetOutputTypeShape;
constexpr Entry<Status*(ShapeInfo*, const char**, size_t), 271> SetSymbolicDimensions;
constexpr Entry<Status*(const KernelContext*, void (*)(void*, size_t), size_t, size_t, void*), 274>
    KernelContext_ParallelFor;

// What ONNX Runtime asks of a custom operator. Members that are null are not asked.
struct CustomOp {
  uint32_t version;
  void* (*CreateKernel)(const CustomOp*, Api*, const void* info);
  const char* (*GetName)(const CustomOp*);
  const char* (*GetExecutionProviderType)(const CustomOp*);
  ElementType (*GetInputType)(const CustomOp*, size_t);
  size_t (*GetInputTypeCount)(const CustomOp*);
  ElementType (*GetOutputType)(const CustomOp*, size_t);
  size_t (*GetOutputTypeCount)(const CustomOp*);
  void (*KernelCompute)(void* kernel, KernelContext*);
  void (*KernelDestroy)(void* kernel);
  int (*GetInputCharacteristic)(const CustomOp*, size_t);
  int (*GetOutputCharacteristic)(const CustomOp*, size_t);
  int (*GetInputMemoryType)(const CustomOp*, size_t);
  int (*GetVariadicInputMinArity)(const CustomOp*);
  int (*GetVariadicInputHomogeneity)(const CustomOp*);
  int (*GetVariadicOutputMinArity)(const CustomOp*);
  int (*GetVariadicOutputHomogeneity)(const CustomOp*);
  Status* (*CreateKernelV2)(const CustomOp*, Api*, const void* info, void** kernel);
  Status* (*KernelComputeV2)(void* kernel, KernelContext*);
  Status* (*InferOutputShapeFn)(const CustomOp*, ShapeContext*);
  int (*GetStartVersion)(const CustomOp*);
  int (*GetEndVersion)(const CustomOp*);
  size_t (*GetMayInplace)(int** inputs, int** outputs);
  void (*ReleaseMayInplace)(int* inputs, int* outputs);
  size_t (*GetAliasMap)(int** inputs, int** outputs);
  void (*ReleaseAliasMap)(int* inputs, int* outputs);
};

}  // namespace ort

// Mish as a custom operator of ONNX Runtime: operator Mish of the domain "mish.onnx", version 1,
// for float16, bfloat16, float32 and float64. A session loads this library and calls
// RegisterCustomOps.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "_runtime_api.h"
#include "entry.h"
#include "mish.h"
#include "pages.h"
#include "range.h"

namespace {

using ort::Api;
using ort::Status;

// A task of ONNX Runtime's thread pool: large against the cost of handing it over, about 1 us,
// small enough to spread over threads.
constexpr size_t block = 16384;

constexpr char domain_name[] = "mish.onnx";  // as in operators.py

struct Op : ort::CustomOp {
  ort::ElementType type;
  mish_format format;
  mish_unary compute;
};

struct Kernel {
  Api* api;
  const Op* op;
};

struct Task {
  const Op* op;
  const void* x;
  void* y;
  size_t count;
};

void run_block(void* data, size_t index) {
  const Task& task = *static_cast<const Task*>(data);
  const auto stride = ptrdiff_t(mish_element_size(task.op->format));
  const size_t first = index * block, last = std::min(first + block, task.count);
  mish_unary_range(task.op->compute, task.op->format, task.x, stride, task.y, stride, task.count,
                   first, last);
}

Status* read_shape(Api* api, const ort::Value* x, std::vector<int64_t>& shape, size_t& count) {
  ort::ShapeInfo* info = nullptr;
  if (Status* bad = ort::GetTensorTypeAndShape(api, x, &info)) return bad;
  size_t rank = 0;
  Status* bad = ort::GetDimensionsCount(api, info, &rank);
  if (!bad) shape.resize(rank);
  if (!bad) bad = ort::GetDimensions(api, info, shape.data(), rank);
  if (!bad) bad = ort::GetTensorShapeElementCount(api, info, &count);
  ort::ReleaseTensorTypeAndShapeInfo(api, info);
  return bad;
}

Status* compute(void* data, ort::KernelContext* context) {
  const Kernel& kernel = *static_cast<const Kernel*>(data);
  Api* api = kernel.api;
  const ort::Value* x = nullptr;
  ort::Value* y = nullptr;
  void *from = nullptr, *to = nullptr;
  std::vector<int64_t> shape;
  size_t count = 0;
  if (Status* bad = ort::KernelContext_GetInput(api, context, size_t(0), &x)) return bad;
  if (Status* bad = read_shape(api, x, shape, count)) return bad;
  if (Status* bad = ort::KernelContext_GetOutput(
          api, context, size_t(0), static_cast<const int64_t*>(shape.data()), shape.size(), &y))
    return bad;
  if (count == 0) return nullptr;
  if (Status* bad = ort::GetTensorMutableData(api, const_cast<ort::Value*>(x), &from)) return bad;
  if (Status* bad = ort::GetTensorMutableData(api, y, &to)) return bad;
  // The allocator knows nothing of pages, but its memory is the process's own, and may be new.
  mish_ask_for_huge_pages(to, count * mish_element_size(kernel.op->format));
  Task task{kernel.op, from, to, count};
  const size_t blocks = (count + block - 1) / block;
  if (blocks > 1)
    return ort::KernelContext_ParallelFor(api, context, &run_block, blocks, size_t(0),
                                          static_cast<void*>(&task));
  run_block(&task, 0);
  return nullptr;
}

Status* create(const ort::CustomOp* op, Api* api, const void*, void** kernel) {
  *kernel = new Kernel{api, static_cast<const Op*>(op)};
  return nullptr;
}

Api* registered_api = nullptr;  // shape inference is given none

// The output has the input's shape. An open dimension is lent as -1 with its name, which may be
// empty, but a -1 without a name would be taken for a length. So a nameless one gets a name that
// nothing else has, for equal names mean equal lengths. What is lent with rank 0 may be of unknown
// rank: of its output nothing is said. The context keeps what it lends, so it may be changed.
Status* infer_shape(const ort::CustomOp*, ort::ShapeContext* context) {
  static std::atomic<uint64_t> named{0};
  Api* api = registered_api;
  ort::ShapeInfo* info = nullptr;
  size_t rank = 0;
  if (Status* bad = ort::ShapeInferContext_GetInputTypeShape(api, context, size_t(0), &info))
    return bad;
  if (Status* bad = ort::GetDimensionsCount(api, info, &rank)) return bad;
  if (rank == 0) return nullptr;
  std::vector<int64_t> lengths(rank);
  std::vector<const char*> lent(rank, "");
  if (Status* bad = ort::GetDimensions(api, info, lengths.data(), rank)) return bad;
  if (Status* bad = ort::GetSymbolicDimensions(api, info, lent.data(), rank)) return bad;
  std::vector<std::string> names(lent.begin(), lent.end());  // setting them frees the lent ones
  for (size_t axis = 0; axis < rank; ++axis) {
    if (lengths[axis] < 0 && names[axis].empty())
      names[axis] = std::string(domain_name) + "/open/" + std::to_string(named++);
    lent[axis] = names[axis].c_str();
  }
  if (Status* bad = ort::SetSymbolicDimensions(api, info, lent.data(), rank)) return bad;
  return ort::ShapeInferContext_SetOutputTypeShape(api, context, size_t(0), info);
}

// The output may take the input's memory where nothing else reads that any more.
size_t may_inplace(int** inputs, int** outputs) {
  *inputs = new int[1]{0};
  *outputs = new int[1]{0};
  return 1;
}

void release_inplace(int* inputs, int* outputs) {
  delete[] inputs;
  delete[] outputs;
}

Op make(ort::ElementType type, mish_format format, const mish_unary* mish) {
  Op op{};
  op.version = ort::api_version;
  op.GetName = [](const ort::CustomOp*) { return "Mish"; };
  op.GetExecutionProviderType = [](const ort::CustomOp*) -> const char* { return nullptr; };
  op.GetInputType = [](const ort::CustomOp* self, size_t) {
    return static_cast<const Op*>(self)->type;
  };
  op.GetOutputType = op.GetInputType;
  op.GetInputTypeCount = [](const ort::CustomOp*) { return size_t(1); };
  op.GetOutputTypeCount = op.GetInputTypeCount;
  op.GetInputCharacteristic = [](const ort::CustomOp*, size_t) { return 0; };  // required
  op.GetOutputCharacteristic = op.GetInputCharacteristic;
  op.GetInputMemoryType = [](const ort::CustomOp*, size_t) { return 0; };  // the provider's own
  op.CreateKernelV2 = create;
  op.KernelComputeV2 = compute;
  op.KernelDestroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
  op.InferOutputShapeFn = infer_shape;
  op.GetStartVersion = [](const ort::CustomOp*) { return 1; };
  op.GetEndVersion = [](const ort::CustomOp*) { return INT32_MAX; };
  op.GetMayInplace = may_inplace;
  op.ReleaseMayInplace = release_inplace;
  op.type = type;
  op.format = format;
  op.compute = mish[format];
  return op;
}

// The domain with its operators, made once: sessions keep pointers into it as long as they live.
Status* find_domain(Api* api, const mish_unary* mish, ort::Domain** found) {
  static std::mutex mutex;
  static ort::Domain* domain = nullptr;
  static const Op ops[] = {
      make(ort::FLOAT, MISH_FLOAT32, mish), make(ort::DOUBLE, MISH_FLOAT64, mish),
      make(ort::FLOAT16, MISH_FLOAT16, mish), make(ort::BFLOAT16, MISH_BFLOAT16, mish)};
  const std::lock_guard<std::mutex> lock(mutex);
  if (!domain) {
    ort::Domain* made = nullptr;
    if (Status* bad = ort::CreateCustomOpDomain(api, domain_name, &made)) return bad;
    for (const Op& op : ops)
      if (Status* bad = ort::CustomOpDomain_Add(api, made, static_cast<const ort::CustomOp*>(&op)))
        return bad;
    registered_api = api;
    domain = made;
  }
  *found = domain;
  return nullptr;
}

}  // namespace

// Called by ONNX Runtime for each session that loads this library.
MISH_ENTRY Status* RegisterCustomOps(ort::SessionOptions* options, const ort::ApiBase* base) {
  Api* api = base->GetApi(ort::api_version);
  if (!api) {  // too old to know this version; every version has CreateStatus in the same place
    Api* oldest = base->GetApi(1);
    return ort::CreateStatus(oldest, ort::FAIL, "mish needs ONNX Runtime 1.18 or newer");
  }
  char message[MISH_MESSAGE];
  const mish_kernels* kernels = mish_select_from_environment(message);
  if (!kernels) return ort::CreateStatus(api, ort::FAIL, message);
  ort::Domain* domain = nullptr;
  if (Status* bad = find_domain(api, kernels->derivative[0], &domain)) return bad;
  return ort::AddCustomOpDomain(api, options, domain);
}

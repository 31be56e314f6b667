// Mish, its derivatives and its backward pass as handlers of XLA's foreign function interface, for
// programs on the CPU. The library is loaded by ctypes, which looks the handlers up by name.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "_ffi.h"
#include "entry.h"
#include "mish.h"
#include "range.h"

namespace {

// As in native/parallel.cpp: fewer elements are not worth waking a thread.
constexpr size_t grain[MISH_FORMATS] = {1 << 16, 1 << 16, 1 << 16, 1 << 14};
constexpr ptrdiff_t element_size[MISH_FORMATS] = {2, 2, 4, 8};

ffi::Error* fail(const ffi::CallFrame* frame, ffi::ErrorCode code, const char* message) {
  return ffi::Error_Create(frame->api,
                           ffi::ErrorCreate{sizeof(ffi::ErrorCreate), nullptr, message, code});
}

mish_format format_of(const ffi::Buffer& buffer) {
  switch (buffer.type) {
    case ffi::FLOAT16:
      return MISH_FLOAT16;
    case ffi::BFLOAT16:
      return MISH_BFLOAT16;
    case ffi::FLOAT32:
      return MISH_FLOAT32;
    case ffi::FLOAT64:
      return MISH_FLOAT64;
    default:
      return MISH_FORMATS;
  }
}

size_t elements(const ffi::Buffer& buffer) {
  size_t count = 1;
  for (int64_t d = 0; d < buffer.rank; ++d) count *= static_cast<size_t>(buffer.dimensions[d]);
  return count;
}

// One call: what is to be computed of `count` elements.
struct Call {
  mish_unary unary;        // of x, or
  mish_backward backward;  // of dy and x
  mish_format format;
  const void *dy, *x;
  void* y;
  size_t count;

  void run(size_t begin, size_t end) const {
    const ptrdiff_t size = element_size[format];
    if (backward)
      mish_backward_range(backward, format, dy, size, x, size, y, size, count, begin, end);
    else
      mish_unary_range(unary, format, x, size, y, size, count, begin, end);
  }
};

// A call cut into blocks. Whoever is free takes the next, the calling thread among them: it never
// waits for a helper that has not begun, as XLA's threads may all be waiting like itself. A helper
// that comes late finds nothing left, so the blocks outlive the call.
class Blocks {
 public:
  Blocks(const Call& call, size_t count) : call_(call), count_(count) {}

  void work() {
    for (size_t block; (block = taken_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
      call_.run(edge(block), edge(block + 1));
      const std::lock_guard<std::mutex> lock(mutex_);
      if (++finished_ == count_) all_finished_.notify_one();
    }
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    all_finished_.wait(lock, [&] { return finished_ == count_; });
  }

 private:
  size_t edge(size_t block) const {
    const size_t step = grain[call_.format];
    return block == count_ ? call_.count : block * step;
  }

  const Call call_;
  const size_t count_;
  std::atomic<size_t> taken_{0};
  size_t finished_ = 0;
  std::mutex mutex_;
  std::condition_variable all_finished_;
};

// Whether a function of the table did its work; its error is only that there are no threads.
bool done(const ffi::CallFrame* frame, ffi::Error* error) {
  if (error)
    ffi::Error_Destroy(frame->api, ffi::ErrorDestroy{sizeof(ffi::ErrorDestroy), nullptr, error});
  return !error;
}

int64_t threads(const ffi::CallFrame* frame) {
  int64_t count = 1;
  if (!ffi::ThreadPool_NumThreads.in(frame->api)) return 1;
  const ffi::ThreadPoolNumThreads arguments{sizeof(arguments), nullptr, frame->context, &count};
  return done(frame, ffi::ThreadPool_NumThreads(frame->api, arguments)) ? count : 1;
}

void run(const ffi::CallFrame* frame, const Call& call) {
  const size_t blocks = call.count / grain[call.format];
  const int64_t helpers = blocks < 2 ? 0 : std::min<int64_t>(threads(frame), blocks) - 1;
  if (helpers < 1) return call.run(0, call.count);
  const auto shared = std::make_shared<Blocks>(call, blocks);
  for (int64_t i = 0; i < helpers; ++i) {
    auto* own = new std::shared_ptr<Blocks>(shared);
    const auto task = [](void* data) {
      const std::unique_ptr<std::shared_ptr<Blocks>> mine(
          static_cast<std::shared_ptr<Blocks>*>(data));
      (*mine)->work();
    };
    const ffi::ThreadPoolSchedule arguments{sizeof(arguments), nullptr, frame->context, task, own};
    if (!done(frame, ffi::ThreadPool_Schedule(frame->api, arguments))) {
      delete own;
      break;
    }
  }
  shared->work();
  shared->wait();
}

// Whether this is the call that asks for the version; then the answer is given. It is the running
// version wherever that is told, as its structures begin with what is declared here.
bool answered(const ffi::CallFrame* frame) {
  const ffi::Extension* extension = frame->extensions;
  if (!extension || extension->kind != ffi::METADATA) return false;
  ffi::Metadata* metadata = reinterpret_cast<const ffi::MetadataExtension*>(extension)->metadata;
  const ffi::Api* api = frame->api;
  const bool known = api && api->version.major == ffi::major;
  metadata->version.major = ffi::major;
  metadata->version.minor =
      known ? std::max(api->version.minor, ffi::oldest_minor) : ffi::oldest_minor;
  return true;
}

// Chosen at the first call.
struct Kernels {
  char message[MISH_MESSAGE] = "";
  const mish_kernels* found = mish_select_from_environment(message);
};

// One call on the buffers of a frame, x or dy and x; `fill` names the kernel.
template <class Fill>
ffi::Error* handle(const ffi::CallFrame* frame, int64_t inputs, const Fill& fill) {
  if (answered(frame) || frame->stage != ffi::EXECUTE) return nullptr;
  static const Kernels kernels{};
  if (!kernels.found) return fail(frame, ffi::FAILED_PRECONDITION, kernels.message);
  const ffi::Values &in = frame->arguments, &out = frame->results;
  if (in.count != inputs || out.count != 1)
    return fail(frame, ffi::INVALID_ARGUMENT, "mish: wrong number of inputs or results");
  const ffi::Buffer &x = *in.buffers[inputs - 1], &y = *out.buffers[0];
  Call call{nullptr, nullptr, format_of(x), in.buffers[0]->data, x.data, y.data, elements(x)};
  for (const ffi::Buffer* other : {in.buffers[0], out.buffers[0]})
    if (other->type != x.type || elements(*other) != call.count)
      return fail(frame, ffi::INVALID_ARGUMENT, "mish: inputs and result differ in type or size");
  if (call.format == MISH_FORMATS)
    return fail(frame, ffi::INVALID_ARGUMENT, "mish: no kernel for this element type");
  fill(*kernels.found, call);
  if (call.count) run(frame, call);
  return nullptr;
}

template <int order>
ffi::Error* derivative(const ffi::CallFrame* frame) {
  return handle(frame, 1, [](const mish_kernels& kernels, Call& call) {
    call.unary = kernels.derivative[order][call.format];
  });
}

}  // namespace

#define MISH_HANDLER(name, body) \
  MISH_ENTRY ffi::Error* name(ffi::CallFrame* frame) { return body; }

MISH_HANDLER(mish_order_0, derivative<0>(frame))
MISH_HANDLER(mish_order_1, derivative<1>(frame))
MISH_HANDLER(mish_order_2, derivative<2>(frame))
MISH_HANDLER(mish_order_3, derivative<3>(frame))
MISH_HANDLER(mish_backward_1, handle(frame, 2, [](const mish_kernels& kernels, Call& call) {
               call.backward = kernels.grad[call.format];
             }))

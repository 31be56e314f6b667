// A range of elements split over a pool of threads.
#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "grain.h"
#include "range.h"
#include "system.h"

namespace {

// Chunks are small beside a thread's part, so that all end at about the same time, whenever they
// began; and they consist of whole vectors and, in an aligned array, of whole cache lines. Those of
// the shortest part take a few microseconds each.
constexpr size_t chunks_of_a_thread = 16, chunks_of_a_grain = 8, chunk_step = 64;

// A range whose chunks go to whoever comes first.
class Job {
 public:
  using Part = void (*)(const void* call, size_t begin, size_t end);

  Job(Part part, const void* call, size_t begin, size_t n, size_t chunk)
      : part_(part), call_(call), n_(n), chunk_(chunk), next_(begin) {}

  void work() {
    size_t begin;
    while ((begin = next_.fetch_add(chunk_, std::memory_order_relaxed)) < n_)
      part_(call_, begin, std::min(n_, begin + chunk_));
  }

 private:
  const Part part_;
  const void* const call_;
  const size_t n_, chunk_;
  std::atomic<size_t> next_;
};

class Pool {
 public:
  // Does the job, with so many workers or fewer. False, and nothing done, if the pool is taken.
  bool run(Job& job, int workers) {
    const std::unique_lock<std::mutex> mine(taken_, std::try_to_lock);
    if (!mine) return false;
    start(workers);
    {
      const std::lock_guard<std::mutex> lock(state_);
      job_ = &job;
      seats_ = workers;
    }
    wake_.notify_all();
    job.work();
    // Nothing is left to begin, so nobody waits for a worker that has not woken yet.
    std::unique_lock<std::mutex> lock(state_);
    seats_ = 0;
    done_.wait(lock, [this] { return active_ == 0; });
    return true;
  }

  // A child has no threads but the one that forked, so none is left while a process forks. Both
  // processes start their own when they need them.
  void before_fork() {
    taken_.lock();
    stop();
  }
  void after_fork() { taken_.unlock(); }

 private:
  void start(int workers) {
    [[maybe_unused]] const mish::SignalsBlocked scope{};
    try {
      for (; started_ < workers; ++started_) threads_[started_] = std::thread([this] { serve(); });
    } catch (const std::exception&) {
      // The system gives no more threads: the job is done by those that there are.
    }
  }

  void stop() {
    {
      const std::lock_guard<std::mutex> lock(state_);
      stopping_ = true;
    }
    wake_.notify_all();
    while (started_ > 0) threads_[--started_].join();
    stopping_ = false;
  }

  void serve() {
    std::unique_lock<std::mutex> lock(state_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || seats_ > 0; });
      if (stopping_) return;
      --seats_;
      ++active_;
      Job* const job = job_;
      lock.unlock();
      job->work();
      lock.lock();
      if (--active_ == 0) done_.notify_one();
    }
  }

  std::mutex taken_;  // held by the caller whose job is done, and while the process forks
  std::thread threads_[MISH_MAX_THREADS - 1];  // these two change under taken_ alone
  int started_ = 0;

  std::mutex state_;  // guards what follows
  std::condition_variable wake_, done_;
  Job* job_ = nullptr;
  int seats_ = 0;   // how many more workers may join the job
  int active_ = 0;  // how many have joined and not finished
  bool stopping_ = false;
};

// Never destroyed: workers may still wait in it while the process exits, which ends them.
alignas(Pool) char memory[sizeof(Pool)];
Pool& pool = *[] {
  Pool* const made = new (memory) Pool;
  mish::around_forks([] { pool.before_fork(); }, [] { pool.after_fork(); });
  return made;
}();

std::atomic<int> num_threads{1};

struct Array {
  const void* data;
  ptrdiff_t stride;
};

// Whether elements may be computed in any order: the output is the input itself or lies apart.
// NumPy also hands over an output that lies a little before its input, and counts on the order.
bool any_order(mish_format format, Array in, Array out, size_t n) {
  if (in.data == out.data && in.stride == out.stride) return true;
  const auto ends = [&](Array array) {
    const auto first = reinterpret_cast<uintptr_t>(array.data);
    const auto [low, high] = std::minmax({first, first + uintptr_t(array.stride) * (n - 1)});
    return std::pair(low, high + mish_element_size(format));
  };
  const auto [in_low, in_high] = ends(in);
  const auto [out_low, out_high] = ends(out);
  return in_high <= out_low || out_high <= in_low;
}

// Calls part(begin, end) for chunks that make up [0, n).
template <class Part>
void split(mish_format format, std::initializer_list<Array> inputs, Array output, size_t n,
           const Part& part) {
  const size_t most = size_t(mish_get_num_threads());
  const bool may_split = most > 1 && std::all_of(inputs.begin(), inputs.end(), [&](Array input) {
                           return any_order(format, input, output, n);
                         });
  if (!may_split) return part(0, n);
  const auto [done, grain] = mish::begin_range(n, part);
  if (done == n) return;
  const size_t left = n - done, threads = std::min(most, left / grain);
  if (threads > 1) {
    const size_t share = std::max(left / (threads * chunks_of_a_thread), grain / chunks_of_a_grain);
    Job job([](const void* call, size_t begin,
               size_t end) { (*static_cast<const Part*>(call))(begin, end); },
            &part, done, n, (share + chunk_step - 1) / chunk_step * chunk_step);
    if (pool.run(job, int(threads) - 1)) return;
  }
  part(done, n);
}

}  // namespace

int mish_get_num_threads() { return num_threads.load(std::memory_order_relaxed); }

void mish_set_num_threads(int n) {
  num_threads.store(std::clamp(n, 1, int(MISH_MAX_THREADS)), std::memory_order_relaxed);
}

void mish_parallel_unary(mish_unary kernel, mish_format format, const void* x, ptrdiff_t x_stride,
                         void* y, ptrdiff_t y_stride, size_t n) {
  split(format, {{x, x_stride}}, {y, y_stride}, n, [=](size_t begin, size_t end) {
    mish_unary_range(kernel, format, x, x_stride, y, y_stride, n, begin, end);
  });
}

void mish_parallel_backward(mish_backward kernel, mish_format format, const void* dy,
                            ptrdiff_t dy_stride, const void* x, ptrdiff_t x_stride, void* dx,
                            ptrdiff_t dx_stride, size_t n) {
  split(format, {{dy, dy_stride}, {x, x_stride}}, {dx, dx_stride}, n,
        [=](size_t begin, size_t end) {
          mish_backward_range(kernel, format, dy, dy_stride, x, x_stride, dx, dx_stride, n, begin,
                              end);
        });
}

// What the module for PyTorch uses of libc++ that is not in its headers.
#include <time.h>

#include <chrono>

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time_point(seconds(time.tv_sec) + nanoseconds(time.tv_nsec));
}

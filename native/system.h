// What systems do in different ways. Kernels are compiled for other processors than the rest, so
// what they use is static: never one function for all.
#pragma once

#if defined(_WIN32)
#include <process.h>
#else
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#endif

namespace mish {

#if defined(_WIN32)

struct SignalsBlocked {};
inline void around_forks(void (*)(), void (*)()) {}
static inline int this_process() { return _getpid(); }

#else

// A thread that starts in this scope never runs the process's signal handlers: a signal has to
// interrupt one of the threads that Python knows.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &saved_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }

 private:
  sigset_t saved_;
};

// What is called before a process forks, and afterwards in both.
inline void around_forks(void (*before)(), void (*after)()) {
  pthread_atfork(before, after, after);
}

// A number that a child does not share.
static inline int this_process() { return int(getpid()); }

#endif

}  // namespace mish

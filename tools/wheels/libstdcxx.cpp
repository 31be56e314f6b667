// What a linker must know of libstdc++.so.6 (and of libgcc_s.so.1, which comes with it): the names of
// what the module for PyTorch uses of them. Nothing of this gets into a wheel.
#define NAME(symbol) __asm__(".globl " #symbol "\n" #symbol ":\n");
NAME(_Unwind_Resume)
NAME(_ZNSt13runtime_errorC1EPKc)
NAME(_ZNSt13runtime_errorD1Ev)
NAME(_ZSt9terminatev)
NAME(_ZTISt13runtime_error)
NAME(_ZTISt9exception)
NAME(_ZdlPv)
NAME(_Znwm)
NAME(__cxa_allocate_exception)
NAME(__cxa_begin_catch)
NAME(__cxa_end_catch)
NAME(__cxa_free_exception)
NAME(__cxa_guard_acquire)
NAME(__cxa_guard_release)
NAME(__cxa_throw)
NAME(__gxx_personality_v0)

// How a module declares the functions by which a framework or ctypes finds it.
#pragma once

#if defined(_WIN32)
#define MISH_ENTRY extern "C" __declspec(dllexport)
#else
#define MISH_ENTRY extern "C" __attribute__((visibility("default")))
#endif

# What CMake sets after the toolchain: how it links a module for macOS. Zig 0.17 crashes when it has
# written a bundle; Python, ONNX Runtime and JAX load a dynamic library just as well.
if(CMAKE_SYSTEM_NAME STREQUAL "Darwin")
  set(CMAKE_SHARED_MODULE_CREATE_CXX_FLAGS -shared)
endif()

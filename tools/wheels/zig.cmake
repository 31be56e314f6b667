# Zig's compiler as the compiler of CMake. It has the headers and the C and C++ libraries of every
# target with it, so that nothing of the machine it runs on gets into a wheel.
#
# Environment: MISH_ZIG_TARGET, as in `-target`; MISH_ZIG_PYTHON, a Python with the package ziglang.
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "$ENV{MISH_ZIG_TARGET}")

set(CMAKE_CXX_COMPILER $ENV{MISH_ZIG_PYTHON} -I -m ziglang c++ -target $ENV{MISH_ZIG_TARGET})

# CMake takes one file for an archiver, and Zig's has an argument.
set(zig_ar "$ENV{MISH_ZIG_PYTHON} -I -m ziglang ar")
set(CMAKE_CXX_ARCHIVE_CREATE "${zig_ar} qcD <TARGET> <LINK_FLAGS> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_APPEND "${zig_ar} qD <TARGET> <LINK_FLAGS> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "${zig_ar} sD <TARGET>")

set(CMAKE_MODULE_LINKER_FLAGS_INIT -s)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -s)

# Zig links its own C++ library, libc++, into each module, which suits all but one: exceptions pass
# between PyTorch and its module in both directions, so that both must have one C++ runtime, libstdc++.
# The classes of exceptions have the same names and layouts in both libraries; the rest of libc++
# must come from its headers or from here.
set(MISH_LIBSTDCXX ${CMAKE_CURRENT_LIST_DIR}/libstdcxx.cpp)
set(MISH_LIBCXX ${CMAKE_CURRENT_LIST_DIR}/libcxx.cpp)

# Sized deallocation is newer than the oldest libstdc++; debugging information would be stripped.
set(CMAKE_CXX_FLAGS_INIT "-fno-sized-deallocation -g0")

# Zig's compiler as the compiler of CMake. It has the headers and the C and C++ libraries of every
# target with it, so that nothing of the machine it runs on gets into a wheel.
#
# Environment: MISH_ZIG_TARGET, as in `-target`; MISH_ZIG_PYTHON, a Python with the package ziglang;
# MISH_HEADERS, a folder that headers.py has filled for the target.
string(REPLACE "-" ";" target $ENV{MISH_ZIG_TARGET})
list(POP_FRONT target CMAKE_SYSTEM_PROCESSOR system)
if(system STREQUAL "windows")
  set(CMAKE_SYSTEM_NAME Windows)
elseif(system MATCHES "^macos")
  set(CMAKE_SYSTEM_NAME Darwin)
else()
  set(CMAKE_SYSTEM_NAME Linux)
endif()
set(zig $ENV{MISH_ZIG_PYTHON} -I -m ziglang)
set(CMAKE_CXX_COMPILER ${zig} c++ -target $ENV{MISH_ZIG_TARGET})

list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}) # for FindPython.cmake

# Sized deallocation is newer than the oldest libstdc++; symbols and debugging information would be
# stripped. Zig compiles its C++ library anew, for minutes, for another level of optimisation or kind of
# code, or where symbols stay: CMake's own tries, which these flags reach and those of the linker do not,
# must agree with the modules in all of that.
set(CMAKE_CXX_FLAGS_INIT "-O3 -fno-sized-deallocation -g0 -s")
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Windows")
  string(APPEND CMAKE_CXX_FLAGS_INIT " -fPIC")
endif()

if("$ENV{MISH_ZIG_TARGET}" MATCHES "musl")
  # By default a program has musl in it, and Zig would compile the whole of it for CMake's tries.
  string(APPEND CMAKE_CXX_FLAGS_INIT " -dynamic")
endif()

set(MISH_MORE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/demangle.cpp)

if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND "$ENV{MISH_ZIG_TARGET}" MATCHES "gnu")
  # Zig links its own C++ library, libc++, into each module, which suits all but one: exceptions pass
  # between PyTorch and its module in both directions, so that both must have one C++ runtime,
  # libstdc++. The classes of exceptions have the same names and layouts in both libraries; the rest of
  # libc++ must come from its headers or from here.
  set(MISH_LIBSTDCXX ${CMAKE_CURRENT_LIST_DIR}/libstdcxx.cpp)
  set(MISH_LIBCXX ${CMAKE_CURRENT_LIST_DIR}/libcxx.cpp)
else()
  # PyTorch has no wheels for musl, and elsewhere its C++ runtime is one that Zig does not know.
  set(MISH_TORCH OFF)
endif()

if(CMAKE_SYSTEM_NAME STREQUAL "Windows")
  set(CMAKE_RC_COMPILER $ENV{MISH_ZIG_PYTHON}) # CMake wants one; there is nothing to compile for it
elseif(CMAKE_SYSTEM_NAME STREQUAL "Darwin")
  # The linker has written all paths already. CMake wants a file of that name nevertheless.
  set(CMAKE_INSTALL_NAME_TOOL true)
  set(CMAKE_USER_MAKE_RULES_OVERRIDE ${CMAKE_CURRENT_LIST_DIR}/zig-rules.cmake)
  string(APPEND CMAKE_MODULE_LINKER_FLAGS_INIT " -undefined dynamic_lookup")
  string(APPEND CMAKE_CXX_FLAGS_INIT " -fvisibility-global-new-delete=force-hidden")
  list(APPEND MISH_MORE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/new.cpp)
endif()

# In the place of CMake's own, which looks for a Python that is the target's and runs here. The headers
# are in MISH_HEADERS, and for Windows what a linker must know of Python's DLL; see headers.py.
set(headers $ENV{MISH_HEADERS})
add_library(Python::NumPy INTERFACE IMPORTED)
target_include_directories(Python::NumPy SYSTEM INTERFACE ${headers}/numpy)
set(Python_FOUND TRUE)

# A module that keeps to the limited API.
function(Python_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 given "MODULE;WITH_SOABI" USE_SABI "")
  string(REGEX REPLACE "^3\\." "" minor ${given_USE_SABI})
  math(EXPR version "(3 << 24) + (${minor} << 16)" OUTPUT_FORMAT HEXADECIMAL)
  add_library(${name} MODULE ${given_UNPARSED_ARGUMENTS})
  target_include_directories(${name} SYSTEM PRIVATE ${headers}/python)
  target_compile_definitions(${name} PRIVATE Py_LIMITED_API=${version})
  if(WIN32)
    target_link_libraries(${name} PRIVATE ${headers}/python3.lib)
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .pyd)
  else()
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX .abi3.so)
  endif()
endfunction()

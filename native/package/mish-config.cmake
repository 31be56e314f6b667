# find_package(mish) gives the target mish::mish.
get_filename_component(_mish_root "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET mish::mish)
  add_library(mish::mish SHARED IMPORTED)
  set_target_properties(mish::mish PROPERTIES
    IMPORTED_LOCATION "${_mish_root}/lib/libmish${CMAKE_SHARED_LIBRARY_SUFFIX}"
    INTERFACE_INCLUDE_DIRECTORIES "${_mish_root}/include")
endif()
unset(_mish_root)

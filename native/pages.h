// How the system is to back the memory of a result.
#pragma once

#include "include/mish_types.h"

#ifdef __cplusplus
extern "C" {
#endif

// For memory that was just allocated, before anything writes to it: asks for huge pages, if there
// is enough of it. The first touch of a page makes the system clear it, and takes longer than a
// kernel does for the page; one of 2 MiB is touched once where small ones are 512 times. Changes no
// contents. A system that cannot leaves everything as it was.
MISH_API void mish_ask_for_huge_pages(void* memory, size_t bytes);

#ifdef __cplusplus
}
#endif

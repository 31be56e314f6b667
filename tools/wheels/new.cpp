// Operators new and delete that stay in the file, for macOS: those of Zig's C++ library would be
// shown to the whole process. Compiled with -fvisibility-global-new-delete=force-hidden.
#include <stdlib.h>

#include <new>

namespace {

void* allocate(size_t size, size_t alignment) {
  // aligned_alloc takes multiples of the alignment alone.
  const size_t whole = (size + alignment - 1) / alignment * alignment;
  void* const memory = alignment > alignof(max_align_t)
                           ? aligned_alloc(alignment, whole ? whole : alignment)
                           : malloc(size ? size : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

using Alignment = std::align_val_t;

void* operator new(size_t size) { return allocate(size, 1); }
void* operator new[](size_t size) { return allocate(size, 1); }
void* operator new(size_t size, Alignment by) { return allocate(size, size_t(by)); }
void* operator new[](size_t size, Alignment by) { return allocate(size, size_t(by)); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
void operator delete(void* memory, Alignment) noexcept { free(memory); }
void operator delete[](void* memory, Alignment) noexcept { free(memory); }
void operator delete(void* memory, size_t, Alignment) noexcept { free(memory); }
void operator delete[](void* memory, size_t, Alignment) noexcept { free(memory); }

// Preloaded into a worker's process: counts large allocations between start and stop.
// GNU's C library only, whose real functions have the names __libc_*.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);
extern void __libc_free(void*);

static atomic_size_t least;  // in bytes; 0 while nothing is counted
static atomic_long blocks, live, peak;

static void* count(void* block) {
  const size_t from = least;
  if (!from || !block) return block;
  const long size = (long)malloc_usable_size(block);
  if ((size_t)size >= from) ++blocks;
  const long now = live += size;
  long seen = peak;
  while (now > seen && !atomic_compare_exchange_weak(&peak, &seen, now)) {
  }
  return block;
}

static void forget(void* block) {
  if (least && block) live -= (long)malloc_usable_size(block);
}

void allocations_start(size_t from) {
  blocks = live = peak = 0;
  least = from;
}

void allocations_stop(long* found_blocks, long* found_peak) {
  least = 0;
  *found_blocks = blocks;
  *found_peak = peak;
}

void* malloc(size_t size) { return count(__libc_malloc(size)); }
void* calloc(size_t n, size_t size) { return count(__libc_calloc(n, size)); }
void free(void* block) {
  forget(block);
  __libc_free(block);
}
void* realloc(void* block, size_t size) {
  forget(block);
  return count(__libc_realloc(block, size));
}
void* memalign(size_t align, size_t size) { return count(__libc_memalign(align, size)); }
void* aligned_alloc(size_t align, size_t size) { return count(__libc_memalign(align, size)); }
int posix_memalign(void** block, size_t align, size_t size) {
  void* found = count(__libc_memalign(align, size));
  if (!found) return ENOMEM;
  *block = found;
  return 0;
}

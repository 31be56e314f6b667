// The few parts of XLA's foreign function interface that an elementwise handler needs.
//
// XLA calls a handler with one structure, the frame of the call. Within a major version its
// structures and its table of functions only grow at their ends, and each begins with its size as
// the caller knows it; so these declarations, which stop where the handlers' needs do, hold for
// every minor version of major version 0. A handler is first called to tell which version it was
// made for: XLA registers it or refuses it by the answer. `tests/jax/ffi_layout.cpp` compares
// places and sizes with the header that comes with jaxlib.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ffi {

constexpr int major = 0;         // the version of the interface that is declared here,
constexpr int oldest_minor = 1;  // and the oldest that has all of it

struct Error;
struct Context;

enum ExtensionKind { METADATA = 1 };
enum Stage { EXECUTE = 3 };
enum ElementType { FLOAT16 = 10, FLOAT32 = 11, FLOAT64 = 12, BFLOAT16 = 16 };
enum ErrorCode { INVALID_ARGUMENT = 3, FAILED_PRECONDITION = 9 };

struct Extension {
  size_t size;
  ExtensionKind kind;
  Extension* next;
};

struct Version {
  size_t size;
  Extension* extensions;
  int major, minor;
};

struct Metadata {
  size_t size;
  Version version;  // for the handler to fill in
  uint32_t traits;
};

struct MetadataExtension {
  Extension base;
  Metadata* metadata;
};

struct Buffer {
  size_t size;
  Extension* extensions;
  ElementType type;
  void* data;  // dense, in the layout that the program asked for
  int64_t rank;
  int64_t* dimensions;
};

struct Values {
  size_t size;
  Extension* extensions;
  int64_t count;
  int* kinds;
  Buffer** buffers;
};

struct Api {
  size_t size;
  Extension* extensions;
  Version version;
  const void* internal;
  // the functions follow
};

struct CallFrame {
  size_t size;
  Extension* extensions;
  const Api* api;
  Context* context;
  Stage stage;
  Values arguments, results;
};

struct ErrorCreate {
  size_t size;
  Extension* extensions;
  const char* message;
  ErrorCode code;
};

struct ErrorDestroy {
  size_t size;
  Extension* extensions;
  Error* error;
};

struct ThreadPoolSchedule {
  size_t size;
  Extension* extensions;
  Context* context;
  void (*task)(void* data);
  void* data;
};

struct ThreadPoolNumThreads {
  size_t size;
  Extension* extensions;
  Context* context;
  int64_t* threads;
};

template <class Signature, size_t place>
struct Entry {
  static constexpr size_t at = place;

  bool in(const Api* api) const { return api->size >= sizeof(Api) + (place + 1) * sizeof(void*); }

  template <class Arguments>
  auto operator()(const Api* api, Arguments arguments) const {
    Signature* const* functions = reinterpret_cast<Signature* const*>(api + 1);
    return functions[place](&arguments);
  }
};

constexpr Entry<Error*(ErrorCreate*), 0> Error_Create;
constexpr Entry<void(ErrorDestroy*), 2> Error_Destroy;
constexpr Entry<Error*(ThreadPoolSchedule*), 11> ThreadPool_Schedule;
constexpr Entry<Error*(ThreadPoolNumThreads*), 12> ThreadPool_NumThreads;

}  // namespace ffi

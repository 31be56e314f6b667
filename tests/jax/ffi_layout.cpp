// What src/mish/jax/_ffi.h declares, held to the header that comes with jaxlib; compiling is the
// test.
#include <xla/ffi/api/c_api.h>

#include "_ffi.h"

#define SAME(ours, our_member, theirs, their_member)                            \
  static_assert(offsetof(ours, our_member) == offsetof(theirs, their_member) && \
                    sizeof(ours::our_member) == sizeof(theirs::their_member),   \
                #theirs "." #their_member)

// A function's place in the table, counted in pointers.
#define PLACE(function)                                                           \
  static_assert(decltype(ffi::function)::at * sizeof(void*) + sizeof(ffi::Api) == \
                    offsetof(XLA_FFI_Api, XLA_FFI_##function),                    \
                #function)

// The library sends at least as much as the header does.
#define ENOUGH(ours, theirs) static_assert(sizeof(ours) >= theirs##_STRUCT_SIZE, #theirs)

static_assert(ffi::major == XLA_FFI_API_MAJOR);
static_assert(ffi::oldest_minor <= XLA_FFI_API_MINOR);
static_assert(int(ffi::METADATA) == XLA_FFI_Extension_Metadata);
static_assert(int(ffi::EXECUTE) == XLA_FFI_ExecutionStage_EXECUTE);
static_assert(int(ffi::FLOAT16) == XLA_FFI_DataType_F16);
static_assert(int(ffi::BFLOAT16) == XLA_FFI_DataType_BF16);
static_assert(int(ffi::FLOAT32) == XLA_FFI_DataType_F32);
static_assert(int(ffi::FLOAT64) == XLA_FFI_DataType_F64);
static_assert(int(ffi::INVALID_ARGUMENT) == XLA_FFI_Error_Code_INVALID_ARGUMENT);
static_assert(int(ffi::FAILED_PRECONDITION) == XLA_FFI_Error_Code_FAILED_PRECONDITION);

SAME(ffi::Extension, size, XLA_FFI_Extension_Base, struct_size);
SAME(ffi::Extension, kind, XLA_FFI_Extension_Base, type);
SAME(ffi::Extension, next, XLA_FFI_Extension_Base, next);
SAME(ffi::Version, major, XLA_FFI_Api_Version, major_version);
SAME(ffi::Version, minor, XLA_FFI_Api_Version, minor_version);
SAME(ffi::Metadata, version, XLA_FFI_Metadata, api_version);
SAME(ffi::Metadata, traits, XLA_FFI_Metadata, traits);
SAME(ffi::MetadataExtension, base, XLA_FFI_Metadata_Extension, extension_base);
SAME(ffi::MetadataExtension, metadata, XLA_FFI_Metadata_Extension, metadata);
SAME(ffi::Buffer, type, XLA_FFI_Buffer, dtype);
SAME(ffi::Buffer, data, XLA_FFI_Buffer, data);
SAME(ffi::Buffer, rank, XLA_FFI_Buffer, rank);
SAME(ffi::Buffer, dimensions, XLA_FFI_Buffer, dims);
SAME(ffi::Values, count, XLA_FFI_Args, size);
SAME(ffi::Values, buffers, XLA_FFI_Args, args);
SAME(ffi::Values, count, XLA_FFI_Rets, size);
SAME(ffi::Values, buffers, XLA_FFI_Rets, rets);
SAME(ffi::Api, size, XLA_FFI_Api, struct_size);
SAME(ffi::Api, version, XLA_FFI_Api, api_version);
SAME(ffi::Api, internal, XLA_FFI_Api, internal_api);
SAME(ffi::CallFrame, size, XLA_FFI_CallFrame, struct_size);
SAME(ffi::CallFrame, extensions, XLA_FFI_CallFrame, extension_start);
SAME(ffi::CallFrame, api, XLA_FFI_CallFrame, api);
SAME(ffi::CallFrame, context, XLA_FFI_CallFrame, ctx);
SAME(ffi::CallFrame, stage, XLA_FFI_CallFrame, stage);
SAME(ffi::CallFrame, arguments, XLA_FFI_CallFrame, args);
SAME(ffi::CallFrame, results, XLA_FFI_CallFrame, rets);
SAME(ffi::ErrorCreate, message, XLA_FFI_Error_Create_Args, message);
SAME(ffi::ErrorCreate, code, XLA_FFI_Error_Create_Args, errc);
SAME(ffi::ErrorDestroy, error, XLA_FFI_Error_Destroy_Args, error);
SAME(ffi::ThreadPoolSchedule, context, XLA_FFI_ThreadPool_Schedule_Args, ctx);
SAME(ffi::ThreadPoolSchedule, task, XLA_FFI_ThreadPool_Schedule_Args, task);
SAME(ffi::ThreadPoolSchedule, data, XLA_FFI_ThreadPool_Schedule_Args, data);
SAME(ffi::ThreadPoolNumThreads, context, XLA_FFI_ThreadPool_NumThreads_Args, ctx);
SAME(ffi::ThreadPoolNumThreads, threads, XLA_FFI_ThreadPool_NumThreads_Args, num_threads);

ENOUGH(ffi::ErrorCreate, XLA_FFI_Error_Create_Args);
ENOUGH(ffi::ErrorDestroy, XLA_FFI_Error_Destroy_Args);
ENOUGH(ffi::ThreadPoolSchedule, XLA_FFI_ThreadPool_Schedule_Args);
ENOUGH(ffi::ThreadPoolNumThreads, XLA_FFI_ThreadPool_NumThreads_Args);

PLACE(Error_Create);
PLACE(Error_Destroy);
PLACE(ThreadPool_Schedule);
PLACE(ThreadPool_NumThreads);

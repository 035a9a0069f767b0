#ifndef EMBERHARMONY_BACKEND_BACKEND_ABI_H_
#define EMBERHARMONY_BACKEND_BACKEND_ABI_H_

/* The boundary between the library and a backend plugin: plain C, the only header of emberharmony
   that a plugin includes. docs/architecture/backend_system.md shows a whole plugin.

   A plugin is a shared library named libemberharmony_NAME.so with one exported function,
   emberharmony_backend, of the type EmberBackendEntry. It returns a table of functions that stays
   valid for the life of the process; plugins are never unloaded. No C++ type and no exception
   crosses; what a framework throws becomes a status and a text inside the plugin.

   Versions: structures only grow at their end. Each begins with its size as its writer knows it;
   the reader takes what lies beyond that size as zero. So an older plugin works with a newer
   library, and a newer one with an older library that asks it for less. EMBER_BACKEND_ABI_VERSION
   changes only where this does not suffice, and then older plugins are refused with a reason. */

#include <stdint.h>

#include "emberharmony/backend/op_list.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EMBER_BACKEND_ABI_VERSION 1
#define EMBER_BACKEND_ENTRY "emberharmony_backend"

/* Operations: EMBER_OP_kAdd and so on; EMBER_NUM_OPS is how many this header knows. A plugin
   answers "no" to a number at or beyond it. */
enum {
#define EMBER_OP_NUMBER(enumerator, name, num_inputs, inputs, result) EMBER_OP_##enumerator,
  EMBER_OPS(EMBER_OP_NUMBER)
#undef EMBER_OP_NUMBER
      EMBER_NUM_OPS
};

/* What a function returns. Other than EMBER_OK it has written a text (UTF-8, ended by a zero byte,
   cut to what fits) that says what was expected, what was found, and what to do. */
enum {
  EMBER_OK = 0,
  /* The plugin does not compute this call: nothing was written, and the library computes it. */
  EMBER_UNSUPPORTED = 1,
  EMBER_OUT_OF_MEMORY = 2,
  /* The matrix has no answer: it is singular, not positive definite, or nothing converged. */
  EMBER_NO_ANSWER = 3,
  /* The framework or the device failed. */
  EMBER_FAILED = 4
};

/* Element types. The first numbers are those of tensor::DType. */
enum {
  EMBER_BOOL = 0,
  EMBER_INT8 = 1,
  EMBER_INT16 = 2,
  EMBER_INT32 = 3,
  EMBER_INT64 = 4,
  EMBER_UINT8 = 5,
  EMBER_UINT16 = 6,
  EMBER_UINT32 = 7,
  EMBER_UINT64 = 8,
  EMBER_FLOAT32 = 9,
  EMBER_FLOAT64 = 10,
  EMBER_COMPLEX64 = 11,
  EMBER_COMPLEX128 = 12
};

/* Kinds of devices: DLPack's numbers. */
enum { EMBER_CPU = 1, EMBER_CUDA = 2, EMBER_METAL = 8, EMBER_ROCM = 10 };

/* DLPack's DLDevice. */
typedef struct EmberDevice {
  int32_t kind;
  int32_t index;
} EmberDevice;

/* DLPack's DLDataType: code 0 signed, 1 unsigned, 2 floating point, 5 complex, 6 bool (8 bits). */
typedef struct EmberDataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes; /* 1 */
} EmberDataType;

/* A tensor: field by field DLPack 1.x's DLTensor, so that a framework's own import takes it. It
   describes memory that the caller owns and that lives as long as the call. Strides count elements,
   are never null, and may be 0 (broadcast) or, if the plugin's flags allow, negative. */
typedef struct EmberTensor {
  void* data;
  EmberDevice device;
  int32_t rank;
  EmberDataType type;
  const int64_t* shape;
  const int64_t* strides;
  uint64_t byte_offset; /* of the first element, from data */
} EmberTensor;

/* A parameter of an operation by its key (attributes.h lists keys and meanings). */
typedef struct EmberAttribute {
  uint32_t key;
  union {
    int64_t integer;
    double number;
    struct {
      const int64_t* values;
      int64_t count;
    } integers;
  } value;
} EmberAttribute;

enum {
  EMBER_ATTRIBUTE_DTYPE = 0,
  EMBER_ATTRIBUTE_AXES = 1,
  EMBER_ATTRIBUTE_KEEP_DIMS = 2,
  EMBER_ATTRIBUTE_AXIS = 3,
  EMBER_ATTRIBUTE_CORRECTION = 4,
  EMBER_ATTRIBUTE_DESCENDING = 5,
  EMBER_ATTRIBUTE_STABLE = 6,
  EMBER_ATTRIBUTE_RIGHT = 7,
  EMBER_ATTRIBUTE_INCLUDE_INITIAL = 8,
  EMBER_ATTRIBUTE_COUNT = 9,
  EMBER_ATTRIBUTE_COMBINE = 10,
  EMBER_ATTRIBUTE_UPPER = 11,
  EMBER_ATTRIBUTE_FULL_MATRICES = 12,
  EMBER_ATTRIBUTE_INVERSE = 13,
  EMBER_ATTRIBUTE_LENGTH = 14,
  EMBER_ATTRIBUTE_SCALE = 15,
  EMBER_ATTRIBUTE_SEED = 16,
  EMBER_ATTRIBUTE_STREAM = 17,
  EMBER_ATTRIBUTE_FIRST = 18,
  EMBER_ATTRIBUTE_LOW = 19,
  EMBER_ATTRIBUTE_HIGH = 20,
  EMBER_ATTRIBUTE_TOLERANCE = 21
};

/* "Do you compute this?" */
typedef struct EmberQuery {
  uint32_t size;
  uint32_t op;
  const uint8_t* dtypes; /* the inputs' (of elementwise operations only the one they share); then,
                            where the result's is an attribute, the result's */
  int32_t num_dtypes;
  int32_t rank; /* the largest of the tensors; -1: whichever */
  EmberDevice device;
} EmberQuery;

/* "Compute this." Outputs are allocated, of the results' shapes and dtypes, and share no element
   with an input; of an elementwise operation one may have exactly the memory of an input. All
   tensors are on one device. Elementwise inputs have the outputs' shape or broadcast to it. */
typedef struct EmberCall {
  uint32_t size;
  uint32_t op;
  const EmberTensor* inputs;
  const EmberTensor* outputs;
  const EmberAttribute* attributes;
  int32_t num_inputs;
  int32_t num_outputs;
  int32_t num_attributes;
  int32_t num_threads; /* CPU threads it may use */
} EmberCall;

typedef struct EmberDeviceInfo {
  EmberDevice device;
  uint64_t memory_bytes; /* 0: not known */
  uint32_t flags;        /* EMBER_DEVICE_... */
  uint32_t reserved;
  char name[128];
} EmberDeviceInfo;

enum { EMBER_DEVICE_NO_FLOAT64 = 1 };

/* What a plugin takes as it is; the library makes copies, or computes itself, of what it does not.
 */
enum {
  EMBER_TAKES_STRIDES = 1,          /* any strides from 0 on; else only C-contiguous tensors */
  EMBER_TAKES_NEGATIVE_STRIDES = 2, /* negative ones too */
  EMBER_TAKES_BROADCAST = 4         /* elementwise inputs of other shapes than the output's; else
                                       inputs are expanded with strides of 0, or copied */
};

/* The plugin's side. Every function may be called from any thread at any time. Texts and the table
   stay valid for ever. */
typedef struct EmberBackend {
  uint32_t size;
  uint32_t abi_version;  /* EMBER_BACKEND_ABI_VERSION */
  const char* name;      /* lower-case letters, digits, underscores: "torch" */
  const char* version;   /* the plugin's own */
  const char* framework; /* "PyTorch 2.13.0+cpu" as found at run time */
  uint32_t flags;        /* EMBER_TAKES_... */
  int32_t rank_max;      /* more dimensions than this are never asked for */

  /* Writes at most `capacity` devices, the CPU first if it is one, and returns how many there are.
   */
  int32_t (*devices)(EmberDeviceInfo* devices, int32_t capacity);

  /* EMBER_OK, or EMBER_UNSUPPORTED and why. The answer is remembered: for one query it is always
     the same. "Yes" is a promise of the operation's semantics (its special values too) within the
     error that docs/architecture/backend_system.md states. */
  int32_t (*supports)(const EmberQuery* query, char* reason, uint64_t reason_bytes);

  /* Computes. Inputs have been read, and outputs on the CPU are complete, when it returns; outputs
     on another device are complete for whatever this plugin is asked next, and for others after
     `synchronize`. It may still return EMBER_UNSUPPORTED for what a query does not tell. */
  int32_t (*execute)(const EmberCall* call, char* error, uint64_t error_bytes);

  /* Memory on a device other than the CPU; null where there is none. `bytes` may be 0. */
  int32_t (*allocate)(EmberDevice device, uint64_t bytes, void** data, char* error,
                      uint64_t error_bytes);
  void (*release)(EmberDevice device, void* data);
  /* Copies bytes from, to or between this plugin's devices; at least one side is not the CPU. Done
     when it returns. */
  int32_t (*copy)(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                  uint64_t bytes, char* error, uint64_t error_bytes);
  int32_t (*synchronize)(EmberDevice device, char* error, uint64_t error_bytes);
} EmberBackend;

/* What the library tells a plugin at its start; valid during the call. */
typedef struct EmberHost {
  uint32_t size;
  uint32_t abi_version;
  uint32_t num_ops; /* how many operations the library knows */
  const char* library_version;
} EmberHost;

/* Returns the table, or null after writing why there is none and what would help. */
typedef const EmberBackend* (*EmberBackendEntry)(const EmberHost* host, char* error,
                                                 uint64_t error_bytes);

#ifdef __cplusplus
}
#endif

#endif

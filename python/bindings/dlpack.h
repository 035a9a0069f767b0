#pragma once

#include <cstdint>

/// The data structures of DLPack 1.x (dmlc.github.io/dlpack, "C API"), which libraries hand tensors
/// to each other in. Layout and numbers are part of that interface.
namespace emberharmony::python::dlpack {

inline constexpr uint32_t kMajor = 1;
inline constexpr uint32_t kMinor = 1;

enum class TypeCode : uint8_t { kInt = 0, kUInt = 1, kFloat = 2, kComplex = 5, kBool = 6 };

struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct DeviceId {
  int32_t type;
  int32_t index;
};

struct View {
  void* data;
  DeviceId device;
  int32_t rank;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  ///< in elements; null: contiguous
  uint64_t byte_offset;
};

/// A tensor before version 1.0, in a capsule named "dltensor".
struct Unversioned {
  View view;
  void* context;
  void (*deleter)(Unversioned* self);
};

inline constexpr uint64_t kReadOnly = 1;
inline constexpr uint64_t kIsCopied = 2;

/// A tensor since version 1.0, in a capsule named "dltensor_versioned".
struct Versioned {
  uint32_t major;
  uint32_t minor;
  void* context;
  void (*deleter)(Versioned* self);
  uint64_t flags;
  View view;
};

inline constexpr char kUnversionedName[] = "dltensor";
inline constexpr char kVersionedName[] = "dltensor_versioned";
inline constexpr char kUsedUnversionedName[] = "used_dltensor";
inline constexpr char kUsedVersionedName[] = "used_dltensor_versioned";

}  // namespace emberharmony::python::dlpack

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "emberharmony/backend/backend_abi.h"

/// What the plugins on frameworks have in common: it is compiled into each of them, and knows the C
/// header only.
namespace emberharmony::plugin {

/// A set of the ABI's element types, one bit each.
using DTypes = uint32_t;
constexpr DTypes Bit(int dtype) { return DTypes{1} << dtype; }
inline constexpr DTypes kBools = Bit(EMBER_BOOL);
inline constexpr DTypes kFloats = Bit(EMBER_FLOAT32) | Bit(EMBER_FLOAT64);

/// A call of an operation, and its attributes by key.
struct Call {
  const EmberCall* call;

  const EmberAttribute* Find(uint32_t key) const {
    for (int32_t i = 0; i < call->num_attributes; ++i) {
      if (call->attributes[i].key == key) return &call->attributes[i];
    }
    return nullptr;
  }
  int64_t Integer(uint32_t key, int64_t absent) const {
    const EmberAttribute* attribute = Find(key);
    return attribute != nullptr ? attribute->value.integer : absent;
  }
  double Number(uint32_t key, double absent) const {
    const EmberAttribute* attribute = Find(key);
    return attribute != nullptr ? attribute->value.number : absent;
  }
};

/// Thrown by an operation for what a query does not tell; the library then computes natively.
struct Refusal {
  const char* reason;
};
/// Thrown where a matrix has no answer.
struct NoAnswer {
  const char* reason;
};
/// What a framework has thrown, as a status of the ABI and a text.
struct Failure {
  int32_t status;
  std::string text;
};

/// Why an operation is not the framework's.
struct Reason {
  uint32_t op;
  const char* reason;
};

inline const char* ReasonOf(uint32_t op, std::span<const Reason> reasons) {
  for (const Reason& each : reasons) {
    if (each.op == op) return each.reason;
  }
  return "this plugin does not know the operation";
}

/// Operations by their number; null: not among them. An OpType has a member `op`.
template <class OpType>
std::array<const OpType*, EMBER_NUM_OPS> IndexOf(
    std::initializer_list<std::span<const OpType>> groups) {
  std::array<const OpType*, EMBER_NUM_OPS> index{};
  for (const std::span<const OpType> ops : groups) {
    for (const OpType& op : ops) index[op.op] = &op;
  }
  return index;
}

inline int32_t Say(int32_t status, const char* what, char* text, uint64_t text_bytes) {
  std::snprintf(text, text_bytes, "%s", what);
  return status;
}

/// Calls f; what leaves it becomes a status.
template <class F>
int32_t Guarded(char* error, uint64_t error_bytes, F&& f) {
  try {
    f();
    return EMBER_OK;
  } catch (const Refusal& refusal) {
    return Say(EMBER_UNSUPPORTED, refusal.reason, error, error_bytes);
  } catch (const NoAnswer& no_answer) {
    return Say(EMBER_NO_ANSWER, no_answer.reason, error, error_bytes);
  } catch (const Failure& failure) {
    return Say(failure.status, failure.text.c_str(), error, error_bytes);
  } catch (const std::bad_alloc&) {
    return Say(EMBER_OUT_OF_MEMORY, "no memory is left", error, error_bytes);
  } catch (const std::exception& exception) {
    return Say(EMBER_FAILED, exception.what(), error, error_bytes);
  } catch (...) {
    return Say(EMBER_FAILED, "an exception of an unknown type", error, error_bytes);
  }
}

/// The functions of a plugin's table, made of those of a framework, which may throw:
///
///     static std::vector<EmberDeviceInfo> Devices();
///     static const char* WhyNot(const EmberQuery& query);  // null: it computes it
///     static void Execute(const EmberCall* call);
///     static void* Allocate(EmberDevice device, uint64_t bytes);
///     static void Release(EmberDevice device, void* data);
///     static void Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
///                      uint64_t bytes);
///     static void Synchronize(EmberDevice device);
template <class Framework>
struct Table {
  static int32_t Devices(EmberDeviceInfo* devices, int32_t capacity) {
    try {
      const std::vector<EmberDeviceInfo> found = Framework::Devices();
      std::copy_n(found.begin(), std::min<size_t>(found.size(), capacity), devices);
      return static_cast<int32_t>(found.size());
    } catch (...) {
      return 0;
    }
  }

  static int32_t Supports(const EmberQuery* query, char* reason, uint64_t reason_bytes) {
    if (query->op >= EMBER_NUM_OPS) {
      return Say(EMBER_UNSUPPORTED, "the plugin is older than the operation", reason, reason_bytes);
    }
    const char* const why = Framework::WhyNot(*query);
    return why == nullptr ? int32_t{EMBER_OK} : Say(EMBER_UNSUPPORTED, why, reason, reason_bytes);
  }

  static int32_t Execute(const EmberCall* call, char* error, uint64_t error_bytes) {
    return Guarded(error, error_bytes, [&] { Framework::Execute(call); });
  }

  static int32_t Allocate(EmberDevice device, uint64_t bytes, void** data, char* error,
                          uint64_t error_bytes) {
    return Guarded(error, error_bytes, [&] { *data = Framework::Allocate(device, bytes); });
  }

  static void Release(EmberDevice device, void* data) {
    try {
      Framework::Release(device, data);
    } catch (...) {
      // A device that has failed keeps its memory; there is no one to tell.
    }
  }

  static int32_t Copy(EmberDevice to_device, void* to, EmberDevice from_device, const void* from,
                      uint64_t bytes, char* error, uint64_t error_bytes) {
    return Guarded(error, error_bytes,
                   [&] { Framework::Copy(to_device, to, from_device, from, bytes); });
  }

  static int32_t Synchronize(EmberDevice device, char* error, uint64_t error_bytes) {
    return Guarded(error, error_bytes, [&] { Framework::Synchronize(device); });
  }

  /// `framework`: its name and version; it must stay as long as the table.
  static EmberBackend Make(const char* name, const char* framework, uint32_t flags,
                           int32_t rank_max) {
    EmberBackend table{};
    table.size = sizeof(table);
    table.abi_version = EMBER_BACKEND_ABI_VERSION;
    table.name = name;
    table.version = "1";
    table.framework = framework;
    table.flags = flags;
    table.rank_max = rank_max;
    table.devices = &Devices;
    table.supports = &Supports;
    table.execute = &Execute;
    table.allocate = &Allocate;
    table.release = &Release;
    table.copy = &Copy;
    table.synchronize = &Synchronize;
    return table;
  }
};

}  // namespace emberharmony::plugin

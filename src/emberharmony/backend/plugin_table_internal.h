#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <vector>

#include "emberharmony/backend/backend_abi.h"

namespace emberharmony::backend {

/// A copy of a plugin's table in which every function is there that must be, or what is wrong.
arrow::Result<EmberBackend> CheckTable(const EmberBackend* table);

/// The devices of a checked table.
std::vector<EmberDeviceInfo> DevicesOf(const EmberBackend& table);

/// Calls a function of a plugin. An exception may not leave it; one that does is a failure with
/// what it says.
template <class F>
int32_t GuardedCall(F&& call, char* error, size_t error_bytes) {
  try {
    return call();
  } catch (const std::exception& exception) {
    std::snprintf(error, error_bytes, "an exception left the plugin: %s", exception.what());
  } catch (...) {
    std::snprintf(error, error_bytes, "an exception of an unknown type left the plugin");
  }
  return EMBER_FAILED;
}

}  // namespace emberharmony::backend

#pragma once

#include <chrono>
#include <cstdint>

namespace emberharmony::base {

/// Microseconds since 1970 by the system's clock. For what a service's times are compared with; no
/// output may depend on it.
inline int64_t SystemMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace emberharmony::base

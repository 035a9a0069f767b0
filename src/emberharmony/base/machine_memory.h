#pragma once

#include <cstdint>

namespace emberharmony::base {

/// The memory this process may use, in bytes: the smallest of the machine's physical memory and the
/// limits of its cgroup (v1 and v2) and that group's ancestors.
int64_t MachineMemoryBytes();

}  // namespace emberharmony::base

#pragma once

#include <cstdint>

namespace emberharmony::base {

/// This process's memory as the system counts it, in bytes; 0 where it does not say.
struct ProcessMemory {
  int64_t resident = 0;         ///< VmRSS: file_resident and anonymous memory
  int64_t file_resident = 0;    ///< RssFile: pages of the program and its libraries
  int64_t shared_resident = 0;  ///< RssShmem
  int64_t anonymous = 0;        ///< RssAnon
  int64_t private_mapped = 0;   ///< VmData: private and writable, touched or not; RLIMIT_DATA
};

/// Reads /proc/self/status. Allocates nothing.
ProcessMemory ReadProcessMemory() noexcept;

/// How much private writable memory a process may have mapped (VmData) so that its resident memory
/// stays within limit_bytes whatever it does with it, judged by its memory before it began to work.
///
/// Resident memory is anonymous memory and pages of the program. Anonymous memory grows only with
/// what is mapped from now on; what was mapped before and never touched (library data, the stack of
/// an idle thread) is not counted, but for a little. Pages of the program get room for what a run
/// still loads.
int64_t PrivateBytesMax(int64_t limit_bytes, const ProcessMemory& at_start) noexcept;

/// Whether the system refuses private memory beyond some limit (RLIMIT_DATA), as in the command.
/// Where it does not, memory that is mapped says little: allocators reserve gigabytes that nobody
/// touches.
bool PrivateBytesAreLimited() noexcept;

/// What a run loads of the program beyond what start-up has loaded: measured at most 9.5 MiB.
inline constexpr int64_t kProgramGrowthBytes = int64_t{12} << 20;

}  // namespace emberharmony::base

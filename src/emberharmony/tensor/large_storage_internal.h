#pragma once

#include <cstdint>
#include <memory>

namespace emberharmony::tensor::internal {

/// Bytes from which storage outside of every AllocationScope is kept for the next tensor when it is
/// freed: the system hands out memory page by page, which takes longer than most operations.
inline constexpr int64_t kLargeBytes = int64_t{512} << 10;

/// Storage of at least kLargeBytes, with huge pages where the system has them. Freed blocks are
/// kept up to a bound (512 MiB, or a sixteenth of the machine's memory) and handed out again for
/// sizes up to a quarter smaller. Thread-safe. Throws OutOfMemoryError, also for what would not fit
/// into the machine's memory beside what the process holds already: the system would promise it,
/// and kill the process at its use.
std::shared_ptr<void> AllocateLarge(int64_t size_bytes);

}  // namespace emberharmony::tensor::internal

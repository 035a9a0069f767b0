#pragma once

#include <arrow/status.h>

#include <exception>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// What the calling thread is busy with, for as long as the object lives: the consumer that is
/// named when memory runs out where no budget is at hand. Costs two pointers; `phase` and `subject`
/// must outlive the object. Objects nest; the innermost counts.
class Activity {
 public:
  explicit Activity(std::string_view phase, std::string_view subject = {});
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  /// "fit, column 'x'" of the calling thread; empty when it has said nothing. Written to `out`, cut
  /// to `size` - 1 bytes and ended with 0, without allocating.
  static void Describe(char* out, size_t size) noexcept;

 private:
  std::string_view phase_;
  std::string_view subject_;
  const Activity* outer_;
};

/// Remembers, for the calling thread, that an allocation has failed and what it was for. To be
/// called where the failure happens (from a new-handler), since unwinding ends activities.
/// Allocates nothing.
void NoteAllocationFailure() noexcept;

/// OutOfMemory that names what the calling thread was busy with when its last allocation failed.
arrow::Status AllocationFailure();

/// The status of an exception that left a library: AllocationFailure when memory was the reason,
/// also where a library has wrapped std::bad_alloc in an exception of its own, else nothing (OK).
arrow::Status AllocationFailureOf(const std::exception& error);

/// `status`, or OutOfMemory with the same words when they say that a library was refused memory:
/// Parquet and the codecs report that as an error of the file.
arrow::Status RecognizeAllocationFailure(arrow::Status status);

}  // namespace emberharmony::base

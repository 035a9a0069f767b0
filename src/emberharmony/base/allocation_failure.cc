#include "emberharmony/base/allocation_failure.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

namespace emberharmony::base {
namespace {

constexpr size_t kDescriptionBytes = 256;

thread_local const Activity* current_activity = nullptr;
thread_local char noted_activity[kDescriptionBytes] = "";

size_t Append(std::string_view text, char* out, size_t size, size_t used) {
  const size_t count = std::min(text.size(), size - 1 - used);
  std::memcpy(out + used, text.data(), count);
  return used + count;
}

// How the libraries that we call through Parquet say that they were refused memory: libstdc++,
// zstd, zlib and brotli.
constexpr std::array<std::string_view, 5> kRefusals = {"std::bad_alloc", "not enough memory",
                                                       "insufficient memory", "Brotli init failed",
                                                       "Cannot allocate memory"};

bool TellsOfRefusal(std::string_view message) {
  return std::any_of(kRefusals.begin(), kRefusals.end(), [&](std::string_view words) {
    return message.find(words) != std::string_view::npos;
  });
}

}  // namespace

Activity::Activity(std::string_view phase, std::string_view subject)
    : phase_(phase), subject_(subject), outer_(std::exchange(current_activity, this)) {}

Activity::~Activity() { current_activity = outer_; }

void Activity::Describe(char* out, size_t size) noexcept {
  if (size == 0) return;
  size_t used = 0;
  if (current_activity != nullptr) {
    used = Append(current_activity->phase_, out, size, used);
    if (!current_activity->subject_.empty()) {
      used = Append(", column '", out, size, used);
      used = Append(current_activity->subject_, out, size, used);
      used = Append("'", out, size, used);
    }
  }
  out[used] = '\0';
}

void NoteAllocationFailure() noexcept { Activity::Describe(noted_activity, kDescriptionBytes); }

arrow::Status AllocationFailure() {
  const char* consumer = noted_activity[0] != '\0' ? noted_activity : "the run";
  return arrow::Status::OutOfMemory(
      consumer,
      ": there is no memory left for it; raise --memory, or ask for less at a time with fewer "
      "--threads or columns");
}

arrow::Status AllocationFailureOf(const std::exception& error) {
  const bool refused =
      dynamic_cast<const std::bad_alloc*>(&error) != nullptr || TellsOfRefusal(error.what());
  return refused ? AllocationFailure() : arrow::Status::OK();
}

arrow::Status RecognizeAllocationFailure(arrow::Status status) {
  if (status.ok() || status.IsOutOfMemory() || !TellsOfRefusal(status.message())) return status;
  return arrow::Status::OutOfMemory(status.message(), "; raise --memory");
}

}  // namespace emberharmony::base

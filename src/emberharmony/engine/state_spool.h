#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "emberharmony/base/spill_file.h"
#include "emberharmony/feature/analyzer.h"

namespace emberharmony::engine {

/// Encoded states that wait to be saved: small ones in memory, all others in a temporary file,
/// which lives as long as one of them does. Thread-safe.
class StateSpool {
 public:
  /// `folder` empty: everything stays in memory.
  explicit StateSpool(std::string folder) : folder_(std::move(folder)) {}

  arrow::Result<feature::EncodedState> Encode(const feature::Analyzer& analyzer,
                                              const feature::State& state);
  /// Bytes that are encoded already.
  arrow::Result<feature::EncodedState> Keep(std::string_view encoded);

 private:
  arrow::Result<feature::EncodedState> Keep(
      const std::function<arrow::Status(const feature::ByteConsumer&)>& write);
  arrow::Result<std::shared_ptr<base::SpillFile>> File();

  const std::string folder_;
  std::mutex mutex_;
  std::shared_ptr<base::SpillFile> file_;  // guarded by mutex_; made when first needed
};

}  // namespace emberharmony::engine

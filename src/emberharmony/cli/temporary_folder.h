#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

namespace emberharmony::cli {

/// A folder below the temporary folder ($TMPDIR or /tmp) that is removed, with all that is in it,
/// when the object is.
class TemporaryFolder {
 public:
  /// IOError where there is no such folder to write to.
  static arrow::Result<std::unique_ptr<TemporaryFolder>> Make();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace emberharmony::cli

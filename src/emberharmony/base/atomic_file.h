#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <string>
#include <string_view>

namespace emberharmony::base {

/// A file that appears under its name only when it is complete and on disk.
///
/// Bytes go to "<path>.tmp" beside it; Commit flushes, fsyncs, renames over `path` and fsyncs the
/// folder. Without Commit the destructor removes the temporary file. Errors carry the path and the
/// reason (errno text); a full disk is reported as such with what to do. What is there and is no
/// file (a folder, a device) is refused by Create. One thread at a time.
class AtomicFile {
 public:
  static arrow::Result<std::unique_ptr<AtomicFile>> Create(std::string path);
  virtual ~AtomicFile();
  /// The stream to write to; owned by this object, valid until Commit or Abort.
  virtual arrow::io::OutputStream* stream() = 0;
  /// The lower-case hexadecimal XXH3 128-bit hash of all bytes written so far.
  virtual std::string xxh3_128_hex() const = 0;
  virtual int64_t bytes_written() const = 0;
  virtual arrow::Status Commit() = 0;
  /// As Commit, but the name is durable only after a SyncFolder, which the caller owes: one for
  /// many files of a folder, since each takes some milliseconds.
  virtual arrow::Status CommitBeforeSyncFolder() = 0;
  virtual void Abort() = 0;
};

/// Writes `content` to `path` through an AtomicFile.
arrow::Status WriteFileAtomically(const std::string& path, std::string_view content);
/// Makes the names in a folder durable. Network file systems that cannot do that order renames
/// themselves: not an error.
arrow::Status SyncFolder(const std::string& folder);

}  // namespace emberharmony::base

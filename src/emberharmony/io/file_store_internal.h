#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emberharmony/io/file_listing_internal.h"

namespace emberharmony::io::internal {

/// A file that is open for reading.
struct OpenedFile {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::string version;  ///< what the store calls this state of the file (an ETag); may be empty
};

/// Where the files of a source lie: this machine, or an object store. Thread-safe.
class FileStore {
 public:
  virtual ~FileStore() = default;
  /// Opens a file; reads are positional, so any thread may read. DataErrors name the file: it can't
  /// be read, or is not what was listed any more (its size, its time and, where `file` has one, its
  /// version).
  virtual arrow::Result<OpenedFile> Open(const ListedFile& file) const = 0;
  /// About how many bytes a read should ask for, where there are that many to be read: what makes
  /// the wait for a read's first byte small beside the read itself.
  virtual int64_t read_bytes() const = 0;
};

/// FileStore::read_bytes, or less where so many columns are read side by side, each of which holds
/// what it reads ahead.
int64_t ReadBytesEach(const FileStore& store, size_t num_columns);

/// The files that a location stands for.
struct SourceFiles {
  std::string location;  ///< for messages: without secrets
  std::shared_ptr<const FileStore> store;
  std::vector<ListedFile> files;  ///< sorted by relative path; at least one
};

/// Lists what a local location stands for (ListFiles).
arrow::Result<SourceFiles> FindLocalFiles(const std::string& location);

}  // namespace emberharmony::io::internal

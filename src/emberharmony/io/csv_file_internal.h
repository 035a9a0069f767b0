#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "emberharmony/io/csv_scan_internal.h"
#include "emberharmony/io/file_store_internal.h"

namespace emberharmony::io::internal {

/// Sizes by which CSV files are read. Only tests use others than these.
struct CsvSizes {
  int64_t unit_bytes = int64_t{32} << 20;  ///< a unit ends with the record that reaches this
  int64_t block_bytes = int64_t{1} << 20;  ///< text that is cut into fields at a time
  int64_t record_bytes_max = int64_t{16} << 20;
};

/// The bytes of a file from some place on, front to back, unpacked if it is gzip.
class CsvStream {
 public:
  virtual ~CsvStream() = default;
  /// Fills `out` with up to `size` bytes; fewer only at the end of the stream.
  virtual arrow::Result<int64_t> Read(int64_t size, char* out) = 0;
};

/// One CSV file. Immutable; opened anew by each reader.
class CsvFile {
 public:
  /// `file` is open: its first bytes say whether it is gzip, whatever its name.
  static arrow::Result<std::shared_ptr<const CsvFile>> Make(std::shared_ptr<const FileStore> store,
                                                            ListedFile listed,
                                                            arrow::io::RandomAccessFile* file);

  const ListedFile& listed() const { return listed_; }
  const std::string& name() const { return listed_.relative_path; }
  bool gzip() const { return gzip_; }

  /// The uncompressed bytes [begin, end); end -1: to the end of the file. DataError if the file has
  /// changed since it was listed.
  arrow::Result<std::unique_ptr<CsvStream>> Open(int64_t begin, int64_t end,
                                                 arrow::MemoryPool* pool) const;

  /// The physical line, counted from 1, on which the record begins that holds the byte at `offset`.
  /// Reads the file from its start: for messages.
  arrow::Result<int64_t> LineOfRecord(int64_t offset, const CsvDialect& dialect) const;
  /// DataError "'name', line N: what"; offset as above.
  arrow::Status ErrorAt(int64_t offset, const CsvDialect& dialect, const std::string& what) const;

 private:
  CsvFile() = default;

  std::shared_ptr<const FileStore> store_;
  ListedFile listed_;
  bool gzip_ = false;
};

}  // namespace emberharmony::io::internal

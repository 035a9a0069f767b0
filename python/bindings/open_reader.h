#pragma once

#include <arrow/result.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "bindings/read_pool.h"
#include "emberharmony/bigquery/open_table.h"

namespace emberharmony::python {

/// An open reader of BigQuery with its memory.
///
/// Of a process that was forked from the one that opened it, it has no threads, and locks that
/// nobody will open: there every call is a usage error, and its memory is left alone.
///
/// Next by one thread at a time, all else by any; without the GIL.
class OpenReader {
 public:
  OpenReader(ReadPool* pool, std::optional<int64_t> limit);
  ~OpenReader();
  OpenReader(const OpenReader&) = delete;
  OpenReader& operator=(const OpenReader&) = delete;

  void SetTable(bigquery::OpenedTable table) { table_ = std::move(table); }
  /// UsageError in another process than the one that opened it.
  arrow::Status CheckProcess() const;
  arrow::Result<std::optional<bigquery::StreamBatch>> Next();
  /// Ends the calls under way within a second; nothing in another process.
  void Cancel();
  /// Cancels, and waits for the threads, and for who is in Next.
  void Close();

  const bigquery::OpenedTable& table() const { return table_; }
  const ReadPool& pool() const { return *pool_; }
  arrow::MemoryPool* memory_pool() { return pool_; }

 private:
  bool is_forked() const;

  ReadPool* const pool_;
  const pid_t process_;
  bigquery::OpenedTable table_;
  std::mutex next_lock_;  ///< guards rows_left_ and the reader's Next
  std::optional<int64_t> rows_left_;
};

/// Adds a reader to those that CloseReaders closes. UsageError when that has been called: who reads
/// on while the interpreter ends would be cut off anywhere.
arrow::Status KeepForClosing(const std::shared_ptr<OpenReader>& reader);
/// For the interpreter's end: closes all readers of this process that are still open. Their threads
/// would go on among what the process destroys as it ends.
void CloseReaders();

}  // namespace emberharmony::python

#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery {

/// Takes a table's rows as they come: record batch messages of Arrow's IPC format, compressed as
/// they were sent.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// A message's FlatBuffer and its body, in pieces; both have passed io::RecordBatchChecker. The
  /// messages of a stream come in order from one thread at a time; those of different streams may
  /// come at the same time. An error ends the download.
  virtual arrow::Status Append(int stream, std::string_view metadata,
                               const std::vector<std::string_view>& body) = 0;
  /// Whether Insert may be called; else streams are not split.
  virtual bool takes_insertions() const { return false; }
  /// Another stream to append to, whose rows follow those of stream `after`, and come before what
  /// was inserted there earlier; returns its number. From any thread.
  virtual arrow::Result<int> Insert(int after) {
    (void)after;
    return arrow::Status::NotImplemented("rows cannot be inserted");
  }
};

/// A session whose rows are to be stored and not looked at, so that they are never copied nor
/// decoded on their way.
class TableDownload {
 public:
  virtual ~TableDownload() = default;
  virtual const SessionInfo& session() const = 0;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// Makes another session over the same connections; the service may be away for as long as while
  /// rows are read. From any thread.
  virtual arrow::Result<std::unique_ptr<TableDownload>> OpenAnother(
      const ReadRequest& request, const std::function<arrow::Status()>& check_stop) const = 0;
  /// Reads all streams, or until limit_rows have come (a few more may). Once. check_stop is asked
  /// several times a second, on the calling thread; its error ends the download within a second.
  virtual arrow::Status Run(MessageSink* sink, int num_readers, std::optional<int64_t> limit_rows,
                            const std::function<arrow::Status()>& check_stop) = 0;
  /// From any thread.
  virtual ReadCounters counters() const = 0;
};

}  // namespace emberharmony::bigquery

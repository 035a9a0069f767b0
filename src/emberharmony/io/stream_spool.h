#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/io/remote_tables.h"
#include "emberharmony/io/source.h"

namespace emberharmony::io {

/// Where a spool lies and what it is called.
struct StreamSpoolOptions {
  /// Which must exist; default: $TMPDIR, or /tmp.
  std::string folder;
  /// What the rows are from, for messages.
  std::string name;
  /// What identifies the data: part of the source's identity.
  std::string version;
  /// How much is expected; more than is free there is an error at once. 0: not known.
  int64_t expected_bytes = 0;
  /// The rows of a unit, counted along a stream: how a service cuts streams into messages, which it
  /// need not do twice in the same way, shapes no unit. kWholeStream: a stream is a unit.
  int64_t unit_rows = 524'288;

  static constexpr int64_t kWholeStream = INT64_MAX;

  /// Who keeps the streams for another run; nullptr: nobody. Must outlive the spool.
  DownloadKeeper* keeper = nullptr;
};

/// Rows that a service sends once, on disk until a run has ended: an Arrow IPC stream for each of
/// the service's streams, as its messages came, then read as any Arrow files are.
///
/// The files have no names, so their space comes back when the process ends, however it ends; but
/// for those that are kept, which get names when they are complete. Where the file system cannot
/// name them, or the keeper's folder is on another disk, nothing is kept.
/// Errors of the disk name the folder and --spill-dir.
class StreamSpool {
 public:
  static arrow::Result<std::unique_ptr<StreamSpool>> Make(const arrow::Schema& schema,
                                                          int num_streams,
                                                          StreamSpoolOptions options);
  ~StreamSpool();

  /// Appends a record batch message, which has passed RecordBatchChecker: its FlatBuffer, and its
  /// body in pieces. The messages of a stream come from one thread at a time; those of different
  /// streams may come at the same time.
  arrow::Status Append(int stream, std::string_view metadata,
                       const std::vector<std::string_view>& body);
  /// Forgets what has been appended to a stream; nobody appends to it meanwhile.
  arrow::Status Discard(int stream);
  /// A stream has come in full and is kept, if there is a keeper; nobody appends to it any more. Of
  /// streams that others may be inserted after, only Finish may. From any thread.
  arrow::Status Keep(int stream);
  /// Takes a stream that an earlier run has kept, instead of appending to it; false: there is none.
  /// From any thread.
  arrow::Result<bool> Adopt(int stream);
  /// Another stream to append to, whose rows follow those of stream `after` and come before what
  /// was inserted there earlier. Returns its number. From any thread.
  arrow::Result<int> Insert(int after);
  /// What people should know of how the rows have come: a warning of the source (Source::warnings).
  /// From any thread.
  void AddWarning(std::string warning);
  /// Bytes on disk so far.
  int64_t size_bytes() const;
  /// Ends the files and opens them, in the order of the streams; inserted ones have become part of
  /// the stream that they follow. Its rows are not numbered: a service need not send the same
  /// streams again. With a keeper all streams are kept then, and that they are all.
  arrow::Result<std::shared_ptr<Source>> Finish() &&;
  /// The same for a spool of one stream, whose batches are read as they came, one at a time:
  /// records and lists whole. What they take is the pool's.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> FinishBatches(
      arrow::MemoryPool* pool) &&;

 private:
  struct Files;
  explicit StreamSpool(std::shared_ptr<Files> files);
  friend arrow::Result<std::shared_ptr<Source>> OpenKeptDownload(const DownloadKeeper& keeper);
  static arrow::Result<std::shared_ptr<Source>> OpenKept(const DownloadKeeper& keeper,
                                                         int num_streams,
                                                         StreamSpoolOptions options);
  /// All of them, and that they are all.
  arrow::Status KeepAll();
  std::shared_ptr<Files> files_;
};

/// The source that a spool's Finish gave in an earlier run that has kept it, all streams; nullptr
/// where there is none. What was kept is checked as any file is.
arrow::Result<std::shared_ptr<Source>> OpenKeptDownload(const DownloadKeeper& keeper);

/// How the names of all that is kept of a download begin.
inline constexpr const char* kDownloadName = "download";

/// Whether all streams of a download have been kept.
bool IsDownloadKept(const DownloadKeeper& keeper);

}  // namespace emberharmony::io

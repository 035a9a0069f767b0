#include "bindings/open_reader.h"

#include <arrow/record_batch.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::python {
namespace {

struct OpenReaders {
  std::mutex mutex;
  std::vector<std::weak_ptr<OpenReader>> readers;  // guarded by mutex, like all below
  bool ended = false;
};

/// Never destroyed: threads may outlive main.
OpenReaders& TheOpenReaders() {
  static auto* const readers = new OpenReaders;
  return *readers;
}

}  // namespace

OpenReader::OpenReader(ReadPool* pool, std::optional<int64_t> limit)
    : pool_(pool), process_(getpid()), rows_left_(limit) {}

OpenReader::~OpenReader() {
  if (is_forked()) {
    // Its threads are not there to be waited for: the memory stays with the process.
    (void)table_.reader.release();
    return;
  }
  table_.reader.reset();
  pool_->Retire();
}

bool OpenReader::is_forked() const { return getpid() != process_; }

arrow::Status OpenReader::CheckProcess() const {
  if (!is_forked()) return arrow::Status::OK();
  return base::UsageError(
      "this reader was opened before the process was forked, and its threads are in the other one: "
      "open a reader in each process, and start processes with the method 'spawn' or 'forkserver'");
}

arrow::Result<std::optional<bigquery::StreamBatch>> OpenReader::Next() {
  ARROW_RETURN_NOT_OK(CheckProcess());
  const std::lock_guard guard(next_lock_);
  if (rows_left_ && *rows_left_ <= 0) return std::optional<bigquery::StreamBatch>();
  ARROW_ASSIGN_OR_RAISE(auto batch, table_.reader->Next());
  if (!batch || !rows_left_) return batch;
  if (batch->rows->num_rows() > *rows_left_) batch->rows = batch->rows->Slice(0, *rows_left_);
  *rows_left_ -= batch->rows->num_rows();
  // What the limit cuts off need not be sent any more.
  if (*rows_left_ == 0) table_.reader->Cancel();
  return batch;
}

void OpenReader::Cancel() {
  if (!is_forked()) table_.reader->Cancel();
}

void OpenReader::Close() {
  if (is_forked()) return;
  table_.reader->Close();
  const std::lock_guard guard(next_lock_);
}

arrow::Status KeepForClosing(const std::shared_ptr<OpenReader>& reader) {
  OpenReaders& open = TheOpenReaders();
  const std::lock_guard lock(open.mutex);
  if (open.ended) return base::UsageError("the interpreter is ending: nothing can be read now");
  std::erase_if(open.readers, [](const auto& each) { return each.expired(); });
  open.readers.push_back(reader);
  return arrow::Status::OK();
}

void CloseReaders() {
  OpenReaders& open = TheOpenReaders();
  std::vector<std::weak_ptr<OpenReader>> readers;
  {
    const std::lock_guard lock(open.mutex);
    open.ended = true;
    readers.swap(open.readers);
  }
  for (const auto& each : readers) {
    if (const auto reader = each.lock()) reader->Close();
  }
}

}  // namespace emberharmony::python

#include "emberharmony/bigquery/client/decode_queue.h"

#include <arrow/ipc/message.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/valid_rows.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::chrono::milliseconds kQueueLookInterval{100};

}  // namespace

DecodeQueue::DecodeQueue(std::shared_ptr<arrow::Schema> schema, int64_t bytes_max,
                         arrow::MemoryPool* pool)
    : schema_(std::move(schema)), bytes_max_(bytes_max), pool_(pool) {}

void DecodeQueue::Add(int64_t bytes) {
  bytes_ += bytes;
  peak_bytes_ = std::max(peak_bytes_, bytes_);
}

Result<std::shared_ptr<DecodeQueue::Entry>> DecodeQueue::Pack(const BatchMessage& message) const {
  auto entry = std::make_shared<Entry>();
  entry->metadata = message.metadata;
  // The one copy that a message takes: out of gRPC's many small pieces into memory that the batch's
  // columns may lie in.
  ARROW_ASSIGN_OR_RAISE(entry->body, arrow::AllocateBuffer(message.body.size(), pool_));
  message.body.CopyTo(entry->body->mutable_data());
  entry->bytes = entry->body->size();
  return entry;
}

Status DecodeQueue::Push(int stream, const StreamRows& rows, const StopCheck& check_stop) {
  int64_t first_row = rows.first_row;
  for (const BatchMessage& message : rows.batches) {
    std::unique_lock lock(mutex_);
    // Something always gets in, so that no message is too large for the queue.
    while (!entries_.empty() && bytes_ + message.body.size() > bytes_max_) {
      changed_.wait_for(lock, kQueueLookInterval);
      ARROW_RETURN_NOT_OK(check_stop());
    }
    Add(message.body.size());
    lock.unlock();
    auto packed = Pack(message);
    lock.lock();
    if (!packed.ok()) {
      bytes_ -= message.body.size();
      return packed.status();
    }
    (*packed)->batch.stream = stream;
    (*packed)->batch.first_row = first_row;
    first_row += message.num_rows;
    entries_.push_back(*std::move(packed));
    changed_.notify_all();
  }
  return Status::OK();
}

void DecodeQueue::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

Status DecodeQueue::Decode(Entry* entry, int64_t* bytes) const {
  return base::CallGuarded([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto message,
                          arrow::ipc::Message::Open(entry->metadata, entry->body));
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = pool_;
    options.use_threads = false;
    ARROW_ASSIGN_OR_RAISE(entry->batch.rows, arrow::ipc::ReadRecordBatch(
                                                 *message, schema_, &no_dictionaries_, options));
    // Nothing has looked into the body so far: offsets that point outside of it would have whoever
    // reads the batch read foreign memory.
    ARROW_RETURN_NOT_OK(ValidateRows(*entry->batch.rows));
    *bytes = arrow::util::TotalBufferSize(*entry->batch.rows);
    return Status::OK();
  });
}

bool DecodeQueue::DecodeOne(std::unique_lock<std::mutex>* lock) {
  if (num_begun_ == entries_.size()) return false;
  const std::shared_ptr<Entry> entry = entries_[num_begun_++];
  entry->state = State::kDecoding;
  lock->unlock();
  int64_t bytes = 0;
  Status status = Decode(entry.get(), &bytes);
  entry->metadata.reset();
  entry->body.reset();
  lock->lock();
  if (status.ok()) {
    Add(bytes - entry->bytes);
    entry->bytes = bytes;
    decoded_bytes_ += bytes;
  } else {
    entry->error = std::move(status);
  }
  entry->state = entry->error.ok() ? State::kDecoded : State::kFailed;
  changed_.notify_all();
  return true;
}

void DecodeQueue::DecodeAll() {
  std::unique_lock lock(mutex_);
  while (!(closed_ && num_begun_ == entries_.size())) {
    if (!DecodeOne(&lock)) changed_.wait(lock);
  }
}

Result<DecodeQueue::Taken> DecodeQueue::Take(int64_t wait_ms) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (true) {
    if (entries_.empty()) {
      if (closed_) return Taken{Taken::Kind::kEnd, {}};
    } else if (entries_.front()->state == State::kFailed) {
      const Entry& entry = *entries_.front();
      if (entry.error.IsOutOfMemory()) return entry.error;
      return base::DataError(
          fmt::format("stream {}, row {}: the service has sent rows that can't be decoded: {}",
                      entry.batch.stream, entry.batch.first_row, entry.error.message()));
    } else if (entries_.front()->state == State::kDecoded) {
      Taken taken{Taken::Kind::kBatch, std::move(entries_.front()->batch)};
      bytes_ -= entries_.front()->bytes;
      entries_.pop_front();
      --num_begun_;
      changed_.notify_all();
      return taken;
    }
    if (DecodeOne(&lock)) continue;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return Taken{};
  }
}

int64_t DecodeQueue::buffered_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

int64_t DecodeQueue::peak_bytes() const {
  const std::lock_guard lock(mutex_);
  return peak_bytes_;
}

int64_t DecodeQueue::decoded_bytes() const {
  const std::lock_guard lock(mutex_);
  return decoded_bytes_;
}

}  // namespace emberharmony::bigquery::client

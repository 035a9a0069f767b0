#pragma once

#include <arrow/ipc/dictionary.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "emberharmony/bigquery/client/rows_stream.h"
#include "emberharmony/bigquery/table_reader.h"

namespace emberharmony::bigquery::client {

/// Batches on their way from the readers to the caller, in the order in which they came.
///
/// Readers put in messages and wait while more than `bytes_max` are here; any number of threads
/// decode, each the oldest that nobody has begun, so that none of them waits for another; the
/// caller takes what is decoded at the front, and lends a hand where it would have to wait. Bytes
/// count from the message's arrival until its batch is taken. Thread-safe; one thread takes.
class DecodeQueue {
 public:
  DecodeQueue(std::shared_ptr<arrow::Schema> schema, int64_t bytes_max, arrow::MemoryPool* pool);

  /// Copies the messages into memory of the pool and puts them in; asks check_stop while it waits
  /// for room.
  arrow::Status Push(int stream, const StreamRows& rows, const StopCheck& check_stop);
  /// Nothing more is put in.
  void Close();
  /// Decodes until the queue is closed and empty: what a thread for that runs. The first message
  /// that can't be decoded is an error here and for the taker.
  void DecodeAll();

  struct Taken {
    enum class Kind { kBatch, kEnd, kWait } kind = Kind::kWait;
    StreamBatch batch;
  };
  /// The next batch, the end (closed, and all taken), or kWait after `wait_ms` without either.
  arrow::Result<Taken> Take(int64_t wait_ms);

  int64_t buffered_bytes() const;
  int64_t peak_bytes() const;
  int64_t decoded_bytes() const;

 private:
  enum class State { kEncoded, kDecoding, kDecoded, kFailed };
  struct Entry {
    State state = State::kEncoded;
    std::shared_ptr<arrow::Buffer> metadata;
    std::shared_ptr<arrow::Buffer> body;
    int64_t bytes = 0;
    StreamBatch batch;
    arrow::Status error;
  };

  /// Decodes one entry, if one is waiting for it; the lock is given up meanwhile.
  bool DecodeOne(std::unique_lock<std::mutex>* lock);
  arrow::Status Decode(Entry* entry, int64_t* bytes) const;
  arrow::Result<std::shared_ptr<Entry>> Pack(const BatchMessage& message) const;
  void Add(int64_t bytes);  // mutex_ held

  const std::shared_ptr<arrow::Schema> schema_;
  const int64_t bytes_max_;
  arrow::MemoryPool* const pool_;
  const arrow::ipc::DictionaryMemo no_dictionaries_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Entry>> entries_;  // guarded by mutex_, like all below
  size_t num_begun_ = 0;                        // of them, from the front
  int64_t bytes_ = 0;
  int64_t peak_bytes_ = 0;
  int64_t decoded_bytes_ = 0;
  bool closed_ = false;
};

}  // namespace emberharmony::bigquery::client

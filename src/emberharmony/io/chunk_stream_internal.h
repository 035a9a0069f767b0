#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <memory>
#include <string_view>

namespace emberharmony::io::internal {

/// Reads one range of a file (a column chunk) from front to back through a window of its own, which
/// it reuses: what Peek and Read return is valid until the next call. The window grows to the
/// largest piece asked for, and never beyond the range, so a length that lies costs nothing. One
/// thread at a time.
class ChunkStream : public arrow::io::InputStream {
 public:
  /// `window_bytes`: what a read asks for at least, where the range has so many.
  ChunkStream(int64_t window_bytes, arrow::MemoryPool* pool)
      : window_bytes_(window_bytes), pool_(pool) {}

  /// Continues at `offset` bytes of the range (at most its size). What lies in between is not read.
  void SeekTo(int64_t offset);
  /// The next Read that returns a buffer passes over its bytes instead: they are not read, and the
  /// buffer is empty.
  void PassOverNextRead() { pass_over_ = true; }

  /// Starts on [offset, offset + size) of a file; the window's memory is kept.
  void Reset(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t offset, int64_t size);

  arrow::Status Close() override;
  bool closed() const override { return file_ == nullptr; }
  arrow::Result<int64_t> Tell() const override { return position_ - begin_; }
  arrow::Result<std::string_view> Peek(int64_t nbytes) override;
  arrow::Result<int64_t> Read(int64_t nbytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t nbytes) override;
  bool supports_zero_copy() const override { return true; }

 private:
  /// Brings min(nbytes, what is left) bytes from position_ on into the window; returns how many
  /// there are.
  arrow::Result<int64_t> Fill(int64_t nbytes);
  const uint8_t* window_data() const { return window_->data() + (position_ - window_begin_); }

  const int64_t window_bytes_;
  arrow::MemoryPool* pool_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t begin_ = 0;     // of the range, in the file
  int64_t end_ = 0;       // of the range, in the file
  int64_t position_ = 0;  // in the file
  std::shared_ptr<arrow::ResizableBuffer> window_;
  int64_t window_begin_ = 0;  // in the file
  int64_t window_end_ = 0;    // in the file
  bool pass_over_ = false;    // see PassOverNextRead
  bool sparse_ = false;       // something was left out: nothing is read ahead
};

}  // namespace emberharmony::io::internal

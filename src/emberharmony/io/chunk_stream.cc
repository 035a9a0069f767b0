#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/io/chunk_stream_internal.h"

namespace emberharmony::io::internal {

void ChunkStream::Reset(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t offset,
                        int64_t size) {
  file_ = std::move(file);
  begin_ = position_ = window_begin_ = window_end_ = offset;
  end_ = offset + size;
  pass_over_ = sparse_ = false;
}

void ChunkStream::SeekTo(int64_t offset) {
  position_ = std::clamp(begin_ + offset, begin_, end_);
  if (position_ < window_begin_ || position_ > window_end_) {
    window_begin_ = window_end_ = position_;
    sparse_ = true;
  }
}

arrow::Status ChunkStream::Close() {
  file_.reset();
  window_.reset();
  begin_ = position_ = window_begin_ = window_end_ = end_ = 0;
  return arrow::Status::OK();
}

arrow::Result<int64_t> ChunkStream::Fill(int64_t nbytes) {
  if (nbytes < 0) return arrow::Status::Invalid("a negative number of bytes was asked for");
  const int64_t wanted = std::min(nbytes, end_ - position_);
  const int64_t have = window_end_ - position_;
  if (have >= wanted) return wanted;
  const int64_t ahead = sparse_ ? 0 : window_bytes_;
  const int64_t capacity = std::max(wanted, std::min(std::max(nbytes, ahead), end_ - position_));
  if (window_ == nullptr || window_->size() < capacity) {
    // A new buffer instead of a resized one: only the bytes that are still wanted move.
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> grown,
                          arrow::AllocateResizableBuffer(capacity, pool_));
    if (have > 0) std::memcpy(grown->mutable_data(), window_data(), static_cast<size_t>(have));
    window_ = std::move(grown);
  } else if (have > 0) {
    std::memmove(window_->mutable_data(), window_data(), static_cast<size_t>(have));
  }
  window_begin_ = position_;
  window_end_ = position_ + have;
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->ReadAt(window_end_, capacity - have,
                                                          window_->mutable_data() + have));
  window_end_ += read;
  return std::min(wanted, have + read);
}

arrow::Result<std::string_view> ChunkStream::Peek(int64_t nbytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t count, Fill(nbytes));
  if (count == 0) return std::string_view();
  return std::string_view(reinterpret_cast<const char*>(window_data()), static_cast<size_t>(count));
}

arrow::Result<int64_t> ChunkStream::Read(int64_t nbytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t count, Fill(nbytes));
  if (count > 0) std::memcpy(out, window_data(), static_cast<size_t>(count));
  position_ += count;
  return count;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ChunkStream::Read(int64_t nbytes) {
  if (pass_over_) {
    pass_over_ = false;
    if (nbytes < 0) return arrow::Status::Invalid("a negative number of bytes was asked for");
    SeekTo(position_ - begin_ + std::min(nbytes, end_ - position_));
    return std::make_shared<arrow::Buffer>(nullptr, 0);
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t count, Fill(nbytes));
  auto view = count == 0 ? std::make_shared<arrow::Buffer>(nullptr, 0)
                         : std::make_shared<arrow::Buffer>(window_data(), count);
  position_ += count;
  return view;
}

}  // namespace emberharmony::io::internal

#include <algorithm>
#include <cstring>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/io/body_buffer_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

// Up to this size a buffer is decompressed at once.
constexpr int64_t kWholeBytes = int64_t{1} << 20;
constexpr int64_t kInputBytes = int64_t{64} << 10;
constexpr int64_t kScratchBytes = int64_t{64} << 10;

/// The most bytes that one compressed byte can become; generous, but finite.
int64_t BodyExpansionMax(arrow::Compression::type codec) {
  return codec == arrow::Compression::LZ4_FRAME ? 256 : int64_t{1} << 16;
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> FileRange::Read(int64_t from, int64_t count,
                                                       arrow::MemoryPool* pool) const {
  if (from < 0 || count < 0 || from > size - count) {
    return Status::Invalid("a buffer has ", size, " bytes, but ", from + count, " are needed");
  }
  const int64_t position = begin + from;
  if (kept != nullptr && position >= kept_begin && position + count <= kept_begin + kept->size()) {
    return arrow::SliceBuffer(kept, position - kept_begin, count);
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, arrow::AllocateBuffer(count, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(position, count, bytes->mutable_data()));
  if (read < count) return Status::Invalid("the file ended while it was read");
  return bytes;
}

Result<BodyBuffer> BodyBuffer::Open(FileRange range, arrow::Compression::type codec,
                                    arrow::MemoryPool* pool) {
  BodyBuffer buffer;
  buffer.pool_ = pool;
  buffer.size_ = range.size;
  buffer.range_ = std::move(range);
  if (codec == arrow::Compression::UNCOMPRESSED || buffer.size_ == 0) return buffer;
  ARROW_ASSIGN_OR_RAISE(const auto prefix, buffer.range_.Read(0, 8, pool));
  std::memcpy(&buffer.size_, prefix->data(), 8);
  buffer.range_.begin += 8;
  buffer.range_.size -= 8;
  if (buffer.size_ == -1) {
    buffer.size_ = buffer.range_.size;
    return buffer;
  }
  if (buffer.size_ < 0 || buffer.size_ / BodyExpansionMax(codec) > buffer.range_.size + 64) {
    return Status::Invalid("a buffer of ", buffer.range_.size, " compressed bytes claims to hold ",
                           buffer.size_);
  }
  ARROW_ASSIGN_OR_RAISE(buffer.codec_, arrow::util::Codec::Create(codec));
  return buffer;
}

Result<std::shared_ptr<arrow::Buffer>> BodyBuffer::Slice(int64_t begin, int64_t end) {
  if (begin < 0 || begin > end || end > size_) {
    return Status::Invalid("a buffer has ", size_, " bytes, but ", end, " are needed");
  }
  if (codec_ == nullptr) {
    ARROW_RETURN_NOT_OK(ReadAhead(begin, end));
    return range_.Read(begin, end - begin, pool_);
  }
  if (whole_ == nullptr && decompressor_ == nullptr) ARROW_RETURN_NOT_OK(Start());
  if (whole_ != nullptr) return arrow::SliceBuffer(whole_, begin, end - begin);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> slice,
                        arrow::AllocateBuffer(end - begin, pool_));
  int64_t have = 0;
  if (begin < produced_) {
    if (last_ == nullptr || begin < last_begin_) {
      return Status::Invalid("a compressed buffer is read backwards");
    }
    have = std::min(end, produced_) - begin;
    std::memcpy(slice->mutable_data(), last_->data() + (begin - last_begin_),
                static_cast<size_t>(have));
  } else if (begin > produced_) {
    ARROW_ASSIGN_OR_RAISE(const auto scratch, arrow::AllocateBuffer(kScratchBytes, pool_));
    while (produced_ < begin) {
      ARROW_RETURN_NOT_OK(
          Decompress(std::min(kScratchBytes, begin - produced_), scratch->mutable_data()));
    }
  }
  if (begin + have < end) {
    ARROW_RETURN_NOT_OK(Decompress(end - begin - have, slice->mutable_data() + have));
    last_ = slice;
    last_begin_ = begin;
  }
  return slice;
}

/// Where few bytes are asked for at a time, one read fetches those of the next times, too.
Status BodyBuffer::ReadAhead(int64_t begin, int64_t end) {
  const int64_t kept_begin = range_.kept_begin - range_.begin;
  const bool kept =
      range_.kept != nullptr && begin >= kept_begin && end <= kept_begin + range_.kept->size();
  if (kept || end - begin >= range_.read_ahead) return Status::OK();
  const int64_t count = std::min(range_.read_ahead, size_ - begin);
  ARROW_ASSIGN_OR_RAISE(auto bytes, range_.Read(begin, count, pool_));
  range_.kept = std::move(bytes);
  range_.kept_begin = range_.begin + begin;
  return Status::OK();
}

Status BodyBuffer::Start() {
  if (size_ > kWholeBytes) {
    ARROW_ASSIGN_OR_RAISE(decompressor_, codec_->MakeDecompressor());
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto input, range_.Read(0, range_.size, pool_));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> output, arrow::AllocateBuffer(size_, pool_));
  const Result<int64_t> written =
      codec_->Decompress(input->size(), input->data(), size_, output->mutable_data());
  ARROW_RETURN_NOT_OK(base::RecognizeAllocationFailure(written.status()));
  if (*written != size_) {
    return Status::Invalid("a buffer should be ", size_, " bytes, but decompressed it has ",
                           *written);
  }
  whole_ = std::move(output);
  return Status::OK();
}

Status BodyBuffer::Decompress(int64_t count, uint8_t* out) {
  int64_t idle = 0;
  for (int64_t done = 0; done < count;) {
    if (input_ == nullptr || input_begin_ == input_->size()) {
      const int64_t next = std::min(kInputBytes, range_.size - input_end_);
      if (next == 0 && ++idle > 1) {
        return Status::Invalid("a compressed buffer ends ", count - done, " bytes too early");
      }
      ARROW_ASSIGN_OR_RAISE(input_, range_.Read(input_end_, next, pool_));
      input_begin_ = 0;
      input_end_ += next;
    }
    if (decompressor_->IsFinished()) {
      return Status::Invalid("a compressed buffer ends ", count - done, " bytes too early");
    }
    const auto result = decompressor_->Decompress(
        input_->size() - input_begin_, input_->data() + input_begin_, count - done, out + done);
    ARROW_RETURN_NOT_OK(base::RecognizeAllocationFailure(result.status()));
    input_begin_ += result->bytes_read;
    done += result->bytes_written;
    produced_ += result->bytes_written;
    if (result->bytes_read > 0 || result->bytes_written > 0) continue;
    // No progress with input left: nothing would ever change.
    if (input_begin_ < input_->size()) {
      return Status::Invalid("a compressed buffer can't be decompressed further");
    }
  }
  return Status::OK();
}

}  // namespace emberharmony::io::internal

#include "emberharmony/feature/encoded_state.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace emberharmony::feature {
namespace {

constexpr int64_t kPieceBytes = int64_t{256} << 10;

}  // namespace

EncodedState::EncodedState(std::string bytes)
    : size_(static_cast<int64_t>(bytes.size())), bytes_(std::move(bytes)) {}

EncodedState::EncodedState(int64_t size, Reader reader) : size_(size), reader_(std::move(reader)) {}

arrow::Status EncodedState::Read(int64_t offset, int64_t length, void* out) const {
  if (offset < 0 || length < 0 || offset > size_ - length) {
    return arrow::Status::Invalid("an encoded state of ", size_, " bytes has none at ", offset);
  }
  if (reader_) return reader_(offset, length, out);
  std::memcpy(out, bytes_.data() + offset, static_cast<size_t>(length));
  return arrow::Status::OK();
}

arrow::Result<std::string> EncodedState::ReadAll() const {
  std::string bytes(static_cast<size_t>(size_), '\0');
  ARROW_RETURN_NOT_OK(Read(0, size_, bytes.data()));
  return bytes;
}

arrow::Status EncodedState::ReadTo(const ByteConsumer& out) const {
  std::string piece;
  for (int64_t offset = 0; offset < size_; offset += kPieceBytes) {
    piece.resize(static_cast<size_t>(std::min(kPieceBytes, size_ - offset)));
    ARROW_RETURN_NOT_OK(Read(offset, static_cast<int64_t>(piece.size()), piece.data()));
    ARROW_RETURN_NOT_OK(out(piece));
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature

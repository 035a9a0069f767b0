#include "emberharmony/bigquery/client/sliced_bytes.h"

#include <algorithm>
#include <cstring>

namespace emberharmony::bigquery::client {

SlicedBytes::SlicedBytes(std::vector<std::string_view> pieces) : pieces_(std::move(pieces)) {
  std::erase_if(pieces_, [](std::string_view piece) { return piece.empty(); });
  for (const std::string_view piece : pieces_) size_ += static_cast<int64_t>(piece.size());
}

SlicedBytes SlicedBytes::Range(int64_t begin, int64_t size) const {
  std::vector<std::string_view> pieces;
  for (const std::string_view piece : pieces_) {
    if (size == 0) break;
    const auto length = static_cast<int64_t>(piece.size());
    if (begin >= length) {
      begin -= length;
      continue;
    }
    const int64_t count = std::min(length - begin, size);
    pieces.push_back(piece.substr(static_cast<size_t>(begin), static_cast<size_t>(count)));
    size -= count;
    begin = 0;
  }
  return SlicedBytes(std::move(pieces));
}

void SlicedBytes::CopyTo(void* out) const {
  auto* next = static_cast<char*>(out);
  for (const std::string_view piece : pieces_) {
    std::memcpy(next, piece.data(), piece.size());
    next += piece.size();
  }
}

bool SlicedBytes::operator==(const SlicedBytes& other) const {
  if (size_ != other.size_) return false;
  size_t a = 0;
  size_t b = 0;
  size_t a_offset = 0;
  size_t b_offset = 0;
  while (a < pieces_.size()) {
    const std::string_view left = pieces_[a].substr(a_offset);
    const std::string_view right = other.pieces_[b].substr(b_offset);
    const size_t count = std::min(left.size(), right.size());
    if (std::memcmp(left.data(), right.data(), count) != 0) return false;
    a_offset = count == left.size() ? 0 : a_offset + count;
    b_offset = count == right.size() ? 0 : b_offset + count;
    if (a_offset == 0) ++a;
    if (b_offset == 0) ++b;
  }
  return true;
}

uint8_t SlicedReader::Next() {
  uint8_t byte;
  Read(1, &byte);
  return byte;
}

void SlicedReader::Skip(int64_t count) {
  position_ += count;
  while (count > 0) {
    const auto left = static_cast<int64_t>(bytes_.pieces()[piece_].size() - offset_);
    if (count < left) {
      offset_ += static_cast<size_t>(count);
      return;
    }
    count -= left;
    ++piece_;
    offset_ = 0;
  }
}

void SlicedReader::Read(int64_t count, void* out) {
  position_ += count;
  auto* next = static_cast<char*>(out);
  while (count > 0) {
    const std::string_view piece = bytes_.pieces()[piece_].substr(offset_);
    const auto taken = std::min(static_cast<int64_t>(piece.size()), count);
    std::memcpy(next, piece.data(), static_cast<size_t>(taken));
    next += taken;
    count -= taken;
    offset_ += static_cast<size_t>(taken);
    if (offset_ == bytes_.pieces()[piece_].size()) {
      ++piece_;
      offset_ = 0;
    }
  }
}

}  // namespace emberharmony::bigquery::client

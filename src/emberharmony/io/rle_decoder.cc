#include <algorithm>
#include <bit>
#include <cstring>

#include "emberharmony/io/rle_decoder_internal.h"

namespace emberharmony::io::internal {
namespace {

/// Appends runs of bits to a bitmap, a word at a time.
class BitWriter {
 public:
  explicit BitWriter(uint8_t* out) : out_(out) {}

  void AppendRepeated(bool value, int64_t n) {
    const uint64_t word = value ? ~uint64_t{0} : 0;
    while (n > 0) {
      const int take = static_cast<int>(std::min<int64_t>(n, 64 - num_bits_));
      Append(word, take);
      n -= take;
    }
  }

  /// The n bits from bit `bit` (0 to 7) of data on; they lie within `size` bytes.
  void AppendPacked(const uint8_t* data, int64_t size, int bit, int64_t n) {
    while (n > 0) {
      uint64_t word = 0;
      if (size >= 8) {
        std::memcpy(&word, data, sizeof(word));
      } else {
        std::memcpy(&word, data, static_cast<size_t>(size));
      }
      // Of the word's 64 bits at least 57 come after `bit`; 56 keep the position a whole number of
      // bytes.
      const int take = static_cast<int>(std::min<int64_t>({n, 64 - num_bits_, 56}));
      Append(word >> bit, take);
      n -= take;
      const int position = bit + take;
      data += position >> 3;
      size -= position >> 3;
      bit = position & 7;
    }
  }

  /// Writes what is left; returns how many of all bits are set.
  int64_t Finish() {
    num_set_ += std::popcount(word_);
    std::memcpy(out_, &word_, static_cast<size_t>((num_bits_ + 7) / 8));
    return num_set_;
  }

 private:
  /// The lowest `count` bits; at most as many as the word has room for.
  void Append(uint64_t bits, int count) {
    if (count < 64) bits &= (uint64_t{1} << count) - 1;
    word_ |= bits << num_bits_;
    num_bits_ += count;
    if (num_bits_ == 64) {
      std::memcpy(out_, &word_, sizeof(word_));
      num_set_ += std::popcount(word_);
      out_ += sizeof(word_);
      word_ = 0;
      num_bits_ = 0;
    }
  }

  uint8_t* out_;
  uint64_t word_ = 0;
  int num_bits_ = 0;  // in word_, below 64 between calls
  int64_t num_set_ = 0;
};

}  // namespace

arrow::Status RunReader::Advance() {
  while (values_left_ == 0) {
    uint32_t header = 0;
    for (int shift = 0;; shift += 7) {
      if (next_ == end_) {
        return arrow::Status::Invalid("the encoded runs end before the last value");
      }
      const uint8_t byte = *next_++;
      if (shift == 28 && byte > 0x0F) {
        return arrow::Status::Invalid("the header of a run has more than 32 bits");
      }
      header |= static_cast<uint32_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) break;
    }
    const int64_t available = end_ - next_;
    repeated_ = (header & 1) == 0;
    if (repeated_) {
      const int value_bytes = (bit_width_ + 7) / 8;
      if (available < value_bytes) {
        return arrow::Status::Invalid("the value of a repeated run is cut off");
      }
      repeated_value_ = 0;
      for (int i = 0; i < value_bytes; ++i) {
        repeated_value_ |= static_cast<uint32_t>(next_[i]) << (8 * i);
      }
      next_ += value_bytes;
      values_left_ = header >> 1;
    } else {
      // header < 2^32, so groups * 8 values * 32 bits stay far below 2^63.
      const int64_t groups = header >> 1;
      packed_ = next_;
      packed_bit_ = 0;
      packed_size_ = std::min(groups * bit_width_, available);
      values_left_ = std::min(groups * 8, packed_size_ * 8 / bit_width_);
      next_ += packed_size_;
    }
  }
  return arrow::Status::OK();
}

IndexDecoder::IndexDecoder(const uint8_t* data, int64_t size, int bit_width,
                           uint32_t dictionary_length, const BitUnpackKernels* kernels)
    : runs_(data, size, std::max(bit_width, 1)),
      bit_width_(bit_width),
      dictionary_length_(dictionary_length),
      kernels_(kernels) {}

arrow::Status IndexDecoder::TooLarge(uint32_t index) const {
  return arrow::Status::Invalid("a dictionary index is ", index, ", but the dictionary has ",
                                dictionary_length_, " entries");
}

arrow::Status IndexDecoder::Decode(int64_t n, uint32_t* out) {
  if (n == 0) return arrow::Status::OK();
  if (bit_width_ == 0) {
    if (dictionary_length_ == 0) return TooLarge(0);
    std::fill_n(out, n, 0u);
    return arrow::Status::OK();
  }
  while (n > 0) {
    ARROW_RETURN_NOT_OK(runs_.Advance());
    const int64_t count = std::min(n, runs_.values_left());
    uint32_t largest;
    if (runs_.repeated()) {
      largest = runs_.repeated_value();
      std::fill_n(out, count, largest);
    } else {
      largest = kernels_->unpack(runs_.packed_data(), runs_.packed_size(),
                                 runs_.packed_bit_offset(), bit_width_, count, out);
    }
    if (largest >= dictionary_length_) return TooLarge(largest);
    runs_.Consume(count);
    out += count;
    n -= count;
  }
  return arrow::Status::OK();
}

arrow::Status DefinitionLevelDecoder::Decode(int64_t n, uint8_t* valid_bits, int64_t* num_valid) {
  BitWriter writer(valid_bits);
  while (n > 0) {
    ARROW_RETURN_NOT_OK(runs_.Advance());
    const int64_t count = std::min(n, runs_.values_left());
    if (runs_.repeated()) {
      if (runs_.repeated_value() > 1) {
        return arrow::Status::Invalid("a definition level is ", runs_.repeated_value(),
                                      ", but a flat column has only 0 and 1");
      }
      writer.AppendRepeated(runs_.repeated_value() == 1, count);
    } else {
      writer.AppendPacked(runs_.packed_data(), runs_.packed_size(), runs_.packed_bit_offset(),
                          count);
    }
    runs_.Consume(count);
    n -= count;
  }
  *num_valid = writer.Finish();
  return arrow::Status::OK();
}

}  // namespace emberharmony::io::internal

#include <algorithm>
#include <array>
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

  /// The n lowest bits, 64 at most.
  void AppendBits(uint64_t bits, int n) {
    const int take = std::min(n, 64 - num_bits_);
    Append(bits, take);
    if (take < n) Append(bits >> take, n - take);
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

int BitWidth(int max_level) {
  return static_cast<int>(std::bit_width(static_cast<uint32_t>(max_level)));
}

arrow::Status CheckLevel(uint32_t level, uint32_t max_level) {
  if (level <= max_level) return arrow::Status::OK();
  return arrow::Status::Invalid("a level of nesting is ", level, ", but the column's highest is ",
                                max_level);
}

/// The next count levels, 64 at most, of a bit-packed run; returns the largest.
uint32_t UnpackLevels(const RunReader& runs, int bit_width, int64_t count,
                      std::array<uint32_t, 64>* levels) {
  return BestBitUnpackKernels().unpack(runs.packed_data(), runs.packed_size(),
                                       runs.packed_bit_offset(), bit_width, count, levels->data());
}

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

LevelDecoder::LevelDecoder(const uint8_t* data, int64_t size, int max_level)
    : runs_(data, size, std::max(BitWidth(max_level), 1)),
      max_level_(static_cast<uint32_t>(max_level)),
      bit_width_(BitWidth(max_level)) {}

arrow::Status LevelDecoder::Decode(int64_t n, int16_t* out) {
  if (max_level_ == 0) {
    std::fill_n(out, n, int16_t{0});
    return arrow::Status::OK();
  }
  while (n > 0) {
    ARROW_RETURN_NOT_OK(runs_.Advance());
    int64_t count = std::min(n, runs_.values_left());
    if (runs_.repeated()) {
      ARROW_RETURN_NOT_OK(CheckLevel(runs_.repeated_value(), max_level_));
      std::fill_n(out, count, static_cast<int16_t>(runs_.repeated_value()));
    } else {
      std::array<uint32_t, 64> levels;
      count = std::min<int64_t>(count, levels.size());
      ARROW_RETURN_NOT_OK(CheckLevel(UnpackLevels(runs_, bit_width_, count, &levels), max_level_));
      std::copy_n(levels.begin(), count, out);
    }
    runs_.Consume(count);
    out += count;
    n -= count;
  }
  return arrow::Status::OK();
}

DefinitionLevelDecoder::DefinitionLevelDecoder(const uint8_t* data, int64_t size, int max_level)
    : runs_(data, size, BitWidth(max_level)),
      max_level_(static_cast<uint32_t>(max_level)),
      bit_width_(BitWidth(max_level)) {}

arrow::Status DefinitionLevelDecoder::Decode(int64_t n, uint8_t* valid_bits, int64_t* num_valid) {
  BitWriter writer(valid_bits);
  while (n > 0) {
    ARROW_RETURN_NOT_OK(runs_.Advance());
    int64_t count = std::min(n, runs_.values_left());
    if (runs_.repeated()) {
      ARROW_RETURN_NOT_OK(CheckLevel(runs_.repeated_value(), max_level_));
      writer.AppendRepeated(runs_.repeated_value() == max_level_, count);
    } else if (max_level_ == 1) {
      writer.AppendPacked(runs_.packed_data(), runs_.packed_size(), runs_.packed_bit_offset(),
                          count);
    } else {
      std::array<uint32_t, 64> levels;
      count = std::min<int64_t>(count, levels.size());
      ARROW_RETURN_NOT_OK(CheckLevel(UnpackLevels(runs_, bit_width_, count, &levels), max_level_));
      uint64_t bits = 0;
      for (int64_t i = 0; i < count; ++i) {
        bits |= static_cast<uint64_t>(levels[static_cast<size_t>(i)] == max_level_) << i;
      }
      writer.AppendBits(bits, static_cast<int>(count));
    }
    runs_.Consume(count);
    n -= count;
  }
  *num_valid = writer.Finish();
  return arrow::Status::OK();
}

}  // namespace emberharmony::io::internal

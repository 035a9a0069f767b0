#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>

#include "emberharmony/io/rle_decoder_internal.h"

namespace emberharmony::io::internal {

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
  if (n > 0) valid_bits[(n - 1) / 8] = 0;
  int64_t done = 0;
  int64_t valid = 0;
  while (done < n) {
    ARROW_RETURN_NOT_OK(runs_.Advance());
    const int64_t count = std::min(n - done, runs_.values_left());
    if (runs_.repeated()) {
      if (runs_.repeated_value() > 1) {
        return arrow::Status::Invalid("a definition level is ", runs_.repeated_value(),
                                      ", but a flat column has only 0 and 1");
      }
      arrow::bit_util::SetBitsTo(valid_bits, done, count, runs_.repeated_value() == 1);
      valid += runs_.repeated_value() == 1 ? count : 0;
    } else {
      arrow::internal::CopyBitmap(runs_.packed_data(), runs_.packed_bit_offset(), count, valid_bits,
                                  done);
      valid += arrow::internal::CountSetBits(valid_bits, done, count);
    }
    runs_.Consume(count);
    done += count;
  }
  *num_valid = valid;
  return arrow::Status::OK();
}

}  // namespace emberharmony::io::internal

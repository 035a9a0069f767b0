#pragma once

#include <arrow/status.h>

#include <cstdint>

#include "emberharmony/io/bit_unpack_internal.h"

namespace emberharmony::io::internal {

/// Reads the runs of Parquet's hybrid of run-length and bit-packed encoding (parquet-format,
/// Encodings.md, "RLE").
///
/// Nothing is believed: every run is checked against the bytes that are there, and a run that ends
/// early is an error only if its missing values are asked for (writers may cut the padding of the
/// last bit-packed run). `data` must outlive the object.
class RunReader {
 public:
  RunReader() = default;
  /// bit_width is in [1, 32].
  RunReader(const uint8_t* data, int64_t size, int bit_width)
      : next_(data), end_(data + size), bit_width_(bit_width) {}

  /// Makes sure that a run with values left is current. Fails when the data end before one.
  arrow::Status Advance();

  bool repeated() const { return repeated_; }
  int64_t values_left() const { return values_left_; }
  uint32_t repeated_value() const { return repeated_value_; }
  /// Bit-packed runs: the byte in which the next value starts, the bit there, and the bytes up to
  /// the end of the run.
  const uint8_t* packed_data() const { return packed_ + (packed_bit_ >> 3); }
  int packed_bit_offset() const { return static_cast<int>(packed_bit_ & 7); }
  int64_t packed_size() const { return packed_size_ - (packed_bit_ >> 3); }
  /// Requires n <= values_left().
  void Consume(int64_t n) {
    values_left_ -= n;
    packed_bit_ += n * bit_width_;
  }

 private:
  const uint8_t* next_ = nullptr;
  const uint8_t* end_ = nullptr;
  int bit_width_ = 1;
  bool repeated_ = true;
  int64_t values_left_ = 0;
  uint32_t repeated_value_ = 0;
  const uint8_t* packed_ = nullptr;
  int64_t packed_size_ = 0;
  int64_t packed_bit_ = 0;
};

/// Decodes dictionary indices. Errors are plain descriptions; the caller says where they happened.
class IndexDecoder {
 public:
  IndexDecoder() = default;
  /// bit_width is in [0, 32]; with 0 every index is 0 and no data are needed.
  IndexDecoder(const uint8_t* data, int64_t size, int bit_width, uint32_t dictionary_length,
               const BitUnpackKernels* kernels = &BestBitUnpackKernels());

  /// The next n indices, each below dictionary_length, into out.
  arrow::Status Decode(int64_t n, uint32_t* out);

 private:
  arrow::Status TooLarge(uint32_t index) const;

  RunReader runs_;
  int bit_width_ = 0;
  uint32_t dictionary_length_ = 0;
  const BitUnpackKernels* kernels_ = nullptr;
};

/// Decodes repetition or definition levels.
class LevelDecoder {
 public:
  LevelDecoder() = default;
  /// max_level is in [0, 32767]; with 0 every level is 0 and no data are needed.
  LevelDecoder(const uint8_t* data, int64_t size, int max_level);

  /// The next n levels, none above max_level.
  arrow::Status Decode(int64_t n, int16_t* out);

 private:
  RunReader runs_;
  uint32_t max_level_ = 0;
  int bit_width_ = 0;
};

/// Decodes the definition levels of a column without lists: max_level for a value, less for null.
class DefinitionLevelDecoder {
 public:
  DefinitionLevelDecoder() = default;
  /// max_level is in [1, 65535].
  DefinitionLevelDecoder(const uint8_t* data, int64_t size, int max_level = 1);

  /// Whether each of the next n levels is max_level, as bits [0, n) of valid_bits (the rest of the
  /// last byte becomes 0), and how many are.
  arrow::Status Decode(int64_t n, uint8_t* valid_bits, int64_t* num_valid);

 private:
  RunReader runs_;
  uint32_t max_level_ = 1;
  int bit_width_ = 1;
};

}  // namespace emberharmony::io::internal

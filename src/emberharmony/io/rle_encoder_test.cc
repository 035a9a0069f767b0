#include "emberharmony/io/rle_encoder.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace emberharmony::io {
namespace {

/// A decoder of its own, written from Encodings.md. Empty when the bytes are not a valid encoding
/// of n values.
std::vector<int32_t> DecodeRuns(const std::vector<uint8_t>& bytes, int bit_width, size_t n) {
  std::vector<int32_t> values;
  size_t at = 0;
  while (values.size() < n) {
    uint64_t header = 0;
    for (int shift = 0;; shift += 7) {
      if (at >= bytes.size()) return {};
      header |= static_cast<uint64_t>(bytes[at] & 0x7F) << shift;
      if (bytes[at++] < 0x80) break;
    }
    if (header & 1) {
      const size_t count = (header >> 1) * 8;
      if (at + count / 8 * bit_width > bytes.size()) return {};
      for (size_t i = 0; i < count; ++i) {
        uint32_t value = 0;
        for (int bit = 0; bit < bit_width; ++bit) {
          const size_t position = i * bit_width + bit;
          value |= static_cast<uint32_t>(bytes[at + position / 8] >> position % 8 & 1) << bit;
        }
        if (values.size() < n) values.push_back(static_cast<int32_t>(value));
      }
      at += count / 8 * bit_width;
    } else {
      uint32_t value = 0;
      for (int bit = 0; bit < bit_width; bit += 8)
        value |= static_cast<uint32_t>(bytes[at++]) << bit;
      for (uint64_t i = 0; i < header >> 1; ++i) values.push_back(static_cast<int32_t>(value));
    }
  }
  if (at != bytes.size() || values.size() != n) return {};
  return values;
}

/// Random values in runs of random lengths.
std::vector<int32_t> Runs(std::mt19937_64* random, int bit_width, size_t n, int longest) {
  std::vector<int32_t> values;
  while (values.size() < n) {
    const auto value = static_cast<int32_t>((*random)() & ((uint64_t{1} << bit_width) - 1));
    for (uint64_t k = (*random)() % longest + 1; k > 0 && values.size() < n; --k) {
      values.push_back(value);
    }
  }
  return values;
}

TEST(RleEncoder, RoundTripsAndStaysWithinItsBound) {
  std::mt19937_64 random(3);
  for (int width : {1, 2, 3, 5, 8, 9, 13, 16, 17, 18, 24, 31, 32}) {
    for (int longest : {1, 2, 9, 20, 100, 5000}) {
      for (size_t n : {0, 1, 7, 8, 16, 100, 1001, 20000}) {
        const auto values = Runs(&random, width, n, longest);
        std::vector<uint8_t> out(HybridBytesMax(n, width));
        const int64_t size = EncodeHybrid(values.data(), n, width, out.data());
        ASSERT_LE(size, static_cast<int64_t>(out.size()));
        out.resize(size);
        ASSERT_EQ(DecodeRuns(out, width, n), values)
            << "width " << width << ", longest " << longest;
      }
    }
  }
}

TEST(RleEncoder, LongRunsAreShort) {
  std::vector<int32_t> values(100000, 77);
  std::vector<uint8_t> out(HybridBytesMax(100000, 17));
  // 100,000 * 2 = 200,000 needs 3 varint bytes; the value takes 3.
  EXPECT_EQ(EncodeHybrid(values.data(), 100000, 17, out.data()), 6);
}

TEST(RleEncoder, BitsEqualValuesOfOneBit) {
  std::mt19937_64 random(5);
  for (int longest : {1, 3, 60, 90, 200, 10000}) {
    for (size_t n : {1, 5, 8, 63, 64, 65, 71, 72, 100, 127, 128, 129, 1000, 65536, 65537}) {
      for (int repeat = 0; repeat < 5; ++repeat) {
        const auto values = Runs(&random, 1, n, longest);
        // Bits beyond the last value are arbitrary.
        std::vector<uint8_t> bits((n + 7) / 8, 0);
        for (size_t i = 0; i < 8 * bits.size(); ++i) {
          const uint64_t bit = i < n ? values[i] : random() & 1;
          bits[i / 8] = static_cast<uint8_t>(bits[i / 8] | bit << i % 8);
        }
        std::vector<uint8_t> out(HybridBytesMax(n, 1));
        const int64_t size = EncodeHybridBits(bits.data(), n, out.data());
        ASSERT_LE(size, static_cast<int64_t>(out.size()));
        out.resize(size);
        ASSERT_EQ(DecodeRuns(out, 1, n), values) << "longest " << longest << ", n " << n;
      }
    }
  }
}

TEST(RleEncoder, RunEqualsWhatTheSpecificationSays) {
  uint8_t out[8];
  EXPECT_EQ(EncodeRun(100, 1, 1, out), 3);
  EXPECT_EQ(out[0], 0xC8);  // 200 = 0b1_1001000
  EXPECT_EQ(out[1], 0x01);
  EXPECT_EQ(out[2], 1);
}

}  // namespace
}  // namespace emberharmony::io

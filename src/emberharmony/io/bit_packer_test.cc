#include "emberharmony/io/bit_packer.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace emberharmony::io {
namespace {

/// Bit by bit, straight from the format specification.
std::vector<uint8_t> PackSlowly(const std::vector<int32_t>& values, int bit_width) {
  std::vector<uint8_t> out((values.size() + 7) / 8 * bit_width, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    for (int bit = 0; bit < bit_width; ++bit) {
      const size_t position = i * bit_width + bit;
      const uint32_t one = static_cast<uint32_t>(values[i]) >> bit & 1;
      out[position / 8] = static_cast<uint8_t>(out[position / 8] | one << position % 8);
    }
  }
  return out;
}

TEST(BitPacker, TheExampleOfTheSpecification) {
  // Encodings.md: the numbers 0 to 7 in three bits are 10001000 11000110 11111010 (bytes in order).
  const std::vector<int32_t> values{0, 1, 2, 3, 4, 5, 6, 7};
  uint8_t out[3];
  PackBits(values.data(), 8, 3, out);
  EXPECT_EQ(out[0], 0b10001000);
  EXPECT_EQ(out[1], 0b11000110);
  EXPECT_EQ(out[2], 0b11111010);
}

TEST(BitPacker, EveryWidthAndLength) {
  std::mt19937_64 random(11);
  for (int width = 1; width <= 32; ++width) {
    for (int64_t n : {0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 200, 1000}) {
      std::vector<int32_t> values(n);
      const uint64_t mask = (uint64_t{1} << width) - 1;
      for (auto& value : values) value = static_cast<int32_t>(random() & mask);
      std::vector<uint8_t> out(PackedBytes(n, width) + 8, 0xAB);
      PackBits(values.data(), n, width, out.data());
      const std::vector<uint8_t> guard(out.end() - 8, out.end());
      EXPECT_EQ(guard, std::vector<uint8_t>(8, 0xAB)) << "wrote beyond the end";
      out.resize(out.size() - 8);
      EXPECT_EQ(out, PackSlowly(values, width)) << "width " << width << ", n " << n;
    }
  }
}

TEST(BitPacker, IndexBitWidth) {
  EXPECT_EQ(IndexBitWidth(0), 1);
  EXPECT_EQ(IndexBitWidth(1), 1);
  EXPECT_EQ(IndexBitWidth(2), 1);
  EXPECT_EQ(IndexBitWidth(3), 2);
  EXPECT_EQ(IndexBitWidth(256), 8);
  EXPECT_EQ(IndexBitWidth(257), 9);
  EXPECT_EQ(IndexBitWidth(262144), 18);
}

}  // namespace
}  // namespace emberharmony::io

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <random>
#include <vector>

#include "emberharmony/io/rle_decoder_internal.h"

namespace emberharmony::io::internal {
namespace {

/// Bits written one at a time, least significant first: the definition, not the implementation.
class NaiveBitWriter {
 public:
  void Put(uint64_t value, int width) {
    for (int i = 0; i < width; ++i, ++bits_) {
      if (bits_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() |= static_cast<uint8_t>(((value >> i) & 1) << (bits_ % 8));
    }
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
  int64_t bits_ = 0;
};

/// Builds the hybrid by hand, following Encodings.md of parquet-format.
class HybridWriter {
 public:
  explicit HybridWriter(int bit_width) : bit_width_(bit_width) {}

  void Repeat(uint32_t value, uint32_t count) {
    Varint(count << 1);
    for (int i = 0; i < (bit_width_ + 7) / 8; ++i) {
      bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
    }
    values_.insert(values_.end(), count, value);
  }

  /// The number of values is a multiple of 8.
  void Pack(const std::vector<uint32_t>& values) {
    Varint(static_cast<uint32_t>(values.size() / 8) << 1 | 1);
    NaiveBitWriter bits;
    for (const uint32_t value : values) bits.Put(value, bit_width_);
    bytes_.insert(bytes_.end(), bits.bytes().begin(), bits.bytes().end());
    values_.insert(values_.end(), values.begin(), values.end());
  }

  const std::vector<uint8_t>& bytes() const { return bytes_; }
  const std::vector<uint32_t>& values() const { return values_; }

 private:
  void Varint(uint32_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 0x80));
    bytes_.push_back(static_cast<uint8_t>(value));
  }

  int bit_width_;
  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> values_;
};

/// A copy whose end is the end of an allocation, so that a sanitizer sees reads beyond it.
std::unique_ptr<uint8_t[]> ExactCopy(const std::vector<uint8_t>& bytes) {
  auto copy = std::make_unique<uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return copy;
}

std::vector<const BitUnpackKernels*> KernelsOfThisCpu() {
  std::vector<const BitUnpackKernels*> kernels = {&ScalarBitUnpackKernels()};
#if defined(__x86_64__)
  if (CpuHasAvx2()) kernels.push_back(&Avx2BitUnpackKernels());
  if (CpuHasAvx512Vbmi()) kernels.push_back(&Avx512BitUnpackKernels());
#endif
  return kernels;
}

uint32_t RandomOfWidth(std::mt19937_64& random, int width) {
  return static_cast<uint32_t>(random() & ((uint64_t{1} << width) - 1));
}

TEST(BitUnpack, EveryWidthOffsetAndLengthGivesTheValuesWritten) {
  std::mt19937_64 random(11);
  for (const BitUnpackKernels* kernels : KernelsOfThisCpu()) {
    for (int width = 1; width <= 32; ++width) {
      for (int offset = 0; offset < 8; ++offset) {
        for (const int n : {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257}) {
          NaiveBitWriter writer;
          writer.Put(random(), offset);
          std::vector<uint32_t> expected;
          for (int i = 0; i < n; ++i) {
            expected.push_back(RandomOfWidth(random, width));
            writer.Put(expected.back(), width);
          }
          const auto data = ExactCopy(writer.bytes());
          std::vector<uint32_t> found(static_cast<size_t>(n), 0xABABABAB);
          const uint32_t largest =
              kernels->unpack(data.get(), static_cast<int64_t>(writer.bytes().size()), offset,
                              width, n, found.data());
          ASSERT_EQ(found, expected) << kernels->name << " width " << width << " offset " << offset;
          ASSERT_EQ(largest, n == 0 ? 0 : *std::max_element(expected.begin(), expected.end()));
        }
      }
    }
  }
}

TEST(BitUnpack, ExpansionPutsTheNextValueWhereABitIsSet) {
  std::mt19937_64 random(12);
  for (const BitUnpackKernels* kernels : KernelsOfThisCpu()) {
    for (const int percent : {0, 5, 50, 95, 100}) {
      for (const int n : {0, 1, 7, 8, 9, 15, 16, 17, 40, 1000}) {
        std::vector<uint8_t> bits(static_cast<size_t>(n + 7) / 8);
        std::vector<uint32_t> dense;
        std::vector<uint32_t> expected;
        for (int i = 0; i < n; ++i) {
          if (static_cast<int>(random() % 100) < percent) {
            bits[static_cast<size_t>(i) / 8] |= static_cast<uint8_t>(1 << (i % 8));
            dense.push_back(static_cast<uint32_t>(random()));
            expected.push_back(dense.back());
          } else {
            expected.push_back(77);
          }
        }
        dense.resize(dense.size() + kExpandPadding, 0xCDCDCDCD);
        std::vector<uint32_t> found(static_cast<size_t>(n));
        kernels->expand(dense.data(), bits.data(), n, 77, found.data());
        ASSERT_EQ(found, expected) << kernels->name << " " << percent << " % of " << n;
      }
    }
  }
}

TEST(IndexDecoder, MixedRunsInPartsOfAnySize) {
  std::mt19937_64 random(13);
  for (const BitUnpackKernels* kernels : KernelsOfThisCpu()) {
    for (int width = 1; width <= 32; ++width) {
      HybridWriter writer(width);
      for (int run = 0; run < 12; ++run) {
        if (random() % 2 == 0) {
          writer.Repeat(RandomOfWidth(random, width), static_cast<uint32_t>(random() % 300));
        } else {
          std::vector<uint32_t> values(8 * (random() % 40));
          for (auto& value : values) value = RandomOfWidth(random, width);
          writer.Pack(values);
        }
      }
      const uint32_t length = width == 32 ? 0xFFFFFFFFu : uint32_t{1} << width;
      for (const int64_t part : {1, 3, 8, 61, 100000}) {
        const auto data = ExactCopy(writer.bytes());
        IndexDecoder decoder(data.get(), static_cast<int64_t>(writer.bytes().size()), width, length,
                             kernels);
        std::vector<uint32_t> found(writer.values().size());
        int64_t done = 0;
        const auto total = static_cast<int64_t>(found.size());
        while (done < total) {
          const int64_t count = std::min(part, total - done);
          ASSERT_TRUE(decoder.Decode(count, found.data() + done).ok()) << width;
          done += count;
        }
        ASSERT_EQ(found, writer.values()) << kernels->name << " width " << width;
        uint32_t beyond;
        EXPECT_FALSE(decoder.Decode(1, &beyond).ok());
      }
    }
  }
}

TEST(IndexDecoder, KnownBytesFromTheSpecification) {
  // Encodings.md: the numbers 0 to 7 in 3 bits are packed as 10001000 11000110 11111010.
  const std::vector<uint8_t> bytes = {0x03, 0b10001000, 0b11000110, 0b11111010, 0x14, 0x05};
  IndexDecoder decoder(bytes.data(), 6, 3, 8);
  std::vector<uint32_t> found(18);
  ASSERT_TRUE(decoder.Decode(18, found.data()).ok());
  EXPECT_EQ(found, (std::vector<uint32_t>{0, 1, 2, 3, 4, 5, 6, 7, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}));
}

TEST(IndexDecoder, WidthZeroNeedsNoDataButAnEntry) {
  std::vector<uint32_t> found(5, 9);
  EXPECT_TRUE(IndexDecoder(nullptr, 0, 0, 1).Decode(5, found.data()).ok());
  EXPECT_EQ(found, std::vector<uint32_t>(5, 0));
  EXPECT_FALSE(IndexDecoder(nullptr, 0, 0, 0).Decode(1, found.data()).ok());
  EXPECT_TRUE(IndexDecoder(nullptr, 0, 0, 0).Decode(0, found.data()).ok());
}

TEST(IndexDecoder, AnIndexBeyondTheDictionaryIsAnError) {
  for (const BitUnpackKernels* kernels : KernelsOfThisCpu()) {
    for (int position = 0; position < 64; ++position) {
      HybridWriter writer(7);
      std::vector<uint32_t> values(64, 99);
      values[static_cast<size_t>(position)] = 100;
      writer.Pack(values);
      std::vector<uint32_t> found(64);
      const auto size = static_cast<int64_t>(writer.bytes().size());
      EXPECT_TRUE(
          IndexDecoder(writer.bytes().data(), size, 7, 101, kernels).Decode(64, found.data()).ok());
      const auto status =
          IndexDecoder(writer.bytes().data(), size, 7, 100, kernels).Decode(64, found.data());
      ASSERT_FALSE(status.ok());
      EXPECT_NE(status.message().find("100"), std::string::npos);
    }
    HybridWriter repeated(7);
    repeated.Repeat(100, 3);
    uint32_t found[3];
    EXPECT_FALSE(IndexDecoder(repeated.bytes().data(), 2, 7, 100, kernels).Decode(3, found).ok());
  }
}

TEST(IndexDecoder, CutOffAndLyingRunsAreErrorsAndNeverReadBeyondTheEnd) {
  std::mt19937_64 random(14);
  HybridWriter writer(11);
  for (int run = 0; run < 6; ++run) {
    writer.Repeat(RandomOfWidth(random, 11), 50);
    std::vector<uint32_t> values(80);
    for (auto& value : values) value = RandomOfWidth(random, 11);
    writer.Pack(values);
  }
  const auto total = static_cast<int64_t>(writer.values().size());
  for (const BitUnpackKernels* kernels : KernelsOfThisCpu()) {
    for (size_t size = 0; size < writer.bytes().size(); ++size) {
      const auto data =
          ExactCopy({writer.bytes().begin(), writer.bytes().begin() + static_cast<long>(size)});
      IndexDecoder decoder(data.get(), static_cast<int64_t>(size), 11, 2048, kernels);
      std::vector<uint32_t> found(static_cast<size_t>(total));
      EXPECT_FALSE(decoder.Decode(total, found.data()).ok()) << size;
    }
  }
  // 2^31 - 1 values promised, four bytes there; then a header of too many bits.
  const std::vector<uint8_t> promise = {0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2, 3, 4};
  std::vector<uint32_t> found(1000);
  EXPECT_FALSE(IndexDecoder(promise.data(), 9, 8, 256).Decode(1000, found.data()).ok());
  EXPECT_TRUE(IndexDecoder(promise.data(), 9, 8, 256).Decode(4, found.data()).ok());
  const std::vector<uint8_t> header = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0};
  EXPECT_FALSE(IndexDecoder(header.data(), 8, 8, 256).Decode(1, found.data()).ok());
}

TEST(DefinitionLevelDecoder, RunsInPartsOfAnySize) {
  std::mt19937_64 random(15);
  for (int round = 0; round < 20; ++round) {
    HybridWriter writer(1);
    for (int run = 0; run < 20; ++run) {
      if (random() % 2 == 0) {
        writer.Repeat(static_cast<uint32_t>(random() % 2), static_cast<uint32_t>(random() % 200));
      } else {
        std::vector<uint32_t> values(8 * (random() % 70));
        for (auto& value : values) value = static_cast<uint32_t>(random() % 2);
        writer.Pack(values);
      }
    }
    const auto data = ExactCopy(writer.bytes());
    const auto total = static_cast<int64_t>(writer.values().size());
    for (const int64_t part : {1, 7, 8, 63, 64, 65, 1000, 100000}) {
      DefinitionLevelDecoder decoder(data.get(), static_cast<int64_t>(writer.bytes().size()));
      for (int64_t done = 0; done < total;) {
        const int64_t count = std::min(part, total - done);
        std::vector<uint8_t> bits(static_cast<size_t>(count + 7) / 8, 0xEE);
        int64_t num_valid = -1;
        ASSERT_TRUE(decoder.Decode(count, bits.data(), &num_valid).ok());
        int64_t expected_valid = 0;
        for (int64_t i = 0; i < static_cast<int64_t>(bits.size()) * 8; ++i) {
          const uint32_t expected = i < count ? writer.values()[static_cast<size_t>(done + i)] : 0;
          ASSERT_EQ((bits[static_cast<size_t>(i) / 8] >> (i % 8)) & 1u, expected);
          expected_valid += expected;
        }
        ASSERT_EQ(num_valid, expected_valid);
        done += count;
      }
      uint8_t bit;
      int64_t num_valid;
      EXPECT_FALSE(decoder.Decode(1, &bit, &num_valid).ok());
    }
  }
}

TEST(DefinitionLevelDecoder, OfStructsOnlyTheHighestLevelIsAValue) {
  std::mt19937_64 random(16);
  for (const int max_level : {2, 3, 4, 7, 8, 100, 300}) {
    HybridWriter writer(static_cast<int>(std::bit_width(static_cast<unsigned>(max_level))));
    const auto draw = [&] {
      return static_cast<uint32_t>(random() % 3 == 0 ? random() % max_level : max_level);
    };
    for (int run = 0; run < 20; ++run) {
      if (random() % 2 == 0) {
        writer.Repeat(draw(), static_cast<uint32_t>(random() % 200));
      } else {
        std::vector<uint32_t> values(8 * (random() % 30));
        for (auto& value : values) value = draw();
        writer.Pack(values);
      }
    }
    const auto data = ExactCopy(writer.bytes());
    const auto size = static_cast<int64_t>(writer.bytes().size());
    const auto total = static_cast<int64_t>(writer.values().size());
    for (const int64_t part : {1, 7, 64, 100, 100000}) {
      DefinitionLevelDecoder bits_decoder(data.get(), size, max_level);
      LevelDecoder level_decoder(data.get(), size, max_level);
      for (int64_t done = 0; done < total;) {
        const int64_t count = std::min(part, total - done);
        std::vector<uint8_t> bits(static_cast<size_t>(count + 7) / 8, 0xEE);
        std::vector<int16_t> levels(static_cast<size_t>(count));
        int64_t num_valid = -1;
        ASSERT_TRUE(bits_decoder.Decode(count, bits.data(), &num_valid).ok());
        ASSERT_TRUE(level_decoder.Decode(count, levels.data()).ok());
        int64_t expected_valid = 0;
        for (int64_t i = 0; i < count; ++i) {
          const uint32_t level = writer.values()[static_cast<size_t>(done + i)];
          const bool valid = level == static_cast<uint32_t>(max_level);
          ASSERT_EQ((bits[static_cast<size_t>(i) / 8] >> (i % 8)) & 1u, valid ? 1u : 0u);
          ASSERT_EQ(levels[static_cast<size_t>(i)], static_cast<int16_t>(level));
          expected_valid += valid;
        }
        ASSERT_EQ(num_valid, expected_valid);
        done += count;
      }
    }
  }
}

TEST(DefinitionLevelDecoder, ALevelAboveTheHighestIsAnError) {
  uint8_t bits;
  int64_t num_valid;
  std::vector<int16_t> levels(8);
  const std::vector<uint8_t> repeated = {0x10, 0x02};
  EXPECT_FALSE(DefinitionLevelDecoder(repeated.data(), 2).Decode(8, &bits, &num_valid).ok());
  EXPECT_TRUE(DefinitionLevelDecoder(repeated.data(), 2, 2).Decode(8, &bits, &num_valid).ok());
  EXPECT_FALSE(LevelDecoder(repeated.data(), 2, 1).Decode(8, levels.data()).ok());
  // Eight levels of two bits, one of them 3.
  const std::vector<uint8_t> packed = {0x03, 0b10010001, 0b00011100};
  EXPECT_FALSE(DefinitionLevelDecoder(packed.data(), 3, 2).Decode(8, &bits, &num_valid).ok());
  EXPECT_FALSE(LevelDecoder(packed.data(), 3, 2).Decode(8, levels.data()).ok());
  EXPECT_TRUE(LevelDecoder(packed.data(), 3, 3).Decode(8, levels.data()).ok());
  EXPECT_TRUE(LevelDecoder(nullptr, 0, 0).Decode(8, levels.data()).ok());
  EXPECT_FALSE(LevelDecoder(nullptr, 0, 1).Decode(8, levels.data()).ok());
}

}  // namespace
}  // namespace emberharmony::io::internal

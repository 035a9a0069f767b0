#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io {
namespace {

constexpr int64_t kLengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 1000};

TEST(IndexKernels, CopiedIndicesAreCheckedAndCounted) {
  std::mt19937_64 random(1);
  for (const int64_t n : kLengths) {
    for (const int32_t null_index : {0, 1, 5, 1000}) {
      std::vector<int32_t> indices(n), out(n);
      int64_t expected_nulls = 0;
      for (auto& index : indices) {
        index = static_cast<int32_t>(random() % (null_index + 1));
        expected_nulls += index == null_index;
      }
      int64_t nulls = 10;
      EXPECT_TRUE(CopyIndices(indices.data(), n, null_index, 77, out.data(), &nulls));
      EXPECT_EQ(nulls, 10 + expected_nulls);
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(out[i], indices[i] + 77);
      for (int64_t bad = 0; bad < n; bad += 1 + n / 13) {
        for (const int32_t value : {null_index + 1, -1, INT32_MIN, INT32_MAX}) {
          const int32_t before = std::exchange(indices[bad], value);
          EXPECT_FALSE(CopyIndices(indices.data(), n, null_index, 0, out.data(), &nulls));
          indices[bad] = before;
        }
      }
    }
  }
}

TEST(IndexKernels, DropNegativeKeepsOrderAndSaysWhere) {
  std::mt19937_64 random(2);
  for (const int64_t n : kLengths) {
    for (const int share : {0, 1, 5, 10}) {
      std::vector<int32_t> values(n), expected;
      std::vector<uint8_t> valid((n + 7) / 8, 0xFF), expected_valid((n + 7) / 8, 0);
      for (int64_t i = 0; i < n; ++i) {
        values[i] = static_cast<int>(random() % 10) < share ? -1 : static_cast<int32_t>(i);
        if (values[i] < 0) continue;
        expected.push_back(values[i]);
        expected_valid[i / 8] = static_cast<uint8_t>(expected_valid[i / 8] | 1 << i % 8);
      }
      const int64_t kept = DropNegative(values.data(), n, valid.data());
      values.resize(kept);
      EXPECT_EQ(values, expected);
      EXPECT_EQ(valid, expected_valid);
    }
  }
}

TEST(IndexKernels, UsedSlotsAreListedInOrder) {
  std::mt19937_64 random(3);
  for (const int64_t n : kLengths) {
    for (const int share : {0, 1, 5, 10}) {
      std::vector<uint8_t> used(n);
      std::vector<int32_t> expected, out(n);
      for (int64_t i = 0; i < n; ++i) {
        used[i] = static_cast<int>(random() % 10) < share;
        if (used[i]) expected.push_back(static_cast<int32_t>(500 + i));
      }
      out.resize(ListUsed(used.data(), n, 500, out.data()));
      EXPECT_EQ(out, expected);
    }
  }
}

TEST(IndexKernels, BytesBecomeBits) {
  std::mt19937_64 random(4);
  for (const int64_t n : kLengths) {
    std::vector<uint8_t> bytes(n), bits((n + 7) / 8, 0xFF), expected((n + 7) / 8, 0);
    for (int64_t i = 0; i < n; ++i) {
      bytes[i] = random() & 1;
      expected[i / 8] = static_cast<uint8_t>(expected[i / 8] | bytes[i] << i % 8);
    }
    PackBytesToBits(bytes.data(), n, bits.data());
    EXPECT_EQ(bits, expected);
  }
}

TEST(IndexKernels, BitsAreLookedUp) {
  std::mt19937_64 random(5);
  for (const int64_t n : kLengths) {
    for (const int ones : {0, 1, 2, 128, 254, 255, 256}) {
      uint8_t table[256];
      for (int i = 0; i < 256; ++i) table[i] = i < ones;
      std::shuffle(table, table + 256, random);
      std::vector<uint8_t> bytes(n), bits((n + 7) / 8, 0xFF), expected((n + 7) / 8, 0);
      for (int64_t i = 0; i < n; ++i) {
        bytes[i] = static_cast<uint8_t>(random());
        expected[i / 8] = static_cast<uint8_t>(expected[i / 8] | table[bytes[i]] << i % 8);
      }
      LookUpBits(bytes.data(), n, table, bits.data());
      EXPECT_EQ(bits, expected) << "n " << n << ", ones " << ones;
    }
  }
}

TEST(IndexKernels, RemapAndMarkUsed) {
  const std::vector<int32_t> slots{3, 0, 3, 2};
  const std::vector<int32_t> map{10, 11, -1, 13};
  std::vector<int32_t> out(4);
  Remap(slots.data(), 4, map.data(), out.data());
  EXPECT_EQ(out, (std::vector<int32_t>{13, 10, 13, -1}));
  std::vector<uint8_t> used(4, 0);
  MarkUsed(slots.data(), 4, used.data());
  EXPECT_EQ(used, (std::vector<uint8_t>{1, 0, 1, 1}));
}

}  // namespace
}  // namespace emberharmony::io

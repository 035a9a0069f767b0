#include "emberharmony/io/cell_fingerprint.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"

namespace emberharmony::io {
namespace {

using arrow::json::ArrayFromJSONString;

std::vector<uint64_t> Hashes(const arrow::Array& values) {
  std::vector<uint64_t> out(values.length(), 12345);
  const auto status = CellFingerprints(values, out.data());
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

std::vector<uint64_t> Hashes(const std::shared_ptr<arrow::DataType>& type,
                             const std::string& json) {
  return Hashes(*ArrayFromJSONString(type, json).ValueOrDie());
}

// The definition, byte by byte.
uint64_t Expected(char type, const std::string& bytes) { return base::Fingerprint64(type + bytes); }

uint64_t ExpectedWord(char type, int64_t value) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &value, 8);
  return Expected(type, bytes);
}

uint64_t ExpectedFloat(double value) {
  int64_t bits;
  std::memcpy(&bits, &value, 8);
  return ExpectedWord(4, bits);
}

TEST(CellFingerprint, StringsOfEveryLength) {
  std::mt19937 random(3);
  arrow::StringBuilder strings;
  arrow::BinaryBuilder binaries;
  std::vector<std::string> texts;
  for (int length = 0; length < 200; ++length) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      std::string text(length, '\0');
      for (char& c : text) c = static_cast<char>(random());
      ASSERT_TRUE(strings.Append(text).ok());
      ASSERT_TRUE(binaries.Append(text).ok());
      texts.push_back(text);
    }
  }
  const auto string_hashes = Hashes(*strings.Finish().ValueOrDie());
  const auto binary_hashes = Hashes(*binaries.Finish().ValueOrDie());
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(string_hashes[i], Expected(7, texts[i])) << texts[i].size();
    ASSERT_EQ(binary_hashes[i], Expected(8, texts[i])) << texts[i].size();
  }
}

TEST(CellFingerprint, IntegersOfAnyWidth) {
  for (const auto& type : {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64()}) {
    EXPECT_EQ(
        Hashes(type, "[-7, null, 0, 127]"),
        (std::vector<uint64_t>{ExpectedWord(2, -7), 0, ExpectedWord(2, 0), ExpectedWord(2, 127)}));
  }
  for (const auto& type : {arrow::uint8(), arrow::uint16(), arrow::uint32(), arrow::uint64()}) {
    EXPECT_EQ(Hashes(type, "[7, null, 200]"),
              (std::vector<uint64_t>{ExpectedWord(2, 7), 0, ExpectedWord(2, 200)}));
  }
  EXPECT_EQ(
      Hashes(arrow::uint64(), "[9223372036854775807, 9223372036854775808, 18446744073709551615]"),
      (std::vector<uint64_t>{ExpectedWord(2, INT64_MAX), Expected(3, "9223372036854775808"),
                             Expected(3, "18446744073709551615")}));
}

TEST(CellFingerprint, Bools) {
  EXPECT_EQ(Hashes(arrow::boolean(), "[true, null, false]"),
            (std::vector<uint64_t>{Expected(1, std::string("\x01", 1)), 0,
                                   Expected(1, std::string("\0", 1))}));
}

TEST(CellFingerprint, FloatsHaveOneZeroAndOneNan) {
  arrow::DoubleBuilder doubles;
  arrow::FloatBuilder floats;
  const uint64_t odd_nan_bits = 0xfff0000000000123ULL;
  double odd_nan;
  std::memcpy(&odd_nan, &odd_nan_bits, 8);
  for (double v : {0.0, -0.0, 1.5, HUGE_VAL, odd_nan}) {
    ASSERT_TRUE(doubles.Append(v).ok());
    ASSERT_TRUE(floats.Append(static_cast<float>(v)).ok());
  }
  const std::vector<uint64_t> expected = {ExpectedFloat(0.0), ExpectedFloat(0.0),
                                          ExpectedFloat(1.5), ExpectedFloat(INFINITY),
                                          ExpectedWord(4, 0x7ff8000000000000LL)};
  EXPECT_EQ(Hashes(*doubles.Finish().ValueOrDie()), expected);
  EXPECT_EQ(Hashes(*floats.Finish().ValueOrDie()), expected);
}

TEST(CellFingerprint, TimesOfAnyUnit) {
  using arrow::TimeUnit;
  EXPECT_EQ(Hashes(arrow::timestamp(TimeUnit::SECOND), "[-1]")[0], ExpectedWord(6, -1000000));
  EXPECT_EQ(Hashes(arrow::timestamp(TimeUnit::MILLI, "UTC"), "[5]")[0], ExpectedWord(6, 5000));
  EXPECT_EQ(Hashes(arrow::timestamp(TimeUnit::MICRO), "[-5]")[0], ExpectedWord(6, -5));
  EXPECT_EQ(Hashes(arrow::timestamp(TimeUnit::NANO), "[-1, 1999, -1000]"),
            (std::vector<uint64_t>{ExpectedWord(6, -1), ExpectedWord(6, 1), ExpectedWord(6, -1)}));
  EXPECT_EQ(Hashes(arrow::date32(), "[-3]")[0], ExpectedWord(5, -3));
  EXPECT_EQ(Hashes(arrow::date64(), "[-259200000]")[0], ExpectedWord(5, -3));
  EXPECT_EQ(Hashes(arrow::time32(TimeUnit::SECOND), "[2]")[0], ExpectedWord(10, 2000000));
  EXPECT_EQ(Hashes(arrow::time64(TimeUnit::NANO), "[2999]")[0], ExpectedWord(10, 2));
}

TEST(CellFingerprint, DecimalsWithoutTrailingZeros) {
  EXPECT_EQ(Hashes(arrow::decimal128(10, 2), R"(["12.50", "-0.05", "100.00", "0.00", null])"),
            (std::vector<uint64_t>{Expected(9, "12.5"), Expected(9, "-0.05"), Expected(9, "100"),
                                   Expected(9, "0"), 0}));
  EXPECT_EQ(Hashes(arrow::decimal256(10, 3), R"(["12.500"])")[0], Expected(9, "12.5"));
  EXPECT_EQ(Hashes(arrow::decimal128(10, 0), R"(["-120"])")[0], Expected(9, "-120"));
}

TEST(CellFingerprint, SlicesAndDictionaries) {
  const auto strings = ArrayFromJSONString(arrow::utf8(), R"(["a", null, "bb", "a"])").ValueOrDie();
  const auto whole = Hashes(*strings);
  EXPECT_EQ(Hashes(*strings->Slice(1, 2)), (std::vector<uint64_t>{0, whole[2]}));
  const auto integers = ArrayFromJSONString(arrow::int32(), "[1, null, 3]").ValueOrDie();
  EXPECT_EQ(Hashes(*integers->Slice(1)), (std::vector<uint64_t>{0, ExpectedWord(2, 3)}));
  const auto bools =
      ArrayFromJSONString(arrow::boolean(), "[true, null, false, true]").ValueOrDie();
  const auto bool_hashes = Hashes(*bools);
  EXPECT_EQ(Hashes(*bools->Slice(2)), (std::vector<uint64_t>{bool_hashes[2], bool_hashes[3]}));
  const auto encoded = arrow::DictionaryArray::FromArrays(
                           ArrayFromJSONString(arrow::int32(), "[1, null, 0, 1]").ValueOrDie(),
                           ArrayFromJSONString(arrow::utf8(), R"(["bb", "a"])").ValueOrDie())
                           .ValueOrDie();
  EXPECT_EQ(Hashes(*encoded), whole);
  EXPECT_EQ(Hashes(arrow::null(), "[null, null]"), (std::vector<uint64_t>{0, 0}));
}

TEST(CellFingerprint, NestedTypesAreRefused) {
  const auto nested = ArrayFromJSONString(arrow::list(arrow::int32()), "[[1]]").ValueOrDie();
  uint64_t out = 0;
  const auto status = CellFingerprints(*nested, &out);
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
}

TEST(RowFingerprint, IsTheFingerprintOfSeedAndCells) {
  std::mt19937_64 random(9);
  for (int width : {0, 1, 5, 63, 64, 200, 9000}) {
    const int num_rows = width > 1000 ? 3 : 700;
    std::vector<std::vector<uint64_t>> columns(width);
    std::vector<const uint64_t*> pointers;
    for (auto& column : columns) {
      for (int i = 0; i < num_rows; ++i) column.push_back(random());
      pointers.push_back(column.data());
    }
    std::vector<uint64_t> many(num_rows);
    RowFingerprints(-42, pointers, num_rows, many.data());
    for (int i = 0; i < num_rows; ++i) {
      std::vector<uint64_t> cells;
      for (const auto& column : columns) cells.push_back(column[i]);
      const int64_t seed = -42;
      std::string bytes(8 * (width + 1), '\0');
      std::memcpy(bytes.data(), &seed, 8);
      if (width > 0) std::memcpy(bytes.data() + 8, cells.data(), 8 * width);
      ASSERT_EQ(RowFingerprint(seed, cells), base::Fingerprint64(bytes));
      ASSERT_EQ(many[i], base::Fingerprint64(bytes));
    }
  }
}

}  // namespace
}  // namespace emberharmony::io

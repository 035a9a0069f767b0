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

using arrow::TimeUnit;
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
uint64_t ExpectedFingerprint(char type, const std::string& bytes) {
  return base::Fingerprint64(type + bytes);
}

uint64_t ExpectedWord(char type, int64_t value) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &value, 8);
  return ExpectedFingerprint(type, bytes);
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
    ASSERT_EQ(string_hashes[i], ExpectedFingerprint(7, texts[i])) << texts[i].size();
    ASSERT_EQ(binary_hashes[i], ExpectedFingerprint(8, texts[i])) << texts[i].size();
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
      (std::vector<uint64_t>{ExpectedWord(2, INT64_MAX),
                             ExpectedFingerprint(3, "9223372036854775808"),
                             ExpectedFingerprint(3, "18446744073709551615")}));
}

TEST(CellFingerprint, Bools) {
  EXPECT_EQ(Hashes(arrow::boolean(), "[true, null, false]"),
            (std::vector<uint64_t>{ExpectedFingerprint(1, std::string("\x01", 1)), 0,
                                   ExpectedFingerprint(1, std::string("\0", 1))}));
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

uint64_t ExpectedInterval(int32_t months, int32_t days, int64_t nanoseconds) {
  std::string bytes(16, '\0');
  std::memcpy(bytes.data(), &months, 4);
  std::memcpy(bytes.data() + 4, &days, 4);
  std::memcpy(bytes.data() + 8, &nanoseconds, 8);
  return ExpectedFingerprint(12, bytes);
}

TEST(CellFingerprint, IntervalsOfAnyType) {
  EXPECT_EQ(Hashes(arrow::month_interval(), "[-14, null, 0]"),
            (std::vector<uint64_t>{ExpectedInterval(-14, 0, 0), 0, ExpectedInterval(0, 0, 0)}));
  EXPECT_EQ(Hashes(arrow::day_time_interval(), "[[3, -2], null]"),
            (std::vector<uint64_t>{ExpectedInterval(0, 3, -2'000'000), 0}));
  EXPECT_EQ(
      Hashes(arrow::month_day_nano_interval(), "[[1, -2, 5000000001], null, [0, 3, -2000000]]"),
      (std::vector<uint64_t>{ExpectedInterval(1, -2, 5'000'000'001), 0,
                             ExpectedInterval(0, 3, -2'000'000)}));
}

TEST(CellFingerprint, TimesOfAnyUnit) {
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
            (std::vector<uint64_t>{ExpectedFingerprint(9, "12.5"), ExpectedFingerprint(9, "-0.05"),
                                   ExpectedFingerprint(9, "100"), ExpectedFingerprint(9, "0"), 0}));
  EXPECT_EQ(Hashes(arrow::decimal256(10, 3), R"(["12.500"])")[0], ExpectedFingerprint(9, "12.5"));
  EXPECT_EQ(Hashes(arrow::decimal128(10, 0), R"(["-120"])")[0], ExpectedFingerprint(9, "-120"));
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

/// A list of one cell of each value, and the JSON that its fingerprint must cover.
void ExpectJson(const std::shared_ptr<arrow::DataType>& type, const std::string& value,
                const std::string& json) {
  EXPECT_EQ(Hashes(arrow::list(type), "[[" + value + "]]")[0],
            ExpectedFingerprint(11, "[" + json + "]"))
      << type->ToString() << " " << value;
}

TEST(CellFingerprint, NestedCellsAreCanonicalJson) {
  const auto pair =
      arrow::struct_({arrow::field("b", arrow::int32()), arrow::field("a\"", arrow::utf8())});
  EXPECT_EQ(Hashes(pair, R"([{"b": 1, "a\"": "x"}, null, {"b": null, "a\"": null}])"),
            (std::vector<uint64_t>{ExpectedFingerprint(11, R"({"b":1,"a\"":"x"})"), 0,
                                   ExpectedFingerprint(11, R"({"b":null,"a\"":null})")}));
  for (const auto& list : {arrow::list(arrow::int64()), arrow::large_list(arrow::uint8()),
                           arrow::list_view(arrow::int16())}) {
    EXPECT_EQ(Hashes(list, "[[1, null], [], null]"),
              (std::vector<uint64_t>{ExpectedFingerprint(11, "[1,null]"),
                                     ExpectedFingerprint(11, "[]"), 0}));
  }
  EXPECT_EQ(Hashes(arrow::fixed_size_list(arrow::int32(), 2), "[[1, 2], [3, 4]]")[1],
            ExpectedFingerprint(11, "[3,4]"));
  EXPECT_EQ(Hashes(arrow::map(arrow::utf8(), arrow::list(pair)),
                   R"([[["k", [{"b": 7, "a\"": null}]], ["l", null]]])")[0],
            ExpectedFingerprint(
                11, R"([{"key":"k","value":[{"b":7,"a\"":null}]},{"key":"l","value":null}])"));
  // Slices of nested arrays.
  const auto lists = ArrayFromJSONString(arrow::list(pair),
                                         R"([[{"b": 1, "a\"": "p"}], [], [{"b": 2, "a\"": "q"}]])")
                         .ValueOrDie();
  EXPECT_EQ(Hashes(*lists->Slice(2))[0], ExpectedFingerprint(11, R"([{"b":2,"a\"":"q"}])"));
}

TEST(CellFingerprint, FlatValuesInsideOfNestedCells) {
  ExpectJson(arrow::boolean(), "true", "true");
  ExpectJson(arrow::uint64(), "18446744073709551615", "18446744073709551615");
  ExpectJson(arrow::int64(), "-9223372036854775808", "-9223372036854775808");
  // ECMAScript's rules and the examples of RFC 8785, appendix B.
  for (const auto& [value, json] : std::vector<std::pair<std::string, std::string>>{
           {"0", "0"},
           {"-0.0", "0"},
           {"1", "1"},
           {"-1.5", "-1.5"},
           {"100000", "100000"},
           {"5e-324", "5e-324"},
           {"-1.7976931348623157e308", "-1.7976931348623157e+308"},
           {"9007199254740992", "9007199254740992"},
           {"295147905179352830000", "295147905179352830000"},
           {"1e21", "1e+21"},
           {"9.999999999999997e22", "9.999999999999997e+22"},
           {"999999999999999700000", "999999999999999700000"},
           {"333333333.33333329", "333333333.3333333"},
           {"0.000001", "0.000001"},
           {"0.0000033333333333333333", "0.0000033333333333333333"},
           {"1e-7", "1e-7"},
           {"1424953923781206.2", "1424953923781206.2"},
           {"NaN", "\"NaN\""},
           {"Inf", "\"Infinity\""},
           {"-Inf", "\"-Infinity\""}}) {
    ExpectJson(arrow::float64(), value, json);
  }
  ExpectJson(arrow::float32(), "0.1", "0.10000000149011612");
  ExpectJson(arrow::decimal128(10, 2), "\"-12.50\"", "-12.5");
  ExpectJson(arrow::decimal256(50, 0), "\"100\"", "100");
  ExpectJson(arrow::utf8(), R"("a\"\\\/\u0008\t\n\f\r\u0001\u001f\u007f\u00e9")",
             "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\xc3\xa9\"");
  ExpectJson(arrow::binary(), R"("abcd")", "\"YWJjZA==\"");
  ExpectJson(arrow::fixed_size_binary(3), R"("abc")", "\"YWJj\"");
  ExpectJson(arrow::date32(), "-1", "\"1969-12-31\"");
  ExpectJson(arrow::timestamp(TimeUnit::NANO), "-1", "\"1969-12-31 23:59:59.999999\"");
  ExpectJson(arrow::timestamp(TimeUnit::MILLI, "Europe/Paris"), "1500",
             "\"1970-01-01 00:00:01.500\"");
  ExpectJson(arrow::time64(TimeUnit::NANO), "2999", "2");
  ExpectJson(arrow::time32(TimeUnit::SECOND), "2", "2000000");
  ExpectJson(arrow::duration(TimeUnit::MILLI), "-3", "-3000");
  ExpectJson(arrow::month_interval(), "-14", "[-14,0,0]");
  ExpectJson(arrow::day_time_interval(), "[3, -2]", "[0,3,-2000000]");
  ExpectJson(arrow::month_day_nano_interval(), "[1, -2, 5000000001]", "[1,-2,5000000001]");
  ExpectJson(arrow::null(), "null", "null");
}

TEST(CellFingerprint, TypesWithoutAFormAreRefused) {
  auto deep = arrow::int32();
  for (int i = 0; i < 300; ++i) deep = arrow::list(deep);
  for (const auto& type : {deep, arrow::dense_union({arrow::field("x", arrow::int32())})}) {
    uint64_t out = 0;
    const auto cells = arrow::MakeArrayOfNull(type, 1).ValueOrDie();
    EXPECT_EQ(base::KindOf(CellFingerprints(*cells, &out)), base::ErrorKind::kUsage)
        << type->ToString();
  }
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

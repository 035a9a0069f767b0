#include "emberharmony/io/cell_text.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::io {
namespace {

template <typename Builder, typename Value>
std::string TextOf(const std::shared_ptr<arrow::DataType>& type, Value value) {
  Builder builder(type, arrow::default_memory_pool());
  EXPECT_TRUE(builder.Append(value).ok());
  std::shared_ptr<arrow::Array> array = builder.Finish().ValueOrDie();
  auto writer = CellTextWriter::Make(type);
  EXPECT_TRUE(writer.ok()) << writer.status();
  std::string out = "<";
  writer->Append(*array, 0, &out);
  return out.substr(1);
}

std::string Timestamp(arrow::TimeUnit::type unit, const std::string& zone, int64_t value) {
  return TextOf<arrow::TimestampBuilder>(arrow::timestamp(unit, zone), value);
}

TEST(CellText, NumbersAndBools) {
  EXPECT_EQ(TextOf<arrow::Int64Builder>(arrow::int64(), std::numeric_limits<int64_t>::min()),
            "-9223372036854775808");
  EXPECT_EQ(TextOf<arrow::UInt64Builder>(arrow::uint64(), std::numeric_limits<uint64_t>::max()),
            "18446744073709551615");
  EXPECT_EQ(TextOf<arrow::Int8Builder>(arrow::int8(), static_cast<int8_t>(-5)), "-5");
  EXPECT_EQ(TextOf<arrow::UInt8Builder>(arrow::uint8(), static_cast<uint8_t>(200)), "200");
  EXPECT_EQ(TextOf<arrow::BooleanBuilder>(arrow::boolean(), true), "true");
  EXPECT_EQ(TextOf<arrow::BooleanBuilder>(arrow::boolean(), false), "false");
}

TEST(CellText, Floats) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0.0, "0"},
      {-0.0, "0"},
      {1.0, "1"},
      {-2.5, "-2.5"},
      {0.1, "0.1"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1e20, "1e+20"},
      {1e-7, "1e-07"},
      {123456789012345680.0, "1.2345678901234568e+17"},
      {std::nan(""), "nan"},
      {INFINITY, "inf"},
      {-INFINITY, "-inf"},
      {5e-324, "4.94065645841247e-324"},
  };
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(TextOf<arrow::DoubleBuilder>(arrow::float64(), value), text);
  }
  EXPECT_EQ(TextOf<arrow::FloatBuilder>(arrow::float32(), 0.1f), "0.10000000149011612");
}

// printf and strtod in the C locale are the definition.
TEST(CellText, FloatsAgreeWithPrintf) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, 8);
    if (i % 3 == 0) value = static_cast<double>(static_cast<int64_t>(bits) >> (i % 60)) / 1000.0;
    if (std::isnan(value) || std::isinf(value) || value == 0) continue;
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%.15g", value);
    if (std::strtod(expected, nullptr) != value)
      std::snprintf(expected, sizeof(expected), "%.17g", value);
    ASSERT_EQ(TextOf<arrow::DoubleBuilder>(arrow::float64(), value), expected);
  }
}

TEST(CellText, Dates) {
  const std::vector<std::pair<int32_t, std::string>> cases = {
      {0, "1970-01-01"},        {-1, "1969-12-31"},       {11353, "2001-01-31"},
      {11016, "2000-02-29"},    {-719162, "0001-01-01"},  {2932896, "9999-12-31"},
      {-25508, "1900-03-01"},   {-25509, "1900-02-28"},   {-719528, "0000-01-01"},
      {-719529, "-0001-12-31"}, {2932897, "10000-01-01"},
  };
  for (const auto& [days, text] : cases) {
    EXPECT_EQ(TextOf<arrow::Date32Builder>(arrow::date32(), days), text);
    EXPECT_EQ(TextOf<arrow::Date64Builder>(arrow::date64(), int64_t{days} * 86400000), text);
  }
  EXPECT_EQ(TextOf<arrow::Date64Builder>(arrow::date64(), int64_t{-1}), "1969-12-31");
}

TEST(CellText, Timestamps) {
  using arrow::TimeUnit;
  EXPECT_EQ(Timestamp(TimeUnit::SECOND, "", 980917567), "2001-01-31 05:06:07");
  EXPECT_EQ(Timestamp(TimeUnit::MILLI, "", 980917567120), "2001-01-31 05:06:07.120");
  EXPECT_EQ(Timestamp(TimeUnit::MICRO, "", 980917567000000), "2001-01-31 05:06:07");
  EXPECT_EQ(Timestamp(TimeUnit::MICRO, "", 980917567000010), "2001-01-31 05:06:07.000010");
  EXPECT_EQ(Timestamp(TimeUnit::NANO, "", 980917567123456789), "2001-01-31 05:06:07.123456");
  EXPECT_EQ(Timestamp(TimeUnit::NANO, "", -1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(Timestamp(TimeUnit::SECOND, "", -1), "1969-12-31 23:59:59");
  EXPECT_EQ(Timestamp(TimeUnit::MICRO, "UTC", 980917567000000), "2001-01-31 05:06:07+00");
  EXPECT_EQ(Timestamp(TimeUnit::MICRO, "Europe/Berlin", 980917567500000),
            "2001-01-31 05:06:07.500+00");
  // The ends of the type must neither overflow nor trap.
  EXPECT_FALSE(Timestamp(TimeUnit::SECOND, "", std::numeric_limits<int64_t>::min()).empty());
  EXPECT_EQ(Timestamp(TimeUnit::MICRO, "", std::numeric_limits<int64_t>::max()),
            "294247-01-10 04:00:54.775807");
}

TEST(CellText, Strings) {
  EXPECT_EQ(TextOf<arrow::StringBuilder>(arrow::utf8(), std::string("a\xff\x1f")), "a\xff\x1f");
  EXPECT_EQ(TextOf<arrow::LargeStringBuilder>(arrow::large_utf8(), std::string()), "");
}

TEST(CellText, DictionaryTypesTakeTheirValueType) {
  auto writer = CellTextWriter::Make(arrow::dictionary(arrow::int32(), arrow::utf8()));
  ASSERT_TRUE(writer.ok());
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("x").ok());
  std::shared_ptr<arrow::Array> values = builder.Finish().ValueOrDie();
  std::string out;
  writer->Append(*values, 0, &out);
  EXPECT_EQ(out, "x");
}

TEST(CellText, OtherTypesAreRefused) {
  for (const auto& type :
       {arrow::decimal128(10, 2), arrow::binary(), arrow::time64(arrow::TimeUnit::MICRO),
        arrow::list(arrow::int32()), arrow::null()}) {
    const auto writer = CellTextWriter::Make(type);
    ASSERT_FALSE(writer.ok()) << type->ToString();
    EXPECT_EQ(base::KindOf(writer.status()), base::ErrorKind::kUsage);
    EXPECT_NE(writer.status().message().find(type->ToString()), std::string::npos);
  }
}

}  // namespace
}  // namespace emberharmony::io

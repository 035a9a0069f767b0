#include "emberharmony/bigquery/unit_histogram.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/record_batch.h>
#include <arrow/util/bitmap_builders.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/batch.h"
#include "emberharmony/io/filter/filter.h"

namespace emberharmony::bigquery {
namespace {

using ::testing::HasSubstr;

using Values = std::shared_ptr<arrow::Array>;

template <typename Builder, typename Value>
Values MakeValues(Builder&& builder, const std::vector<std::optional<Value>>& values) {
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return *builder.Finish();
}

Values Integers(const std::vector<std::optional<int64_t>>& values) {
  return MakeValues(arrow::Int64Builder(), values);
}

Values Texts(const std::vector<std::optional<std::string>>& values) {
  return MakeValues(arrow::StringBuilder(), values);
}

std::shared_ptr<arrow::Schema> SchemaOf(const Values& values, const std::string& name = "c") {
  return arrow::schema({arrow::field(name, values->type())});
}

/// How many rows the filter language, which the local server speaks, finds in a range; a bit is
/// added to `met` for each of them.
int64_t CountPassing(const Values& values, const std::string& condition, std::vector<int>* met) {
  const auto expression = io::filter::ParseExpression(condition, "condition");
  EXPECT_TRUE(expression.ok()) << expression.status() << condition;
  const auto filter = io::filter::Filter::Bind(**expression, *SchemaOf(values), "condition");
  EXPECT_TRUE(filter.ok()) << filter.status() << condition;
  io::filter::FilterEvaluator evaluator(*filter, arrow::default_memory_pool());
  io::Batch batch;
  batch.num_rows = values->length();
  io::Piece piece;
  piece.values = values;
  piece.num_rows = values->length();
  batch.columns.resize(1);
  batch.columns[0].pieces.push_back(std::move(piece));
  std::vector<uint64_t> passes;
  const auto count = evaluator.Evaluate(batch, &passes);
  EXPECT_TRUE(count.ok()) << count.status();
  for (size_t i = 0; i < met->size(); ++i) (*met)[i] += (passes[i / 64] >> (i % 64) & 1) != 0;
  return *count;
}

/// Cuts, and checks that each row is in one range and that ranges are as large as they say.
std::vector<UnitRange> CutAndCheck(const Values& values, int64_t rows_min, int64_t ranges_max,
                                   const UnitHistogram::Limits& limits) {
  auto histogram = UnitHistogram::Make(*SchemaOf(values), "C", limits);
  EXPECT_TRUE(histogram.ok()) << histogram.status();
  EXPECT_TRUE(histogram->Update(*values).ok());
  EXPECT_EQ(histogram->num_rows(), values->length());
  auto ranges = histogram->Cut(rows_min, ranges_max);
  EXPECT_LE(ranges.size(), static_cast<size_t>(ranges_max) + 1);
  EXPECT_EQ(ranges[0].condition, "c IS NULL");
  EXPECT_EQ(ranges[0].num_rows, values->null_count());
  std::vector<int> met(static_cast<size_t>(values->length()));
  for (const UnitRange& range : ranges) {
    EXPECT_EQ(CountPassing(values, range.condition, &met), range.num_rows) << range.condition;
  }
  EXPECT_TRUE(std::all_of(met.begin(), met.end(), [](int times) { return times == 1; }));
  return ranges;
}

std::string ConditionsOf(const std::vector<UnitRange>& ranges) {
  std::string text;
  for (const UnitRange& range : ranges) {
    text += range.condition + ": " + std::to_string(range.num_rows) + "\n";
  }
  return text;
}

TEST(UnitHistogramTest, RangesEndWithTheValueThatFillsThem) {
  const auto values = Integers({5, 5, std::nullopt, 7, -3, 9, 9, 9, 11, std::nullopt, -3});
  EXPECT_EQ(ConditionsOf(CutAndCheck(values, 3, 100, {})),
            "c IS NULL: 2\nc < 7: 4\nc >= 7 AND c < 11: 4\nc >= 11: 1\n");
  EXPECT_EQ(ConditionsOf(CutAndCheck(values, 1, 2, {})), "c IS NULL: 2\nc < 9: 5\nc >= 9: 4\n");
  EXPECT_EQ(ConditionsOf(CutAndCheck(values, 100, 9, {})), "c IS NULL: 2\nc IS NOT NULL: 9\n");
}

TEST(UnitHistogramTest, ColumnsOfOneValueOrNone) {
  EXPECT_EQ(ConditionsOf(CutAndCheck(Integers({}), 3, 100, {})), "c IS NULL: 0\n");
  EXPECT_EQ(ConditionsOf(CutAndCheck(Integers({std::nullopt, std::nullopt}), 1, 100, {})),
            "c IS NULL: 2\n");
  EXPECT_EQ(ConditionsOf(CutAndCheck(Integers({4, 4, 4}), 1, 100, {})),
            "c IS NULL: 0\nc IS NOT NULL: 3\n");
  EXPECT_EQ(ConditionsOf(CutAndCheck(Texts({"", "", "a"}), 1, 100, {})),
            "c IS NULL: 0\nc < 'a': 2\nc >= 'a': 1\n");
}

TEST(UnitHistogramTest, BordersOfEachTypeAreWrittenInSql) {
  const auto dates =
      MakeValues(arrow::Date32Builder(), std::vector<std::optional<int32_t>>{-1, 0, 19'000});
  EXPECT_EQ(ConditionsOf(CutAndCheck(dates, 1, 100, {})),
            "c IS NULL: 0\nc < DATE '1970-01-01': 1\nc >= DATE '1970-01-01' AND c < DATE "
            "'2022-01-08': 1\nc >= DATE '2022-01-08': 1\n");
  for (const std::string zone : {"", "UTC"}) {
    const auto times = MakeValues(
        arrow::TimestampBuilder(arrow::timestamp(arrow::TimeUnit::MICRO, zone),
                                arrow::default_memory_pool()),
        std::vector<std::optional<int64_t>>{-62'135'596'800'000'000, -1, 1'700'000'000'000'001,
                                            253'402'300'799'999'999});
    EXPECT_THAT(ConditionsOf(CutAndCheck(times, 1, 100, {})),
                HasSubstr(zone.empty() ? "c < DATETIME '1969-12-31 23:59:59.999999'"
                                       : "c < TIMESTAMP '1969-12-31 23:59:59.999999+00:00'"));
  }
  arrow::Decimal128Builder decimals(arrow::decimal128(38, 9));
  for (const char* text : {"-99999999999999999999999999999.999999999", "-0.000000001", "0", "12.5",
                           "99999999999999999999999999999.999999999"}) {
    int32_t precision = 0;
    int32_t scale = 0;
    arrow::Decimal128 parsed;
    ASSERT_TRUE(arrow::Decimal128::FromString(text, &parsed, &precision, &scale).ok());
    ASSERT_TRUE(decimals.Append(*parsed.Rescale(scale, 9)).ok());
  }
  EXPECT_THAT(ConditionsOf(CutAndCheck(*decimals.Finish(), 1, 100, {})),
              HasSubstr("c >= NUMERIC '12.5'"));
  EXPECT_THAT(ConditionsOf(CutAndCheck(Texts({"a'b\\", "\n", "z\"", "ü", "𝄞"}), 1, 100, {})),
              HasSubstr("'a\\'b\\\\'"));
}

TEST(UnitHistogramTest, TheLastIntegersHaveBorders) {
  const auto values = Integers({INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX});
  for (const size_t keys_max : {2, 3, 4, 100}) CutAndCheck(values, 1, 100, {keys_max, 100});
}

TEST(UnitHistogramTest, RangesDependOnTheValuesAlone) {
  std::mt19937_64 random(7);
  std::vector<std::optional<int64_t>> integers;
  std::vector<std::optional<std::string>> texts;
  const std::vector<std::string> letters = {"a", "b", "", "é", "ü", "漢", "𝄞", "z"};
  for (int i = 0; i < 3'000; ++i) {
    // Most are near to each other, and few are far away.
    const auto near = static_cast<int64_t>(random() % 5'000);
    integers.push_back(i % 100 == 0 ? static_cast<int64_t>(random()) : 1'700'000'000 + near);
    std::string text;
    for (uint64_t k = random() % 6; k > 0; --k) text += letters[random() % letters.size()];
    texts.emplace_back(text);
    if (i % 17 == 0) integers.back().reset();
    if (i % 19 == 0) texts.back().reset();
  }
  for (const UnitHistogram::Limits& limits :
       {UnitHistogram::Limits{100'000, 1 << 20}, {500, 1 << 20}, {64, 1 << 20}, {300, 600}}) {
    std::string of_integers;
    std::string of_texts;
    for (int round = 0; round < 5; ++round) {
      const auto integer_ranges = CutAndCheck(Integers(integers), 100, 20, limits);
      const auto text_ranges = CutAndCheck(Texts(texts), 100, 20, limits);
      if (round == 0) {
        of_integers = ConditionsOf(integer_ranges);
        of_texts = ConditionsOf(text_ranges);
        EXPECT_GT(integer_ranges.size(), 5);
        EXPECT_GT(text_ranges.size(), 5);
      }
      EXPECT_EQ(ConditionsOf(integer_ranges), of_integers);
      EXPECT_EQ(ConditionsOf(text_ranges), of_texts);
      std::shuffle(integers.begin(), integers.end(), random);
      std::shuffle(texts.begin(), texts.end(), random);
    }
  }
}

TEST(UnitHistogramTest, WhatNoUnitColumnCanBe) {
  const auto text = [](const char* type) {
    return arrow::field("t", arrow::utf8(), true,
                        arrow::key_value_metadata({"ARROW:extension:name"}, {type}));
  };
  const arrow::Schema schema(
      {arrow::field("day", arrow::date32()), arrow::field("ratio", arrow::float64()),
       arrow::field("flag", arrow::boolean()), text("google:sqlType:json"),
       arrow::field("list", arrow::list(arrow::int64())),
       arrow::field("record", arrow::struct_({arrow::field("x", arrow::int64())})),
       arrow::field("big", arrow::decimal256(76, 38)), arrow::field("bytes", arrow::binary())});
  EXPECT_TRUE(UnitHistogram::Check(schema, "DAY").ok());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"dya", "has no column 'dya'; did you mean 'day'?"},
      {"ratio", "'ratio' is FLOAT64;"},
      {"flag", "'flag' is BOOL;"},
      {"t", "'t' is JSON"},
      {"list", "'list' is ARRAY<INT64>"},
      {"record", "'record' is STRUCT"},
      {"big", "'big' is BIGNUMERIC"},
      {"bytes", "'bytes' is BYTES"}};
  for (const auto& [column, told] : cases) {
    const arrow::Status status = UnitHistogram::Check(schema, column);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage) << column;
    EXPECT_THAT(status.message(), HasSubstr(told));
    EXPECT_EQ(UnitHistogram::Make(schema, column).status(), status);
  }
}

TEST(UnitHistogramTest, FieldsOfRecordsAreColumns) {
  const auto inner = arrow::struct_({arrow::field("Number", arrow::int64())});
  const auto outer = arrow::struct_({arrow::field("x", arrow::utf8()), arrow::field("in", inner)});
  const auto schema =
      arrow::schema({arrow::field("Place", outer), arrow::field("place.in", arrow::float64()),
                     arrow::field("many", arrow::list(outer))});
  auto histogram = UnitHistogram::Make(*schema, "place.IN.number");
  ASSERT_TRUE(histogram.ok()) << histogram.status();
  EXPECT_EQ(histogram->column(), "Place.in.Number");
  // Of five rows the second has no place, the third no `in`, the fourth no number.
  const auto numbers = Integers({3, 7, 7, std::nullopt, 9});
  const auto valid = [](std::initializer_list<bool> bits) {
    return *arrow::internal::BytesToBits(std::vector<uint8_t>(bits.begin(), bits.end()));
  };
  const auto ins = std::make_shared<arrow::StructArray>(inner, 5, arrow::ArrayVector{numbers},
                                                        valid({true, true, false, true, true}));
  const auto places = std::make_shared<arrow::StructArray>(
      outer, 5, arrow::ArrayVector{Texts({"a", "b", "c", "d", "e"}), ins},
      valid({true, false, true, true, true}));
  const auto rows = arrow::RecordBatch::Make(arrow::schema({schema->field(0)}), 5, {places});
  ASSERT_TRUE(histogram->UpdateFrom(*rows).ok());
  EXPECT_EQ(ConditionsOf(histogram->Cut(1, 10)),
            "Place.in.Number IS NULL: 3\n"
            "Place.in.Number < 9: 1\n"
            "Place.in.Number >= 9: 1\n");
  EXPECT_THAT(UnitHistogram::Check(*schema, "place.in.nmber").message(),
              HasSubstr("no column 'place.in.nmber'; did you mean 'Place.in.Number'?"));
  EXPECT_THAT(UnitHistogram::Check(*schema, "place.in").message(), HasSubstr("is FLOAT64;"));
  EXPECT_THAT(UnitHistogram::Check(*schema, "many.x").message(), HasSubstr("no column 'many.x'"));
  const auto others = arrow::RecordBatch::Make(SchemaOf(numbers, "Place"), 5, {numbers});
  EXPECT_THAT(histogram->UpdateFrom(*others).message(), HasSubstr("sent other columns"));
}

TEST(UnitHistogramTest, OtherValuesThanTheSchemaTellsAreRefused) {
  auto histogram = UnitHistogram::Make(*SchemaOf(Integers({})), "c");
  ASSERT_TRUE(histogram.ok());
  EXPECT_THAT(histogram->Update(*Texts({"a"})).message(), HasSubstr("as string, expected int64"));
  auto texts = UnitHistogram::Make(*SchemaOf(Texts({})), "c");
  ASSERT_TRUE(texts.ok());
  EXPECT_THAT(texts->Update(*Texts({"\xFF"})).message(), HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace emberharmony::bigquery

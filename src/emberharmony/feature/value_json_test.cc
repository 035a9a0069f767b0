#include "emberharmony/feature/value_json.h"

#include <arrow/builder.h>

#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::vector<nlohmann::json> ToJson(const arrow::Array& values) {
  nlohmann::json list = nlohmann::json::array();
  for (int64_t i = 0; i < values.length(); ++i) {
    const auto json = ValueToJson(values, i);
    EXPECT_TRUE(json.ok()) << json.status().ToString();
    list.push_back(*json);
  }
  const nlohmann::json read = ThroughFile(list);
  return {read.begin(), read.end()};
}

TEST(ValueJson, GivesEveryTypeBackExactly) {
  const std::vector<std::shared_ptr<arrow::Array>> arrays = {
      ArrayOf(arrow::boolean(), "[true, false]"),
      ArrayOf(arrow::int8(), "[-128, 127]"),
      ArrayOf(arrow::int64(), "[-9223372036854775808, 9223372036854775807, 9007199254740993, 0]"),
      ArrayOf(arrow::uint64(), "[18446744073709551615, 9007199254740992, 1]"),
      ArrayOf(arrow::float32(), "[0.1, -3, 3.4028235e38]"),
      ArrayOf(arrow::float64(), "[0.1, 1e-320, 1.7976931348623157e308, 5]"),
      ArrayOf(arrow::utf8(), R"(["", "a\"b\\", "\u00e9\u6f22", "{\"hex\": 1}"])"),
      ArrayOf(arrow::large_utf8(), R"(["x"])"),
      ArrayOf(arrow::date32(), "[-719162, 0, 2932896]"),
      ArrayOf(arrow::date64(), "[86400000]"),
      ArrayOf(arrow::time32(arrow::TimeUnit::SECOND), "[86399]"),
      ArrayOf(arrow::time64(arrow::TimeUnit::NANO), "[86399000000001]"),
      ArrayOf(arrow::timestamp(arrow::TimeUnit::NANO), "[-1, 9223372036854775807]"),
      ArrayOf(arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin"), "[1]"),
      ArrayOf(arrow::duration(arrow::TimeUnit::MILLI), "[-5]"),
      ArrayOf(arrow::decimal128(38, 2), R"(["-123456789012345678901234567890.10", "0.00"])"),
      ArrayOf(arrow::decimal256(76, 0), R"(["99999999999999999999999999999999999999999999"])"),
      ArrayOf(arrow::fixed_size_binary(2), R"(["ab"])")};
  for (const auto& array : arrays) {
    SCOPED_TRACE(array->type()->ToString());
    const auto read = ValuesFromJson(ToJson(*array), array->type());
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_TRUE((*read)->Equals(*array)) << (*read)->ToString();
  }
}

TEST(ValueJson, BytesThatAreNotUtf8AreHexadecimal) {
  arrow::BinaryBuilder builder;
  ASSERT_TRUE(builder.Append(std::string("\xff\x00z", 3)).ok());
  ASSERT_TRUE(builder.Append("plain").ok());
  const auto values = *builder.Finish();
  const auto json = ToJson(*values);
  EXPECT_EQ(json[0], (nlohmann::json{{"hex", "ff007a"}}));
  EXPECT_EQ(json[1], "plain");
  EXPECT_TRUE((*ValuesFromJson(json, arrow::binary()))->Equals(*values));
  EXPECT_EQ(ValueText(*values, 0), "0xff007a");
}

TEST(ValueJson, HalvesGoThroughJsonExactly) {
  const auto halves = ArrayOf(arrow::float16(), "[0.1, -65504, 5.9604645e-08]");
  std::vector<nlohmann::json> values;
  for (int64_t i = 0; i < 3; ++i) values.push_back(ValueToJson(*halves, i).ValueOrDie());
  EXPECT_EQ(values[0], 0.0999755859375);
  EXPECT_EQ(values[1], -65504.0);
  EXPECT_EQ(values[2], 0x1p-24);  // the smallest of all halves
  EXPECT_TRUE(ValuesFromJson(values, arrow::float16()).ValueOrDie()->Equals(halves));
}

TEST(ValueJson, RefusesWhatDoesNotBelongToTheType) {
  const auto refuses = [](const nlohmann::json& value, std::shared_ptr<arrow::DataType> type) {
    const auto read = ValuesFromJson({value}, type);
    EXPECT_FALSE(read.ok()) << value << " as " << type->ToString();
    EXPECT_EQ(base::KindOf(read.status()), base::ErrorKind::kData);
  };
  refuses(128, arrow::int8());
  refuses(-1, arrow::uint8());
  refuses("9223372036854775808", arrow::int64());
  refuses("", arrow::int64());
  refuses("12x", arrow::int64());
  refuses(1.5, arrow::int32());
  refuses(true, arrow::int32());
  refuses(1, arrow::boolean());
  refuses(0.1, arrow::float32());
  refuses(0.1, arrow::float16());
  refuses(65536, arrow::float16());
  refuses("1", arrow::float16());
  refuses("NaN", arrow::float64());
  refuses(nullptr, arrow::utf8());
  refuses(3, arrow::utf8());
  refuses({{"hex", "f"}}, arrow::binary());
  refuses({{"hex", "zz"}}, arrow::binary());
  refuses({{"hex", "ff"}, {"more", 1}}, arrow::binary());
  refuses("abc", arrow::fixed_size_binary(2));
  refuses("1.234", arrow::decimal128(5, 2));
  refuses(int64_t{1} << 40, arrow::date32());
}

TEST(ValueJson, ReadsThePlansValues) {
  const auto plan = [](const nlohmann::json& value, std::shared_ptr<arrow::DataType> type) {
    const auto array = ValueFromPlan(value, type);
    EXPECT_TRUE(array.ok()) << array.status().ToString();
    return *array;
  };
  // 2001-01-31 is day 11,353 after 1970-01-01, and 05:06:07 the 18,367th second of a day.
  EXPECT_TRUE(plan("2001-01-31", arrow::date32())->Equals(ArrayOf(arrow::date32(), "[11353]")));
  const auto micro = arrow::timestamp(arrow::TimeUnit::MICRO);
  EXPECT_TRUE(plan("2001-01-31 05:06:07", micro)->Equals(ArrayOf(micro, "[980917567000000]")));
  EXPECT_TRUE(plan("2001-01-31", micro)->Equals(ArrayOf(micro, "[980899200000000]")));
  const auto zoned = arrow::timestamp(arrow::TimeUnit::SECOND, "UTC");
  EXPECT_TRUE(plan("2001-01-31 05:06:07", zoned)->Equals(ArrayOf(zoned, "[980917567]")));
  EXPECT_TRUE(plan("2001-01-31 05:06:07Z", zoned)->Equals(ArrayOf(zoned, "[980917567]")));
  EXPECT_TRUE(plan("NA", arrow::utf8())->Equals(ArrayOf(arrow::utf8(), R"(["NA"])")));
  EXPECT_TRUE(plan(true, arrow::boolean())->Equals(ArrayOf(arrow::boolean(), "[true]")));
  for (const auto& [value, type] :
       std::vector<std::pair<nlohmann::json, std::shared_ptr<arrow::DataType>>>{
           {"31.1.2001", arrow::date32()}, {3, arrow::utf8()}, {1, arrow::boolean()}, {3, micro}}) {
    const auto array = ValueFromPlan(value, type);
    EXPECT_FALSE(array.ok());
    EXPECT_EQ(base::KindOf(array.status()), base::ErrorKind::kUsage);
  }
}

TEST(ValueJson, TextsOfColumnNames) {
  EXPECT_EQ(ValueText(*ArrayOf(arrow::float64(), "[3, 0.5]"), 0), "3");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::float64(), "[3, 0.5]"), 1), "0.5");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::float32(), "[0.1]"), 0), "0.1");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::int8(), "[-7]"), 0), "-7");
  // The half next to 0.1 is 0x2e66, exactly 0.0999755859375.
  EXPECT_EQ(ValueText(*ArrayOf(arrow::float16(), "[0.1, -2, 65504]"), 0), "0.099975586");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::float16(), "[0.1, -2, 65504]"), 1), "-2");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::float16(), "[0.1, -2, 65504]"), 2), "65504");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::date32(), "[11353]"), 0), "2001-01-31");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::timestamp(arrow::TimeUnit::SECOND), "[980917567]"), 0),
            "2001-01-31 05:06:07");
  EXPECT_EQ(ValueText(*ArrayOf(arrow::decimal128(5, 2), R"(["-0.50"])"), 0), "-0.50");
}

TEST(ValueJson, AscendingOrderIsByValueOrBytes) {
  const auto order = [](const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
    return AscendingOrder(*ArrayOf(type, json));
  };
  using Order = std::vector<int64_t>;
  EXPECT_EQ(order(arrow::int8(), "[5, -3, 0]"), (Order{1, 2, 0}));
  EXPECT_EQ(order(arrow::uint64(), "[18446744073709551615, 1]"), (Order{1, 0}));
  EXPECT_EQ(order(arrow::float64(), "[2.5, -1e9, 0]"), (Order{1, 2, 0}));
  EXPECT_EQ(order(arrow::float16(), "[2.5, -3, 0.5, -0.25]"), (Order{1, 3, 2, 0}));
  EXPECT_EQ(order(arrow::boolean(), "[true, false]"), (Order{1, 0}));
  EXPECT_EQ(order(arrow::date32(), "[3, -3]"), (Order{1, 0}));
  EXPECT_EQ(order(arrow::decimal128(5, 2), R"(["10.00", "9.00", "-1.00"])"), (Order{2, 1, 0}));
  EXPECT_EQ(order(arrow::utf8(), R"(["b", "", "a", "\u00e9", "B", "ab"])"),
            (Order{1, 4, 2, 5, 0, 3}));
}

}  // namespace
}  // namespace emberharmony::feature

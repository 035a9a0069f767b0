#include "emberharmony/feature/numeric_form.h"

#include "emberharmony/feature/transform_oracle_test_internal.h"

namespace emberharmony::feature {
namespace {

using namespace oracle;

std::vector<double> Numeric(const ValueBlock& block, double missing = kNaN) {
  auto numeric = ToNumeric(block, arrow::default_memory_pool(), missing);
  EXPECT_TRUE(numeric.ok()) << numeric.status().ToString();
  EXPECT_EQ((*numeric)->null_bitmap_data(), nullptr);
  return ToVector(**numeric);
}

std::shared_ptr<arrow::Array> Cast(const std::vector<double>& values,
                                   const std::shared_ptr<arrow::DataType>& type) {
  const auto array = std::static_pointer_cast<arrow::DoubleArray>(Doubles(values));
  auto cast = FromNumeric(*array, type, arrow::default_memory_pool());
  EXPECT_TRUE(cast.ok()) << cast.status().ToString();
  EXPECT_TRUE((*cast)->ValidateFull().ok());
  return *cast;
}

TEST(NumericForm, OfEveryNumberType) {
  for (const auto& type :
       {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(), arrow::uint8(),
        arrow::uint16(), arrow::uint32(), arrow::uint64(), arrow::float16(), arrow::float32(),
        arrow::float64(), arrow::decimal32(9, 0), arrow::decimal64(18, 0), arrow::decimal128(38, 0),
        arrow::decimal256(76, 0)}) {
    SCOPED_TRACE(type->ToString());
    const bool decimal = arrow::is_decimal(type->id());
    const auto values = ArrayOf(type, decimal ? R"(["0", null, "100", "7"])" : "[0, null, 100, 7]");
    ExpectSame(Numeric({values}), {0.0, kNaN, 100.0, 7.0});
    ExpectSame(Numeric({values, true}), {0.0, kNaN, 100.0, 7.0, kNaN});
    ExpectSame(Numeric({values->Slice(1, 2), true}, -1.0), {-1.0, 100.0, -1.0});
    ExpectSame(Numeric({values->Slice(4)}), {});
  }
  ExpectSame(Numeric({ArrayOf(arrow::boolean(), "[true, null, false]"), true}),
             {1.0, kNaN, 0.0, kNaN});
  ExpectSame(Numeric({std::make_shared<arrow::NullArray>(2)}), {kNaN, kNaN});
}

TEST(NumericForm, MissingIsNullAndNaN) {
  for (const auto& type : {arrow::float32(), arrow::float64(), arrow::float16()}) {
    ExpectSame(Numeric({ArrayOf(type, "[NaN, null, 0.5, -0.0]"), true}, 9.0),
               {9.0, 9.0, 0.5, -0.0, 9.0});
  }
}

TEST(NumericForm, NullsOfManyWords) {
  std::string json = "[";
  std::vector<double> expected;
  for (int i = 0; i < 1000; ++i) {
    const bool null = i % 7 == 3 || (i > 300 && i < 500);
    json += (i == 0 ? "" : ", ") + (null ? "null" : std::to_string(i));
    expected.push_back(null ? kNaN : i);
  }
  const auto values = ArrayOf(arrow::int32(), json + "]");
  for (const int64_t from : {0, 1, 63, 64, 299, 500}) {
    ExpectSame(Numeric({values->Slice(from)}), {expected.begin() + from, expected.end()});
  }
}

TEST(NumericForm, SharesMemoryWhereItCan) {
  const auto values = Doubles({1.0, 2.0});
  EXPECT_EQ(*ToNumeric({values}, arrow::default_memory_pool()), values);
  const auto narrow = std::static_pointer_cast<arrow::DoubleArray>(values);
  EXPECT_EQ(
      (*FromNumeric(*narrow, arrow::float64(), arrow::default_memory_pool()))->data()->buffers[1],
      values->data()->buffers[1]);
}

TEST(NumericForm, RoundsLargeIntegersToNearestEven) {
  ExpectSame(Numeric({ArrayOf(arrow::int64(),
                              "[9007199254740993, 9223372036854775807, "
                              "-9223372036854775808, 9007199254740995]")}),
             {9007199254740992.0, 0x1p63, -0x1p63, 9007199254740996.0});
  ExpectSame(Numeric({ArrayOf(arrow::uint64(), "[18446744073709551615]")}), {0x1p64});
}

TEST(NumericForm, DecimalsAreTheNearestDouble) {
  // Nearest doubles as the compiler reads the same decimal text.
  ExpectSame(Numeric({ArrayOf(arrow::decimal128(38, 10),
                              R"(["0.1000000000", "-1234567890123456789.0123456789",
                                  "9007199254740993.0000000000", null])"),
                      true}),
             {0.1, -1234567890123456789.0123456789, 9007199254740993.0, kNaN, kNaN});
  ExpectSame(Numeric({ArrayOf(arrow::decimal128(5, 2), R"(["-0.07", "123.45"])")}),
             {-0.07, 123.45});
  ExpectSame(Numeric({ArrayOf(arrow::decimal256(60, 30),
                              R"(["123456789.123456789012345678901234567890"])")}),
             {123456789.123456789012345678901234567890});
  ExpectSame(Numeric({ArrayOf(arrow::decimal32(6, 3), R"(["-12.345"])")}), {-12.345});
  ExpectSame(Numeric({ArrayOf(arrow::decimal64(18, 17), R"(["0.12345678901234567"])")}),
             {0.12345678901234567});
}

TEST(NumericForm, CastsBackWithNaNAsNull) {
  const auto floats = Cast({1.5, kNaN, 0.1, 1e300, -0.0}, arrow::float32());
  EXPECT_EQ(floats->null_count(), 1);
  EXPECT_TRUE(floats->IsNull(1));
  ExpectSame(ToVector(*floats), {1.5, kNaN, static_cast<double>(0.1f), kInfinity, -0.0});
  EXPECT_EQ(static_cast<const arrow::FloatArray&>(*floats).raw_values()[1], 0.0f);
  EXPECT_EQ(Cast({1.0}, arrow::float32())->null_bitmap_data(), nullptr);
  std::vector<double> many(100, 2.0);
  many[7] = many[64] = many[99] = kNaN;
  const auto cast = Cast(many, arrow::float64());
  EXPECT_EQ(cast->null_count(), 3);
  ExpectSame(ToVector(*cast), many);
}

TEST(NumericForm, CastsToIntegersTowardsZeroAndChecksTheRange) {
  EXPECT_TRUE(Cast({-1.9, kNaN, 127.9, -128.5}, arrow::int8())
                  ->Equals(ArrayOf(arrow::int8(), "[-1, null, 127, -128]")));
  EXPECT_TRUE(Cast({-0.5, 18446744073709549568.0}, arrow::uint64())
                  ->Equals(ArrayOf(arrow::uint64(), "[0, 18446744073709549568]")));
  EXPECT_TRUE(
      Cast({-0x1p63}, arrow::int64())->Equals(ArrayOf(arrow::int64(), "[-9223372036854775808]")));
  EXPECT_TRUE(Cast({0.0, 0.5, -2.0, kNaN}, arrow::boolean())
                  ->Equals(ArrayOf(arrow::boolean(), "[false, true, true, null]")));
  const auto refuses = [](double value, const std::shared_ptr<arrow::DataType>& type) {
    const auto array = std::static_pointer_cast<arrow::DoubleArray>(Doubles({0.0, value}));
    const auto cast = FromNumeric(*array, type, arrow::default_memory_pool());
    EXPECT_FALSE(cast.ok());
    EXPECT_EQ(base::KindOf(cast.status()), base::ErrorKind::kData);
    return cast.status().message();
  };
  EXPECT_EQ(refuses(128, arrow::int8()), "value 128 does not fit int8");
  EXPECT_EQ(refuses(-1, arrow::uint32()), "value -1 does not fit uint32");
  EXPECT_EQ(refuses(0x1p63, arrow::int64()), "value 9223372036854775808 does not fit int64");
  EXPECT_EQ(refuses(kInfinity, arrow::int32()), "value inf does not fit int32");
}

TEST(NumericForm, WritesNumbersShortly) {
  EXPECT_EQ(NumberText(3.0), "3");
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(-1e300), "-1e+300");
}

}  // namespace
}  // namespace emberharmony::feature

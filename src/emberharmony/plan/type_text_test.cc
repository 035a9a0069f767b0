#include <arrow/type.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/type_text_internal.h"

namespace emberharmony::plan::internal {
namespace {

TEST(TypeText, ReadsBackEveryFlatType) {
  using arrow::TimeUnit;
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> cases = {
      {arrow::null(), "null"},
      {arrow::boolean(), "bool"},
      {arrow::int8(), "int8"},
      {arrow::uint64(), "uint64"},
      {arrow::float16(), "float16"},
      {arrow::float32(), "float32"},
      {arrow::float64(), "float64"},
      {arrow::utf8(), "string"},
      {arrow::large_utf8(), "large_string"},
      {arrow::utf8_view(), "string_view"},
      {arrow::binary(), "binary"},
      {arrow::large_binary(), "large_binary"},
      {arrow::fixed_size_binary(16), "fixed_size_binary[16]"},
      {arrow::date32(), "date32"},
      {arrow::date64(), "date64"},
      {arrow::time32(TimeUnit::SECOND), "time32[s]"},
      {arrow::time32(TimeUnit::MILLI), "time32[ms]"},
      {arrow::time64(TimeUnit::MICRO), "time64[us]"},
      {arrow::time64(TimeUnit::NANO), "time64[ns]"},
      {arrow::duration(TimeUnit::SECOND), "duration[s]"},
      {arrow::timestamp(TimeUnit::NANO), "timestamp[ns]"},
      {arrow::timestamp(TimeUnit::MICRO, "UTC"), "timestamp[us, UTC]"},
      {arrow::timestamp(TimeUnit::MILLI, "a], b"), "timestamp[ms, a], b]"},
      {arrow::decimal32(5, 2), "decimal32(5, 2)"},
      {arrow::decimal64(10, 0), "decimal64(10, 0)"},
      {arrow::decimal128(10, 2), "decimal128(10, 2)"},
      {arrow::decimal256(70, -3), "decimal256(70, -3)"},
      {arrow::dictionary(arrow::int32(), arrow::utf8()), "dictionary[int32, string]"},
      {arrow::dictionary(arrow::int8(), arrow::timestamp(TimeUnit::MICRO, "UTC")),
       "dictionary[int8, timestamp[us, UTC]]"},
  };
  for (const auto& [type, text] : cases) {
    const auto written = TypeText(*type);
    ASSERT_TRUE(written.ok()) << type->ToString();
    EXPECT_EQ(*written, text);
    const auto read = ParseTypeText(text);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE((*read)->Equals(*type)) << (*read)->ToString();
  }
}

TEST(TypeText, KnowsListsOfFlatValues) {
  for (const auto& element :
       {arrow::int32(), arrow::utf8(), arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")}) {
    const auto text = TypeText(*arrow::list(element));
    ASSERT_TRUE(text.ok());
    const auto read = ParseTypeText(*text);
    ASSERT_TRUE(read.ok()) << *text;
    EXPECT_TRUE((*read)->Equals(arrow::list(element))) << *text;
  }
}

TEST(TypeText, RefusesAllElse) {
  for (const char* text : {"",
                           "int",
                           "Int64",
                           "int64 ",
                           "decimal128(39, 2)",
                           "decimal128(10,2)",
                           "decimal128(010, 2)",
                           "decimal128(, )",
                           "decimal128)2, 1(",
                           "timestamp[",
                           "timestamp[]",
                           "timestamp[us, ]",
                           "timestamp[m]",
                           "time64[s]",
                           "fixed_size_binary[-1]",
                           "fixed_size_binary[99999999999]",
                           "list[int]",
                           "list[list[int32]]",
                           "list[dictionary[int32, string]]",
                           "dictionary[string, string]",
                           "dictionary[int32, dictionary[int32, string]]",
                           "dictionary[int32]",
                           "duration[us, UTC]"}) {
    const auto read = ParseTypeText(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(base::KindOf(read.status()), base::ErrorKind::kData);
  }
  const auto nested = TypeText(*arrow::list(arrow::list(arrow::int32())));
  ASSERT_FALSE(nested.ok());
  EXPECT_EQ(base::KindOf(nested.status()), base::ErrorKind::kUsage);
}

}  // namespace
}  // namespace emberharmony::plan::internal

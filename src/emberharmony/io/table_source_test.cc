#include "emberharmony/io/table_source.h"

#include <arrow/api.h>
#include <arrow/array/array_run_end.h>
#include <arrow/compute/cast.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/array_pieces.h"

namespace emberharmony::io {
namespace {

using arrow::json::ArrayFromJSONString;
using ::testing::HasSubstr;

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::Array> Dictionary(const std::shared_ptr<arrow::DataType>& index_type,
                                         const std::string& indices,
                                         const std::shared_ptr<arrow::DataType>& value_type,
                                         const std::string& values) {
  return arrow::DictionaryArray::FromArrays(FromJson(index_type, indices),
                                            FromJson(value_type, values))
      .ValueOrDie();
}

std::shared_ptr<Source> SourceOf(const std::shared_ptr<arrow::ChunkedArray>& column) {
  return MakeTableSource(
      arrow::Table::Make(arrow::schema({arrow::field("c", column->type())}), {column}));
}

/// All rows of a column, put together from its pieces by what batch.h says of them.
arrow::Result<std::shared_ptr<arrow::Array>> ReadAll(const Source& source, int column,
                                                     int64_t batch_rows, int64_t start = 0) {
  arrow::ArrayVector parts;
  for (const Unit& unit : source.units()) {
    BatchOptions options;
    options.batch_rows = batch_rows;
    ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, {column}, options, {start}));
    int64_t row = start;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch) break;
      EXPECT_EQ(batch->first_row, row);
      row += batch->num_rows;
      int64_t num_rows = 0;
      for (const Piece& piece : batch->columns[0].pieces) {
        num_rows += piece.num_rows;
        if (!piece.encoded()) {
          EXPECT_EQ(piece.values->length(), piece.num_rows);
          parts.push_back(piece.values);
          continue;
        }
        EXPECT_EQ(piece.values->null_count(), 0);
        EXPECT_NE(piece.dictionary_id, 0);
        std::unique_ptr<arrow::ArrayBuilder> builder;
        ARROW_RETURN_NOT_OK(
            arrow::MakeBuilder(arrow::default_memory_pool(), piece.values->type(), &builder));
        for (int64_t i = 0; i < piece.num_rows; ++i) {
          const int32_t index = piece.index_data()[i];
          if (index == piece.values->length()) {
            ARROW_RETURN_NOT_OK(builder->AppendNull());
          } else {
            ARROW_RETURN_NOT_OK(builder->AppendArraySlice(*piece.values->data(), index, 1));
          }
        }
        ARROW_ASSIGN_OR_RAISE(auto part, builder->Finish());
        parts.push_back(std::move(part));
      }
      EXPECT_EQ(num_rows, batch->num_rows);
    }
    EXPECT_EQ(row, unit.num_rows);
  }
  if (parts.empty()) return arrow::MakeEmptyArray(source.schema()->field(column)->type());
  return arrow::Concatenate(parts);
}

struct Case {
  std::string name;
  std::shared_ptr<arrow::Array> array;
  std::shared_ptr<arrow::Array> expected;
};

std::vector<Case> Cases() {
  const auto texts = FromJson(arrow::utf8(), R"(["a", null, "bb", "a", "", "ccc", null])");
  const auto cast = [](const std::shared_ptr<arrow::Array>& array,
                       const std::shared_ptr<arrow::DataType>& type) {
    return arrow::compute::Cast(*array, type).ValueOrDie();
  };
  const auto decimals =
      FromJson(arrow::decimal128(9, 2), R"(["1.25", null, "-3.00", "0.00", "7.10", null, "2.00"])");
  const auto runs = arrow::RunEndEncodedArray::Make(7, FromJson(arrow::int32(), "[2, 3, 6, 7]"),
                                                    FromJson(arrow::int64(), "[5, null, 6, 5]"))
                        .ValueOrDie();
  return {
      {"numbers", FromJson(arrow::int32(), "[1, null, 3, 4, 5, 6, 7]"),
       FromJson(arrow::int32(), "[1, null, 3, 4, 5, 6, 7]")},
      {"booleans", FromJson(arrow::boolean(), "[true, null, false, true, true, false, null]"),
       FromJson(arrow::boolean(), "[true, null, false, true, true, false, null]")},
      {"large_texts", cast(texts, arrow::large_utf8()), texts},
      {"text_views", cast(texts, arrow::utf8_view()), texts},
      {"wide_decimals", cast(decimals, arrow::decimal256(9, 2)), decimals},
      {"dictionary",
       Dictionary(arrow::int8(), "[0, null, 1, 0, 2, 3, null]", arrow::utf8(),
                  R"(["a", "bb", "", "ccc"])"),
       texts},
      {"dictionary_with_null",
       Dictionary(arrow::uint16(), "[1, 0, 2, 1, 3, 4, null]", arrow::large_utf8(),
                  R"([null, "a", "bb", "", "ccc"])"),
       texts},
      {"dictionary_of_nulls",
       Dictionary(arrow::int64(), "[0, 0, null, 0, 0, 0, 0]", arrow::utf8(), "[null]"),
       FromJson(arrow::utf8(), "[null, null, null, null, null, null, null]")},
      {"runs", runs, FromJson(arrow::int64(), "[5, 5, null, 6, 6, 6, 5]")},
      {"nothing", FromJson(arrow::null(), "[null, null, null, null, null, null, null]"),
       FromJson(arrow::null(), "[null, null, null, null, null, null, null]")},
  };
}

TEST(TableSource, GivesRowsInTheTypesOfSources) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    const auto source = SourceOf(std::make_shared<arrow::ChunkedArray>(c.array));
    EXPECT_TRUE(source->schema()->field(0)->type()->Equals(c.expected->type()));
    for (const int64_t batch_rows : {1, 3, 100}) {
      const auto rows = ReadAll(*source, 0, batch_rows);
      ASSERT_TRUE(rows.ok()) << rows.status();
      EXPECT_TRUE((*rows)->Equals(c.expected)) << (*rows)->ToString();
    }
  }
}

TEST(TableSource, ChunksSlicesAndCursorsChangeNothing) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.name);
    // Rows 1 to 5 of the array, an empty chunk, then all rows.
    const auto column = std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{
        c.array->Slice(1, 3), c.array->Slice(4, 2), c.array->Slice(3, 0), c.array});
    const auto source = SourceOf(column);
    const auto expected = arrow::Concatenate({c.expected->Slice(1, 5), c.expected}).ValueOrDie();
    for (const int64_t batch_rows : {1, 4, 100}) {
      for (const int64_t start : {0, 2, 5, 12}) {
        const auto rows = ReadAll(*source, 0, batch_rows, start);
        ASSERT_TRUE(rows.ok()) << rows.status();
        EXPECT_TRUE((*rows)->Equals(expected->Slice(start))) << (*rows)->ToString();
      }
    }
  }
}

TEST(TableSource, UnitsDoNotDependOnChunks) {
  constexpr int64_t kRows = 1'200'000;
  const auto numbers = [](int64_t first, int64_t count) {
    arrow::Int64Builder builder;
    for (int64_t i = first; i < first + count; ++i) EXPECT_TRUE(builder.Append(i).ok());
    return builder.Finish().ValueOrDie();
  };
  const auto whole = numbers(0, kRows);
  const auto cut = std::make_shared<arrow::ChunkedArray>(
      arrow::ArrayVector{numbers(0, 700'001), numbers(700'001, 499'999)});
  for (const auto& column : {std::make_shared<arrow::ChunkedArray>(whole), cut}) {
    const auto source = SourceOf(column);
    ASSERT_EQ(source->units().size(), 3U);
    EXPECT_EQ(source->units()[0].num_rows, 524288);
    EXPECT_EQ(source->num_rows(), kRows);
    EXPECT_TRUE(ReadAll(*source, 0, 65536).ValueOrDie()->Equals(whole));
  }
}

TEST(TableSource, TheMembersOfStructsAreColumns) {
  const auto inner = arrow::struct_({arrow::field("n", arrow::int32())});
  const auto type =
      arrow::struct_({arrow::field("t", arrow::large_utf8()), arrow::field("s", inner)});
  const auto array = FromJson(
      type,
      R"([{"t": "x", "s": {"n": 1}}, null, {"t": null, "s": null}, {"t": "y", "s": {"n": 4}}])");
  const auto source = SourceOf(std::make_shared<arrow::ChunkedArray>(array->Slice(1)));
  const auto flat = FlattenStructs(source);
  ASSERT_EQ(flat->schema()->field_names(), (std::vector<std::string>{"c.t", "c.s.n"}));
  EXPECT_TRUE(ReadAll(*flat, 0, 2)->get()->Equals(FromJson(arrow::utf8(), R"([null, null, "y"])")));
  EXPECT_TRUE(ReadAll(*flat, 1, 2)->get()->Equals(FromJson(arrow::int32(), "[null, null, 4]")));
}

TEST(TableSource, ATableWithoutRowsHasNoUnits) {
  const auto source =
      SourceOf(std::make_shared<arrow::ChunkedArray>(FromJson(arrow::int8(), "[]")));
  EXPECT_TRUE(source->units().empty());
  EXPECT_EQ(source->num_rows(), 0);
}

TEST(TableSource, AnIndexBeyondItsDictionaryIsAnError) {
  const auto indices = FromJson(arrow::int8(), "[0, 1, 2]");
  const auto array =
      std::make_shared<arrow::DictionaryArray>(arrow::dictionary(arrow::int8(), arrow::utf8()),
                                               indices, FromJson(arrow::utf8(), R"(["a", "b"])"));
  const auto rows = ReadAll(*SourceOf(std::make_shared<arrow::ChunkedArray>(array)), 0, 10);
  ASSERT_FALSE(rows.ok());
  EXPECT_THAT(rows.status().message(), HasSubstr("column 'c'"));
  EXPECT_THAT(rows.status().message(), HasSubstr("index 2 into a dictionary of 2"));
}

TEST(TableSource, AColumnThatIsNotThereIsRefused) {
  const auto source =
      SourceOf(std::make_shared<arrow::ChunkedArray>(FromJson(arrow::int8(), "[1]")));
  const auto reader = source->Open(source->units()[0], {1}, {});
  EXPECT_EQ(base::KindOf(reader.status()), base::ErrorKind::kUsage);
}

}  // namespace
}  // namespace emberharmony::io

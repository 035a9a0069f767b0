#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/compute/initialize.h>
#include <arrow/extension/uuid.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/arrow_test_files_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"

namespace emberharmony::io {
namespace {

using internal::ArrowSource;
using testing::AllArrowFormats;
using testing::ArrowFormat;
using testing::Batches;
using testing::Cut;
using ::testing::HasSubstr;
using testing::RandomTable;
using testing::ReadColumns;
using testing::WriteArrow;

arrow::Result<std::shared_ptr<Source>> Open(const std::shared_ptr<arrow::Buffer>& bytes,
                                            int64_t index_bytes = ArrowSource::kIndexBytesMax) {
  return ArrowSource::MakeFromFile("test.arrow", std::make_shared<arrow::io::BufferReader>(bytes),
                                   index_bytes);
}

/// The rows of a column in the type in which sources show it, by Arrow's own casts.
std::shared_ptr<arrow::Array> ExpectedColumns(const Batches& batches, int column,
                                              const std::shared_ptr<arrow::DataType>& type) {
  arrow::ArrayVector parts;
  for (const auto& batch : batches) {
    auto array = batch->column(column);
    if (array->type_id() == arrow::Type::EXTENSION) {
      array = static_cast<const arrow::ExtensionArray&>(*array).storage();
    }
    if (array->type_id() == arrow::Type::RUN_END_ENCODED) {
      array = arrow::compute::CallFunction("run_end_decode", {array}).ValueOrDie().make_array();
    }
    if (array->type_id() == arrow::Type::DICTIONARY) {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
      const auto values = arrow::compute::Cast(*encoded.dictionary(), type).ValueOrDie();
      array = arrow::compute::Take(*values, *encoded.indices()).ValueOrDie();
    }
    if (!array->type()->Equals(*type)) {
      array = arrow::compute::Cast(*array, type).ValueOrDie();
    }
    parts.push_back(std::move(array));
  }
  return arrow::Concatenate(parts).ValueOrDie();
}

std::vector<int> AllArrowColumns(const Source& source) {
  std::vector<int> columns(static_cast<size_t>(source.schema()->num_fields()));
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

void ExpectReads(const Batches& batches, const ArrowFormat& format, const std::string& what,
                 const std::vector<int64_t>& batch_rows = {7, 1000, 65536}) {
  for (const int64_t index_bytes : {int64_t{0}, ArrowSource::kIndexBytesMax}) {
    const auto opened = Open(WriteArrow(batches, format), index_bytes);
    ASSERT_TRUE(opened.ok()) << what << ": " << opened.status().ToString();
    const Source& source = **opened;
    for (const int64_t rows : batch_rows) {
      BatchOptions options;
      options.batch_rows = rows;
      for (const int64_t skip : {0, 11}) {
        const auto arrays = ReadColumns(source, AllArrowColumns(source), options, skip);
        ASSERT_TRUE(arrays.ok()) << what << ": " << arrays.status().ToString();
        for (int i = 0; i < source.schema()->num_fields(); ++i) {
          const auto& type = source.schema()->field(i)->type();
          const auto expected = ExpectedColumns(batches, i, type);
          const auto& found = (*arrays)[static_cast<size_t>(i)];
          if (source.units().size() == 1) {
            ASSERT_TRUE(found->Equals(
                *expected->Slice(std::min(skip, expected->length())),
                arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false)))
                << what << ", column " << source.schema()->field(i)->name() << ", batches of "
                << rows << " from row " << skip;
          }
        }
      }
    }
  }
}

class ArrowSourceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
};

TEST_F(ArrowSourceTest, EveryTypeAndFormat) {
  for (const double null_share : {0.0, 0.3, 1.0}) {
    const auto table = RandomTable({.num_rows = 2500, .null_share = null_share});
    for (const auto& [name, format] : AllArrowFormats()) {
      ExpectReads(Cut(*table, 900), format, name);
    }
  }
}

TEST_F(ArrowSourceTest, OtherLayoutsOfTheSameTypes) {
  const auto table = RandomTable({.num_rows = 2000, .null_share = 0.2, .seed = 3});
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::string& name, std::shared_ptr<arrow::Array> array) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
  };
  const auto column = [&](const std::string& name) {
    return arrow::Concatenate(table->GetColumnByName(name)->chunks()).ValueOrDie();
  };
  const auto cast = [&](const std::string& name, const std::shared_ptr<arrow::DataType>& type) {
    return arrow::compute::Cast(*column(name), type).ValueOrDie();
  };
  add("string_view", cast("large_string", arrow::utf8_view()));
  add("row", column("row"));
  add("binary_view", cast("binary", arrow::binary_view()));
  add("large_binary", cast("binary", arrow::large_binary()));
  add("decimal32", cast("decimal_5_2", arrow::decimal32(5, 2)));
  add("decimal64", cast("decimal_18_4", arrow::decimal64(18, 4)));
  add("decimal256", cast("decimal_38_10", arrow::decimal256(38, 10)));
  add("empty_bytes", arrow::MakeArrayOfNull(arrow::fixed_size_binary(0), 2000).ValueOrDie());
  add("uuid", arrow::ExtensionType::WrapArray(
                  arrow::extension::uuid(),
                  arrow::MakeArrayFromScalar(
                      arrow::FixedSizeBinaryScalar(arrow::Buffer::FromString("0123456789abcdef"),
                                                   arrow::fixed_size_binary(16)),
                      2000)
                      .ValueOrDie()));
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), 2000, arrays);
  for (const auto& [name, format] : AllArrowFormats()) {
    ExpectReads({batch->Slice(0, 1100), batch->Slice(1100)}, format, name);
  }
}

TEST_F(ArrowSourceTest, Dictionaries) {
  std::mt19937_64 random(4);
  for (const auto& index_type :
       {arrow::int8(), arrow::uint8(), arrow::int16(), arrow::uint16(), arrow::int32(),
        arrow::uint32(), arrow::int64(), arrow::uint64()}) {
    for (const bool null_entries : {false, true}) {
      for (const auto& value_type : {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view(),
                                     arrow::float64(), arrow::decimal32(6, 1)}) {
        arrow::StringBuilder values;
        arrow::Int64Builder indices;
        for (int i = 0; i < 100; ++i) {
          const bool null = null_entries && i % 9 == 4;
          ASSERT_TRUE((null ? values.AppendNull() : values.Append(std::to_string(i * 7))).ok());
        }
        for (int i = 0; i < 1500; ++i) {
          ASSERT_TRUE((random() % 5 == 0 ? indices.AppendNull()
                                         : indices.Append(static_cast<int64_t>(random() % 100)))
                          .ok());
        }
        const auto dictionary = arrow::DictionaryArray::FromArrays(
            arrow::dictionary(index_type, value_type),
            arrow::compute::Cast(**indices.Finish(), index_type).ValueOrDie(),
            arrow::compute::Cast(**values.Finish(), value_type).ValueOrDie());
        ASSERT_TRUE(dictionary.ok()) << dictionary.status().ToString();
        const auto batch =
            arrow::RecordBatch::Make(arrow::schema({arrow::field("before", (*dictionary)->type()),
                                                    arrow::field("d", (*dictionary)->type())}),
                                     1500, {*dictionary, (*dictionary)->Slice(0, 1500)});
        for (const bool has_footer : {true, false}) {
          ExpectReads({batch->Slice(0, 700), batch->Slice(700)}, {.has_footer = has_footer},
                      index_type->ToString() + " to " + value_type->ToString(), {13, 65536});
        }
      }
    }
  }
}

/// A batch whose column "d" has its own dictionary of texts.
std::shared_ptr<arrow::RecordBatch> WithDictionary(const std::vector<std::string>& entries,
                                                   const std::vector<int>& rows) {
  arrow::StringBuilder values;
  arrow::Int32Builder indices;
  EXPECT_TRUE(values.AppendValues(entries).ok());
  for (const int row : rows) {
    EXPECT_TRUE((row < 0 ? indices.AppendNull() : indices.Append(row)).ok());
  }
  const auto array =
      arrow::DictionaryArray::FromArrays(*indices.Finish(), *values.Finish()).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("d", array->type())}),
                                  array->length(), {array});
}

TEST_F(ArrowSourceTest, DictionariesThatGrowOrAreReplaced) {
  const Batches growing = {WithDictionary({"a", "b"}, {0, 1, 0}),
                           WithDictionary({"a", "b", "c"}, {2, -1, 1}),
                           WithDictionary({"a", "b", "c"}, {2, 2}),
                           WithDictionary({"a", "b", "c", "d", "e"}, {4, 3, 0})};
  ExpectReads(growing, {.has_footer = true, .deltas = true}, "growing, file", {1, 2, 100});
  ExpectReads(growing, {.has_footer = false, .deltas = true}, "growing, stream", {1, 2, 100});
  const Batches replaced = {
      WithDictionary({"a", "b"}, {0, 1, 0}), WithDictionary({"x", "y", "z"}, {2, -1, 1}),
      WithDictionary({"x", "y", "z", "new"}, {3, 0}), WithDictionary({"b"}, {0, 0, -1, 0})};
  ExpectReads(replaced, {.has_footer = false, .deltas = true}, "replaced", {1, 2, 100});
  // One dictionary serves the batches of a unit that only add to it.
  const auto source = *Open(WriteArrow(growing, {.has_footer = false, .deltas = true}));
  auto reader = *source->Open(source->units()[0], {0}, {});
  const auto batch = *reader->Next();
  ASSERT_EQ(batch->columns[0].pieces.size(), 4u);
  for (const Piece& piece : batch->columns[0].pieces) {
    EXPECT_EQ(piece.values, batch->columns[0].pieces[0].values);
    EXPECT_EQ(piece.values->length(), 5);
  }
}

TEST_F(ArrowSourceTest, RunEnds) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::shared_ptr<arrow::Array>& ends,
                       const std::shared_ptr<arrow::Array>& values) {
    const auto array = arrow::RunEndEncodedArray::Make(1000, ends, values).ValueOrDie();
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), array->type()));
    arrays.push_back(array);
  };
  const auto values = *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a", null, "b", "a"])");
  const auto numbers = *arrow::json::ArrayFromJSONString(arrow::float64(), "[1.5, null, 2, null]");
  for (const auto& type : {arrow::int16(), arrow::int32(), arrow::int64()}) {
    const auto ends = *arrow::json::ArrayFromJSONString(type, "[3, 500, 501, 1000]");
    add(ends, values);
    add(ends, numbers);
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), 1000, arrays);
  ExpectReads({batch, batch->Slice(100, 450)}, {}, "file", {1, 7, 65536});
  ExpectReads({batch, batch->Slice(100, 450)}, {.has_footer = false}, "stream", {7, 65536});
  const auto source = *Open(WriteArrow({batch}, {}));
  EXPECT_TRUE(source->Hint(source->units()[0], 0).dictionary_encoded);
}

TEST_F(ArrowSourceTest, UnitsCloseWithTheBatchThatFillsThem) {
  const auto rows = [](int64_t n) {
    return arrow::RecordBatch::Make(
        arrow::schema({arrow::field("x", arrow::int8())}), n,
        {arrow::MakeArrayFromScalar(arrow::Int8Scalar(1), n).ValueOrDie()});
  };
  const auto sizes = [&](const Batches& batches) {
    std::vector<int64_t> result;
    const auto source = *Open(WriteArrow(batches, {}));
    for (const Unit& unit : source->units()) {
      EXPECT_EQ(unit.index, static_cast<int64_t>(result.size()));
      result.push_back(unit.num_rows);
    }
    return result;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(sizes({rows(10), rows(0), rows(20)}), ElementsAre(30));
  EXPECT_THAT(sizes({rows(0)}), ElementsAre());
  EXPECT_THAT(sizes({rows(524287), rows(1), rows(3)}), ElementsAre(524288, 3));
  EXPECT_THAT(sizes({rows(524287), rows(900000), rows(3)}), ElementsAre(1424287, 3));
  EXPECT_THAT(sizes({rows(64 << 20), rows(3)}), ElementsAre(64 << 20, 3));
}

TEST_F(ArrowSourceTest, ABatchLargerThanMemoryIsReadInPieces) {
  constexpr int64_t kRows = 3000000;
  arrow::Int64Builder numbers;
  arrow::LargeStringBuilder texts;
  for (int64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE((i % 10 == 0 ? numbers.AppendNull() : numbers.Append(i)).ok());
    ASSERT_TRUE(texts.Append(std::to_string(i)).ok());
  }
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::large_utf8())}),
      kRows, {*numbers.Finish(), *texts.Finish()});
  for (const auto codec : {arrow::Compression::UNCOMPRESSED, arrow::Compression::LZ4_FRAME,
                           arrow::Compression::ZSTD}) {
    const auto source = *Open(WriteArrow({batch}, {.codec = codec}));
    const auto budget = base::MemoryBudget::MakeRoot("test", int64_t{5} << 20);
    BatchOptions options;
    options.batch_rows = 10000;
    options.pool = budget.get();
    for (const int column : {0, 1}) {
      auto reader = *source->Open(source->units()[0], {column}, options, {123457});
      int64_t row = 123457;
      while (true) {
        const auto next = reader->Next();
        ASSERT_TRUE(next.ok()) << next.status().ToString();
        if (!next->has_value()) break;
        const Piece& piece = (*next)->columns[0].pieces.at(0);
        if (column == 0) {
          const auto& array = static_cast<const arrow::Int64Array&>(*piece.values);
          for (const int64_t i : {int64_t{0}, piece.num_rows - 1}) {
            ASSERT_EQ(array.IsNull(i), (row + i) % 10 == 0);
            if (array.IsValid(i)) {
              ASSERT_EQ(array.Value(i), row + i);
            }
          }
        } else {
          const auto& array = static_cast<const arrow::StringArray&>(*piece.values);
          ASSERT_EQ(array.GetString(0), std::to_string(row));
          ASSERT_EQ(array.GetString(piece.num_rows - 1), std::to_string(row + piece.num_rows - 1));
        }
        row += (*next)->num_rows;
      }
      EXPECT_EQ(row, kRows);
    }
  }
}

TEST_F(ArrowSourceTest, HintsAreOfTheColumnAlone) {
  const auto table = RandomTable({.num_rows = 1000, .null_share = 0.25, .seed = 8});
  const auto source = *Open(WriteArrow(Cut(*table, 300), {}));
  const auto hint = [&](const std::string& name) {
    return source->Hint(source->units()[0], source->schema()->GetFieldIndex(name));
  };
  EXPECT_EQ(hint("row").null_count, 0);
  EXPECT_GE(hint("row").compressed_bytes, 8000);
  EXPECT_LT(hint("row").compressed_bytes, 8300);
  EXPECT_EQ(hint("int8").null_count, table->GetColumnByName("int8")->null_count());
  EXPECT_FALSE(hint("string").dictionary_encoded);
  const auto encoded = *Open(WriteArrow({WithDictionary({"a"}, {0, -1})}, {}));
  EXPECT_TRUE(encoded->Hint(encoded->units()[0], 0).dictionary_encoded);
  EXPECT_EQ(encoded->Hint(encoded->units()[0], 0).null_count, -1);
}

TEST_F(ArrowSourceTest, WhatIsNotRead) {
  const auto numbers = *arrow::json::ArrayFromJSONString(arrow::int8(), "[7]");
  const auto unions = *arrow::SparseUnionArray::Make(
      arrow::Int8Array(1, arrow::Buffer::FromString(std::string(1, '\0'))), {numbers});
  const auto around =
      *arrow::StructArray::Make({unions, numbers}, std::vector<std::string>{"u", "x"});
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("s", around->type()), arrow::field("x", arrow::int8())}), 1,
      {around, numbers});
  const auto source = *Open(WriteArrow({batch}, {}));
  for (const int column : {0, 2}) {
    const auto refused = source->Open(source->units()[0], {column}, {}).status();
    EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage);
    EXPECT_THAT(refused.message(), HasSubstr("split by a key, or write the table without it"));
  }
  for (const int column : {1, 3}) {
    const auto arrays = *ReadColumns(*source, {column}, {});
    EXPECT_EQ(static_cast<const arrow::Int8Array&>(*arrays[0]).Value(0), 7);
  }
  const auto message = [](const std::string& bytes) {
    const auto status = Open(arrow::Buffer::FromString(bytes)).status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_THAT(status.message(), HasSubstr("'test.arrow' is not a readable Arrow file"));
    return status.message();
  };
  EXPECT_THAT(message("FEA1 and more"), HasSubstr("version 1 of the Feather format"));
  EXPECT_THAT(message("ARROW1"), HasSubstr("it has only 6 bytes"));
  EXPECT_THAT(message(""), HasSubstr("does not begin with a schema"));
  EXPECT_THAT(message("plain text, which is longer than a mark"), HasSubstr("metadata"));
}

/// All that a source of these bytes has to say: it may be refused, but not crash, and what is read
/// must be of the promised form (ReadColumns).
arrow::Status ReadSource(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto source, Open(bytes));
  const auto budget = base::MemoryBudget::MakeRoot("test", int64_t{64} << 20);
  BatchOptions options;
  options.batch_rows = 100;
  options.pool = budget.get();
  if (source->num_rows() > 100000) return arrow::Status::Invalid("more rows than were written");
  for (const int column : AllArrowColumns(*source)) {
    (void)source->num_bytes();
    for (const Unit& unit : source->units()) (void)source->Hint(unit, column);
    ARROW_RETURN_NOT_OK(ReadColumns(*source, {column}, options).status());
  }
  return arrow::Status::OK();
}

TEST_F(ArrowSourceTest, DamagedBytesEndInAnErrorOrInValues) {
  const auto table = RandomTable({.num_rows = 400, .null_share = 0.2, .seed = 2});
  const auto encoded = WithDictionary({"alpha", "beta", "gamma"}, {0, 1, 2, 1, -1, 0});
  const auto runs = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("r", arrow::run_end_encoded(arrow::int32(), arrow::utf8()))}), 9,
      {arrow::RunEndEncodedArray::Make(
           9, *arrow::json::ArrayFromJSONString(arrow::int32(), "[2, 9]"),
           *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["u", null])"))
           .ValueOrDie()});
  const auto views = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("v", arrow::utf8_view())}), 3,
      {*arrow::json::ArrayFromJSONString(arrow::utf8_view(),
                                         R"(["short", null, "long enough to lie elsewhere"])")});
  std::mt19937_64 random(9);
  int failed = 0;
  int tried = 0;
  for (const auto& batches :
       {Cut(*table, 150), Batches{encoded, encoded}, Batches{runs}, Batches{views, views}}) {
    for (const auto& [name, format] : AllArrowFormats()) {
      const auto whole = WriteArrow(batches, format);
      ASSERT_TRUE(ReadSource(whole).ok()) << ReadSource(whole).ToString();
      for (int i = 0; i < 60; ++i, ++tried) {
        std::string bytes = whole->ToString();
        if (i % 4 == 0) {
          bytes.resize(random() % bytes.size());
        } else {
          bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
        }
        const auto status = ReadSource(arrow::Buffer::FromString(bytes));
        if (!status.ok()) ++failed;
      }
    }
  }
  EXPECT_GT(failed, tried / 5);
  EXPECT_LT(failed, tried);
}

}  // namespace
}  // namespace emberharmony::io

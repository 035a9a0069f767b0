#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/initialize.h>
#include <arrow/extension/uuid.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/arrow_test_files_internal.h"
#include "emberharmony/io/nested_json_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io {
namespace {

using arrow::field;
using arrow::Type;
using internal::ArrowSource;
using testing::AllArrowFormats;
using testing::Batches;
using testing::WriteArrow;
using Texts = std::vector<std::string>;

/// A random cell as arrow::json reads it, with nulls at every level.
std::string RandomJson(std::mt19937_64& random, const arrow::DataType& type) {
  if (random() % 5 == 0) return "null";
  const auto elements = [&](int64_t count, const arrow::DataType& of) {
    std::string text;
    for (int64_t i = 0; i < count; ++i) text += (i > 0 ? "," : "") + RandomJson(random, of);
    return "[" + text + "]";
  };
  switch (type.id()) {
    case Type::STRUCT: {
      std::string text;
      for (const auto& child : type.fields()) {
        text += (text.empty() ? "" : ",") + RandomJson(random, *child->type());
      }
      return "[" + text + "]";
    }
    case Type::FIXED_SIZE_LIST:
      return elements(static_cast<const arrow::FixedSizeListType&>(type).list_size(),
                      *type.field(0)->type());
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      std::string text;
      for (uint64_t i = random() % 3; i > 0; --i) {
        text += (text.empty() ? "" : ",") + ("[\"k" + std::to_string(i) + "\",") +
                RandomJson(random, *map.item_type()) + "]";
      }
      return "[" + text + "]";
    }
    case Type::DICTIONARY:
      return RandomJson(random, *static_cast<const arrow::DictionaryType&>(type).value_type());
    case Type::BOOL:
      return random() % 2 == 0 ? "true" : "false";
    case Type::NA:
      return "null";
    case Type::DECIMAL32:
      return "\"" + std::to_string(random() % 100) + ".25\"";
    default:
      break;
  }
  if (arrow::is_list_like(type.id()) || arrow::is_list_view(type.id())) {
    return elements(static_cast<int64_t>(random() % 4), *type.field(0)->type());
  }
  if (arrow::is_primitive(type.id())) return std::to_string(random() % 100);
  constexpr const char* kTexts[] = {"\"\"", "\"a\"", "\"seventeen letters\""};
  return kTexts[random() % 3];
}

std::shared_ptr<arrow::Array> RandomArray(const std::shared_ptr<arrow::DataType>& type, int rows,
                                          uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text;
  for (int i = 0; i < rows; ++i) text += (i > 0 ? "," : "") + RandomJson(random, *type);
  const auto array = arrow::json::ArrayFromJSONString(type, "[" + text + "]");
  EXPECT_TRUE(array.ok()) << type->ToString() << ": " << array.status().ToString();
  return *array;
}

arrow::Status AppendTexts(const arrow::Array& array, Texts* texts) {
  ARROW_ASSIGN_OR_RAISE(const auto cells, JsonCells::Make(array));
  for (int64_t i = 0; i < array.length(); ++i) {
    texts->emplace_back();
    cells->Append(i, &texts->back());
  }
  return arrow::Status::OK();
}

/// The cells of a column of a source.
arrow::Result<Texts> ReadTexts(const Source& source, int column, const BatchOptions& options,
                               int64_t skip = 0) {
  Texts texts;
  for (const Unit& unit : source.units()) {
    const int64_t start = std::min(skip, unit.num_rows);
    ARROW_ASSIGN_OR_RAISE(const auto reader, source.Open(unit, {column}, options, {start}));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (!batch.has_value()) break;
      int64_t rows = 0;
      for (const Piece& piece : batch->columns[0].pieces) {
        rows += piece.num_rows;
        ARROW_RETURN_NOT_OK(piece.values->Validate());
        if (!piece.encoded()) {
          EXPECT_EQ(piece.values->length(), piece.num_rows);
          ARROW_RETURN_NOT_OK(AppendTexts(*piece.values, &texts));
          continue;
        }
        Texts entries;
        ARROW_RETURN_NOT_OK(AppendTexts(*piece.values, &entries));
        entries.emplace_back("null");
        for (int64_t i = 0; i < piece.num_rows; ++i) {
          texts.push_back(entries.at(static_cast<size_t>(piece.index_data()[i])));
        }
      }
      EXPECT_EQ(rows, batch->num_rows);
    }
  }
  return texts;
}

arrow::Result<std::shared_ptr<Source>> OpenArrowBytes(const std::shared_ptr<arrow::Buffer>& bytes) {
  return ArrowSource::MakeFromFile("test.arrow", std::make_shared<arrow::io::BufferReader>(bytes));
}

/// The cells of a column of the batches: a field, or a member of a struct.
Texts ExpectedTexts(const Batches& batches, const StructMember& column) {
  Texts texts;
  for (const auto& batch : batches) {
    const auto array =
        TakeMember(batch->column(column.path[0]), column, arrow::default_memory_pool())
            .ValueOrDie();
    EXPECT_TRUE(AppendTexts(*array, &texts).ok());
  }
  return texts;
}

/// That a source of what was written has the cells of `expected`, members included.
void ExpectNestedReads(const Batches& written, const Batches& expected) {
  for (const auto& [name, format] : AllArrowFormats()) {
    const auto opened = OpenArrowBytes(WriteArrow(written, format));
    ASSERT_TRUE(opened.ok()) << name << ": " << opened.status().ToString();
    const Source& source = **opened;
    std::vector<StructMember> columns;
    for (int i = 0; i < source.schema()->num_fields(); ++i) {
      columns.push_back({{i}, source.schema()->field(i)});
    }
    const auto members = StructMembers(*source.schema());
    columns.insert(columns.end(), members.begin(), members.end());
    for (size_t i = 0; i < columns.size(); ++i) {
      const Texts texts = ExpectedTexts(expected, columns[i]);
      for (const int64_t rows : {7, 1000}) {
        for (const int64_t skip : {0, 11}) {
          BatchOptions options;
          options.batch_rows = rows;
          const auto found = ReadTexts(source, static_cast<int>(i), options, skip);
          ASSERT_TRUE(found.ok()) << name << ": " << found.status().ToString();
          ASSERT_EQ(*found,
                    Texts(texts.begin() + std::min<int64_t>(skip, std::ssize(texts)), texts.end()))
              << name << ", column " << columns[i].field->name() << ", batches of " << rows
              << " from row " << skip;
        }
      }
    }
  }
}

arrow::DataTypeVector NestedTypes() {
  const auto encoded = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto inner = arrow::struct_({field("t", arrow::list(arrow::large_utf8())),
                                     field("u", arrow::timestamp(arrow::TimeUnit::MILLI))});
  return {
      arrow::struct_({field("a", arrow::int32()), field("b", arrow::utf8_view()), field("c", inner),
                      field("d", arrow::null())}),
      arrow::list(
          arrow::struct_({field("x", arrow::int64()), field("y", arrow::list(arrow::boolean()))})),
      arrow::large_list(arrow::binary()),
      arrow::fixed_size_list(arrow::list(arrow::int16()), 2),
      arrow::fixed_size_list(arrow::float32(), 0),
      arrow::list_view(arrow::utf8_view()),
      arrow::large_list_view(inner),
      arrow::map(arrow::utf8(), arrow::list(arrow::float64())),
      arrow::list(arrow::decimal32(5, 2)),
      arrow::list(arrow::null()),
      arrow::list(encoded),
      arrow::struct_({field("e", encoded), field("f", arrow::struct_({field("g", encoded)}))}),
  };
}

std::shared_ptr<arrow::RecordBatch> RandomBatch(int rows, uint64_t seed) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& type : NestedTypes()) {
    fields.push_back(field("c" + std::to_string(fields.size()), type));
    arrays.push_back(RandomArray(type, rows, seed + fields.size()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
}

std::shared_ptr<arrow::RecordBatch> OneColumn(const std::shared_ptr<arrow::Array>& array) {
  return arrow::RecordBatch::Make(arrow::schema({field("c", array->type())}), array->length(),
                                  {array});
}

class ArrowNestedTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
};

TEST_F(ArrowNestedTest, EveryKindOfNestingAndFormat) {
  const auto batch = RandomBatch(900, 1);
  const Batches cut = {batch->Slice(0, 400), batch->Slice(400, 3), batch->Slice(403)};
  ExpectNestedReads(cut, cut);
}

TEST_F(ArrowNestedTest, ListViewsInAnyOrderOverlappingAndWithGaps) {
  const auto values = RandomArray(arrow::utf8(), 500, 3);
  std::mt19937_64 random(4);
  arrow::Int32Builder offsets;
  arrow::Int32Builder sizes;
  for (int i = 0; i < 300; ++i) {
    const auto size = static_cast<int32_t>(random() % 5);
    ASSERT_TRUE(offsets.Append(static_cast<int32_t>(random() % 495)).ok());
    ASSERT_TRUE(sizes.Append(size).ok());
  }
  const auto views =
      *arrow::ListViewArray::FromArrays(**offsets.Finish(), **sizes.Finish(), *values);
  const auto around = *arrow::StructArray::Make({views}, Texts{"l"});
  ExpectNestedReads({OneColumn(around)}, {OneColumn(around)});
}

TEST_F(ArrowNestedTest, EncodedValuesOfEveryKind) {
  // Dictionaries and runs of nested values, as fields, in lists, in structs, in each other.
  const auto type =
      arrow::struct_({field("x", arrow::int16()), field("y", arrow::list(arrow::utf8()))});
  const auto entries = RandomArray(type, 20, 5);
  const auto in_range =
      *arrow::json::ArrayFromJSONString(arrow::int16(), "[0, 19, null, 7, 7, 3, 12, null]");
  arrow::ArrayVector repeated(50, in_range);
  const auto rows = *arrow::Concatenate(repeated);
  const auto encoded = *arrow::DictionaryArray::FromArrays(rows, entries);
  const auto decoded = *arrow::compute::Take(*entries, *rows);
  const auto ends = *arrow::json::ArrayFromJSONString(arrow::int32(), "[3, 90, 91, 300, 400]");
  const auto run_rows = *arrow::json::ArrayFromJSONString(arrow::int32(), "[4, 0, 399, 2, 8]");
  const auto runs =
      *arrow::RunEndEncodedArray::Make(400, ends, *arrow::compute::Take(*decoded, *run_rows));
  std::string run_of_row;
  for (int i = 0; i < 400; ++i) {
    const int row = i < 3 ? 4 : i < 90 ? 0 : i < 91 ? 399 : i < 300 ? 2 : 8;
    run_of_row += (i > 0 ? "," : "") + std::to_string(row);
  }
  const auto run_decoded = *arrow::compute::Take(
      *decoded, **arrow::json::ArrayFromJSONString(arrow::int32(), "[" + run_of_row + "]"));
  const auto offsets = *arrow::json::ArrayFromJSONString(arrow::int32(), "[0, 3, 3, 200, 400]");
  const auto list_of = [&](const std::shared_ptr<arrow::Array>& values) {
    return std::static_pointer_cast<arrow::Array>(*arrow::ListArray::FromArrays(*offsets, *values));
  };
  const auto struct_of = [](const std::shared_ptr<arrow::Array>& a,
                            const std::shared_ptr<arrow::Array>& b) {
    return std::static_pointer_cast<arrow::Array>(
        *arrow::StructArray::Make({a, b}, Texts{"a", "b"}));
  };
  for (const auto& [written, expected] :
       {std::pair{std::static_pointer_cast<arrow::Array>(encoded), decoded},
        std::pair{std::static_pointer_cast<arrow::Array>(runs), run_decoded},
        std::pair{list_of(encoded), list_of(decoded)},
        std::pair{list_of(runs), list_of(run_decoded)},
        std::pair{struct_of(encoded, runs), struct_of(decoded, run_decoded)}}) {
    ExpectNestedReads({OneColumn(written)}, {OneColumn(expected)});
  }
}

TEST_F(ArrowNestedTest, ExtensionTypesAreTheirStorage) {
  const auto bytes = arrow::MakeArrayFromScalar(
      arrow::FixedSizeBinaryScalar(arrow::Buffer::FromString("0123456789abcdef"),
                                   arrow::fixed_size_binary(16)),
      30);
  const auto uuids = arrow::ExtensionType::WrapArray(arrow::extension::uuid(), *bytes);
  const auto written = *arrow::StructArray::Make({uuids}, Texts{"id"});
  ExpectNestedReads({OneColumn(written)},
                    {OneColumn(*arrow::StructArray::Make({*bytes}, Texts{"id"}))});
}

/// Reads a column of a batch of some tens of megabytes within few.
void ExpectReadsWithin(const std::shared_ptr<arrow::Array>& array, int64_t bytes) {
  for (const auto codec : {arrow::Compression::UNCOMPRESSED, arrow::Compression::LZ4_FRAME,
                           arrow::Compression::ZSTD}) {
    const auto source = *OpenArrowBytes(WriteArrow({OneColumn(array)}, {.codec = codec}));
    const auto budget = base::MemoryBudget::MakeRoot("test", bytes);
    BatchOptions options;
    options.batch_rows = 10000;
    options.pool = budget.get();
    auto reader = *source->Open(source->units()[0], {0}, options, {5});
    int64_t row = 5;
    while (true) {
      const auto next = reader->Next();
      ASSERT_TRUE(next.ok()) << next.status().ToString();
      if (!next->has_value()) break;
      for (const Piece& piece : (*next)->columns[0].pieces) {
        ASSERT_TRUE(piece.values->Equals(array->Slice(row, piece.num_rows)));
        row += piece.num_rows;
      }
    }
    EXPECT_EQ(row, array->length());
  }
}

TEST_F(ArrowNestedTest, ABatchLargerThanMemoryIsReadInPieces) {
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::StringBuilder>());
  auto& texts = static_cast<arrow::StringBuilder&>(*lists.value_builder());
  for (int64_t i = 0; i < 400000; ++i) {
    ASSERT_TRUE((i % 10 == 0 ? lists.AppendNull() : lists.Append()).ok());
    for (int64_t k = 0; k < i % 10; ++k) {
      ASSERT_TRUE(texts.Append("number " + std::to_string(i * k)).ok());
    }
  }
  ExpectReadsWithin(*lists.Finish(), int64_t{12} << 20);
}

TEST_F(ArrowNestedTest, APieceOfLongRowsHoldsFewOfThem) {
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::Int64Builder>());
  auto& numbers = static_cast<arrow::Int64Builder&>(*lists.value_builder());
  for (int64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(lists.Append().ok());
    for (int64_t k = 0; k < (i % 3 == 0 ? 200000 : 3); ++k) {
      ASSERT_TRUE(numbers.Append(i + k).ok());
    }
  }
  const auto array = *lists.Finish();
  const auto source = *OpenArrowBytes(WriteArrow({OneColumn(array)}, {}));
  auto reader = *source->Open(source->units()[0], {0}, {}, {});
  const auto batch = *reader->Next();
  int64_t row = 0;
  for (const Piece& piece : batch->columns[0].pieces) {
    EXPECT_TRUE(piece.values->Equals(array->Slice(row, piece.num_rows)));
    EXPECT_LE(static_cast<const arrow::ListArray&>(*piece.values).values()->length(), 600000);
    row += piece.num_rows;
  }
  EXPECT_EQ(row, 100);
}

TEST_F(ArrowNestedTest, DamagedBytesEndInAnErrorOrInValues) {
  std::mt19937_64 random(9);
  int failed = 0;
  int tried = 0;
  const auto batch = RandomBatch(120, 2);
  const Batches cut = {batch->Slice(0, 70), batch->Slice(70)};
  for (const auto& [name, format] : AllArrowFormats()) {
    const std::string whole = WriteArrow(cut, format)->ToString();
    for (int i = 0; i < 150; ++i, ++tried) {
      std::string bytes = whole;
      if (i % 5 == 0) {
        bytes.resize(random() % bytes.size());
      } else {
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
      }
      const auto source = OpenArrowBytes(arrow::Buffer::FromString(bytes));
      const auto budget = base::MemoryBudget::MakeRoot("test", int64_t{64} << 20);
      BatchOptions options;
      options.batch_rows = 50;
      options.pool = budget.get();
      bool ok = source.ok() && (*source)->num_rows() <= 1000;
      const int num_columns =
          !ok ? 0
              : (*source)->schema()->num_fields() +
                    static_cast<int>(StructMembers(*(*source)->schema()).size());
      for (int column = 0; column < num_columns; ++column) {
        ok = ReadTexts(**source, column, options).ok() && ok;
      }
      if (!ok) ++failed;
    }
  }
  EXPECT_GT(failed, tried / 5);
  EXPECT_LT(failed, tried);
}

}  // namespace
}  // namespace emberharmony::io

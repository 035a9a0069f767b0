#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/filtered_source.h"
#include "emberharmony/io/handmade_parquet_internal.h"
#include "emberharmony/io/nested_column_reader_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io {
namespace {

using arrow::ArrayData;
using arrow::DataType;
using ::testing::HasSubstr;
using testing::OpenBytes;
using testing::ReadColumns;
using testing::WriteParquet;

/// Draws nested types and cells.
class RandomNested {
 public:
  explicit RandomNested(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t n) { return random_() % n; }

  std::shared_ptr<DataType> Leaf() {
    switch (Below(5)) {
      case 0:
        return arrow::int32();
      case 1:
        return arrow::utf8();
      case 2:
        return arrow::float64();
      case 3:
        return arrow::boolean();
      default:
        return arrow::timestamp(arrow::TimeUnit::MICRO);
    }
  }

  std::shared_ptr<DataType> Type(int depth) {
    if (depth == 0) return Leaf();
    switch (Below(4)) {
      case 0:
        return arrow::list(arrow::field("item", Type(depth - 1), Below(4) != 0));
      case 1:
        return arrow::map(arrow::utf8(), Type(depth - 1));
      default: {
        arrow::FieldVector fields;
        const auto count = 1 + Below(3);
        for (uint64_t i = 0; i < count; ++i) {
          const int below = i == 0 ? depth - 1 : static_cast<int>(Below(depth));
          fields.push_back(arrow::field("f" + std::to_string(i), Type(below), Below(4) != 0));
        }
        return arrow::struct_(fields);
      }
    }
  }

  std::shared_ptr<arrow::Array> Cells(const std::shared_ptr<DataType>& type, int64_t n,
                                      bool nullable) {
    auto builder = arrow::MakeBuilder(type).ValueOrDie();
    for (int64_t i = 0; i < n; ++i) Append(*type, nullable, builder.get());
    return builder->Finish().ValueOrDie();
  }

 private:
  void Append(const DataType& type, bool nullable, arrow::ArrayBuilder* builder) {
    if (nullable && Below(4) == 0) {
      ASSERT_TRUE(builder->AppendNull().ok());
      return;
    }
    arrow::Status status;
    switch (type.id()) {
      case arrow::Type::STRUCT: {
        auto* structs = static_cast<arrow::StructBuilder*>(builder);
        status = structs->Append();
        for (int i = 0; i < type.num_fields(); ++i) {
          Append(*type.field(i)->type(), type.field(i)->nullable(), structs->field_builder(i));
        }
        break;
      }
      case arrow::Type::LIST: {
        auto* lists = static_cast<arrow::ListBuilder*>(builder);
        status = lists->Append();
        for (uint64_t i = Below(4); i > 0; --i) {
          Append(*type.field(0)->type(), type.field(0)->nullable(), lists->value_builder());
        }
        break;
      }
      case arrow::Type::MAP: {
        auto* maps = static_cast<arrow::MapBuilder*>(builder);
        status = maps->Append();
        for (uint64_t i = Below(3); i > 0; --i) {
          Append(*arrow::utf8(), false, maps->key_builder());
          Append(*static_cast<const arrow::MapType&>(type).item_type(), true, maps->item_builder());
        }
        break;
      }
      case arrow::Type::INT32:
        status = static_cast<arrow::Int32Builder*>(builder)->Append(static_cast<int>(Below(30)));
        break;
      case arrow::Type::STRING:
        status = static_cast<arrow::StringBuilder*>(builder)->Append(
            std::string(Below(5), 'a' + static_cast<char>(Below(20))));
        break;
      case arrow::Type::DOUBLE:
        status = static_cast<arrow::DoubleBuilder*>(builder)->Append(
            static_cast<double>(Below(1000)) / 8);
        break;
      case arrow::Type::BOOL:
        status = static_cast<arrow::BooleanBuilder*>(builder)->Append(Below(2) == 0);
        break;
      default:
        status = static_cast<arrow::TimestampBuilder*>(builder)->Append(
            static_cast<int64_t>(Below(uint64_t{1} << 50)));
    }
    ASSERT_TRUE(status.ok());
  }

  std::mt19937_64 random_;
};

/// The same cells with the type under which a source shows them, in which all that is nested is
/// nullable.
std::shared_ptr<ArrayData> WithType(const ArrayData& data, const std::shared_ptr<DataType>& type) {
  auto result = data.Copy();
  result->type = type;
  for (int i = 0; i < type->num_fields(); ++i) {
    result->child_data[static_cast<size_t>(i)] =
        WithType(*data.child_data[static_cast<size_t>(i)], type->field(i)->type());
  }
  return result;
}

/// The cells of a column, whole or a member, under the source's type.
std::shared_ptr<arrow::Array> CellsOf(const arrow::Table& table, const Source& source, int column) {
  const int num_fields = source.schema()->num_fields();
  const auto members = StructMembers(*source.schema());
  const int top = column < num_fields ? column : members[column - num_fields].path[0];
  auto cells = arrow::Concatenate(table.column(top)->chunks()).ValueOrDie();
  cells = arrow::MakeArray(WithType(*cells->data(), source.schema()->field(top)->type()));
  if (column < num_fields) return cells;
  return TakeMember(cells, members[column - num_fields], arrow::default_memory_pool()).ValueOrDie();
}

/// All columns of a source, whole structs and members.
std::vector<int> AllNestedColumns(const Source& source) {
  std::vector<int> columns(source.schema()->fields().size() +
                           StructMembers(*source.schema()).size());
  std::iota(columns.begin(), columns.end(), 0);
  return columns;
}

/// Every column of the file, whole structs and members, against the cells it was made of.
void ExpectReadsBack(const arrow::Table& table, const std::shared_ptr<arrow::Buffer>& file,
                     const std::vector<int64_t>& batch_rows, int64_t skip_rows,
                     const std::string& what) {
  const auto opened = OpenBytes(file);
  ASSERT_TRUE(opened.ok()) << what << opened.status().ToString();
  const Source& source = **opened;
  const std::vector<int> columns = AllNestedColumns(source);
  for (const int64_t rows : batch_rows) {
    BatchOptions options;
    options.batch_rows = rows;
    const auto arrays = ReadColumns(source, columns, options, skip_rows);
    ASSERT_TRUE(arrays.ok()) << what << arrays.status().ToString();
    for (const int column : columns) {
      const auto& found = *(*arrays)[static_cast<size_t>(column)];
      auto expected = CellsOf(table, source, column);
      if (skip_rows > 0) expected = expected->Slice(skip_rows);
      ASSERT_TRUE(found.ValidateFull().ok()) << what << found.ValidateFull().ToString();
      ASSERT_TRUE(found.Equals(*expected))
          << what << ", column " << column << ", batches of " << rows << "\n"
          << found.ToString() << "\n"
          << expected->ToString();
    }
  }
}

TEST(NestedColumnReader, RandomTypesDepthsAndPages) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    RandomNested random(seed);
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (int i = 0; i < 3; ++i) {
      const bool nullable = random.Below(4) != 0;
      auto type = random.Type(1 + static_cast<int>(random.Below(5)));
      arrays.push_back(random.Cells(type, 300, nullable));
      fields.push_back(arrow::field("c" + std::to_string(i), type, nullable));
    }
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    parquet::WriterProperties::Builder builder;
    builder.data_page_version(seed % 2 == 0 ? parquet::ParquetDataPageVersion::V1
                                            : parquet::ParquetDataPageVersion::V2);
    builder.data_pagesize(1 + static_cast<int64_t>(random.Below(400)))->write_batch_size(17);
    builder.dictionary_pagesize_limit(static_cast<int64_t>(random.Below(200)));
    if (random.Below(3) == 0) builder.disable_dictionary();
    const auto row_group_rows = seed % 3 == 0 ? 300 : 113;
    const auto file = WriteParquet(*table, row_group_rows, builder.build());
    const std::string what = "seed " + std::to_string(seed) + ": " + table->schema()->ToString();
    ExpectReadsBack(*table, file, {1, 29, 1000}, 0, what);
    // ReadColumns skips in each unit; the file is one.
    ExpectReadsBack(*table, file, {50}, static_cast<int64_t>(1 + random.Below(299)), what);
  }
}

TEST(NestedColumnReader, SelectedRows) {
  constexpr int64_t kRows = 600;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    RandomNested random(seed);
    arrow::Int32Builder numbers;
    for (int i = 0; i < kRows; ++i) ASSERT_TRUE(numbers.Append(i).ok());
    arrow::FieldVector fields = {arrow::field("row", arrow::int32())};
    arrow::ArrayVector arrays = {numbers.Finish().ValueOrDie()};
    for (int i = 0; i < 3; ++i) {
      // One struct without lists, whose leaves can pass over pages.
      auto type =
          i == 0
              ? arrow::struct_({arrow::field("a", arrow::utf8()), arrow::field("b", random.Leaf())})
              : random.Type(1 + static_cast<int>(random.Below(4)));
      arrays.push_back(random.Cells(type, kRows, true));
      fields.push_back(arrow::field("c" + std::to_string(i), type));
    }
    const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
    parquet::WriterProperties::Builder builder;
    builder.data_page_version(seed % 2 == 0 ? parquet::ParquetDataPageVersion::V1
                                            : parquet::ParquetDataPageVersion::V2);
    builder.data_pagesize(1 + static_cast<int64_t>(random.Below(200)))->write_batch_size(11);
    if (seed % 3 == 0) builder.enable_write_page_index();
    if (seed % 4 == 0) builder.disable_dictionary();
    const auto source = OpenBytes(WriteParquet(*table, 250, builder.build())).ValueOrDie();

    std::string text;
    std::vector<bool> passes(kRows, false);
    for (int i = 0; i < 4; ++i) {
      const auto first = static_cast<int>(random.Below(kRows));
      const int last = first + static_cast<int>(random.Below(60) * (i % 2));
      text += (i == 0 ? "row BETWEEN " : " OR row BETWEEN ") + std::to_string(first) + " AND " +
              std::to_string(last);
      for (int row = first; row <= std::min<int>(last, kRows - 1); ++row) passes[row] = true;
    }
    arrow::Int64Builder kept;
    for (int64_t row = 0; row < kRows; ++row) {
      if (passes[static_cast<size_t>(row)]) {
        ASSERT_TRUE(kept.Append(row).ok());
      }
    }
    const auto rows = kept.Finish().ValueOrDie();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + text);
    const auto expression = filter::ParseExpression(text, "where").ValueOrDie();
    const auto bound = filter::Filter::Bind(*expression, *source->schema(), "where").ValueOrDie();
    FilterOptions filter_options;
    filter_options.prune = seed % 5 != 0;
    const auto filtered = FilterRows(source, bound, filter_options).ValueOrDie();
    ASSERT_EQ(filtered->num_rows(), rows->length());
    const std::vector<int> columns = AllNestedColumns(*source);
    for (const int64_t batch_rows : {3, 1000}) {
      BatchOptions options;
      options.batch_rows = batch_rows;
      const int64_t skip = batch_rows == 3 ? rows->length() / 3 : 0;
      const auto found = ReadColumns(*filtered, columns, options, skip);
      ASSERT_TRUE(found.ok()) << found.status().ToString();
      for (const int column : columns) {
        const auto wanted =
            arrow::compute::Take(*CellsOf(*table, *source, column), *rows->Slice(skip))
                .ValueOrDie();
        const auto& cells = (*found)[static_cast<size_t>(column)];
        ASSERT_TRUE(cells->Equals(*wanted)) << "column " << column << "\n"
                                            << cells->ToString() << "\n"
                                            << wanted->ToString();
      }
    }
  }
}

TEST(NestedColumnReader, FilesOfDifferentNullabilityAreOneTable) {
  // What is required in one file and optional in another is stored at other levels.
  const auto make = [](bool nullable) {
    const auto child = arrow::field("x", arrow::int32(), nullable);
    const auto type = arrow::struct_({child, arrow::field("l", arrow::list(child), nullable)});
    RandomNested random(7);
    const auto cells = random.Cells(type, 50, nullable);
    const auto table =
        arrow::Table::Make(arrow::schema({arrow::field("s", type, nullable)}), {cells});
    const auto file = WriteParquet(*table, 20, parquet::default_writer_properties());
    ExpectReadsBack(*table, file, {9}, 0, nullable ? "nullable" : "required");
    return (*OpenBytes(file))->schema()->field(0)->type();
  };
  EXPECT_TRUE(make(true)->Equals(*make(false)));
}

std::string NestedBytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

/// A list of int32 of one page: levels bit-packed in groups of eight, values 1, 2, 3, ...
std::string ReadLists(const std::vector<int>& repetition, const std::vector<int>& definition,
                      int64_t num_rows, bool data_page_v2) {
  testing::HandmadeColumn column;
  column.nesting = testing::HandmadeNesting::kList;
  column.num_rows = num_rows;
  column.data_page_v2 = data_page_v2;
  const auto pack = [](const std::vector<int>& levels, int width) {
    std::string bits(levels.size() * static_cast<size_t>(width) / 8, '\0');
    for (size_t i = 0; i < levels.size(); ++i) {
      for (int k = 0; k < width; ++k) {
        const size_t bit = i * static_cast<size_t>(width) + static_cast<size_t>(k);
        bits[bit / 8] = static_cast<char>(bits[bit / 8] | ((levels[i] >> k) & 1) << (bit % 8));
      }
    }
    return NestedBytes({static_cast<int>(levels.size() / 8 << 1 | 1)}) + bits;
  };
  testing::HandmadePage page;
  page.num_values = static_cast<int32_t>(repetition.size());
  page.repetition = pack(repetition, 1);
  page.levels = pack(definition, 2);
  int32_t value = 0;
  for (const int level : definition) {
    if (level != 3) continue;
    ++value;
    page.values.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  column.pages = {page};
  const auto source = OpenBytes(HandmadeParquet(column));
  if (!source.ok()) return source.status().message();
  const auto arrays = ReadColumns(**source, {0}, {});
  if (!arrays.ok()) {
    EXPECT_EQ(base::KindOf(arrays.status()), base::ErrorKind::kData);
    return arrays.status().message();
  }
  std::string text;
  for (int64_t i = 0; i < (*arrays)[0]->length(); ++i) {
    if (i > 0) text += " ";
    if ((*arrays)[0]->IsNull(i)) {
      text += "null";
      continue;
    }
    const auto list = static_cast<const arrow::ListArray&>(*(*arrays)[0]).value_slice(i);
    text += "[";
    for (int64_t k = 0; k < list->length(); ++k) {
      text += (k > 0 ? "," : "") + (*list->GetScalar(k))->ToString();
    }
    text += "]";
  }
  return text;
}

TEST(NestedColumnReader, LevelsOfAList) {
  for (const bool v2 : {false, true}) {
    const auto read = [&](const std::vector<int>& repetition, const std::vector<int>& definition,
                          int64_t num_rows) {
      return ReadLists(repetition, definition, num_rows, v2);
    };
    // Definition: 0 no list, 1 an empty one, 2 a null element, 3 a value.
    EXPECT_EQ(read({0, 1, 0, 0, 0, 1, 1, 0}, {3, 2, 0, 1, 2, 3, 3, 3}, 5),
              "[1,null] null [] [null,2,3] [4]");
    EXPECT_THAT(read({1, 1, 0, 0, 0, 1, 1, 0}, {3, 2, 0, 1, 2, 3, 3, 3}, 5),
                HasSubstr("begin in the middle of a row"));
    EXPECT_THAT(read({0, 1, 0, 1, 0, 1, 1, 0}, {3, 2, 0, 3, 2, 3, 3, 3}, 4),
                HasSubstr("contradict each other"));  // goes on after no list
    EXPECT_THAT(read({0, 1, 0, 0, 0, 1, 1, 0}, {3, 1, 0, 1, 2, 3, 3, 3}, 5),
                HasSubstr("contradict each other"));  // goes on with an empty list
    EXPECT_THAT(read({0, 1, 0, 0, 0, 1, 1, 0}, {3, 2, 0, 1, 2, 3, 3, 3}, 4),
                HasSubstr("more rows than the 4"));
    EXPECT_THAT(read({0, 1, 0, 0, 0, 1, 1, 0}, {3, 2, 0, 1, 2, 3, 3, 3}, 6),
                HasSubstr("it has 5 rows, but its row group 6"));
    EXPECT_THAT(read({0, 1, 0, 0, 0, 1, 1, 0}, {3, 2, 0, 1, 2, 3, 3, 3}, 9),
                HasSubstr("has 8 values, but its row group has 9 rows"));
  }
}

/// Reads all that can be read; what is wrong must be a data error, and what is not, whole arrays.
void ReadDamagedNested(const std::shared_ptr<arrow::Buffer>& file, int64_t position,
                       int64_t* errors) {
  const auto budget = base::MemoryBudget::MakeRoot("test", int64_t{512} << 20);
  const auto check = [&](const arrow::Status& status) {
    if (status.ok()) return true;
    ++*errors;
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData)
        << position << ": " << status.ToString();
    return false;
  };
  const auto source = OpenBytes(file);
  if (!check(source.status())) return;
  BatchOptions options;
  options.batch_rows = 11;
  options.pool = budget.get();
  const auto& schema = *(*source)->schema();
  const auto num_columns = schema.num_fields() + static_cast<int>(StructMembers(schema).size());
  for (const Unit& unit : (*source)->units()) {
    for (int column = 0; column < num_columns; ++column) {
      const auto reader = (*source)->Open(unit, {column}, options);
      if (!check(reader.status())) continue;
      for (int batches = 0; batches < 20; ++batches) {
        const auto batch = (*reader)->Next();
        if (!check(batch.status()) || !batch->has_value()) break;
        for (const Piece& piece : (*batch)->columns[0].pieces) {
          const auto valid = piece.values->ValidateFull();
          ASSERT_TRUE(valid.ok() || valid.message().find("UTF8") != std::string::npos)
              << position << ": " << valid.ToString();
        }
      }
    }
  }
}

TEST(NestedColumnReader, FlippedBitsNeverCrash) {
  RandomNested random(11);
  const auto inner = arrow::struct_(
      {arrow::field("p", arrow::int32()), arrow::field("q", arrow::list(arrow::int32()))});
  const auto type =
      arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::list(inner)),
                      arrow::field("c", arrow::map(arrow::utf8(), arrow::utf8()))});
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("s", type)}), {random.Cells(type, 40, true)});
  std::mt19937_64 bits(12);
  for (const auto version :
       {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
    const auto properties = parquet::WriterProperties::Builder()
                                .data_page_version(version)
                                ->disable_statistics()
                                ->build();
    const auto without_schema = parquet::ArrowWriterProperties::Builder().build();
    const auto file = WriteParquet(*table, 25, properties, without_schema);
    int64_t errors = 0;
    for (int64_t position = 4; position < file->size(); ++position) {
      auto damaged = *arrow::AllocateBuffer(file->size());
      std::memcpy(damaged->mutable_data(), file->data(), static_cast<size_t>(file->size()));
      damaged->mutable_data()[position] ^= static_cast<uint8_t>(1u << (bits() % 8));
      ReadDamagedNested(std::move(damaged), position, &errors);
    }
    EXPECT_GT(errors, 300);
  }
}

}  // namespace
}  // namespace emberharmony::io

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/parquet_test_tables_internal.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::RandomTable;

/// A folder that is gone after the test.
class ShardFolder {
 public:
  ShardFolder() {
    std::string name = (fs::temp_directory_path() / "ember_shards_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ShardFolder() { fs::remove_all(path_); }
  std::string Path(const std::string& name) const { return (path_ / name).string(); }
  std::string Bytes(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  fs::path path_;
};

/// What Arrow's own reader makes of a file, with every array validated.
std::shared_ptr<arrow::Table> ReadShard(const std::string& path) {
  auto file = arrow::io::ReadableFile::Open(path).ValueOrDie();
  std::shared_ptr<arrow::Table> table;
  if (path.ends_with(".arrow")) {
    table = arrow::ipc::RecordBatchFileReader::Open(file).ValueOrDie()->ToTable().ValueOrDie();
  } else {
    auto reader =
        parquet::arrow::OpenFile(std::move(file), arrow::default_memory_pool()).ValueOrDie();
    table = reader->ReadTable().ValueOrDie();
  }
  // Texts are no UTF-8 here and there, as those of sources may be.
  EXPECT_TRUE(table->Validate().ok());
  return table;
}

std::shared_ptr<arrow::Array> WholeColumn(const arrow::Table& table, int i) {
  return arrow::Concatenate(table.column(i)->chunks()).ValueOrDie();
}

struct Division {
  int64_t append_rows = 1000000;
  bool encoded = false;  ///< every other append as a dictionary of its rows
  int64_t spill_threshold = 0;
};

/// Writes a table's rows; what the division says must not change a byte.
void WriteRows(Sink* sink, const arrow::Table& table, const Division& division) {
  std::mt19937_64 random(1);
  uint64_t dictionary_id = 0;
  for (int column = table.num_columns() - 1; column >= 0; --column) {
    auto opened = sink->OpenColumns(column, 1);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    const auto array = WholeColumn(table, column);
    bool encode = false;
    for (int64_t row = 0; row < array->length();) {
      const int64_t rows = std::min(division.append_rows, array->length() - row);
      const auto slice = array->Slice(row, rows);
      encode = division.encoded && !encode;
      std::vector<int32_t> indices(static_cast<size_t>(rows));
      for (int64_t i = 0; i < rows; ++i) {
        indices[static_cast<size_t>(i)] = static_cast<int32_t>(slice->IsNull(i) ? rows : i);
      }
      const auto status = (*opened)->Append(std::span(&slice, 1), encode ? indices.data() : nullptr,
                                            rows, encode ? ++dictionary_id : 0);
      ASSERT_TRUE(status.ok()) << status.ToString();
      row += rows;
    }
    const auto status = (*opened)->Close();
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

const std::vector<Division> kDivisions = {
    {},
    {.append_rows = 13},
    {.append_rows = 170, .encoded = true},
    {.append_rows = 999, .encoded = true, .spill_threshold = 1}};

TEST(ArrowSink, EveryTypeReadsBackAndDivisionsLeaveNoTrace) {
  ShardFolder folder;
  for (const double null_share : {0.0, 0.3, 1.0}) {
    const auto table = RandomTable({.num_rows = 2000, .null_share = null_share, .seed = 6});
    std::string first;
    for (const Division& division : kDivisions) {
      SinkOptions options;
      options.spill_threshold_bytes = division.spill_threshold;
      auto sink = MakeArrowSink(folder.Path("x.arrow"), {table->schema(), {700, 1, 1299}}, options);
      ASSERT_TRUE(sink.ok()) << sink.status().ToString();
      WriteRows(sink->get(), *table, division);
      const auto info = (*sink)->Commit();
      ASSERT_TRUE(info.ok()) << info.status().ToString();
      EXPECT_EQ(info->num_rows, 2000);
      const std::string bytes = folder.Bytes("x.arrow");
      EXPECT_EQ(info->bytes, static_cast<int64_t>(bytes.size()));
      if (first.empty()) first = bytes;
      EXPECT_EQ(bytes, first);
    }
    const auto found = ReadShard(folder.Path("x.arrow"));
    ASSERT_TRUE(found->schema()->Equals(*table->schema())) << found->schema()->ToString();
    EXPECT_EQ(found->column(0)->num_chunks(), 3);
    EXPECT_EQ(found->column(0)->chunk(2)->length(), 1299);
    const auto options = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
    for (int i = 0; i < table->num_columns(); ++i) {
      EXPECT_TRUE(WholeColumn(*found, i)->Equals(*WholeColumn(*table, i), options))
          << table->field(i)->name();
    }
  }
}

TEST(ArrowSink, WithoutRows) {
  ShardFolder folder;
  const auto schema = arrow::schema({arrow::field("x", arrow::int8())});
  auto sink = *MakeArrowSink(folder.Path("x.arrow"), {schema, {}});
  ASSERT_TRUE((*sink->OpenColumns(0, 1))->Close().ok());
  ASSERT_TRUE(sink->Commit().ok());
  const auto table = ReadShard(folder.Path("x.arrow"));
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*schema));
}

TEST(ArrowSink, WhatItRefuses) {
  ShardFolder folder;
  const auto list = arrow::schema({arrow::field("l", arrow::list(arrow::int8()))});
  const auto status = MakeArrowSink(folder.Path("x.arrow"), {list, {}}).status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("column 'l'"));
  EXPECT_FALSE(MakeArrowSink(folder.Path("x.arrow"), {arrow::schema({}), {}}).ok());
}

/// A table of numbers, and what a matrix of them holds, computed cell by cell.
struct MatrixCase {
  std::shared_ptr<arrow::Table> table;
  int num_features = 0;
  std::vector<double> cells;
};

MatrixCase MakeMatrixCase(int64_t num_rows) {
  std::mt19937_64 random(5);
  MatrixCase result;
  result.num_features = 4;
  arrow::FloatBuilder floats;
  arrow::Int32Builder ids;
  arrow::BooleanBuilder flags;
  arrow::DoubleBuilder doubles;
  arrow::StringBuilder target;
  for (int64_t i = 0; i < num_rows; ++i) {
    const auto number = static_cast<double>(random() % 1000) / 8;
    const bool null = random() % 5 == 0;
    EXPECT_TRUE((null ? floats.AppendNull() : floats.Append(static_cast<float>(number))).ok());
    EXPECT_TRUE(ids.Append(static_cast<int32_t>(i * 3)).ok());
    EXPECT_TRUE(flags.Append(i % 3 == 0).ok());
    EXPECT_TRUE((i % 7 == 0 ? doubles.AppendNull() : doubles.Append(-number)).ok());
    EXPECT_TRUE(target.Append("t" + std::to_string(i)).ok());
    result.cells.insert(result.cells.end(), {null ? NAN : number, static_cast<double>(i * 3),
                                             i % 3 == 0 ? 1.0 : 0.0, i % 7 == 0 ? NAN : -number});
  }
  result.table = arrow::Table::Make(
      arrow::schema({arrow::field("f", arrow::float32()), arrow::field("id", arrow::int32()),
                     arrow::field("flag", arrow::boolean()), arrow::field("d", arrow::float64()),
                     arrow::field("target", arrow::utf8())}),
      {*floats.Finish(), *ids.Finish(), *flags.Finish(), *doubles.Finish(), *target.Finish()});
  return result;
}

TEST(MatrixSink, RowsOfNumbersInBothFormats) {
  ShardFolder folder;
  constexpr int64_t kRows = 100000;  // several blocks of 1 MiB
  const MatrixCase given = MakeMatrixCase(kRows);
  for (const ShardFormat format : {ShardFormat::kParquet, ShardFormat::kArrow}) {
    for (const auto& element : {arrow::float32(), arrow::float64()}) {
      const std::string path = folder.Path("m" + std::string(FileEnding(format)));
      std::string first;
      for (const Division& division : kDivisions) {
        SinkOptions options;
        options.spill_threshold_bytes = division.spill_threshold;
        auto sink = MakeMatrixSink(
            format, path,
            {given.table->schema()->WithMetadata(arrow::key_value_metadata({"names"}, {"f,id"})),
             {1, 70000, kRows - 70001}},
            given.num_features, element, options);
        ASSERT_TRUE(sink.ok()) << sink.status().ToString();
        WriteRows(sink->get(), *given.table, division);
        const auto info = (*sink)->Commit();
        ASSERT_TRUE(info.ok()) << info.status().ToString();
        const std::string bytes = folder.Bytes("m" + std::string(FileEnding(format)));
        if (first.empty()) first = bytes;
        EXPECT_EQ(bytes, first);
      }
      const auto found = ReadShard(path);
      EXPECT_EQ(*found->schema()->metadata()->Get("names"), "f,id");
      ASSERT_EQ(found->num_columns(), 2);
      EXPECT_TRUE(WholeColumn(*found, 1)->Equals(*WholeColumn(*given.table, 4)));
      const auto type =
          arrow::fixed_size_list(arrow::field("element", element, false), given.num_features);
      ASSERT_TRUE(found->field(0)->type()->Equals(*type)) << found->field(0)->type()->ToString();
      EXPECT_FALSE(found->field(0)->nullable());
      const auto column = WholeColumn(*found, 0);
      const auto values = static_cast<const arrow::FixedSizeListArray&>(*column).Flatten();
      ASSERT_TRUE(values.ok());
      ASSERT_EQ((*values)->length(), kRows * given.num_features);
      EXPECT_EQ((*values)->null_count(), 0);
      for (int64_t i = 0; i < (*values)->length(); ++i) {
        const double cell = element->id() == arrow::Type::FLOAT
                                ? static_cast<const arrow::FloatArray&>(**values).Value(i)
                                : static_cast<const arrow::DoubleArray&>(**values).Value(i);
        const double expected = given.cells[static_cast<size_t>(i)];
        ASSERT_TRUE(cell == expected || (std::isnan(cell) && std::isnan(expected)))
            << i << ": " << cell << " instead of " << expected;
      }
    }
  }
}

TEST(MatrixSink, IntegersThatDoNotFitAreRefused) {
  ShardFolder folder;
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  const auto append = [&](const std::shared_ptr<arrow::DataType>& element, int64_t value) {
    auto sink = *MakeMatrixSink(ShardFormat::kParquet, folder.Path("x"), {schema, {1}}, 1, element);
    const std::shared_ptr<arrow::Array> array =
        *arrow::MakeArrayFromScalar(arrow::Int64Scalar(value), 1);
    return (*sink->OpenColumns(0, 1))->Append(std::span(&array, 1), nullptr, 1, 0);
  };
  constexpr int64_t kFloat = int64_t{1} << 24;
  constexpr int64_t kDouble = int64_t{1} << 53;
  for (const int64_t sign : {1, -1}) {
    EXPECT_TRUE(append(arrow::float32(), sign * kFloat).ok());
    EXPECT_TRUE(append(arrow::float64(), sign * kDouble).ok());
    EXPECT_FALSE(append(arrow::float64(), sign * (kDouble + 1)).ok());
    const auto status = append(arrow::float32(), sign * (kFloat + 1));
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
    EXPECT_THAT(status.message(), HasSubstr("column 'id'"));
  }
  const auto text = arrow::schema({arrow::field("t", arrow::utf8())});
  EXPECT_THAT(MakeMatrixSink(ShardFormat::kArrow, folder.Path("x"), {text, {}}, 1, arrow::float32())
                  .status()
                  .message(),
              HasSubstr("column 't' has the type string"));
}

}  // namespace
}  // namespace emberharmony::io

#include <arrow/api.h>
#include <arrow/array/concatenate.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::io {
namespace {

#define ASSERT_OK(expression)                        \
  do {                                               \
    const arrow::Status _status = (expression);      \
    ASSERT_TRUE(_status.ok()) << _status.ToString(); \
  } while (false)

template <typename T>
T Must(arrow::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return std::move(result).ValueUnsafe();
}

void Must(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

using ArrayVector = std::vector<std::shared_ptr<arrow::Array>>;

/// SinkRows of columns that share an index stream: encoded with `values` as dictionaries, or plain.
struct SinkRows {
  ArrayVector values;
  std::vector<int32_t> indices = {};
  int64_t num_rows = 0;
  uint64_t id = 0;
  bool plain = false;
};

class ParquetSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("parquet_sink_test_") + info->name() + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

/// Writes groups[i] to columns i * columns_per_group ..., at most `step` rows an append.
void AppendRows(ColumnSink* sink, const std::vector<SinkRows>& groups, int64_t step) {
  for (const SinkRows& rows : groups) {
    for (int64_t begin = 0; begin < rows.num_rows; begin += step) {
      const int64_t count = std::min(step, rows.num_rows - begin);
      if (rows.plain) {
        ArrayVector slices;
        for (const auto& array : rows.values) slices.push_back(array->Slice(begin, count));
        Must(sink->Append(slices, nullptr, count, 0));
      } else {
        Must(sink->Append(rows.values, rows.indices.data() + begin, count, rows.id));
      }
    }
  }
}

std::shared_ptr<arrow::Schema> OneField(std::shared_ptr<arrow::DataType> type,
                                        bool nullable = true) {
  return arrow::schema({arrow::field("x", std::move(type), nullable)});
}

ShardInfo WriteColumns(const std::string& path, const ShardLayout& layout,
                       const std::vector<SinkRows>& rows, int64_t step = 1 << 30,
                       arrow::MemoryPool* pool = nullptr) {
  auto sink = Must(MakeParquetSink(path, layout, {.pool = pool}));
  auto columns = Must(sink->OpenColumns(0, layout.schema->num_fields()));
  AppendRows(columns.get(), rows, step);
  Must(columns->Close());
  return Must(sink->Commit());
}

std::shared_ptr<arrow::Table> Read(const std::string& path) {
  auto file = Must(arrow::io::ReadableFile::Open(path));
  auto reader = Must(parquet::arrow::OpenFile(file, arrow::default_memory_pool()));
  std::shared_ptr<arrow::Table> table = Must(reader->ReadTable());
  Must(table->ValidateFull());
  return table;
}

std::shared_ptr<parquet::FileMetaData> Footer(const std::string& path) {
  return parquet::ParquetFileReader::OpenFile(path, false)->metadata();
}

std::string SinkBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The plain form of column k, built row by row.
std::shared_ptr<arrow::Array> DecodePage(const std::vector<SinkRows>& all, int k,
                                         const std::shared_ptr<arrow::DataType>& type) {
  auto builder = Must(arrow::MakeBuilder(type));
  for (const SinkRows& rows : all) {
    const arrow::ArraySpan span(*rows.values[k]->data());
    for (int64_t i = 0; i < rows.num_rows; ++i) {
      const int64_t at = rows.plain ? i : rows.indices[i];
      if (at == rows.values[k]->length() || type->id() == arrow::Type::NA) {
        Must(builder->AppendNull());
      } else {
        Must(builder->AppendArraySlice(span, at, 1));
      }
    }
  }
  return Must(builder->Finish());
}

void ExpectColumn(const arrow::Table& table, int k, const arrow::Array& expected) {
  auto whole = table.num_rows() == 0 ? Must(arrow::MakeArrayOfNull(expected.type(), 0))
                                     : Must(arrow::Concatenate(table.column(k)->chunks()));
  EXPECT_TRUE(whole->type()->Equals(*expected.type()))
      << whole->type()->ToString() << " instead of " << expected.type()->ToString();
  EXPECT_TRUE(whole->Equals(
      expected, arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false)))
      << expected.type()->ToString();
}

/// Parquet has dates in days only and no seconds: such columns come back in the next finer type,
/// whatever the embedded Arrow schema says.
std::shared_ptr<arrow::Array> AsStored(const std::shared_ptr<arrow::Array>& array) {
  std::shared_ptr<arrow::DataType> type = array->type();
  if (type->id() == arrow::Type::DATE64) {
    type = arrow::date32();
  } else if (type->Equals(arrow::time32(arrow::TimeUnit::SECOND))) {
    type = arrow::time32(arrow::TimeUnit::MILLI);
  } else if (type->id() == arrow::Type::TIMESTAMP) {
    const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
    if (timestamp.unit() == arrow::TimeUnit::SECOND) {
      type = arrow::timestamp(arrow::TimeUnit::MILLI, timestamp.timezone());
    }
  }
  if (type == array->type()) return array;
  auto builder = Must(arrow::MakeBuilder(type));
  for (int64_t i = 0; i < array->length(); ++i) {
    if (array->IsNull(i)) {
      Must(builder->AppendNull());
    } else {
      Must(builder->AppendScalar(*Must(Must(array->GetScalar(i))->CastTo(type))));
    }
  }
  return Must(builder->Finish());
}

int64_t RandomFixedValue(const arrow::DataType& type, std::mt19937_64* random) {
  const auto value = static_cast<int64_t>((*random)() % 2000) - 1000;
  switch (type.id()) {
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return std::abs(value);
    case arrow::Type::DATE64:
      return value * 86400000;
    default:
      return value;
  }
}

/// n values of a type, some of them equal unless it is a string type; a null in every third place
/// if asked for.
std::shared_ptr<arrow::Array> RandomValues(const std::shared_ptr<arrow::DataType>& type, int64_t n,
                                           std::mt19937_64* random, bool with_nulls) {
  auto builder = Must(arrow::MakeBuilder(type));
  for (int64_t i = 0; i < n; ++i) {
    if (type->id() == arrow::Type::NA || (with_nulls && i % 3 == 1)) {
      Must(builder->AppendNull());
      continue;
    }
    const int64_t value = RandomFixedValue(*type, random);
    std::shared_ptr<arrow::Scalar> scalar;
    switch (type->id()) {
      case arrow::Type::BOOL:
        scalar = std::make_shared<arrow::BooleanScalar>(value % 2 == 0);
        break;
      case arrow::Type::HALF_FLOAT:
        scalar = std::make_shared<arrow::HalfFloatScalar>(static_cast<uint16_t>((*random)()));
        break;
      case arrow::Type::FLOAT:
        scalar = std::make_shared<arrow::FloatScalar>(static_cast<float>(value) / 7);
        break;
      case arrow::Type::DOUBLE:
        scalar = std::make_shared<arrow::DoubleScalar>(static_cast<double>(value) / 7);
        break;
      case arrow::Type::DECIMAL32:
        scalar = std::make_shared<arrow::Decimal32Scalar>(arrow::Decimal32(value), type);
        break;
      case arrow::Type::DECIMAL64:
        scalar = std::make_shared<arrow::Decimal64Scalar>(arrow::Decimal64(value), type);
        break;
      case arrow::Type::DECIMAL128:
        scalar = std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(value), type);
        break;
      case arrow::Type::DECIMAL256:
        scalar = std::make_shared<arrow::Decimal256Scalar>(arrow::Decimal256(value), type);
        break;
      case arrow::Type::FIXED_SIZE_BINARY: {
        std::string bytes(static_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width(), 'a');
        for (auto& byte : bytes) byte = static_cast<char>((*random)() % 3 + 0x7E);
        scalar =
            std::make_shared<arrow::FixedSizeBinaryScalar>(arrow::Buffer::FromString(bytes), type);
        break;
      }
      case arrow::Type::STRING:
      case arrow::Type::LARGE_STRING:
      case arrow::Type::BINARY:
      case arrow::Type::LARGE_BINARY:
        scalar = Must(arrow::MakeScalar(
            type, arrow::Buffer::FromString(std::string(value % 5 == 0 ? 0 : 3, 'z') +
                                            std::to_string(std::abs(value)))));
        break;
      default:
        scalar = Must(Must(arrow::MakeScalar(arrow::int64(), value))->CastTo(type));
    }
    Must(builder->AppendScalar(*scalar));
  }
  return Must(builder->Finish());
}

SinkRows RandomEncoded(ArrayVector values, int64_t num_rows, std::mt19937_64* random, uint64_t id,
                       bool with_nulls) {
  SinkRows rows{.values = std::move(values), .num_rows = num_rows, .id = id};
  const int64_t n = rows.values[0]->length();
  for (int64_t i = 0; i < num_rows; ++i) {
    rows.indices.push_back(static_cast<int32_t>((*random)() % (n + (with_nulls || n == 0))));
  }
  return rows;
}

const arrow::DataTypeVector& AllTypes() {
  static const arrow::DataTypeVector types{
      arrow::boolean(),
      arrow::int8(),
      arrow::int16(),
      arrow::int32(),
      arrow::int64(),
      arrow::uint8(),
      arrow::uint16(),
      arrow::uint32(),
      arrow::uint64(),
      arrow::float16(),
      arrow::float32(),
      arrow::float64(),
      arrow::date32(),
      arrow::date64(),
      arrow::time32(arrow::TimeUnit::SECOND),
      arrow::time32(arrow::TimeUnit::MILLI),
      arrow::time64(arrow::TimeUnit::MICRO),
      arrow::time64(arrow::TimeUnit::NANO),
      arrow::timestamp(arrow::TimeUnit::SECOND),
      arrow::timestamp(arrow::TimeUnit::MILLI),
      arrow::timestamp(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::NANO),
      arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
      arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Berlin"),
      arrow::timestamp(arrow::TimeUnit::NANO, "America/New_York"),
      arrow::duration(arrow::TimeUnit::MICRO),
      arrow::utf8(),
      arrow::binary(),
      arrow::large_utf8(),
      arrow::large_binary(),
      arrow::fixed_size_binary(5),
      arrow::decimal32(7, 2),
      arrow::decimal64(15, 3),
      arrow::decimal128(5, 2),
      arrow::decimal128(38, 10),
      arrow::decimal256(70, 4),
      arrow::null()};
  return types;
}

template <typename ParquetType>
std::pair<typename ParquetType::c_type, typename ParquetType::c_type> MinMax(
    const std::string& path, int row_group = 0) {
  const auto statistics = Footer(path)->RowGroup(row_group)->ColumnChunk(0)->statistics();
  EXPECT_TRUE(statistics->HasMinMax());
  const auto& typed = static_cast<const parquet::TypedStatistics<ParquetType>&>(*statistics);
  return {typed.min(), typed.max()};
}

TEST_F(ParquetSinkTest, EveryTypeInEveryShape) {
  std::mt19937_64 random(1);
  int file = 0;
  for (const auto& type : AllTypes()) {
    for (const bool with_nulls : {false, true}) {
      if (type->id() == arrow::Type::NA && !with_nulls) continue;
      const SinkRows few =
          RandomEncoded({RandomValues(type, 40, &random, false)}, 3000, &random, 1, with_nulls);
      const SinkRows null_entries =
          RandomEncoded({RandomValues(type, 40, &random, with_nulls)}, 700, &random, 2, false);
      const SinkRows many =
          RandomEncoded({RandomValues(type, 2500, &random, false)}, 2500, &random, 3, with_nulls);
      SinkRows plain{
          .values = {RandomValues(type, 900, &random, with_nulls)}, .num_rows = 900, .plain = true};
      const std::vector<std::vector<SinkRows>> shapes{
          {few},   {null_entries},   {many},
          {plain}, {few, many, few}, {few, plain, null_entries, plain}};
      for (const auto& shape : shapes) {
        SCOPED_TRACE(type->ToString() + (with_nulls ? " with nulls" : "") + ", file " +
                     std::to_string(file));
        int64_t num_rows = 0;
        for (const SinkRows& rows : shape) num_rows += rows.num_rows;
        const ShardLayout layout{OneField(type, with_nulls),
                                 {num_rows / 3, num_rows - num_rows / 3}};
        const std::string path = Path(std::to_string(file++));
        WriteColumns(path, layout, shape);
        const auto table = Read(path);
        ASSERT_EQ(table->num_rows(), num_rows);
        EXPECT_EQ(table->schema()->field(0)->nullable(), with_nulls);
        ExpectColumn(*table, 0, *AsStored(DecodePage(shape, 0, type)));
        std::filesystem::remove(path);
      }
    }
  }
}

TEST_F(ParquetSinkTest, BytesDoNotDependOnTheDivisionIntoAppends) {
  std::mt19937_64 random(2);
  for (const auto& type : {arrow::int32(), arrow::utf8(), arrow::float64(), arrow::boolean()}) {
    const auto dictionary = RandomValues(type, 300, &random, true);
    const SinkRows encoded = RandomEncoded({dictionary}, 4000, &random, 9, true);
    const SinkRows unnumbered =
        RandomEncoded({RandomValues(type, 50, &random, false)}, 1000, &random, 0, true);
    const SinkRows plain{
        .values = {RandomValues(type, 3000, &random, true)}, .num_rows = 3000, .plain = true};
    const std::vector<SinkRows> rows{encoded, plain, unnumbered, plain, encoded};
    const ShardLayout layout{OneField(type), {7000, 2500, 5500}};
    WriteColumns(Path("whole"), layout, rows);
    for (const int64_t step : {1, 13, 1000, 2999}) {
      WriteColumns(Path("parts"), layout, rows, step);
      EXPECT_EQ(SinkBytes(Path("whole")), SinkBytes(Path("parts")))
          << type->ToString() << ", step " << step;
    }
    ExpectColumn(*Read(Path("whole")), 0, *DecodePage(rows, 0, type));
  }
}

TEST_F(ParquetSinkTest, NoRows) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::utf8())});
  const ShardInfo info = WriteColumns(Path("x"), {schema, {}}, {});
  EXPECT_EQ(info.num_rows, 0);
  EXPECT_EQ(info.bytes, static_cast<int64_t>(std::filesystem::file_size(Path("x"))));
  EXPECT_EQ(info.xxh3_128.size(), 32u);
  const auto table = Read(Path("x"));
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*schema));
}

TEST_F(ParquetSinkTest, ColumnsWithOneIndexStreamShareTheirPages) {
  std::mt19937_64 random(4);
  // Three columns over 1,000 entries: distinct floats, their negatives, and one that is 1 for a
  // single entry.
  arrow::FloatBuilder a, b, c;
  for (int i = 0; i < 1000; ++i) {
    Must(a.Append(static_cast<float>(i)));
    Must(b.Append(static_cast<float>(-i)));
    Must(c.Append(i == 17 ? 1.0f : 0.0f));
  }
  const ArrayVector values{Must(a.Finish()), Must(b.Finish()), Must(c.Finish())};
  const std::vector<SinkRows> rows{RandomEncoded(values, 200000, &random, 5, true)};
  const auto schema =
      arrow::schema({arrow::field("a", arrow::float32()), arrow::field("b", arrow::float32()),
                     arrow::field("c", arrow::float32())});
  WriteColumns(Path("x"), {schema, {150000, 50000}}, rows);
  const auto table = Read(Path("x"));
  for (int k = 0; k < 3; ++k) ExpectColumn(*table, k, *DecodePage(rows, k, arrow::float32()));

  const auto footer = Footer(Path("x"));
  const std::string bytes = SinkBytes(Path("x"));
  const auto pages = [&](int k) {
    const auto chunk = footer->RowGroup(0)->ColumnChunk(k);
    EXPECT_TRUE(chunk->has_dictionary_page());
    const int64_t dictionary = chunk->data_page_offset() - chunk->dictionary_page_offset();
    return bytes.substr(chunk->data_page_offset(), chunk->total_compressed_size() - dictionary);
  };
  EXPECT_EQ(pages(0), pages(1));
  EXPECT_LT(pages(2).size(), pages(0).size() / 3) << "two distinct values need one bit, not ten";
}

TEST_F(ParquetSinkTest, OneHotColumnsTakeABitARow) {
  std::mt19937_64 random(14);
  for (const int num_columns : {2, 3, 32, 250}) {
    for (const bool nullable : {false, true}) {
      // Entry i sets column i; the last sets none, and a second one sets the first column once
      // more.
      ArrayVector values;
      arrow::FieldVector fields;
      for (int k = 0; k < num_columns; ++k) {
        arrow::FloatBuilder builder;
        for (int i = 0; i < num_columns + 2; ++i) {
          Must(builder.Append(i == k || (k == 0 && i == num_columns + 1) ? 1.0f : 0.0f));
        }
        values.push_back(Must(builder.Finish()));
        fields.push_back(arrow::field("c" + std::to_string(k), arrow::float32(), nullable));
      }
      const int64_t num_rows = num_columns > 100 ? 2000 : 70001;
      const std::vector<SinkRows> rows{RandomEncoded(values, num_rows, &random, 1, false)};
      WriteColumns(Path("x"), {arrow::schema(fields), {num_rows / 2, num_rows - num_rows / 2}},
                   rows, 30000);
      const auto table = Read(Path("x"));
      for (int k = 0; k < num_columns; ++k) {
        ExpectColumn(*table, k, *DecodePage(rows, k, arrow::float32()));
        const auto footer = Footer(Path("x"));
        const auto chunk = footer->RowGroup(0)->ColumnChunk(k);
        EXPECT_TRUE(chunk->has_dictionary_page());
        EXPECT_LE(chunk->total_uncompressed_size(), num_rows / 2 / 8 + 150);
        EXPECT_EQ((MinMax<parquet::FloatType>(Path("x"))), std::make_pair(-0.0f, 1.0f));
      }
    }
  }
}

TEST_F(ParquetSinkTest, StringDictionariesHaveNoUnusedAndNoEqualEntries) {
  arrow::StringBuilder one, two;
  Must(one.AppendValues({"a", "unused", "b", "a"}));
  Must(two.AppendValues({"b", "c"}));
  const std::vector<SinkRows> rows{{.values = {Must(one.Finish())},
                                    .indices = {0, 2, 3, 0, 2, 3, 0, 2, 3, 0, 2, 3},
                                    .num_rows = 12,
                                    .id = 1},
                                   {.values = {Must(two.Finish())},
                                    .indices = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0},
                                    .num_rows = 10,
                                    .id = 2}};
  WriteColumns(Path("x"), {OneField(arrow::utf8()), {22}}, rows);
  parquet::ArrowReaderProperties properties;
  properties.set_read_dictionary(0, true);
  parquet::arrow::FileReaderBuilder builder;
  Must(builder.OpenFile(Path("x")));
  auto reader = Must(builder.properties(properties)->Build());
  const auto table = Must(reader->ReadTable());
  const auto& chunk = static_cast<const arrow::DictionaryArray&>(*table->column(0)->chunk(0));
  arrow::StringBuilder expected;
  Must(expected.AppendValues({"a", "b", "c"}));
  EXPECT_TRUE(chunk.dictionary()->Equals(*Must(expected.Finish())))
      << chunk.dictionary()->ToString();
}

TEST_F(ParquetSinkTest, ManyEntriesWithFewValuesBecomeASmallDictionary) {
  std::mt19937_64 random(6);
  // A vocabulary's output: most of 100,000 entries are out of vocabulary.
  arrow::Int32Builder ids;
  for (int i = 0; i < 100000; ++i)
    Must(ids.Append(random() % 4 == 0 ? static_cast<int>(random() % 500) : 2));
  const std::vector<SinkRows> rows{RandomEncoded({Must(ids.Finish())}, 200000, &random, 1, false)};
  WriteColumns(Path("x"), {OneField(arrow::int32(), false), {200000}}, rows);
  ExpectColumn(*Read(Path("x")), 0, *DecodePage(rows, 0, arrow::int32()));
  const auto footer = Footer(Path("x"));
  const auto chunk = footer->RowGroup(0)->ColumnChunk(0);
  EXPECT_TRUE(chunk->has_dictionary_page());
  // Nine bits a row and 500 values.
  EXPECT_LE(chunk->total_uncompressed_size(), 200000 * 9 / 8 + 500 * 4 + 200);
}

TEST_F(ParquetSinkTest, DistinctValuesAreWrittenPlain) {
  arrow::Int64Builder values;
  std::vector<int32_t> indices;
  for (int i = 0; i < 50000; ++i) {
    Must(values.Append(int64_t{1} << 40 | i));
    indices.push_back(49999 - i);
  }
  const std::vector<SinkRows> rows{
      {.values = {Must(values.Finish())}, .indices = indices, .num_rows = 50000, .id = 1}};
  WriteColumns(Path("x"), {OneField(arrow::int64(), false), {50000}}, rows);
  ExpectColumn(*Read(Path("x")), 0, *DecodePage(rows, 0, arrow::int64()));
  EXPECT_FALSE(Footer(Path("x"))->RowGroup(0)->ColumnChunk(0)->has_dictionary_page());
}

TEST_F(ParquetSinkTest, LongStringsCloseTheirPages) {
  arrow::StringBuilder values;
  for (int i = 0; i < 40; ++i)
    Must(values.Append(std::string(300000, static_cast<char>('a' + i % 26)) + std::to_string(i)));
  Must(values.AppendNull());
  Must(values.Append(std::string(5 << 20, 'q')));
  const auto array = Must(values.Finish());
  const std::vector<SinkRows> rows{{.values = {array}, .num_rows = 42, .plain = true}};
  WriteColumns(Path("x"), {OneField(arrow::utf8()), {42}}, rows);
  ExpectColumn(*Read(Path("x")), 0, *array);
  auto reader = parquet::ParquetFileReader::OpenFile(Path("x"), false);
  auto pages = reader->RowGroup(0)->GetColumnPageReader(0);
  std::vector<int> page_rows;
  while (auto page = pages->NextPage()) {
    page_rows.push_back(static_cast<const parquet::DataPage&>(*page).num_values());
  }
  // Four strings of 300,000 bytes are the first to reach 1 MiB; ten pages of them, then null and
  // the long one.
  std::vector<int> expected(10, 4);
  expected.push_back(2);
  EXPECT_EQ(page_rows, expected);
}

TEST_F(ParquetSinkTest, ColumnsInAnyOrderOnFourThreads) {
  std::mt19937_64 random(8);
  constexpr int kColumns = 24;
  arrow::FieldVector fields;
  std::vector<std::vector<SinkRows>> rows;
  for (int k = 0; k < kColumns; ++k) {
    const auto type = k % 3 == 0 ? arrow::utf8() : k % 3 == 1 ? arrow::float32() : arrow::int32();
    fields.push_back(arrow::field("c" + std::to_string(k), type));
    rows.push_back(
        {RandomEncoded({RandomValues(type, 100 + k, &random, false)}, 5000, &random, 1, k % 2)});
  }
  const ShardLayout layout{arrow::schema(fields), {2000, 2000, 1000}};
  const auto write = [&](const std::string& path, int num_threads) {
    auto sink = Must(MakeParquetSink(path, layout));
    const auto work = [&](int thread) {
      for (int k = kColumns - 1 - thread; k >= 0; k -= num_threads) {
        auto column = Must(sink->OpenColumns(k, 1));
        AppendRows(column.get(), rows[k], 700);
        Must(column->Close());
      }
    };
    std::vector<std::thread> threads;
    for (int t = 1; t < num_threads; ++t) threads.emplace_back(work, t);
    work(0);
    for (auto& thread : threads) thread.join();
    return Must(sink->Commit());
  };
  const ShardInfo one = write(Path("one"), 1);
  const ShardInfo four = write(Path("four"), 4);
  EXPECT_EQ(one.xxh3_128, four.xxh3_128);
  EXPECT_EQ(SinkBytes(Path("one")), SinkBytes(Path("four")));
  const auto table = Read(Path("four"));
  for (int k = 0; k < kColumns; ++k)
    ExpectColumn(*table, k, *DecodePage(rows[k], 0, fields[k]->type()));
}

TEST_F(ParquetSinkTest, StatisticsComeFromTheRowsNotTheDictionary) {
  arrow::Int32Builder values;
  Must(values.AppendValues({-100, 5, 7, 100}));
  std::vector<SinkRows> rows{
      {.values = {Must(values.Finish())}, .indices = {1, 2, 4, 1, 2, 2}, .num_rows = 6, .id = 1}};
  WriteColumns(Path("x"), {OneField(arrow::int32()), {6}}, rows);
  EXPECT_EQ(MinMax<parquet::Int32Type>(Path("x")), std::make_pair(5, 7));
  EXPECT_EQ(Footer(Path("x"))->RowGroup(0)->ColumnChunk(0)->statistics()->null_count(), 1);
}

TEST_F(ParquetSinkTest, FloatStatisticsLeaveOutNanAndWidenZeros) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  arrow::DoubleBuilder values;
  Must(values.AppendValues({nan, 0.0, -0.0, nan, 3.5, nan, nan, -2.5}));
  const auto array = Must(values.Finish());
  const auto write = [&](int64_t begin, int64_t count) {
    const std::vector<SinkRows> rows{
        {.values = {array->Slice(begin, count)}, .num_rows = count, .plain = true}};
    WriteColumns(Path("x"), {OneField(arrow::float64()), {count}}, rows);
  };
  write(0, 4);
  auto [min, max] = MinMax<parquet::DoubleType>(Path("x"));
  EXPECT_EQ(min, 0.0);
  EXPECT_TRUE(std::signbit(min));
  EXPECT_FALSE(std::signbit(max));
  write(0, 8);
  EXPECT_EQ(MinMax<parquet::DoubleType>(Path("x")), std::make_pair(-2.5, 3.5));
  write(5, 2);
  EXPECT_FALSE(Footer(Path("x"))->RowGroup(0)->ColumnChunk(0)->statistics()->HasMinMax());
}

TEST_F(ParquetSinkTest, StatisticsFollowTheOrderOfTheType) {
  arrow::UInt64Builder unsigned_values;
  Must(unsigned_values.AppendValues({5, std::numeric_limits<uint64_t>::max(), 7}));
  WriteColumns(Path("u"), {OneField(arrow::uint64()), {3}},
               {{.values = {Must(unsigned_values.Finish())}, .num_rows = 3, .plain = true}});
  EXPECT_EQ(MinMax<parquet::Int64Type>(Path("u")), std::make_pair(int64_t{5}, int64_t{-1}));

  arrow::Decimal128Builder decimals(arrow::decimal128(5, 2));
  for (const int value : {3, -300, 300}) Must(decimals.Append(arrow::Decimal128(value)));
  WriteColumns(Path("d"), {OneField(arrow::decimal128(5, 2)), {3}},
               {{.values = {Must(decimals.Finish())}, .num_rows = 3, .plain = true}});
  const auto decimal_footer = Footer(Path("d"));
  const auto statistics = decimal_footer->RowGroup(0)->ColumnChunk(0)->statistics();
  // Three bytes, big-endian two's complement.
  EXPECT_EQ(statistics->EncodeMin(), std::string("\xFF\xFE\xD4", 3));
  EXPECT_EQ(statistics->EncodeMax(), std::string("\x00\x01\x2C", 3));

  arrow::StringBuilder strings;
  Must(strings.AppendValues({"b", "a", "\xC3\xA9", "\x7F"}));
  WriteColumns(Path("s"), {OneField(arrow::utf8()), {4}},
               {{.values = {Must(strings.Finish())}, .num_rows = 4, .plain = true}});
  const auto string_footer = Footer(Path("s"));
  const auto string_statistics = string_footer->RowGroup(0)->ColumnChunk(0)->statistics();
  EXPECT_EQ(string_statistics->EncodeMin(), "a");
  EXPECT_EQ(string_statistics->EncodeMax(), "\xC3\xA9");

  arrow::StringBuilder long_strings;
  Must(long_strings.AppendValues({"b", std::string(65, 'x')}));
  WriteColumns(Path("l"), {OneField(arrow::utf8()), {2}},
               {{.values = {Must(long_strings.Finish())}, .num_rows = 2, .plain = true}});
  EXPECT_FALSE(Footer(Path("l"))->RowGroup(0)->ColumnChunk(0)->statistics()->HasMinMax());
}

TEST_F(ParquetSinkTest, NullsInRequiredColumnsAreRefusedByName) {
  std::mt19937_64 random(1);
  const SinkRows encoded =
      RandomEncoded({RandomValues(arrow::int32(), 5, &random, false)}, 100, &random, 1, true);
  const SinkRows plain{
      .values = {RandomValues(arrow::int32(), 100, &random, true)}, .num_rows = 100, .plain = true};
  for (const SinkRows& rows : {encoded, plain}) {
    auto sink = Must(MakeParquetSink(Path("x"), {OneField(arrow::int32(), false), {100}}));
    auto column = Must(sink->OpenColumns(0, 1));
    const auto status =
        column->Append(rows.values, rows.plain ? nullptr : rows.indices.data(), 100, rows.id);
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_NE(status.message().find("'x'"), std::string::npos) << status.message();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ParquetSinkTest, MistakesOfTheCallerAreRefused) {
  std::mt19937_64 random(1);
  const auto values = RandomValues(arrow::int32(), 5, &random, false);
  auto sink = Must(MakeParquetSink(Path("x"), {OneField(arrow::int32()), {10}}));
  EXPECT_FALSE(sink->OpenColumns(0, 2).ok());
  auto column = Must(sink->OpenColumns(0, 1));
  EXPECT_FALSE(sink->OpenColumns(0, 1).ok()) << "opened twice";
  EXPECT_FALSE(sink->Commit().ok()) << "not closed";
  const int32_t bad[] = {0, 6};
  EXPECT_FALSE(column->Append(ArrayVector{values}, bad, 2, 1).ok()) << "index beyond null";
  const int32_t negative[] = {0, -1};
  EXPECT_FALSE(column->Append(ArrayVector{values}, negative, 2, 1).ok());
  EXPECT_FALSE(
      column->Append(ArrayVector{RandomValues(arrow::int64(), 5, &random, false)}, nullptr, 5, 0)
          .ok());
  EXPECT_FALSE(column->Append(ArrayVector{values}, nullptr, 4, 0).ok());
  ASSERT_OK(column->Append(ArrayVector{values}, nullptr, 5, 0));
  EXPECT_FALSE(column->Close().ok()) << "five rows are missing";
  ASSERT_OK(column->Append(ArrayVector{values}, nullptr, 5, 0));
  EXPECT_FALSE(column->Append(ArrayVector{values}, nullptr, 5, 0).ok()) << "too many rows";
  ASSERT_OK(column->Close());
  sink.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  const auto nested = MakeParquetSink(Path("x"), {OneField(arrow::list(arrow::int32())), {}});
  EXPECT_EQ(base::KindOf(nested.status()), base::ErrorKind::kUsage);
  EXPECT_NE(nested.status().message().find("'x'"), std::string::npos);
}

TEST_F(ParquetSinkTest, DiskErrorsNameThePathAndLeaveNothing) {
  auto sink = Must(MakeParquetSink(Path("no/such/folder/x"), {OneField(arrow::int32()), {}}));
  Must(Must(sink->OpenColumns(0, 1))->Close());
  const auto info = sink->Commit();
  EXPECT_EQ(base::KindOf(info.status()), base::ErrorKind::kData);
  EXPECT_NE(info.status().message().find("no/such/folder/x"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ParquetSinkTest, SpilledChunksMakeTheSameFile) {
  std::mt19937_64 random(12);
  const auto schema =
      arrow::schema({arrow::field("a", arrow::float32()), arrow::field("b", arrow::float32())});
  const ShardLayout layout{schema, {200000, 200000, 100000}};
  const auto values = RandomValues(arrow::float32(), 1500, &random, false);
  const auto others = RandomValues(arrow::float32(), 1500, &random, false);
  const std::vector<SinkRows> rows{RandomEncoded({values, others}, 500000, &random, 1, true)};
  const ShardInfo held = WriteColumns(Path("held"), layout, rows);
  for (const int64_t threshold : {int64_t{1}, held.bytes / 2}) {
    auto budget = base::MemoryBudget::MakeRoot("test", 0);
    auto sink = Must(MakeParquetSink(Path("spilled"), layout,
                                     {.pool = budget.get(), .spill_threshold_bytes = threshold}));
    auto columns = Must(sink->OpenColumns(0, 2));
    AppendRows(columns.get(), rows, 30000);
    Must(columns->Close());
    EXPECT_LE(budget->bytes_allocated(), threshold);
    EXPECT_EQ(Must(sink->Commit()).xxh3_128, held.xxh3_128);
    EXPECT_EQ(SinkBytes(Path("spilled")), SinkBytes(Path("held")));
    EXPECT_EQ(budget->bytes_allocated(), 0);
  }
  // Nothing but the two files is left behind.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(ParquetSinkTest, AFullDiskIsReportedAndLeavesNothing) {
  // A limit on the size of files stands in for the disk; both fail in write().
  std::mt19937_64 random(13);
  const SinkRows rows = RandomEncoded({RandomValues(arrow::int32(), 60000, &random, false)}, 200000,
                                      &random, 1, false);
  auto sink = Must(MakeParquetSink(Path("x"), {OneField(arrow::int32()), {200000}}));
  auto column = Must(sink->OpenColumns(0, 1));
  AppendRows(column.get(), {rows}, 200000);
  Must(column->Close());
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto info = sink->Commit();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(base::KindOf(info.status()), base::ErrorKind::kData);
  EXPECT_NE(info.status().message().find(Path("x")), std::string::npos) << info.status().message();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ParquetSinkTest, MemoryIsAccountedForAndGivenBack) {
  std::mt19937_64 random(1);
  auto budget = base::MemoryBudget::MakeRoot("test", 64 << 20);
  const SinkRows rows =
      RandomEncoded({RandomValues(arrow::int32(), 900, &random, false)}, 300000, &random, 1, true);
  WriteColumns(Path("x"), {OneField(arrow::int32()), {262144, 37856}}, {rows}, 1 << 30,
               budget.get());
  EXPECT_EQ(budget->bytes_allocated(), 0);
  EXPECT_GT(budget->max_memory(), 300000);
  auto tight = base::MemoryBudget::MakeRoot("tight", 100000);
  auto sink =
      Must(MakeParquetSink(Path("y"), {OneField(arrow::int32()), {300000}}, {.pool = tight.get()}));
  auto column = Must(sink->OpenColumns(0, 1));
  const auto status = column->Append(rows.values, rows.indices.data(), 300000, 1);
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kMemory);
  column.reset();
  sink.reset();
  EXPECT_EQ(tight->bytes_allocated(), 0);
}

}  // namespace
}  // namespace emberharmony::io

#include "emberharmony/io/filtered_source.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <numeric>
#include <random>
#include <sstream>

#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"
#include "emberharmony/io/row_selection.h"

namespace emberharmony::io {
namespace {

using filter::Filter;

std::shared_ptr<const Filter> Bind(const std::string& text, const arrow::Schema& schema) {
  const auto expression = filter::ParseExpression(text, "where").ValueOrDie();
  return Filter::Bind(*expression, schema, "where").ValueOrDie();
}

/// The rows of a table in memory that pass.
std::vector<int64_t> PassingRows(const Filter& filter, const arrow::Table& table,
                                 const std::shared_ptr<const Filter>& shared) {
  Batch batch;
  batch.num_rows = table.num_rows();
  for (const int column : filter.columns()) {
    Piece piece;
    piece.values = table.column(column)->chunk(0);
    piece.num_rows = batch.num_rows;
    batch.columns.push_back({{piece}});
  }
  filter::FilterEvaluator evaluator(shared, arrow::default_memory_pool());
  std::vector<uint64_t> passes;
  EXPECT_TRUE(evaluator.Evaluate(batch, &passes).ok());
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < batch.num_rows; ++row) {
    if ((passes[static_cast<size_t>(row / 64)] >> (row % 64) & 1) != 0) rows.push_back(row);
  }
  return rows;
}

std::shared_ptr<arrow::Array> TakeRows(const arrow::Array& values,
                                       const std::vector<int64_t>& rows) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(rows).ok());
  return arrow::compute::Take(values, *builder.Finish().ValueOrDie()).ValueOrDie();
}

std::vector<int64_t> PositionsOf(const Source& source) {
  std::vector<int64_t> positions;
  for (const Unit& unit : source.units()) {
    source.VisitPositions(unit, [&](int64_t first, int64_t count) {
      for (int64_t i = 0; i < count; ++i) positions.push_back(first + i);
    });
  }
  return positions;
}

struct FileForm {
  const char* name;
  std::shared_ptr<parquet::WriterProperties> properties;
};

std::vector<FileForm> FileForms() {
  using parquet::WriterProperties;
  const auto small_pages = [](WriterProperties::Builder* builder) {
    return builder->data_pagesize(2048)->write_batch_size(64);
  };
  WriterProperties::Builder plain, v2, index, mixed;
  small_pages(&plain)->disable_dictionary()->compression(parquet::Compression::SNAPPY);
  small_pages(&v2)->data_page_version(parquet::ParquetDataPageVersion::V2);
  small_pages(&index)->enable_write_page_index()->compression(parquet::Compression::ZSTD);
  small_pages(&mixed)->dictionary_pagesize_limit(2000)->enable_write_page_index();
  return {{"plain", plain.build()},
          {"v2", v2.build()},
          {"page index", index.build()},
          {"mixed", mixed.build()}};
}

TEST(FilterRows, GivesThePassingRowsOfEveryColumn) {
  testing::RandomTableOptions options;
  options.num_rows = 9000;
  options.distinct = 400;
  const auto table = testing::RandomTable(options);
  const std::vector<std::string> filters = {
      "row BETWEEN 3000 AND 3300 OR row > 8990",
      "string LIKE 'v1%' AND int8 > 0",
      "double > 0 AND string IS NOT NULL AND timestamp_us > '1970-01-01'",
      "row < 100 AND decimal_38_10 < 0",
      "bool",
      "NOT bool AND uint64 > 1000000000000000000",
      "row = 4500",
      "row >= 0",
      "row < 0",
      "decimal_60_5 > 0 OR float IS NULL"};
  std::vector<int> columns(static_cast<size_t>(table->num_columns()));
  std::iota(columns.begin(), columns.end(), 0);
  int turn = 0;
  for (const FileForm& form : FileForms()) {
    const auto source =
        testing::OpenBytes(testing::WriteParquet(*table, 2000, form.properties)).ValueOrDie();
    for (const std::string& text : filters) {
      SCOPED_TRACE(std::string(form.name) + ": " + text);
      const auto filter = Bind(text, *source->schema());
      const std::vector<int64_t> rows = PassingRows(*filter, *table, filter);
      FilterOptions filter_options;
      filter_options.num_threads = 1 + turn % 3;
      filter_options.batch_rows =
          std::vector<int64_t>{7, 1000, 100000}[static_cast<size_t>(turn % 3)];
      filter_options.prune = turn % 2 == 0;
      const auto filtered = FilterRows(source, filter, filter_options).ValueOrDie();
      ASSERT_EQ(filtered->num_rows(), static_cast<int64_t>(rows.size()));
      EXPECT_EQ(PositionsOf(*filtered), rows);
      BatchOptions batches;
      batches.batch_rows = std::vector<int64_t>{100000, 13, 1000}[static_cast<size_t>(turn % 3)];
      const int64_t skip = turn % 4 == 3 ? static_cast<int64_t>(rows.size()) / 3 : 0;
      const auto arrays = testing::ReadColumns(*filtered, columns, batches, skip);
      ASSERT_TRUE(arrays.ok()) << arrays.status().ToString();
      const std::vector<int64_t> expected(rows.begin() + skip, rows.end());
      for (const int i : columns) {
        const auto wanted = TakeRows(*table->column(i)->chunk(0), expected);
        const auto& found = (*arrays)[static_cast<size_t>(i)];
        if (!found->type()->Equals(*wanted->type())) continue;  // large strings become strings
        EXPECT_TRUE(found->Equals(*wanted, arrow::EqualOptions().nans_equal(true)))
            << table->field(i)->name();
      }
      ++turn;
    }
  }
}

/// A unit for each half a million rows; limits and shown columns on top.
TEST(FilterRows, ManyUnitsLimitsAndColumns) {
  const int64_t n = 1300000;
  arrow::Int64Builder row;
  arrow::StringBuilder text;
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_TRUE(row.Append(i).ok());
    ASSERT_TRUE(text.Append("t" + std::to_string(i * 7919 % 1000)).ok());
  }
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("row", arrow::int64()), arrow::field("text", arrow::utf8())}),
      {row.Finish().ValueOrDie(), text.Finish().ValueOrDie()});
  const auto source = testing::OpenBytes(testing::WriteParquet(
                                             *table, 131072, parquet::default_writer_properties()))
                          .ValueOrDie();
  ASSERT_EQ(source->units().size(), 3U);
  const auto filter = Bind("text IN ('t1', 't5', 't500') AND row > 600000", *source->schema());
  const std::vector<int64_t> rows = PassingRows(*filter, *table, filter);
  ASSERT_GT(rows.size(), 1000U);
  std::string identity;
  for (const int threads : {1, 2, 7}) {
    for (const std::optional<int64_t> wanted :
         {std::optional<int64_t>(), std::optional<int64_t>(0), std::optional<int64_t>(1),
          std::optional<int64_t>(500), std::optional<int64_t>(1000000)}) {
      FilterOptions options;
      options.num_threads = threads;
      options.rows_wanted = wanted;
      auto filtered = FilterRows(source, filter, options).ValueOrDie();
      if (!wanted.has_value()) {
        // The first unit holds no passing row, and stays.
        ASSERT_EQ(filtered->units().size(), 3U);
        EXPECT_EQ(filtered->units()[0].num_rows, 0);
      }
      std::vector<int64_t> expected = rows;
      if (wanted.has_value()) {
        filtered = LimitRows(filtered, *wanted);
        if (*wanted < static_cast<int64_t>(rows.size()))
          expected.resize(static_cast<size_t>(*wanted));
      }
      const auto shown = SelectColumns(filtered, {"row"}).ValueOrDie();
      const auto arrays = testing::ReadColumns(*shown, {0}, BatchOptions()).ValueOrDie();
      EXPECT_TRUE(arrays[0]->Equals(*TakeRows(*table->column(0)->chunk(0), expected)));
      EXPECT_EQ(PositionsOf(*shown), expected);
    }
  }
}

/// Keeps files in a folder.
class FolderKeeper : public DownloadKeeper {
 public:
  FolderKeeper()
      : folder_(std::filesystem::temp_directory_path() / ("filter." + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~FolderKeeper() override { std::filesystem::remove_all(folder_); }
  std::optional<std::string> FindKept(const std::string& name) const override {
    return std::filesystem::exists(folder_ / name) ? std::optional(folder_ / name) : std::nullopt;
  }
  arrow::Status Keep(const std::string& name,
                     const std::function<arrow::Status(const std::string&)>& write) override {
    return write(folder_ / name);
  }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  const std::filesystem::path folder_;
};

TEST(FilterRows, WhatIsKeptIsNotLookedForAgain) {
  testing::RandomTableOptions options;
  options.num_rows = 3000;
  const auto table = testing::RandomTable(options);
  const auto source =
      testing::OpenBytes(testing::WriteParquet(*table, 1000, parquet::default_writer_properties()))
          .ValueOrDie();
  const auto first = Bind("row BETWEEN 100 AND 220 OR row = 2999", *source->schema());
  const auto other = Bind("row < 7", *source->schema());
  for (const std::optional<int64_t> wanted :
       {std::optional<int64_t>(), std::optional<int64_t>(9)}) {
    FolderKeeper keeper;
    FilterOptions keeping;
    keeping.keeper = &keeper;
    keeping.rows_wanted = wanted;
    const auto expected = PositionsOf(*FilterRows(source, first, keeping).ValueOrDie());
    EXPECT_EQ(expected, PassingRows(*first, *table, first));
    ASSERT_TRUE(std::filesystem::exists(keeper.folder() / "filter-0"));
    // By another filter it can be told who has found the rows.
    std::atomic<int64_t> told{0};
    keeping.progress = [&](int64_t rows) {
      told += rows;
      return arrow::Status::OK();
    };
    EXPECT_EQ(PositionsOf(*FilterRows(source, other, keeping).ValueOrDie()), expected);
    EXPECT_EQ(told, 3000);
    std::filesystem::resize_file(keeper.folder() / "filter-0", 20);
    EXPECT_EQ(PositionsOf(*FilterRows(source, other, keeping).ValueOrDie()).size(), 7);
  }
}

/// A source that knows nothing of its ranges and has no way to read selected rows.
class BareSource : public Source {
 public:
  explicit BareSource(std::shared_ptr<Source> source) : source_(std::move(source)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return source_->schema(); }
  const std::vector<Unit>& units() const override { return source_->units(); }
  bool columns_independent() const override { return false; }
  ColumnHint Hint(const Unit&, int) const override { return {}; }
  arrow::Result<std::unique_ptr<BatchReader>> Open(const Unit& unit,
                                                   const std::vector<int>& columns,
                                                   const BatchOptions& options,
                                                   Cursor start) const override {
    return source_->Open(unit, columns, options, start);
  }
  std::string identity() const override { return "bare"; }

 private:
  std::shared_ptr<Source> source_;
};

TEST(FilterRows, AnySourceWillDo) {
  testing::RandomTableOptions options;
  options.num_rows = 3000;
  const auto table = testing::RandomTable(options);
  const auto parquet =
      testing::OpenBytes(testing::WriteParquet(*table, 1000, parquet::default_writer_properties()))
          .ValueOrDie();
  const auto source = std::make_shared<BareSource>(parquet);
  const auto filter = Bind("int16 > 0 AND (string LIKE '%1%' OR double < 0)", *source->schema());
  const std::vector<int64_t> rows = PassingRows(*filter, *table, filter);
  for (const int64_t batch_rows : {1, 100, 5000}) {
    FilterOptions filter_options;
    filter_options.batch_rows = batch_rows;
    const auto filtered = FilterRows(source, filter, filter_options).ValueOrDie();
    BatchOptions batches;
    batches.batch_rows = batch_rows;
    for (const int64_t skip : {0, 17}) {
      const auto arrays = testing::ReadColumns(*filtered, {0, 1, 24}, batches, skip).ValueOrDie();
      const std::vector<int64_t> expected(rows.begin() + skip, rows.end());
      EXPECT_TRUE(arrays[0]->Equals(*TakeRows(*table->column(0)->chunk(0), expected)));
      EXPECT_TRUE(arrays[1]->Equals(*TakeRows(*table->column(1)->chunk(0), expected)));
    }
  }
}

/// Counts the bytes read from a file in memory.
class CountingFile : public arrow::io::RandomAccessFile {
 public:
  explicit CountingFile(std::shared_ptr<arrow::Buffer> buffer) : file_(std::move(buffer)) {}
  int64_t bytes() const { return bytes_; }
  arrow::Status Close() override { return file_.Close(); }
  bool closed() const override { return file_.closed(); }
  arrow::Result<int64_t> Tell() const override { return file_.Tell(); }
  arrow::Status Seek(int64_t position) override { return file_.Seek(position); }
  arrow::Result<int64_t> GetSize() override { return file_.GetSize(); }
  arrow::Result<int64_t> Read(int64_t nbytes, void* out) override {
    return file_.Read(nbytes, out);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t nbytes) override {
    return file_.Read(nbytes);
  }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t nbytes, void* out) override {
    bytes_ += nbytes;
    return file_.ReadAt(position, nbytes, out);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t nbytes) override {
    bytes_ += nbytes;
    return file_.ReadAt(position, nbytes);
  }

 private:
  arrow::io::BufferReader file_;
  std::atomic<int64_t> bytes_ = 0;
};

TEST(FilterRows, PassesOverPagesAndRowGroups) {
  const int64_t n = 400000;
  std::mt19937_64 random(3);
  arrow::Int64Builder key;
  arrow::Int64Builder payload;
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_TRUE(key.Append(i).ok());
    ASSERT_TRUE(payload.Append(static_cast<int64_t>(random())).ok());
  }
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("payload", arrow::int64())}),
      {key.Finish().ValueOrDie(), payload.Finish().ValueOrDie()});
  for (const bool with_index : {false, true}) {
    parquet::WriterProperties::Builder builder;
    builder.disable_dictionary()->data_pagesize(int64_t{64} << 10);
    if (with_index) builder.enable_write_page_index();
    const auto bytes = testing::WriteParquet(*table, 200000, builder.build());
    const auto file = std::make_shared<CountingFile>(bytes);
    const auto source = internal::ParquetSource::MakeFromFile("counted", file).ValueOrDie();
    const auto filter = Bind("key BETWEEN 300000 AND 300100", *source->schema());
    const auto filtered = FilterRows(source, filter, FilterOptions()).ValueOrDie();
    const int64_t before = file->bytes();
    const auto arrays = testing::ReadColumns(*filtered, {1}, BatchOptions()).ValueOrDie();
    EXPECT_EQ(arrays[0]->length(), 101);
    std::vector<int64_t> rows(101);
    std::iota(rows.begin(), rows.end(), 300000);
    EXPECT_TRUE(arrays[0]->Equals(*TakeRows(*table->column(1)->chunk(0), rows)));
    // The column has 3.2 MB; of half of it not even headers are read, then headers or one page.
    const int64_t read = file->bytes() - before;
    EXPECT_LT(read, with_index ? 200000 : 700000) << with_index;
    // What statistics decide is not read at all.
    const auto none = Bind("key > 1000000", *source->schema());
    const int64_t before_none = file->bytes();
    EXPECT_EQ(FilterRows(source, none, FilterOptions()).ValueOrDie()->num_rows(), 0);
    EXPECT_EQ(FilterRows(source, Bind("key >= 0", *source->schema()), FilterOptions())
                  .ValueOrDie()
                  ->num_rows(),
              n);
    EXPECT_LT(file->bytes() - before_none, 20000);  // footers
  }
}

TEST(FilterRows, DamageInAPageThatIsPassedOverDoesNoHarm) {
  const int64_t n = 100000;
  arrow::Int64Builder key;
  for (int64_t i = 0; i < n; ++i) ASSERT_TRUE(key.Append(i).ok());
  const auto values = key.Finish().ValueOrDie();
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("copy", arrow::int64())}),
      {values, values});
  parquet::WriterProperties::Builder builder;
  builder.disable_dictionary()->data_pagesize(int64_t{64} << 10)->enable_page_checksum();
  const auto whole = testing::WriteParquet(*table, n, builder.build());
  std::string bytes = whole->ToString();
  // In the middle of the first page of the second column, which begins after the first one's data.
  bytes[static_cast<size_t>(n * 8 + 40000)] ^= 1;
  const auto source = testing::OpenBytes(arrow::Buffer::FromString(bytes)).ValueOrDie();
  EXPECT_FALSE(testing::ReadColumns(*source, {1}, BatchOptions()).ok());
  const auto filter = Bind("key >= 99000", *source->schema());
  const auto filtered = FilterRows(source, filter, FilterOptions()).ValueOrDie();
  const auto arrays = testing::ReadColumns(*filtered, {1}, BatchOptions());
  ASSERT_TRUE(arrays.ok()) << arrays.status().ToString();
  EXPECT_EQ((*arrays)[0]->length(), 1000);
}

TEST(FilterRows, SelectionsAreAccountedFor) {
  testing::RandomTableOptions options;
  options.num_rows = 50000;
  const auto table = testing::RandomTable(options);
  const auto source =
      testing::OpenBytes(testing::WriteParquet(*table, 50000, parquet::default_writer_properties()))
          .ValueOrDie();
  const auto budget = base::MemoryBudget::MakeRoot("run", int64_t{64} << 20);
  FilterOptions filter_options;
  filter_options.pool = budget.get();
  const auto filter = Bind("bool AND int8 > 0", *source->schema());
  {
    const auto filtered = FilterRows(source, filter, filter_options).ValueOrDie();
    EXPECT_GT(budget->bytes_allocated(), 0);
    EXPECT_LE(budget->bytes_allocated(), 50000 / 8 + 64);
  }
  EXPECT_EQ(budget->bytes_allocated(), 0);
  const auto tight = base::MemoryBudget::MakeRoot("run", 1000);
  filter_options.pool = tight.get();
  EXPECT_TRUE(FilterRows(source, filter, filter_options).status().IsOutOfMemory());
  // A stop ends the scan.
  filter_options.pool = nullptr;
  filter_options.progress = [](int64_t) { return arrow::Status::Cancelled("stop"); };
  EXPECT_TRUE(FilterRows(source, filter, filter_options).status().IsCancelled());
}

/// Filters with the rows that another engine found, made by tests/conformance/test_where.py: a
/// folder with table/ and filters.tsv (a bitmap of rows in hexadecimal, a tab, the filter).
TEST(FilterRows, AgreesWithTheCorpus) {
  const char* folder = std::getenv("EMBER_FILTER_CORPUS");
  if (folder == nullptr) GTEST_SKIP() << "EMBER_FILTER_CORPUS names no corpus";
  const auto source = OpenSource(std::string(folder) + "/table").ValueOrDie();
  const int row_column = source->schema()->GetFieldIndex("row");
  ASSERT_GE(row_column, 0);
  std::ifstream file(std::string(folder) + "/filters.tsv");
  std::string line;
  int turn = 0;
  int differing = 0;
  while (std::getline(file, line) && differing < 20) {
    const size_t tab = line.find('\t');
    const std::string text = line.substr(tab + 1);
    const auto expression = filter::ParseExpression(text, "where");
    ASSERT_TRUE(expression.ok()) << text << "\n" << expression.status().message();
    const auto filter = Filter::Bind(**expression, *source->schema(), "where");
    ASSERT_TRUE(filter.ok()) << text << "\n" << filter.status().message();
    for (const bool prune : {true, false}) {
      FilterOptions options;
      options.prune = prune;
      options.num_threads = std::vector<int>{1, 2, 7}[static_cast<size_t>(turn % 3)];
      options.batch_rows = std::vector<int64_t>{100000, 64, 1000, 7}[static_cast<size_t>(turn % 4)];
      ++turn;
      const auto filtered = FilterRows(source, *filter, options);
      ASSERT_TRUE(filtered.ok()) << text << "\n" << filtered.status().message();
      const auto arrays = testing::ReadColumns(**filtered, {row_column}, BatchOptions());
      ASSERT_TRUE(arrays.ok()) << text << "\n" << arrays.status().message();
      std::vector<uint8_t> bits(static_cast<size_t>(source->num_rows() + 7) / 8);
      const auto& rows = static_cast<const arrow::Int64Array&>(*(*arrays)[0]);
      for (int64_t i = 0; i < rows.length(); ++i) {
        bits[static_cast<size_t>(rows.Value(i) / 8)] |=
            static_cast<uint8_t>(1U << (rows.Value(i) % 8));
      }
      std::string found;
      for (const uint8_t byte : bits) {
        found += "0123456789abcdef"[byte >> 4];
        found += "0123456789abcdef"[byte & 15];
      }
      if (found == line.substr(0, tab)) continue;
      ++differing;
      ADD_FAILURE() << text << (prune ? " with" : " without") << " pruning\nexpected "
                    << line.substr(0, tab) << "\nfound    " << found;
    }
  }
  EXPECT_GT(turn, 1000);
}

}  // namespace
}  // namespace emberharmony::io

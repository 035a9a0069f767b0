#include "emberharmony/engine/unit_fingerprints.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>

namespace emberharmony::engine {
namespace {

namespace fs = std::filesystem;

class UnitFingerprintsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("unit_fingerprints_" + std::to_string(getpid()));
    fs::create_directories(root_);
    RunOptions options;
    options.num_threads = 1;
    options.spill_dir = root_.string();
    context_ = *RunContext::Make(options, nullptr);
  }
  void TearDown() override { fs::remove_all(root_); }

  // Encoded and plain columns, nulls, several row groups of one unit.
  std::shared_ptr<io::Source> Table(int64_t num_rows) {
    arrow::DoubleBuilder numbers;
    arrow::StringBuilder words;
    arrow::Int32Builder plain;
    for (int64_t i = 0; i < num_rows; ++i) {
      EXPECT_TRUE((i % 11 == 0 ? numbers.AppendNull() : numbers.Append(i % 13 * 0.5)).ok());
      EXPECT_TRUE(words.Append("w" + std::to_string(i % 7)).ok());
      EXPECT_TRUE(plain.Append(static_cast<int32_t>(i * 7919)).ok());
    }
    const auto table = arrow::Table::Make(
        arrow::schema({arrow::field("a", arrow::float64()), arrow::field("b", arrow::utf8()),
                       arrow::field("c", arrow::int32())}),
        {*numbers.Finish(), *words.Finish(), *plain.Finish()});
    auto stream = *arrow::io::BufferOutputStream::Create();
    const auto properties = parquet::WriterProperties::Builder().disable_dictionary("c")->build();
    EXPECT_TRUE(
        parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), stream, 30000, properties)
            .ok());
    const auto bytes = *stream->Finish();
    const std::string path = (root_ / "table.parquet").string();
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    return *io::OpenSource(path);
  }

  using Way = decltype(&FingerprintUnit);
  std::vector<uint64_t> Fingerprints(const io::Source& source, Way way) {
    std::vector<int> columns(static_cast<size_t>(source.schema()->num_fields()));
    std::iota(columns.begin(), columns.end(), 0);
    std::vector<uint64_t> rows;
    EXPECT_EQ(source.units().size(), 1u);
    const arrow::Status status =
        way(source, source.units()[0], columns, 42, context_.get(),
            [&](int64_t first_row, std::span<const uint64_t> fingerprints) {
              if (first_row == 0) rows.clear();
              EXPECT_EQ(first_row, static_cast<int64_t>(rows.size()));
              rows.insert(rows.end(), fingerprints.begin(), fingerprints.end());
              return arrow::Status::OK();
            });
    EXPECT_TRUE(status.ok()) << status.ToString();
    return rows;
  }

  fs::path root_;
  std::unique_ptr<RunContext> context_;
};

TEST_F(UnitFingerprintsTest, ColumnByColumnEqualsTogether) {
  for (const int64_t num_rows : {1, 8192, 100001}) {
    const auto source = Table(num_rows);
    const auto together = Fingerprints(*source, &FingerprintTogether);
    EXPECT_EQ(static_cast<int64_t>(together.size()), num_rows);
    EXPECT_EQ(together, Fingerprints(*source, &FingerprintColumnByColumn));
    EXPECT_EQ(together, Fingerprints(*source, &FingerprintUnit));
  }
}

// What runs out while the columns are read together is taken up column by column.
TEST_F(UnitFingerprintsTest, AShortBudgetChangesNothing) {
  const auto source = Table(100001);
  const auto expected = Fingerprints(*source, &FingerprintTogether);
  const int64_t limit = context_->budget()->limit_bytes();
  const int64_t held = limit - (int64_t{3} << 20);
  ASSERT_TRUE(context_->budget()->Reserve(held).ok());
  EXPECT_EQ(Fingerprints(*source, &FingerprintUnit), expected);
  context_->budget()->Release(held);
}

}  // namespace
}  // namespace emberharmony::engine

// The extractor on tables of BigQuery, served by the local server in this process.
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/extractor/terabyte_feature_extractor.h"

namespace emberharmony::extractor {
namespace {

using ::testing::HasSubstr;

// More than two ranges have at least (bigquery/ranged_rows_internal.h).
constexpr int64_t kServedRows = 1'300'000;
constexpr int64_t kValues = 400;

/// Rows `n` from 0 on, with the `key` n modulo kValues.
arrow::Status WriteServedRows(const std::string& path) {
  arrow::Int64Builder n;
  arrow::Int64Builder key;
  for (int64_t i = 0; i < kServedRows; ++i) {
    ARROW_RETURN_NOT_OK(n.Append(i));
    ARROW_RETURN_NOT_OK(key.Append(i % kValues));
  }
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("key", arrow::int64())});
  ARROW_ASSIGN_OR_RAISE(auto numbers, n.Finish());
  ARROW_ASSIGN_OR_RAISE(auto keys, key.Finish());
  const auto rows = arrow::RecordBatch::Make(schema, kServedRows, {numbers, keys});
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::FileOutputStream::Open(path));
  ARROW_ASSIGN_OR_RAISE(const auto writer, arrow::ipc::MakeFileWriter(file, schema));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(*rows));
  ARROW_RETURN_NOT_OK(writer->Close());
  return file->Close();
}

class BigQueryRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto plugin = bigquery::LoadPlugin();
    if (!plugin.ok()) GTEST_SKIP() << plugin.status().message();
    folder_ =
        std::filesystem::path(::testing::TempDir()) / ("bigquery_rows_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    const std::string path = folder_ / "rows.arrow";
    ASSERT_TRUE(WriteServedRows(path).ok());
    bigquery::ServerOptions options;
    options.tables = {{"p.d.t", path}};
    // The session that counts values has fewer than ten responses a stream, one of a range more.
    options.response_rows = 40'000;
    options.faults.faults = {*bigquery::ServerFault::Parse("expire:after=11,times=2")};
    auto server = (*plugin)->StartServer(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  void TearDown() override {
    server_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  TerabyteFeatureExtractor ServedExtractor() const {
    ExtractorOptions options;
    options.max_memory_gb = 1;
    options.num_threads = 2;
    options.chunk_size = 250'000;
    options.storage_endpoint = "127.0.0.1:" + std::to_string(server_->port());
    return TerabyteFeatureExtractor::Make(options).ValueOrDie();
  }

  /// Counts how often each row comes.
  TerabyteFeatureExtractor::RowsFunction Counting() {
    seen_.assign(kServedRows, 0);
    return [this](const std::shared_ptr<arrow::RecordBatch>& rows) {
      const auto column = rows->GetColumnByName("n");
      for (int64_t i = 0; i < rows->num_rows(); ++i) {
        ++seen_[static_cast<size_t>(static_cast<const arrow::Int64Array&>(*column).Value(i))];
      }
      calls_.push_back(rows->num_rows());
      return arrow::Status::OK();
    };
  }

  std::filesystem::path folder_;
  std::unique_ptr<bigquery::Server> server_;
  std::vector<int> seen_;
  std::vector<int64_t> calls_;
};

TEST_F(BigQueryRowsTest, RangesOutliveSessions) {
  BigQueryRows rows;
  rows.columns = {"n"};
  rows.unit_column = "key";
  const auto status = ServedExtractor().ProcessBigQueryStreaming("p.d.t", Counting(), rows);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(seen_, std::vector<int>(kServedRows, 1));
}

TEST_F(BigQueryRowsTest, RangesOfRowsThatPassInChunks) {
  BigQueryRows rows;
  rows.where_clause = "n >= 1000 AND key < 395";
  rows.unit_column = "KEY";
  const auto status = ServedExtractor().ProcessBigQueryInChunks("p.d.t", Counting(), rows);
  ASSERT_TRUE(status.ok()) << status;
  for (int64_t i = 0; i < kServedRows; ++i) {
    ASSERT_EQ(seen_[static_cast<size_t>(i)], i >= 1000 && i % kValues < 395 ? 1 : 0) << i;
  }
  ASSERT_FALSE(calls_.empty());
  calls_.pop_back();
  EXPECT_EQ(calls_, std::vector<int64_t>(calls_.size(), 250'000));
  // Of a limit so many rows come, each once.
  rows.limit = 600'000;
  calls_.clear();
  ASSERT_TRUE(ServedExtractor().ProcessBigQueryStreaming("p.d.t", Counting(), rows).ok());
  EXPECT_EQ(std::accumulate(calls_.begin(), calls_.end(), int64_t{0}), 600'000);
  EXPECT_LE(*std::max_element(seen_.begin(), seen_.end()), 1);
}

TEST_F(BigQueryRowsTest, MistakesAreTold) {
  BigQueryRows rows;
  rows.unit_column = "kye";
  const auto status = ServedExtractor().ProcessBigQueryStreaming("p.d.t", Counting(), rows);
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  EXPECT_THAT(status.message(), HasSubstr("no column 'kye'; did you mean 'key'?"));
  // What the function says ends the reading.
  rows.unit_column = "key";
  const auto stopped = ServedExtractor().ProcessBigQueryStreaming(
      "p.d.t",
      [](const std::shared_ptr<arrow::RecordBatch>&) { return base::InterruptedError("enough"); },
      rows);
  EXPECT_EQ(stopped.message(), "enough");
}

}  // namespace
}  // namespace emberharmony::extractor

// Downloads from a running server, with streams that are split and faults in between.
#include <arrow/array/array_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "emberharmony/bigquery/client/storage_table_reader.h"
#include "emberharmony/bigquery/server/storage_server.h"
#include "emberharmony/io/stream_spool.h"

namespace emberharmony::bigquery::client {
namespace {

constexpr int64_t kTableRows = 60'000;

class SpoolingSink : public MessageSink {
 public:
  explicit SpoolingSink(io::StreamSpool* spool) : spool_(spool) {}
  arrow::Status Append(int stream, std::string_view metadata,
                       const std::vector<std::string_view>& body) override {
    return spool_->Append(stream, metadata, body);
  }
  bool takes_insertions() const override { return true; }
  arrow::Result<int> Insert(int after) override { return spool_->Insert(after); }

 private:
  io::StreamSpool* const spool_;
};

/// What a run would read.
struct Downloaded {
  std::vector<int64_t> unit_rows;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  ReadCounters counters;
};

arrow::Result<std::shared_ptr<arrow::Array>> ReadPlainColumn(const io::Source& source, int column) {
  arrow::ArrayVector parts;
  for (const io::Unit& unit : source.units()) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, source.Open(unit, {column}, io::BatchOptions{}));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (!batch.has_value()) break;
      for (const io::Piece& piece : batch->columns[0].pieces) {
        if (piece.encoded()) return arrow::Status::Invalid("expected plain pieces");
        parts.push_back(piece.values);
      }
    }
  }
  return arrow::Concatenate(parts);
}

class SplitDownloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = std::filesystem::temp_directory_path() /
            ("split_download_test_" + std::to_string(::getpid()) + ".csv");
    std::ofstream file(file_);
    file << "id,name\n";
    for (int64_t i = 0; i < kTableRows; ++i) file << i << ",name " << i % 17 << "\n";
  }
  void TearDown() override { std::filesystem::remove(file_); }

  arrow::Result<Downloaded> Download(const std::vector<std::string>& faults,
                                     int64_t split_bytes_min, const std::string& where = "") {
    ServerOptions server_options;
    server_options.tables = {{"p.d.t", file_}};
    server_options.response_rows = 300;
    server_options.stream_bytes = 4000;
    for (const std::string& fault : faults) {
      ARROW_ASSIGN_OR_RAISE(const auto parsed, ServerFault::Parse(fault));
      server_options.faults.faults.push_back(parsed);
    }
    ARROW_ASSIGN_OR_RAISE(const auto server, server::StartStorageServer(server_options));
    ReadRequest request;
    request.table = {"p", "d", "t"};
    request.row_restriction = where;
    request.max_streams = 4;
    ReadOptions options;
    options.connection.storage_endpoint = "127.0.0.1:" + std::to_string(server->port());
    options.split_bytes_min = split_bytes_min;
    ARROW_ASSIGN_OR_RAISE(auto transport, Connect(options));
    ARROW_ASSIGN_OR_RAISE(auto download,
                          OpenDownload(std::move(transport), SystemClock(), request, options));
    io::StreamSpoolOptions spool_options;
    spool_options.name = "table";
    spool_options.unit_rows = 7'000;
    ARROW_ASSIGN_OR_RAISE(
        auto spool,
        io::StreamSpool::Make(*download->schema(), download->session().num_streams, spool_options));
    SpoolingSink sink(spool.get());
    ARROW_RETURN_NOT_OK(download->Run(&sink, 4, std::nullopt, nullptr));
    Downloaded downloaded;
    downloaded.counters = download->counters();
    ARROW_ASSIGN_OR_RAISE(const auto source, std::move(*spool).Finish());
    for (const io::Unit& unit : source->units()) downloaded.unit_rows.push_back(unit.num_rows);
    for (const int column : {0, 1}) {
      ARROW_ASSIGN_OR_RAISE(auto values, ReadPlainColumn(*source, column));
      downloaded.columns.push_back(std::move(values));
    }
    return downloaded;
  }

  void ExpectSame(const arrow::Result<Downloaded>& got, const Downloaded& expected) {
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->unit_rows, expected.unit_rows);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(got->columns[i]->Equals(*expected.columns[i])) << "column " << i;
    }
    EXPECT_EQ(got->counters.rows, expected.counters.rows);
  }

  std::filesystem::path file_;
};

TEST_F(SplitDownloadTest, SplitsShowNowhere) {
  const std::vector<std::vector<std::string>> cases = {
      {"uneven"},
      {"uneven", "cut:after=5,times=2"},
      {"uneven", "cut:after=0,times=1,status=INTERNAL"},
      {"uneven", "split:times=1"},
      {"uneven", "throttle:after=1,value=50", "cut:after=20,times=3"},
  };
  for (const std::string where : {"", "id >= 1000 AND name != 'name 3'"}) {
    const auto whole = Download({"uneven"}, 0, where);
    ASSERT_TRUE(whole.ok()) << whole.status();
    EXPECT_EQ(whole->counters.splits, 0);
    int num_splits = 0;
    for (const auto& faults : cases) {
      const auto got = Download(faults, 1, where);
      ExpectSame(got, *whole);
      if (got.ok()) num_splits += got->counters.splits;
    }
    EXPECT_GT(num_splits, 0);
  }
}

TEST_F(SplitDownloadTest, BatchesOfPartsAreHandedOutOnce) {
  for (const bool in_order : {false, true}) {
    ServerOptions server_options;
    server_options.tables = {{"p.d.t", file_}};
    server_options.response_rows = 300;
    server_options.stream_bytes = 4000;
    server_options.faults.faults = {*ServerFault::Parse("uneven")};
    const auto server = *server::StartStorageServer(server_options);
    ReadRequest request;
    request.table = {"p", "d", "t"};
    request.max_streams = in_order ? 1 : 4;
    ReadOptions options;
    options.connection.storage_endpoint = "127.0.0.1:" + std::to_string(server->port());
    options.split_bytes_min = 1;
    options.buffer_bytes = 1 << 16;
    const auto reader = *OpenTable(*Connect(options), SystemClock(), request, options);
    std::vector<bool> seen(kTableRows);
    std::map<int, int64_t> next_rows;
    while (true) {
      const auto batch = reader->Next();
      ASSERT_TRUE(batch.ok()) << batch.status();
      if (!batch->has_value()) break;
      EXPECT_EQ((*batch)->first_row, next_rows[(*batch)->stream]);
      next_rows[(*batch)->stream] += (*batch)->rows->num_rows();
      const auto& ids = static_cast<const arrow::Int64Array&>(*(*batch)->rows->column(0));
      for (const auto id : ids) {
        EXPECT_FALSE(seen[static_cast<size_t>(*id)]);
        seen[static_cast<size_t>(*id)] = true;
      }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kTableRows);
    const int num_streams = reader->session().num_streams;
    EXPECT_EQ(reader->counters().splits > 0, !in_order);
    EXPECT_EQ(next_rows.rbegin()->first >= num_streams, !in_order);
  }
}

TEST_F(SplitDownloadTest, AServerThatNeverSplitsIsReadAsWell) {
  const auto whole = Download({"uneven"}, 0);
  ASSERT_TRUE(whole.ok()) << whole.status();
  for (const char* fault : {"split", "split:status=UNIMPLEMENTED", "split:status=INTERNAL"}) {
    const auto got = Download({"uneven", fault}, 1);
    ExpectSame(got, *whole);
    if (got.ok()) {
      EXPECT_EQ(got->counters.splits, 0);
    }
  }
}

}  // namespace
}  // namespace emberharmony::bigquery::client

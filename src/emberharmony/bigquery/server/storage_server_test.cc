#include "emberharmony/bigquery/server/storage_server.h"

#include <gmock/gmock.h>
#include <google/cloud/bigquery/storage/v1/storage.grpc.pb.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::server {
namespace {

namespace v1 = google::cloud::bigquery::storage::v1;

constexpr int64_t kRows = 20'000;

/// A server of a CSV file in responses of 500 rows, and calls to it.
class StorageServerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("storage_server_test_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    std::ofstream file(folder_ / "t.csv");
    file << "id,name\n";
    for (int64_t i = 0; i < kRows; ++i) file << i << ",name " << i % 17 << "\n";
  }
  void TearDown() override {
    stub_.reset();
    if (server_ != nullptr) server_->Stop();
    std::filesystem::remove_all(folder_);
  }

  void Start(const std::vector<std::string>& faults = {}) {
    ServerOptions options;
    options.tables = {{"p.d.t", folder_ / "t.csv"}};
    options.response_rows = 500;
    options.stream_bytes = 1000;
    options.cache_bytes = 100'000;
    options.session_seconds = 100;
    for (const std::string& fault : faults) {
      options.faults.faults.push_back(*ServerFault::Parse(fault));
    }
    auto server = StartStorageServer(options, [this] { return now_micros_.load(); });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::BigQueryRead::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials()));
  }

  grpc::Status Create(int max_streams, v1::ReadSession* session, const std::string& where = "") {
    v1::CreateReadSessionRequest request;
    request.set_parent("projects/p");
    request.set_max_stream_count(max_streams);
    request.mutable_read_session()->set_table("projects/p/datasets/d/tables/t");
    request.mutable_read_session()->set_data_format(v1::DataFormat::ARROW);
    request.mutable_read_session()->mutable_read_options()->set_row_restriction(where);
    grpc::ClientContext context;
    return stub_->CreateReadSession(&context, request, session);
  }

  /// Counts rows until the call ends, or is cancelled after so many responses.
  grpc::Status Read(const std::string& stream, int64_t offset, int64_t* rows,
                    int cancel_after = -1) {
    grpc::ClientContext context;
    v1::ReadRowsRequest request;
    request.set_read_stream(stream);
    request.set_offset(offset);
    const auto reader = stub_->ReadRows(&context, request);
    v1::ReadRowsResponse response;
    for (int i = 0; reader->Read(&response); ++i) {
      *rows += response.row_count();
      if (i == cancel_after) context.TryCancel();
    }
    return reader->Finish();
  }

  std::filesystem::path folder_;
  std::atomic<int64_t> now_micros_{1'000'000'000'000'000};
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::BigQueryRead::Stub> stub_;
};

TEST_F(StorageServerTest, ManyCallsAtOnceSomeOfThemCancelled) {
  Start();
  v1::ReadSession session;
  ASSERT_TRUE(Create(4, &session).ok());
  ASSERT_EQ(session.streams_size(), 4);
  std::atomic<int64_t> rows{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (const v1::ReadStream& stream : session.streams()) {
        int64_t read = 0;
        const bool cancel = t % 2 == 1;
        const grpc::Status status = Read(stream.name(), 0, &read, cancel ? t : -1);
        if (cancel) continue;
        EXPECT_TRUE(status.ok()) << status.error_message();
        rows += read;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(rows, kRows * 4);
}

TEST_F(StorageServerTest, ResumesAfterEveryCut) {
  Start({"cut:after=3,status=INTERNAL"});
  v1::ReadSession session;
  ASSERT_TRUE(Create(1, &session, "id >= 100").ok());
  int64_t rows = 0;
  int calls = 0;
  while (true) {
    const grpc::Status status = Read(session.streams(0).name(), rows, &rows);
    ++calls;
    if (status.ok()) break;
    ASSERT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    ASSERT_THAT(status.error_message(), testing::HasSubstr("RST_STREAM"));
    ASSERT_LT(calls, 100);
  }
  EXPECT_EQ(rows, kRows - 100);
  EXPECT_EQ(calls, 14);  // 40 responses, three a call
}

TEST_F(StorageServerTest, SessionsExpireByItsClock) {
  Start();
  v1::ReadSession session;
  ASSERT_TRUE(Create(1, &session).ok());
  EXPECT_EQ(session.expire_time().seconds(), 1'000'000'100);
  int64_t rows = 0;
  EXPECT_TRUE(Read(session.streams(0).name(), kRows - 10, &rows).ok());
  EXPECT_EQ(rows, 10);
  now_micros_ += 100'000'000;
  const grpc::Status status = Read(session.streams(0).name(), 0, &rows);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("session expired at 2001-09-09T01:48:20"));
}

TEST_F(StorageServerTest, TellsWhenToTryAgain) {
  Start({"cut:status=RESOURCE_EXHAUSTED,retry-delay-ms=1250,times=1"});
  v1::ReadSession session;
  ASSERT_TRUE(Create(1, &session).ok());
  int64_t rows = 0;
  const grpc::Status status = Read(session.streams(0).name(), 0, &rows);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::RetryInfo info;
  ASSERT_EQ(details.details_size(), 1);
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.retry_delay().seconds(), 1);
  EXPECT_EQ(info.retry_delay().nanos(), 250'000'000);
  EXPECT_TRUE(Read(session.streams(0).name(), 0, &rows).ok());
  EXPECT_EQ(rows, kRows);
}

TEST_F(StorageServerTest, StopsWhileCallsAreUnderWay) {
  Start({"stall:after=2"});
  v1::ReadSession session;
  ASSERT_TRUE(Create(8, &session).ok());
  std::atomic<int> begun{0};
  std::vector<std::thread> threads;
  for (const v1::ReadStream& stream : session.streams()) {
    threads.emplace_back([&, name = stream.name()] {
      grpc::ClientContext context;
      v1::ReadRowsRequest request;
      request.set_read_stream(name);
      const auto reader = stub_->ReadRows(&context, request);
      v1::ReadRowsResponse response;
      EXPECT_TRUE(reader->Read(&response));
      ++begun;
      while (reader->Read(&response)) {
      }
      EXPECT_FALSE(reader->Finish().ok());
    });
  }
  while (begun < 8) std::this_thread::yield();
  server_->Stop();
  server_->Stop();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(StorageServerTest, RefusesWhatCannotBeServed) {
  const auto kind = [this](const std::string& name, const std::string& file, int port = 0) {
    ServerOptions options;
    options.tables = {{name, folder_ / file}};
    options.port = port;
    const auto server = StartStorageServer(options);
    EXPECT_FALSE(server.ok()) << name << " " << file;
    return base::KindOf(server.status());
  };
  EXPECT_EQ(kind("no table", "t.csv"), base::ErrorKind::kUsage);
  EXPECT_EQ(kind("p.d.t", "none.csv"), base::ErrorKind::kData);
  EXPECT_EQ(kind("p.d.t", "t.csv", 70'000), base::ErrorKind::kUsage);
  Start();
  EXPECT_EQ(kind("p.d.t", "t.csv", server_->port()), base::ErrorKind::kData);
}

}  // namespace
}  // namespace emberharmony::bigquery::server

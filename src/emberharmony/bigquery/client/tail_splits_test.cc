#include "emberharmony/bigquery/client/tail_splits.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/client/scripted_transport_test_internal.h"
#include "emberharmony/bigquery/client/storage_table_reader.h"

namespace emberharmony::bigquery::client {
namespace {

using arrow::Status;
using testing::Fault;
using ::testing::HasSubstr;
using testing::ScriptedClock;
using testing::ScriptedService;

using Batch = std::shared_ptr<arrow::RecordBatch>;

constexpr int kLongMessages = 200;
constexpr std::chrono::seconds kPatience{20};

std::shared_ptr<arrow::Schema> NumberSchema() {
  return arrow::schema({arrow::field("number", arrow::int64())});
}

std::vector<Batch> NumberStream(int64_t first, int num_batches) {
  std::vector<Batch> batches;
  for (int b = 0; b < num_batches; ++b) {
    arrow::Int64Builder numbers;
    // Of uneven sizes.
    for (int64_t i = 0; i <= b % 3; ++i) EXPECT_TRUE(numbers.Append(first++).ok());
    const auto column = *numbers.Finish();
    batches.push_back(arrow::RecordBatch::Make(NumberSchema(), column->length(), {column}));
  }
  return batches;
}

std::vector<int64_t> NumbersOf(const arrow::RecordBatch& batch) {
  const auto& numbers = static_cast<const arrow::Int64Array&>(*batch.column(0));
  return {numbers.raw_values(), numbers.raw_values() + numbers.length()};
}

/// Keeps what comes; `on_message` is called after each message, with how many of its stream have
/// come.
class RecordingSink : public MessageSink {
 public:
  RecordingSink(int num_streams, std::function<void(int place, int count)> on_message)
      : on_message_(std::move(on_message)) {
    for (int i = 0; i < num_streams; ++i) order_.push_back({i});
  }

  Status Append(int place, std::string_view metadata,
                const std::vector<std::string_view>& body) override {
    std::string bytes;
    for (const std::string_view piece : body) bytes += piece;
    ARROW_ASSIGN_OR_RAISE(const auto message, arrow::ipc::Message::Open(
                                                  arrow::Buffer::FromString(std::string(metadata)),
                                                  arrow::Buffer::FromString(bytes)));
    const arrow::ipc::DictionaryMemo memo;
    ARROW_ASSIGN_OR_RAISE(const auto rows,
                          arrow::ipc::ReadRecordBatch(*message, NumberSchema(), &memo,
                                                      arrow::ipc::IpcReadOptions::Defaults()));
    int count = 0;
    {
      const std::lock_guard lock(mutex_);
      for (const int64_t number : NumbersOf(*rows)) numbers_[place].push_back(number);
      count = ++counts_[place];
      changed_.notify_all();
    }
    on_message_(place, count);
    return Status::OK();
  }
  bool takes_insertions() const override { return true; }
  arrow::Result<int> Insert(int after) override {
    const std::lock_guard lock(mutex_);
    const int place = 100 + num_insertions_++;
    for (std::vector<int>& chain : order_) {
      const auto found = std::find(chain.begin(), chain.end(), after);
      if (found != chain.end()) chain.insert(found + 1, place);
    }
    return place;
  }
  void WaitForMessages(int place, int count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return counts_[place] >= count; }));
  }
  std::vector<int64_t> numbers(size_t stream) {
    const std::lock_guard lock(mutex_);
    std::vector<int64_t> all;
    for (const int place : order_[stream]) {
      all.insert(all.end(), numbers_[place].begin(), numbers_[place].end());
    }
    return all;
  }
  int num_insertions() const { return num_insertions_; }

 private:
  const std::function<void(int, int)> on_message_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::vector<int64_t>> numbers_;
  std::map<int, int> counts_;
  std::vector<std::vector<int>> order_;
  int num_insertions_ = 0;
};

/// Stream 0 is short and stream 1 long: who has read the one takes over the rest of the other.
class TailSplitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    request_.table = {"project", "data", "table"};
    options_.num_readers = 2;
    options_.split_bytes_min = 1;
    SetStreams({NumberStream(0, 2), NumberStream(1000, kLongMessages)});
  }

  void SetStreams(std::vector<std::vector<Batch>> streams) {
    expected_.clear();
    for (const auto& stream : streams) {
      std::vector<int64_t>& numbers = expected_.emplace_back();
      for (const Batch& batch : stream) {
        for (const int64_t number : NumbersOf(*batch)) numbers.push_back(number);
      }
    }
    service_->SetStreams(NumberSchema(), std::move(streams));
  }

  /// Lets the service split once the long stream has brought `asked_at` messages, and answer once
  /// it has brought `answered_at`. Its reader waits at the former for the question, and is slow for
  /// some messages after the latter, until it has gone over to the first part.
  Status Download(int asked_at, int answered_at, int slow_messages = 90) {
    std::mutex mutex;
    std::condition_variable changed;
    int num_asked = 0;
    RecordingSink* sink = nullptr;
    const size_t calls_before = service_->calls().size();
    const auto tries_first_part = [&] {
      const auto calls = service_->calls();
      return std::any_of(calls.begin() + static_cast<ptrdiff_t>(calls_before), calls.end(),
                         [](const auto& call) { return call.first >= 2; });
    };
    service_->AllowSplits([&](int number) {
      {
        const std::lock_guard lock(mutex);
        ++num_asked;
        changed.notify_all();
      }
      if (number == 0) sink->WaitForMessages(1, answered_at);
      return number == 0 ? split_status_ : RpcStatus{RpcCode::kUnimplemented, "once"};
    });
    sink_ = std::make_unique<RecordingSink>(
        static_cast<int>(expected_.size()), [&](int place, int count) {
          if (place != 1 || count < asked_at) return;
          std::unique_lock lock(mutex);
          EXPECT_TRUE(changed.wait_for(lock, kPatience, [&] { return num_asked > 0; }));
          lock.unlock();
          if (count < answered_at || count >= answered_at + slow_messages) return;
          if (!tries_first_part()) std::this_thread::sleep_for(std::chrono::milliseconds(3));
        });
    sink = sink_.get();
    ARROW_ASSIGN_OR_RAISE(auto download, OpenDownload(service_, &clock_, request_, options_));
    const Status status =
        download->Run(sink_.get(), options_.num_readers, request_.limit_rows, nullptr);
    counters_ = download->counters();
    return status;
  }

  void ExpectAllNumbers(const Status& status, const std::string& what) {
    ASSERT_TRUE(status.ok()) << what << ": " << status;
    for (size_t i = 0; i < expected_.size(); ++i) {
      EXPECT_EQ(sink_->numbers(i), expected_[i]) << what << ", stream " << i;
    }
    EXPECT_EQ(counters_.streams_done, static_cast<int>(expected_.size())) << what;
    EXPECT_EQ(counters_.splits, sink_->num_insertions()) << what;
  }

  ScriptedClock clock_;
  std::shared_ptr<ScriptedService> service_ = std::make_shared<ScriptedService>(&clock_);
  std::vector<std::vector<int64_t>> expected_;
  ReadRequest request_;
  ReadOptions options_;
  RpcStatus split_status_;
  std::unique_ptr<RecordingSink> sink_;
  ReadCounters counters_;
};

TEST_F(TailSplitsTest, ARestIsReadByAnotherAndFollowsItsStream) {
  for (const int asked_at : {1, 2, 7, 19, 40}) {
    const std::string what = "asked after " + std::to_string(asked_at);
    ExpectAllNumbers(Download(asked_at, asked_at), what);
    EXPECT_EQ(counters_.splits, 1) << what;
  }
}

TEST_F(TailSplitsTest, AnAnswerThatIsTooLateChangesNothing) {
  // The cut is near the middle, and the reader is beyond it by then.
  ExpectAllNumbers(Download(4, 150), "too late");
  EXPECT_EQ(counters_.splits, 0);
}

TEST_F(TailSplitsTest, AnswersAtAnyTimeLoseNoRow) {
  for (int answered_at = 4; answered_at <= kLongMessages; ++answered_at) {
    ExpectAllNumbers(Download(4, answered_at, 2), "answered after " + std::to_string(answered_at));
  }
}

TEST_F(TailSplitsTest, WhatTheServiceRefusesIsNotAskedForAgain) {
  split_status_ = {RpcCode::kUnavailable, "not now"};
  ExpectAllNumbers(Download(3, 3), "refused");
  EXPECT_EQ(counters_.splits, 0);
  EXPECT_EQ(counters_.reconnects, 0);
  service_->AllowSplits(nullptr);
}

TEST_F(TailSplitsTest, NobodySplitsWhatIsSmallLimitedOrNotToBeSplit) {
  const auto expect_none = [this](const std::string& what) {
    service_->AllowSplits([&](int) {
      ADD_FAILURE() << what;
      return RpcStatus{};
    });
    sink_ = std::make_unique<RecordingSink>(2, [](int, int) {});
    auto download = OpenDownload(service_, &clock_, request_, options_);
    ASSERT_TRUE(download.ok());
    ASSERT_TRUE((*download)->Run(sink_.get(), 2, request_.limit_rows, nullptr).ok()) << what;
  };
  options_.split_bytes_min = 0;
  expect_none("switched off");
  options_.split_bytes_min = int64_t{1} << 40;
  expect_none("small");
  options_.split_bytes_min = 1;
  request_.limit_rows = 5;
  expect_none("limited");
  request_.limit_rows.reset();
  service_->set_tells_progress(false);
  expect_none("nobody knows how much is left");
}

TEST_F(TailSplitsTest, FaultsInThePartsAreGotOver) {
  const RpcStatus cut{RpcCode::kUnavailable, "cut"};
  for (const int part : {2, 3}) {
    // The reader is near the start of the first part when it goes over to it.
    for (int n = part == 2 ? 70 : 0; n < kLongMessages / 2; n += 7) {
      service_->SetFault(part, n, {Fault::Kind::kEnd, cut});
      const std::string what = "cut of part " + std::to_string(part) + " at " + std::to_string(n);
      ExpectAllNumbers(Download(4, 4), what);
      EXPECT_EQ(counters_.splits, 1) << what;
    }
  }
}

TEST_F(TailSplitsTest, WhatTheFirstPartCannotGoOnWithTheStreamCan) {
  for (const RpcStatus& status :
       {RpcStatus{RpcCode::kUnavailable, "down"}, RpcStatus{RpcCode::kNotFound, "gone"},
        RpcStatus{RpcCode::kFailedPrecondition, "no"}}) {
    for (int n = 0; n <= kLongMessages; ++n) {
      Fault fault{Fault::Kind::kEnd, status};
      fault.once = false;
      service_->SetFault(2, n, fault);
    }
    ExpectAllNumbers(Download(4, 4), RpcText(status));
    EXPECT_EQ(counters_.splits, 0);
  }
}

TEST_F(TailSplitsTest, PartsThatLackRowsAreFound) {
  for (const int part : {2, 3}) {
    service_->SetFault(part, 90, {Fault::Kind::kLeaveOut, {}});
    const Status status = Download(4, 4);
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
    EXPECT_THAT(status.message(), HasSubstr("nothing of this read can be trusted"));
  }
  // A rest that ends too early, where its own progress tells nothing.
  service_->SetFault(3, 0, {Fault::Kind::kEndEarly, {}});
  const Status status = Download(4, 4);
  EXPECT_THAT(status.message(), HasSubstr("by the service's count before it was split"));
}

TEST_F(TailSplitsTest, ARestIsSplitAgain) {
  options_.num_readers = 4;
  SetStreams({NumberStream(0, 600)});
  std::atomic<int> num_asked{0};
  service_->AllowSplits([&](int) {
    ++num_asked;
    return RpcStatus{};
  });
  sink_ = std::make_unique<RecordingSink>(
      1, [](int, int) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  auto download = OpenDownload(service_, &clock_, request_, options_);
  ASSERT_TRUE(download.ok());
  const Status status = (*download)->Run(sink_.get(), 4, std::nullopt, nullptr);
  counters_ = (*download)->counters();
  ExpectAllNumbers(status, "several splits");
  EXPECT_GE(counters_.splits, 2);
  EXPECT_LE(num_asked, 8);
}

TEST_F(TailSplitsTest, AnErrorEndsWhoWaits) {
  service_->SetFault(1, 20, {Fault::Kind::kEnd, {RpcCode::kPermissionDenied, "no"}});
  options_.split_bytes_min = int64_t{1} << 40;
  EXPECT_THAT(Download(100, 100).message(), HasSubstr("PERMISSION_DENIED"));
}

}  // namespace
}  // namespace emberharmony::bigquery::client

#include "emberharmony/bigquery/client/storage_table_reader.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/bigquery/client/progress_ledger.h"
#include "emberharmony/bigquery/client/retry_policy.h"
#include "emberharmony/bigquery/client/scripted_transport_test_internal.h"

namespace emberharmony::bigquery::client {
namespace {

using testing::Fault;
using ::testing::HasSubstr;
using testing::ScriptedClock;
using testing::ScriptedService;

using Batch = std::shared_ptr<arrow::RecordBatch>;

constexpr int kNumResponses = 6;

std::shared_ptr<arrow::Schema> TestSchema() {
  return arrow::schema(
      {arrow::field("number", arrow::int64()), arrow::field("text", arrow::utf8())});
}

Batch MakeBatch(int64_t first, int64_t num_rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int64_t i = first; i < first + num_rows; ++i) {
    EXPECT_TRUE((i % 5 == 3 ? numbers.AppendNull() : numbers.Append(i)).ok());
    EXPECT_TRUE(texts.Append("row " + std::to_string(i * i)).ok());
  }
  return arrow::RecordBatch::Make(TestSchema(), num_rows, {*numbers.Finish(), *texts.Finish()});
}

/// Batches of uneven sizes.
std::vector<Batch> MakeStream(int64_t first) {
  std::vector<Batch> batches;
  for (const int64_t num_rows : {3, 5, 1, 7, 2, 4}) {
    batches.push_back(MakeBatch(first, num_rows));
    first += num_rows;
  }
  return batches;
}

std::shared_ptr<arrow::Table> TableOf(const std::vector<Batch>& batches) {
  auto table = arrow::Table::FromRecordBatches(TestSchema(), batches);
  return *(*table)->CombineChunks();
}

class ReadingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    streams_ = {MakeStream(0), MakeStream(100)};
    service_->SetStreams(TestSchema(), streams_);
    request_.table = {"project", "data", "table"};
    options_.num_readers = 2;
  }

  /// All rows by stream; checks that each batch follows the one before it.
  arrow::Result<std::map<int, std::vector<Batch>>> ReadAll() {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenTable(service_, &clock_, request_, options_));
    std::map<int, std::vector<Batch>> streams;
    std::map<int, int64_t> rows;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch.has_value()) break;
      EXPECT_EQ(batch->first_row, rows[batch->stream]);
      rows[batch->stream] += batch->rows->num_rows();
      EXPECT_TRUE(batch->rows->ValidateFull().ok());
      streams[batch->stream].push_back(batch->rows);
    }
    counters_ = reader->counters();
    return streams;
  }

  void ExpectAllRows(const std::string& what) {
    const auto read = ReadAll();
    ASSERT_TRUE(read.ok()) << what << ": " << read.status();
    ASSERT_EQ(read->size(), streams_.size()) << what;
    for (const auto& [stream, batches] : *read) {
      EXPECT_TRUE(TableOf(batches)->Equals(*TableOf(streams_[static_cast<size_t>(stream)])))
          << what << ", stream " << stream;
    }
  }

  void ExpectError(const std::string& what, const std::string& text) {
    const auto read = ReadAll();
    ASSERT_FALSE(read.ok()) << what;
    EXPECT_THAT(read.status().message(), HasSubstr(text)) << what;
    EXPECT_THAT(read.status().message(), HasSubstr("project.data.table, stream 1")) << what;
  }

  ScriptedClock clock_;
  std::shared_ptr<ScriptedService> service_ = std::make_shared<ScriptedService>(&clock_);
  std::vector<std::vector<Batch>> streams_;
  ReadRequest request_;
  ReadOptions options_;
  ReadCounters counters_;
};

TEST_F(ReadingTest, EveryRowComesOnceHoweverItIsSent) {
  for (const Compression compression : {Compression::kNone, Compression::kLz4Frame,
                                        Compression::kZstd, Compression::kLz4Response}) {
    for (const bool legacy : {false, true}) {
      // Before Arrow 0.17 nothing was compressed.
      if (legacy && compression != Compression::kNone) continue;
      request_.compression = compression;
      service_->SetStreams(TestSchema(), streams_, compression);
      service_->set_legacy_framing(legacy);
      ExpectAllRows(std::to_string(static_cast<int>(compression)));
      EXPECT_EQ(counters_.rows, 44);
      EXPECT_EQ(counters_.responses, 2 * kNumResponses);
      EXPECT_EQ(counters_.streams_done, 2);
      EXPECT_EQ(counters_.reconnects, 0);
      EXPECT_EQ(counters_.buffered_bytes, 0);
      EXPECT_GT(counters_.decoded_bytes, 44 * 8);
    }
  }
}

TEST_F(ReadingTest, FewBytesAtATimeAndOneReaderForManyStreams) {
  options_.num_readers = 1;
  options_.buffer_bytes = 1;
  ExpectAllRows("one byte");
  // A message, or what it is decoded to, which is somewhat more than its body.
  EXPECT_LE(counters_.peak_buffered_bytes, 1024);
}

TEST_F(ReadingTest, TablesWithoutStreamsAndStreamsWithoutRowsAreEmpty) {
  service_->SetStreams(TestSchema(), {});
  auto read = ReadAll();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->empty());
  service_->SetStreams(TestSchema(), {{}, MakeStream(7), {}});
  read = ReadAll();
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 1);
  EXPECT_TRUE(TableOf(read->at(1))->Equals(*TableOf(MakeStream(7))));
}

TEST_F(ReadingTest, ALimitCutsTheLastBatch) {
  request_.limit_rows = 10;
  service_->SetStreams(TestSchema(), {MakeStream(0)});
  const auto read = ReadAll();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(TableOf(read->at(0))->Equals(*TableOf(MakeStream(0))->Slice(0, 10)));
  EXPECT_LT(counters_.responses, kNumResponses);
}

TEST_F(ReadingTest, WhatMayPassIsBegunAgainWhereItEnded) {
  const std::vector<RpcStatus> passing = {
      {RpcCode::kUnavailable, "Socket closed"},
      {RpcCode::kInternal, "Received RST_STREAM with error code 2"},
      {RpcCode::kInternal, "Received unexpected EOS on DATA frame from server"},
      {RpcCode::kUnknown, "Stream removed"},
      {RpcCode::kAborted, "try again"},
      {RpcCode::kCancelled, "by a proxy"},
      {RpcCode::kDeadlineExceeded, "too long"},
      {RpcCode::kResourceExhausted, "slow down", 7'000},
  };
  const std::vector<int64_t> offsets = {0, 3, 8, 9, 16, 18, 22};
  for (const RpcStatus& status : passing) {
    for (int n = 0; n <= kNumResponses; ++n) {
      const std::string what = RpcText(status) + " before response " + std::to_string(n);
      service_->SetFault(1, n, {Fault::Kind::kEnd, status});
      const size_t calls_before = service_->calls().size();
      ExpectAllRows(what);
      EXPECT_EQ(counters_.reconnects, 1) << what;
      EXPECT_EQ(service_->calls().size() - calls_before, 3) << what;
      EXPECT_THAT(service_->calls(),
                  ::testing::Contains(std::make_pair(1, offsets[static_cast<size_t>(n)])))
          << what;
      EXPECT_GE(clock_.sleeps().back(), status.retry_delay_ms.value_or(0)) << what;
    }
  }
}

TEST_F(ReadingTest, ACutAfterEachResponseOnlyCostsTime) {
  for (int n = 0; n <= kNumResponses; ++n) {
    service_->SetFault(1, n, {Fault::Kind::kEnd, {RpcCode::kUnavailable, "cut"}});
  }
  ExpectAllRows("cut after each response");
  EXPECT_EQ(counters_.reconnects, kNumResponses + 1);
  // Progress resets the wait.
  for (const int64_t sleep : clock_.sleeps()) EXPECT_LE(sleep, 100);
}

TEST_F(ReadingTest, ASilentCallIsBegunAgain) {
  for (int n = 0; n <= kNumResponses; ++n) {
    service_->SetFault(1, n, {Fault::Kind::kStall, {}});
    ExpectAllRows("silence before response " + std::to_string(n));
    EXPECT_EQ(counters_.reconnects, 1);
  }
}

TEST_F(ReadingTest, WhatLastsEndsTheReading) {
  Fault fault{Fault::Kind::kEnd, {RpcCode::kUnavailable, "down"}};
  fault.once = false;
  service_->SetFault(1, 3, fault);
  ExpectError("down", "UNAVAILABLE: down; check the network");
  const auto sleeps = clock_.sleeps();
  EXPECT_GT(sleeps.size(), 20);
  EXPECT_LT(sleeps.size(), 100);
  // Each wait up to twice the one before it, with a random part of half.
  EXPECT_LE(sleeps[0], 100);
  EXPECT_GE(sleeps[0], 50);
  EXPECT_GE(sleeps[15], 15'000);
  EXPECT_LE(sleeps[15], 30'000);
  fault.kind = Fault::Kind::kStall;
  service_->SetFault(1, 3, fault);
  ExpectError("silent", "nothing has come for");
}

/// Warnings while it lives.
class ToldWarnings {
 public:
  ToldWarnings() {
    told_.clear();
    base::RedirectLogging(base::LogLevel::kWarning, [](base::LogLevel, const std::string& text) {
      const std::lock_guard lock(mutex_);
      told_.push_back(text);
    });
  }
  ~ToldWarnings() { base::RedirectLogging(base::LogLevel::kOff, nullptr); }
  std::vector<std::string> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  static inline std::mutex mutex_;
  static inline std::vector<std::string> told_;  // guarded by mutex_
};

TEST_F(ReadingTest, WhoeverWaitsIsToldForWhatOnce) {
  const ToldWarnings warnings;
  // A cut that is got over is no news.
  service_->SetFault(1, 3, {Fault::Kind::kEnd, {RpcCode::kUnavailable, "cut"}});
  ExpectAllRows("cut");
  EXPECT_THAT(warnings.told(), ::testing::IsEmpty());
  for (const int stream : {0, 1}) {
    Fault fault{Fault::Kind::kEnd, {RpcCode::kUnavailable, "down"}};
    fault.once = false;
    service_->SetFault(stream, 3, fault);
  }
  EXPECT_FALSE(ReadAll().ok());
  EXPECT_THAT(warnings.told(), ::testing::ElementsAre(::testing::AllOf(
                                   HasSubstr("from row 9: UNAVAILABLE: down; no row has come for"),
                                   HasSubstr("trying again for 15 minutes in all"))));
}

TEST_F(ReadingTest, ANumberThatNothingProvesIsComparedWithTheEstimate) {
  const ToldWarnings warnings;
  service_->set_tells_progress(false);
  ExpectAllRows("as estimated");
  EXPECT_THAT(warnings.told(), ::testing::IsEmpty());
  service_->SetFault(1, 3, {Fault::Kind::kLeaveOut, {}});
  ASSERT_TRUE(ReadAll().ok());
  EXPECT_THAT(
      warnings.told(),
      ::testing::ElementsAre(HasSubstr("37 rows have come, but the session's estimate is 44")));
  // Of rows that are restricted nothing is estimated.
  request_.row_restriction = "number > 0";
  service_->SetFault(1, 3, {Fault::Kind::kLeaveOut, {}});
  ASSERT_TRUE(ReadAll().ok());
  EXPECT_EQ(warnings.told().size(), 1);
}

TEST_F(ReadingTest, WhatIsForGoodIsNotTriedAgain) {
  const std::vector<std::pair<RpcStatus, std::string>> lasting = {
      {{RpcCode::kResourceExhausted, "quota exceeded"}, "a quota of the project is used up"},
      {{RpcCode::kFailedPrecondition, "there was an error operating on 's': session expired at 5"},
       "sessions end after 6 hours"},
      {{RpcCode::kInvalidArgument, "no"}, "INVALID_ARGUMENT: no"},
      {{RpcCode::kNotFound, "gone"}, "NOT_FOUND: gone"},
      {{RpcCode::kPermissionDenied, "no"}, "bigquery.readsessions.getData"},
      {{RpcCode::kUnauthenticated, "no"}, "gcloud auth application-default login"},
      {{RpcCode::kOutOfRange, "no"}, "OUT_OF_RANGE"},
      {{RpcCode::kUnimplemented, "no"}, "UNIMPLEMENTED"},
      {{RpcCode::kDataLoss, "no"}, "DATA_LOSS"},
  };
  for (const auto& [status, text] : lasting) {
    for (int n = 0; n <= kNumResponses; ++n) {
      service_->SetFault(1, n, {Fault::Kind::kEnd, status});
      const size_t calls_before = service_->calls().size();
      ExpectError(RpcText(status), text);
      EXPECT_LE(service_->calls().size() - calls_before, 2);
    }
  }
  EXPECT_TRUE(clock_.sleeps().empty());
}

TEST_F(ReadingTest, WhatABadServiceSendsIsFound) {
  using Kind = Fault::Kind;
  struct Case {
    Kind kind;
    int first;  ///< response before which it makes a difference
    int last;
    std::string text;
  };
  const int end = kNumResponses;
  const std::vector<Case> cases = {
      {Kind::kTruncate, 0, end - 1, "can't be read"},
      {Kind::kCorrupt, 0, end - 1, "can't be read"},
      {Kind::kRowCount, 0, end - 1, "a response claims"},
      {Kind::kSchema, 0, end - 1, "columns have changed"},
      {Kind::kRepeat, 1, end, "the service has sent again"},
      {Kind::kLeaveOut, 0, end - 1, "the service has"},
      {Kind::kEndEarly, 1, end - 1, "the service has ended a stream after"},
  };
  for (const Case& test : cases) {
    for (int n = test.first; n <= test.last; ++n) {
      service_->SetFault(1, n, {test.kind, {}});
      ExpectError("fault " + std::to_string(static_cast<int>(test.kind)) + " at response " +
                      std::to_string(n),
                  test.text);
    }
  }
}

TEST_F(ReadingTest, ProgressThatIsNoCountProvesNothing) {
  service_->set_tells_progress(false);
  ExpectAllRows("without progress");
  ProgressLedger ledger;
  // An estimate that does not follow the rows.
  EXPECT_TRUE(ledger.Add(Progress{0, 0.3}, 10).ok());
  EXPECT_TRUE(ledger.Add(Progress{0.4, 0.5}, 10).ok());
  EXPECT_TRUE(ledger.Add(Progress{0.5, 0.9}, 10).ok());
  EXPECT_TRUE(ledger.Add(Progress{0.1, 0.2}, 10).ok());
  EXPECT_TRUE(ledger.Finish().ok());
  // As emulators have it.
  ProgressLedger constant;
  EXPECT_TRUE(constant.Add(Progress{0, 1}, 10).ok());
  EXPECT_TRUE(constant.Add(Progress{0, 1}, 10).ok());
  EXPECT_TRUE(constant.Add(Progress{0, 1}, 7).ok());
  EXPECT_TRUE(constant.Finish().ok());
}

TEST_F(ReadingTest, CancellingEndsTheReading) {
  // Nobody takes the first batch, so the readers can't come to an end.
  options_.buffer_bytes = 1;
  auto reader = OpenTable(service_, &clock_, request_, options_);
  ASSERT_TRUE(reader.ok());
  (*reader)->Cancel();
  const auto next = (*reader)->Next();
  EXPECT_TRUE(next.status().IsCancelled()) << next.status();
  // And the caller's own wish.
  options_.check_stop = [] { return base::InterruptedError("enough"); };
  EXPECT_EQ(OpenTable(service_, &clock_, request_, options_).status().message(), "enough");
}

TEST_F(ReadingTest, SessionsAreAskedForAsTheApiHasIt) {
  request_.columns = {"number", "record.child"};
  request_.row_restriction = "number > 3";
  request_.snapshot_micros = -1;
  request_.sample_percentage = 12.5;
  request_.max_streams = 9;
  options_.connection.billing_project = "payer";
  ASSERT_TRUE(OpenTable(service_, &clock_, request_, options_).ok());
  const auto sent = service_->last_request();
  EXPECT_EQ(sent.parent(), "projects/payer");
  EXPECT_EQ(sent.max_stream_count(), 9);
  const auto& session = sent.read_session();
  EXPECT_EQ(session.table(), "projects/project/datasets/data/tables/table");
  EXPECT_EQ(session.data_format(), storage::ARROW);
  EXPECT_EQ(session.table_modifiers().snapshot_time().seconds(), -1);
  EXPECT_EQ(session.table_modifiers().snapshot_time().nanos(), 999'999'000);
  const auto& read = session.read_options();
  EXPECT_THAT(read.selected_fields(), ::testing::ElementsAre("number", "record.child"));
  EXPECT_EQ(read.row_restriction(), "number > 3");
  EXPECT_EQ(read.sample_percentage(), 12.5);
  EXPECT_EQ(read.arrow_serialization_options().buffer_compression(),
            storage::ArrowSerializationOptions::LZ4_FRAME);
  EXPECT_FALSE(read.has_response_compression_codec());
  request_.compression = Compression::kLz4Response;
  options_.connection.billing_project = "";
  service_->SetStreams(TestSchema(), streams_, Compression::kLz4Response);
  ASSERT_TRUE(OpenTable(service_, &clock_, request_, options_).ok());
  const auto sent_again = service_->last_request();
  EXPECT_EQ(sent_again.parent(), "projects/project");
  // The two kinds of compression exclude each other.
  const auto& second = sent_again.read_session().read_options();
  EXPECT_TRUE(second.has_response_compression_codec());
  EXPECT_EQ(second.arrow_serialization_options().buffer_compression(), 0);
}

TEST_F(ReadingTest, SessionsAreTriedAgainForHalfAMinute) {
  service_->FailSessions({{RpcCode::kUnavailable, "not yet"}, {RpcCode::kDeadlineExceeded, ""}});
  ExpectAllRows("two failures");
  service_->FailSessions(std::vector<RpcStatus>(1000, {RpcCode::kUnavailable, "never"}));
  const int64_t begin = clock_.NowMs();
  auto status = OpenTable(service_, &clock_, request_, options_).status();
  EXPECT_LE(clock_.NowMs() - begin, 30'000);
  EXPECT_THAT(status.message(), HasSubstr("scripted:1: UNAVAILABLE: never; check the network"));
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  service_->FailSessions({{RpcCode::kInvalidArgument, "bad restriction"}});
  status = OpenTable(service_, &clock_, request_, options_).status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage);
  service_->FailSessions({{RpcCode::kNotFound, "no table"}});
  status = OpenTable(service_, &clock_, request_, options_).status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
}

TEST_F(ReadingTest, WhatDoesNotAnswerOnThisMachineIsNotWaitedForLong) {
  service_->set_local(true);
  service_->FailSessions({{RpcCode::kUnavailable, "starting"}, {RpcCode::kUnavailable, ""}});
  ExpectAllRows("a server that has just been started");
  service_->FailSessions(std::vector<RpcStatus>(1000, {RpcCode::kUnavailable, "refused"}));
  const int64_t begin = clock_.NowMs();
  const auto status = OpenTable(service_, &clock_, request_, options_).status();
  EXPECT_LE(clock_.NowMs() - begin, 1'500);
  EXPECT_THAT(status.message(), HasSubstr("scripted:1: UNAVAILABLE: refused; does a Storage Read"));
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  // A server that answers, if only that it is busy, is worth waiting for.
  service_->FailSessions(std::vector<RpcStatus>(7, {RpcCode::kAborted, "busy"}));
  ExpectAllRows("a busy server");
}

TEST_F(ReadingTest, AClosedReaderHasNoThreadsAndCanStillBeAsked) {
  auto reader = OpenTable(service_, &clock_, request_, options_);
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->Next().ok());
  std::thread other([&] { (*reader)->Close(); });
  (*reader)->Close();
  other.join();
  EXPECT_TRUE((*reader)->Next().status().IsCancelled());
  EXPECT_GT((*reader)->counters().rows, 0);
  EXPECT_TRUE((*reader)->schema()->Equals(*TestSchema()));
}

TEST(BackoffTest, TheSameSeedGivesTheSameWaits) {
  RetryOptions options;
  options.seed = 7;
  Backoff a(options, 1);
  Backoff b(options, 1);
  Backoff c(options, 2);
  bool differs = false;
  for (int i = 0; i < 12; ++i) {
    const int64_t wait = a.NextDelayMs({RpcCode::kUnavailable});
    EXPECT_EQ(wait, b.NextDelayMs({RpcCode::kUnavailable}));
    differs |= wait != c.NextDelayMs({RpcCode::kUnavailable});
    EXPECT_LE(wait, std::min<int64_t>(100 << i, 30'000));
    EXPECT_GE(wait, std::min<int64_t>(100 << i, 30'000) / 2);
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace emberharmony::bigquery::client

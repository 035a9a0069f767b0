#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/bigquery/ranged_reader.h"
#include "emberharmony/bigquery/ranged_rows_internal.h"
#include "emberharmony/io/filter/filter.h"

namespace emberharmony::bigquery {
namespace {

using arrow::Result;
using arrow::Status;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Numbers = std::vector<std::optional<int64_t>>;

std::shared_ptr<arrow::Schema> KeySchema() {
  return arrow::schema({arrow::field("key", arrow::int64())});
}

std::shared_ptr<arrow::RecordBatch> KeyBatch(const Numbers& numbers) {
  arrow::Int64Builder builder;
  for (const auto& number : numbers) {
    EXPECT_TRUE((number ? builder.Append(*number) : builder.AppendNull()).ok());
  }
  const auto column = *builder.Finish();
  return arrow::RecordBatch::Make(KeySchema(), column->length(), {column});
}

/// A table and what befalls the sessions over it. Thread-safe.
struct KeyTable {
  Numbers rows;
  /// How often the session of a range expires, by its restriction, after its first message.
  std::map<std::string, int> expiries;
  std::map<std::string, int> extra_rows;  ///< that a range brings too many
  std::optional<Status> fault;            ///< of ranges that are no expiries
  bool is_silent = false;                 ///< ranges bring nothing until they are stopped
  std::mutex mutex;
  std::multiset<std::string> sessions;  ///< restrictions asked for; guarded by mutex
  std::set<int64_t> snapshots;          ///< the same

  Numbers Passing(const std::string& restriction) const {
    if (restriction.empty()) return rows;
    const auto expression = io::filter::ParseExpression(restriction, "restriction");
    const auto filter = io::filter::Filter::Bind(**expression, *KeySchema(), "restriction");
    io::filter::FilterEvaluator evaluator(*filter, arrow::default_memory_pool());
    io::Batch batch;
    batch.num_rows = static_cast<int64_t>(rows.size());
    batch.columns.resize(1);
    batch.columns[0].pieces.push_back({KeyBatch(rows)->column(0), nullptr, batch.num_rows, 0});
    std::vector<uint64_t> passes;
    EXPECT_TRUE(evaluator.Evaluate(batch, &passes).ok());
    Numbers passing;
    for (size_t i = 0; i < rows.size(); ++i) {
      if ((passes[i / 64] >> (i % 64) & 1) != 0) passing.push_back(rows[i]);
    }
    return passing;
  }
  int Take(std::map<std::string, int>* counts, const std::string& restriction) {
    const std::lock_guard lock(mutex);
    int& count = (*counts)[restriction];
    return count > 0 ? count-- : 0;
  }
};

class RangeDownload : public TableDownload {
 public:
  RangeDownload(KeyTable* table, std::string restriction)
      : table_(table), restriction_(std::move(restriction)) {}
  const SessionInfo& session() const override { return session_; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<std::unique_ptr<TableDownload>> OpenAnother(
      const ReadRequest& request, const std::function<Status()>& check_stop) const override {
    ARROW_RETURN_NOT_OK(check_stop());
    EXPECT_EQ(request.max_streams, 1);
    const std::lock_guard lock(table_->mutex);
    table_->sessions.insert(request.row_restriction);
    table_->snapshots.insert(request.snapshot_micros.value_or(0));
    return std::make_unique<RangeDownload>(table_, request.row_restriction);
  }
  Status Run(MessageSink* sink, int, std::optional<int64_t>,
             const std::function<Status()>& check_stop) override {
    Numbers numbers = table_->Passing(restriction_);
    if (table_->fault) return *table_->fault;
    while (table_->is_silent) ARROW_RETURN_NOT_OK(check_stop());
    const bool expires = table_->Take(&table_->expiries, restriction_) > 0;
    if (table_->Take(&table_->extra_rows, restriction_) > 0) numbers.push_back(numbers.back());
    for (size_t first = 0; first < numbers.size(); first += 3) {
      ARROW_RETURN_NOT_OK(check_stop());
      if (expires && first > 0) break;
      const size_t end = std::min(first + 3, numbers.size());
      ARROW_RETURN_NOT_OK(Send(sink, {numbers.begin() + static_cast<ptrdiff_t>(first),
                                      numbers.begin() + static_cast<ptrdiff_t>(end)}));
    }
    expired_ = expires;
    return expires ? base::DataError("session expired at noon") : Status::OK();
  }
  ReadCounters counters() const override {
    ReadCounters counters;
    counters.rows = rows_;
    counters.session_expired = expired_;
    return counters;
  }

 private:
  Status Send(MessageSink* sink, const Numbers& numbers) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes,
                          arrow::ipc::SerializeRecordBatch(
                              *KeyBatch(numbers), arrow::ipc::IpcWriteOptions::Defaults()));
    arrow::io::BufferReader reader(bytes);
    ARROW_ASSIGN_OR_RAISE(const auto message, arrow::ipc::ReadMessage(&reader));
    rows_ += static_cast<int64_t>(numbers.size());
    return sink->Append(0, std::string_view(*message->metadata()),
                        {std::string_view(*message->body())});
  }

  KeyTable* const table_;
  const std::string restriction_;
  const SessionInfo session_ = {"a session", 1, 0, 100, 800, {}};
  const std::shared_ptr<arrow::Schema> schema_ = KeySchema();
  std::atomic<int64_t> rows_{0};
  std::atomic<bool> expired_{false};
};

/// Of all rows in two batches.
class KeyReader : public TableReader {
 public:
  explicit KeyReader(Numbers numbers) : numbers_(std::move(numbers)) {}
  const SessionInfo& session() const override { return session_; }
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<std::optional<StreamBatch>> Next() override {
    if (next_ == 2) return std::nullopt;
    const auto half = static_cast<ptrdiff_t>(numbers_.size() / 2);
    const bool first = next_++ == 0;
    return StreamBatch{KeyBatch({first ? numbers_.begin() : numbers_.begin() + half,
                                 first ? numbers_.begin() + half : numbers_.end()}),
                       0, 0};
  }
  void Cancel() override {}
  void Close() override {}
  ReadCounters counters() const override { return {}; }

 private:
  const Numbers numbers_;
  const SessionInfo session_;
  const std::shared_ptr<arrow::Schema> schema_ = KeySchema();
  int next_ = 0;
};

class RangePlugin : public Plugin {
 public:
  explicit RangePlugin(KeyTable* table) : table_(table) {}
  std::string Describe() const override { return "fake"; }
  void SetLogLevel(base::LogLevel) override {}
  Result<std::unique_ptr<TableReader>> OpenTable(const ReadRequest& request,
                                                 const ReadOptions&) override {
    EXPECT_EQ(request.columns, std::vector<std::string>{"key"});
    return std::make_unique<KeyReader>(table_->Passing(request.row_restriction));
  }
  Result<std::unique_ptr<TableDownload>> OpenDownload(const ReadRequest& request,
                                                      const ReadOptions&) override {
    return std::make_unique<RangeDownload>(table_, request.row_restriction);
  }
  Result<std::unique_ptr<Server>> StartServer(const ServerOptions&) override {
    return Status::NotImplemented("");
  }
  Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions&) override {
    return Status::NotImplemented("");
  }

 private:
  KeyTable* const table_;
};

class RangedRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int64_t i = 0; i < 100; ++i) {
      table_.rows.push_back(i % 10 == 9 ? std::nullopt : std::optional(i * 7 % 20));
    }
    request_.table = {"p", "d", "t"};
  }

  Result<std::shared_ptr<io::Source>> Fetch(int num_threads = 4) {
    auto rows = MakeRangedRows(&plugin_, std::make_unique<RangeDownload>(&table_, ""), request_,
                               ReadOptions(), {"key", 77, 20},
                               [](const SessionInfo&) { return DescribeRanges("key"); });
    if (!rows.ok()) return rows.status();
    io::FetchOptions options;
    options.num_threads = num_threads;
    options.begin_phase = [this](const std::string& phase, int64_t expected_rows) {
      phases_.emplace_back(phase, expected_rows);
      told_rows_ = 0;
    };
    options.progress = [this](int64_t so_far) {
      EXPECT_GE(so_far, told_rows_);
      told_rows_ = so_far;
      return stop_;
    };
    return (*rows)->Fetch(options);
  }

  /// The values of each unit.
  static std::vector<std::string> UnitsOf(const io::Source& source) {
    std::vector<std::string> units;
    for (const io::Unit& unit : source.units()) {
      const auto reader = *source.Open(unit, {0}, io::BatchOptions{});
      std::string& text = units.emplace_back();
      while (const auto batch = *reader->Next()) {
        for (const io::Piece& piece : batch->columns[0].pieces) text += piece.values->ToString();
      }
    }
    return units;
  }

  KeyTable table_;
  RangePlugin plugin_{&table_};
  ReadRequest request_;
  Status stop_;
  int64_t told_rows_ = 0;
  std::vector<std::pair<std::string, int64_t>> phases_;
};

TEST_F(RangedRowsTest, EachRangeIsAUnitAndASessionAsOfOneInstant) {
  const auto source = Fetch();
  ASSERT_TRUE(source.ok()) << source.status();
  std::vector<int64_t> rows;
  for (const io::Unit& unit : (*source)->units()) rows.push_back(unit.num_rows);
  EXPECT_EQ(rows[0], 10);
  EXPECT_EQ((*source)->num_rows(), 100);
  EXPECT_EQ(table_.sessions.size(), rows.size());
  EXPECT_EQ(table_.snapshots, std::set<int64_t>{77});
  EXPECT_EQ(UnitsOf(**source), UnitsOf(**Fetch(1)));
}

TEST_F(RangedRowsTest, ExpiriesShowNowhere) {
  const auto undisturbed = UnitsOf(**Fetch());
  const std::multiset<std::string> ranges = table_.sessions;
  for (const int times : {1, 3}) {
    for (const std::string& range : ranges) table_.expiries[range] = times;
    table_.sessions.clear();
    const auto source = Fetch();
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ(UnitsOf(**source), undisturbed);
    EXPECT_EQ(table_.sessions.size(), ranges.size() * static_cast<size_t>(times + 1));
    // The run's report tells it.
    EXPECT_EQ((*source)->warnings().size(), ranges.size() * static_cast<size_t>(times));
    EXPECT_THAT((*source)->warnings(), Each(HasSubstr("the range is read again")));
  }
  table_.expiries[*ranges.begin()] = 4;
  EXPECT_THAT(Fetch().status().message(), HasSubstr("4 sessions have expired before its"));
}

TEST_F(RangedRowsTest, OtherRowsThanWereCountedEndTheRun) {
  ASSERT_TRUE(Fetch().ok());
  table_.extra_rows[*table_.sessions.rbegin()] = 1;
  const Status status = Fetch().status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  EXPECT_THAT(status.message(), HasSubstr("nothing of this read can be trusted"));
}

TEST_F(RangedRowsTest, TheFirstErrorAndAWishToStopEndIt) {
  table_.fault = base::DataError("PERMISSION_DENIED");
  EXPECT_THAT(Fetch().status().message(), HasSubstr("PERMISSION_DENIED"));
  table_.fault.reset();
  stop_ = base::InterruptedError("enough");
  table_.is_silent = true;
  EXPECT_EQ(Fetch().status().message(), "enough");
}

TEST_F(RangedRowsTest, ALimitLeavesTheFirstRangesAndAFilterIsPartOfEach) {
  request_.limit_rows = 11;
  request_.row_restriction = "key != 3 OR key IS NULL";
  const auto source = Fetch();
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->units().size(), 2);
  EXPECT_GE((*source)->num_rows(), 11);
  // All values are counted, whatever the limit, and then only what it leaves is fetched.
  const int64_t rows = (*source)->num_rows();
  EXPECT_THAT(phases_, ElementsAre(Pair("count values", 100), Pair("download", rows)));
  for (const std::string& restriction : table_.sessions) {
    EXPECT_THAT(restriction, HasSubstr("(key != 3 OR key IS NULL) AND key "));
  }
}

class RangedReaderTest : public RangedRowsTest {
 protected:
  /// All rows by way of a reader, the column's values in ascending order; what it told at the end.
  Result<Numbers> ReadAll(int num_readers = 4) {
    ReadOptions options;
    options.num_readers = num_readers;
    options.check_stop = [this] { return stop_; };
    request_.unit_column = "key";
    request_.snapshot_micros = 77;
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          OpenRangedReader(&plugin_, request_, options, /*rows_are_fixed=*/false));
    Numbers numbers;
    std::map<int, int64_t> next_rows;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (!batch.has_value()) break;
      EXPECT_EQ(batch->first_row, next_rows[batch->stream]);
      next_rows[batch->stream] += batch->rows->num_rows();
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->rows->column(0));
      for (const auto& value : column) numbers.push_back(value);
    }
    counters_ = reader->counters();
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  Numbers Sorted() const {
    Numbers numbers = table_.rows;
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  ReadCounters counters_;
};

TEST_F(RangedReaderTest, HandsOutEachRowOnceWhateverExpires) {
  for (const int num_readers : {1, 4}) {
    table_.sessions.clear();
    const auto rows = ReadAll(num_readers);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, Sorted());
    EXPECT_EQ(counters_.rows, 100);
    EXPECT_EQ(static_cast<size_t>(counters_.streams_done), table_.sessions.size());
    EXPECT_EQ(table_.snapshots, std::set<int64_t>{77});
  }
  const std::multiset<std::string> ranges = table_.sessions;
  for (const std::string& range : ranges) table_.expiries[range] = 3;
  const auto rows = ReadAll();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, Sorted());
  table_.expiries[*ranges.begin()] = 4;
  EXPECT_THAT(ReadAll().status().message(), HasSubstr("4 sessions have expired before its"));
}

TEST_F(RangedReaderTest, LimitsErrorsAndStops) {
  request_.limit_rows = 11;
  EXPECT_EQ(ReadAll()->size(), 11u);
  request_.limit_rows = 0;
  EXPECT_EQ(ReadAll()->size(), 0u);
  request_.limit_rows.reset();
  table_.fault = base::DataError("PERMISSION_DENIED");
  EXPECT_THAT(ReadAll().status().message(), HasSubstr("PERMISSION_DENIED"));
  table_.fault.reset();
  table_.is_silent = true;
  stop_ = base::InterruptedError("enough");
  EXPECT_EQ(ReadAll().status().message(), "enough");
  stop_ = Status::OK();
  request_.unit_column = "key";
  const auto reader = OpenRangedReader(&plugin_, request_, ReadOptions(), false);
  ASSERT_TRUE(reader.ok());
  (*reader)->Cancel();
  EXPECT_TRUE((*reader)->Next().status().IsCancelled());
  request_.unit_column = "kye";
  const Status unknown = OpenRangedReader(&plugin_, request_, ReadOptions(), false).status();
  EXPECT_TRUE(base::IsUnknownColumn(unknown)) << unknown;
  EXPECT_THAT(unknown.message(), HasSubstr("did you mean 'key'"));
}

TEST(SnapshotTest, TheServicesClockCountsWhereOursIsALittleAhead) {
  constexpr int64_t kSecond = 1'000'000;
  constexpr int64_t kNow = 1'700'000'000 * kSecond;
  constexpr int64_t kLife = 6 * 3600 * kSecond;
  SessionInfo session;
  EXPECT_EQ(SnapshotOf(session, kNow), kNow);
  session.expire_micros = kNow + kLife - 3 * kSecond;
  EXPECT_EQ(SnapshotOf(session, kNow), kNow - 3 * kSecond);
  // A session of another length tells nothing of the clock, nor does one that is made later.
  session.expire_micros = kNow + 60 * kSecond;
  EXPECT_EQ(SnapshotOf(session, kNow), kNow);
  session.expire_micros = kNow + kLife + 3 * kSecond;
  EXPECT_EQ(SnapshotOf(session, kNow), kNow);
  session.snapshot_micros = 5;
  EXPECT_EQ(SnapshotOf(session, kNow), 5);
}

}  // namespace
}  // namespace emberharmony::bigquery

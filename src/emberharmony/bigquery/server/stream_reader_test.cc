#include "emberharmony/bigquery/server/stream_reader.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "emberharmony/bigquery/server/session_store.h"
#include "emberharmony/io/filter/expression.h"
#include "emberharmony/io/table_source.h"

namespace emberharmony::bigquery::server {
namespace {

constexpr int64_t kStreamRows = 5000;

/// Row i has id i, text "i" (null for every seventh) and a list of i % 4 numbers.
std::shared_ptr<arrow::Table> MakeTable(int64_t num_rows) {
  arrow::Int64Builder ids;
  arrow::StringDictionaryBuilder texts;
  auto values = std::make_shared<arrow::Int32Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  for (int64_t i = 0; i < num_rows; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE((i % 7 == 0 ? texts.AppendNull() : texts.Append(std::to_string(i % 50))).ok());
    EXPECT_TRUE((i % 5 == 0 ? lists.AppendNull() : lists.Append()).ok());
    for (int64_t k = 0; i % 5 != 0 && k < i % 4; ++k) {
      EXPECT_TRUE(values->Append(static_cast<int32_t>(i + k)).ok());
    }
  }
  arrow::ArrayVector columns = {*ids.Finish(), *texts.Finish(), *lists.Finish()};
  return arrow::Table::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", columns[1]->type()),
                     arrow::field("list", columns[2]->type())}),
      columns);
}

std::shared_ptr<const Table> Serve(const std::shared_ptr<arrow::Table>& rows) {
  auto table = std::make_shared<Table>();
  table->name = {"p", "d", "t"};
  table->source = io::MakeTableSource(rows);
  table->schema = *MakeWireSchema(*table->source->schema());
  table->num_rows = rows->num_rows();
  return table;
}

std::shared_ptr<const TableRows> Restricted(const std::shared_ptr<const Table>& table,
                                            const std::string& where) {
  const auto expression = io::filter::ParseExpression(where, "where");
  EXPECT_TRUE(expression.ok()) << expression.status();
  auto filter = io::filter::Filter::Bind(**expression, *table->source->schema(), "where");
  EXPECT_TRUE(filter.ok()) << filter.status();
  auto rows = TableRows::Restrict(
      table, *filter, [] { return arrow::Status::OK(); }, arrow::default_memory_pool());
  EXPECT_TRUE(rows.ok()) << rows.status();
  return *rows;
}

std::shared_ptr<const ReadPlan> PlanOf(const std::shared_ptr<const TableRows>& rows,
                                       PayloadCompression compression, const ResponseSize& size) {
  auto plan = ReadPlan::Make(rows, rows->table().schema, compression, size, "",
                             arrow::default_memory_pool());
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *plan;
}

std::shared_ptr<arrow::RecordBatch> Decoded(const WireMessage& message,
                                            const std::shared_ptr<arrow::Schema>& schema) {
  std::string bytes;
  for (const auto& part : message.parts) bytes += part->ToString();
  EXPECT_EQ(static_cast<int64_t>(bytes.size()), message.bytes);
  arrow::io::BufferReader reader(arrow::Buffer::FromString(bytes));
  arrow::ipc::DictionaryMemo memo;
  auto batch = arrow::ipc::ReadRecordBatch(schema, &memo, {}, &reader);
  EXPECT_TRUE(batch.ok()) << batch.status();
  EXPECT_TRUE((*batch)->ValidateFull().ok()) << (*batch)->ValidateFull();
  return *batch;
}

/// The ids of a stream from an offset on; checks all columns.
std::vector<int64_t> Read(const std::shared_ptr<const ReadPlan>& plan, const RowRanges& ranges,
                          int64_t offset, MessageCache* cache = nullptr) {
  StreamReader reader(plan, ranges, offset, cache, arrow::default_memory_pool());
  std::vector<int64_t> found;
  while (true) {
    auto next = reader.Next();
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !*next) return found;
    EXPECT_EQ((*next)->first_row, offset + static_cast<int64_t>(found.size()));
    const auto batch = Decoded(*(*next)->message, plan->schema.schema);
    EXPECT_EQ(batch->num_rows(), (*next)->message->num_rows);
    const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(1));
    const auto& lists = static_cast<const arrow::ListArray&>(*batch->column(2));
    EXPECT_EQ(lists.null_count(), 0);
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      const int64_t id = ids.Value(row);
      found.push_back(id);
      EXPECT_EQ(texts.IsNull(row), id % 7 == 0);
      if (texts.IsValid(row)) {
        EXPECT_EQ(texts.GetString(row), std::to_string(id % 50));
      }
      EXPECT_EQ(lists.value_length(row), id % 5 == 0 ? 0 : id % 4);
    }
  }
}

TEST(StreamReader, ReadsTheSameRowsFromEveryOffset) {
  const auto table = Serve(MakeTable(kStreamRows));
  const auto all = std::make_shared<const TableRows>(table);
  const auto some = Restricted(table, "id > 100 AND text IN ('3', '4', '5')");
  for (const auto& rows : {all, some}) {
    const RowRanges positions({{0, 1500}, {1700, 1701}, {3000, kStreamRows}});
    const RowRanges ranges = rows->At(positions);
    for (const PayloadCompression compression :
         {PayloadCompression::kNone, PayloadCompression::kLz4Frame, PayloadCompression::kZstd}) {
      const auto plan = PlanOf(rows, compression, {1 << 20, 64});
      MessageCache cache(1 << 20);
      const std::vector<int64_t> whole = Read(plan, ranges, 0, &cache);
      EXPECT_EQ(static_cast<int64_t>(whole.size()), ranges.num_rows());
      for (int64_t offset = 0; offset <= ranges.num_rows(); offset += 61) {
        const std::vector<int64_t> rest = Read(plan, ranges, offset, &cache);
        EXPECT_EQ(rest, std::vector<int64_t>(whole.begin() + offset, whole.end())) << offset;
      }
    }
  }
}

TEST(StreamReader, PositionsAndRestrictionsMeet) {
  const auto table = Serve(MakeTable(kStreamRows));
  const auto rows = Restricted(table, "text = '3'");
  int64_t total = 0;
  for (int64_t begin = 0; begin < kStreamRows; begin += 777) {
    const int64_t end = std::min(kStreamRows, begin + 777);
    const std::vector<int64_t> ids =
        Read(PlanOf(rows, PayloadCompression::kNone, {}), rows->At(RowRanges({{begin, end}})), 0);
    std::vector<int64_t> expected;
    for (int64_t id = begin; id < end; ++id) {
      if (id % 50 == 3 && id % 7 != 0) expected.push_back(id);
    }
    EXPECT_EQ(ids, expected);
    total += static_cast<int64_t>(ids.size());
  }
  EXPECT_EQ(total, rows->num_rows());
}

TEST(StreamReader, CutsResponsesThatWouldBeTooLarge) {
  const auto table = Serve(MakeTable(kStreamRows));
  const auto rows = std::make_shared<const TableRows>(table);
  // So many rows at a time are far more than eight times as many bytes.
  const auto plan = PlanOf(rows, PayloadCompression::kNone, {100, 2048});
  StreamReader reader(plan, rows->At(RowRanges({{0, kStreamRows}})), 0, nullptr,
                      arrow::default_memory_pool());
  const auto first = reader.Next();
  ASSERT_TRUE(first.ok() && *first);
  EXPECT_LE((*first)->message->num_rows, 32);
  EXPECT_EQ(Read(plan, rows->At(RowRanges({{0, kStreamRows}})), 0).size(),
            static_cast<size_t>(kStreamRows));
}

class SessionStoreTest : public testing::Test {
 protected:
  SessionStoreTest() {
    stream_ = std::make_shared<Stream>();
    stream_->plan = PlanOf(std::make_shared<const TableRows>(Serve(MakeTable(kStreamRows))),
                           PayloadCompression::kNone, {});
    stream_->positions = stream_->rows = RowRanges({{0, kStreamRows}});
  }

  int64_t now_ = 1'000'000;
  std::shared_ptr<Stream> stream_;
  SessionStore store_{[this] { return now_; }, 500, /*seed=*/7};
};

TEST_F(SessionStoreTest, SessionsExpire) {
  const auto created = store_.Add("p", {stream_});
  EXPECT_EQ(created.expire_micros, 1'000'500);
  StreamPtr found;
  EXPECT_TRUE(store_.Find(created.streams[0], &found).ok());
  EXPECT_EQ(found, stream_);
  now_ += 500;
  const grpc::Status expired = store_.Find(created.streams[0], &found);
  EXPECT_EQ(expired.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(expired.error_message().find("session expired at 1970-01-01T00:00:01.000500Z"),
            std::string::npos)
      << expired.error_message();
}

TEST_F(SessionStoreTest, TheOldestSessionsGo) {
  const auto first = store_.Add("p", {stream_});
  for (size_t i = 1; i < SessionStore::kSessionsMax; ++i) store_.Add("p", {stream_});
  StreamPtr found;
  EXPECT_TRUE(store_.Find(first.streams[0], &found).ok());
  const auto last = store_.Add("p", {stream_});
  EXPECT_EQ(store_.Find(first.streams[0], &found).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(store_.Find(last.streams[0], &found).ok());
}

TEST_F(SessionStoreTest, SessionsWhoseRestrictionsHoldTooMuchGo) {
  // A table that claims to be so large that four restrictions of it are at the limit.
  const auto table = std::make_shared<Table>(*Serve(MakeTable(kStreamRows)));
  table->num_rows = SessionStore::kHeldBytesMax * 8 / 4;
  auto stream = std::make_shared<Stream>(*stream_);
  stream->plan = PlanOf(Restricted(table, "id < 10"), PayloadCompression::kNone, {});
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(store_.Add("p", {stream}).streams[0]);
  StreamPtr found;
  EXPECT_EQ(store_.Find(names[0], &found).error_code(), grpc::StatusCode::NOT_FOUND);
  for (int i = 1; i < 5; ++i) EXPECT_TRUE(store_.Find(names[i], &found).ok()) << i;
}

TEST_F(SessionStoreTest, SplitsDivideTheRows) {
  const auto created = store_.Add("p", {stream_});
  std::pair<std::string, std::string> names;
  ASSERT_TRUE(store_.Split(created.streams[0], 0.4, 1024, &names).ok());
  StreamPtr primary;
  StreamPtr remainder;
  ASSERT_TRUE(store_.Find(names.first, &primary).ok());
  ASSERT_TRUE(store_.Find(names.second, &remainder).ok());
  EXPECT_EQ(primary->rows.num_rows(), 2048);
  EXPECT_EQ(remainder->rows.num_rows(), kStreamRows - 2048);
  EXPECT_EQ(remainder->rows.runs()[0].begin, 2048);
  // What rounds to nothing cannot be split.
  names = {};
  ASSERT_TRUE(store_.Split(created.streams[0], 0.05, 1024, &names).ok());
  EXPECT_EQ(names.first, "");
  for (const double wrong : {0.0, 1.0, -1.0, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(store_.Split(created.streams[0], wrong, 1024, &names).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(SessionStoreTest, NamesAreCheckedInFull) {
  const auto created = store_.Add("p", {stream_});
  const std::string& name = created.streams[0];
  StreamPtr found;
  for (const std::string& wrong : {std::string(), name + "/x", name.substr(1), created.name}) {
    EXPECT_EQ(store_.Find(wrong, &found).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << wrong;
  }
  EXPECT_EQ(store_.Find(name + "0", &found).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(store_.Find("projects/other" + name.substr(10), &found).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace emberharmony::bigquery::server

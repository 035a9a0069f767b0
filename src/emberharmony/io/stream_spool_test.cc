#include "emberharmony/io/stream_spool.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/parquet_test_tables_internal.h"

namespace emberharmony::io {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::Schema> TestSchema() {
  return arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())});
}

std::shared_ptr<arrow::RecordBatch> MakeBatch(int64_t first, int64_t num_rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int64_t i = first; i < first + num_rows; ++i) {
    EXPECT_TRUE(numbers.Append(i).ok());
    EXPECT_TRUE((i % 3 == 0 ? texts.AppendNull() : texts.Append(std::string(i % 7, 'x'))).ok());
  }
  return arrow::RecordBatch::Make(TestSchema(), num_rows, {*numbers.Finish(), *texts.Finish()});
}

/// As it comes from a service: in any framing, and in pieces.
arrow::Status AppendBatch(StreamSpool* spool, int stream, const arrow::RecordBatch& batch,
                          bool legacy) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.write_legacy_ipc_format = legacy;
  if (legacy) options.metadata_version = arrow::ipc::MetadataVersion::V4;
  ARROW_ASSIGN_OR_RAISE(const auto bytes, arrow::ipc::SerializeRecordBatch(batch, options));
  arrow::io::BufferReader reader(bytes);
  ARROW_ASSIGN_OR_RAISE(const auto message, arrow::ipc::ReadMessage(&reader));
  const std::string_view body(*message->body());
  const size_t half = body.size() / 2;
  return spool->Append(stream, std::string_view(*message->metadata()),
                       {body.substr(0, half), "", body.substr(half)});
}

TEST(StreamSpoolTest, HandsOutWhatWasPutInInTheOrderOfTheStreams) {
  for (const bool legacy : {false, true}) {
    auto spool = StreamSpool::Make(*TestSchema(), 3, {"", "project.data.table", "session", 0});
    ASSERT_TRUE(spool.ok()) << spool.status();
    ASSERT_TRUE(AppendBatch(spool->get(), 2, *MakeBatch(30, 5), legacy).ok());
    ASSERT_TRUE(AppendBatch(spool->get(), 0, *MakeBatch(0, 13), legacy).ok());
    ASSERT_TRUE(AppendBatch(spool->get(), 2, *MakeBatch(35, 4), legacy).ok());
    EXPECT_GT((*spool)->size_bytes(), 22 * 8);
    const auto source = std::move(**spool).Finish();
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_TRUE((*source)->schema()->Equals(*TestSchema()));
    EXPECT_EQ((*source)->num_rows(), 22);
    EXPECT_FALSE((*source)->rows_are_numbered());
    ASSERT_EQ((*source)->units().size(), 2);
    EXPECT_THAT((*source)->units()[1].file_name, HasSubstr("project.data.table, stream 2"));
    const auto columns = testing::ReadColumns(**source, {0, 1}, BatchOptions{});
    ASSERT_TRUE(columns.ok()) << columns.status();
    const auto expected =
        *arrow::ConcatenateRecordBatches({MakeBatch(0, 13), MakeBatch(30, 5), MakeBatch(35, 4)});
    EXPECT_TRUE((*columns)[0]->Equals(*expected->column(0)));
    EXPECT_TRUE((*columns)[1]->Equals(*expected->column(1)));
  }
}

TEST(StreamSpoolTest, ATableWithoutStreamsHasColumnsAndNoRows) {
  auto spool = StreamSpool::Make(*TestSchema(), 0, {"", "table", "", 0});
  ASSERT_TRUE(spool.ok()) << spool.status();
  const auto source = std::move(**spool).Finish();
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE((*source)->schema()->Equals(*TestSchema()));
  EXPECT_EQ((*source)->num_rows(), 0);
  EXPECT_TRUE((*source)->units().empty());
}

std::vector<int64_t> UnitRows(const Source& source) {
  std::vector<int64_t> rows;
  for (const Unit& unit : source.units()) rows.push_back(unit.num_rows);
  return rows;
}

TEST(StreamSpoolTest, UnitsEndAfterSoManyRowsWhereverMessagesEnd) {
  const auto expected = *arrow::ConcatenateRecordBatches({MakeBatch(0, 23), MakeBatch(40, 9)});
  for (const int64_t message_rows : {1, 2, 3, 7, 10, 23}) {
    for (const int64_t unit_rows : {1, 4, 10, 23, 100}) {
      StreamSpoolOptions options{"", "table", "session", 0, unit_rows};
      auto spool = StreamSpool::Make(*TestSchema(), 2, options);
      ASSERT_TRUE(spool.ok()) << spool.status();
      for (int64_t first = 0; first < 23; first += message_rows) {
        const auto batch = MakeBatch(first, std::min(message_rows, 23 - first));
        ASSERT_TRUE(AppendBatch(spool->get(), 0, *batch, false).ok());
      }
      ASSERT_TRUE(AppendBatch(spool->get(), 1, *MakeBatch(40, 9), false).ok());
      const auto source = std::move(**spool).Finish();
      ASSERT_TRUE(source.ok()) << source.status();
      std::vector<int64_t> rows;
      for (const int64_t total : {23, 9}) {
        for (int64_t left = total; left > 0; left -= unit_rows) {
          rows.push_back(std::min(left, unit_rows));
        }
      }
      EXPECT_EQ(UnitRows(**source), rows);
      for (const int64_t batch_rows : {1, 3, 100}) {
        const auto columns = testing::ReadColumns(**source, {0, 1}, BatchOptions{batch_rows});
        ASSERT_TRUE(columns.ok()) << columns.status();
        EXPECT_TRUE((*columns)[0]->Equals(*expected->column(0)));
        EXPECT_TRUE((*columns)[1]->Equals(*expected->column(1)));
      }
      // Only of whole messages it is known how many nulls they hold.
      int64_t nulls = 0;
      for (const Unit& unit : (*source)->units()) {
        const int64_t hint = (*source)->Hint(unit, 1).null_count;
        if (hint < 0) nulls = -1;
        if (nulls >= 0) nulls += hint;
      }
      const bool whole = unit_rows >= 23 || (unit_rows % message_rows == 0 && unit_rows >= 9);
      EXPECT_EQ(nulls, whole ? expected->column(1)->null_count() : -1);
    }
  }
}

TEST(StreamSpoolTest, WhatIsDiscardedIsGone) {
  auto spool = StreamSpool::Make(*TestSchema(), 2, {"", "table", "", 0});
  ASSERT_TRUE(spool.ok()) << spool.status();
  ASSERT_TRUE(AppendBatch(spool->get(), 0, *MakeBatch(0, 5), false).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), 1, *MakeBatch(70, 5), false).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), 1, *MakeBatch(80, 50), false).ok());
  ASSERT_TRUE((*spool)->Discard(1).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), 1, *MakeBatch(5, 2), false).ok());
  const auto source = std::move(**spool).Finish();
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(UnitRows(**source), (std::vector<int64_t>{5, 2}));
  const auto columns = testing::ReadColumns(**source, {0}, BatchOptions{});
  ASSERT_TRUE(columns.ok()) << columns.status();
  EXPECT_TRUE((*columns)[0]->Equals(*MakeBatch(0, 7)->column(0)));
}

TEST(StreamSpoolTest, InsertedStreamsContinueTheOnesBefore) {
  auto spool = StreamSpool::Make(*TestSchema(), 2, {"", "table", "", 0, 10});
  ASSERT_TRUE(spool.ok()) << spool.status();
  const auto tail = (*spool)->Insert(0);
  ASSERT_TRUE(tail.ok()) << tail.status();
  const auto middle = (*spool)->Insert(0);
  ASSERT_TRUE(middle.ok());
  const auto end = (*spool)->Insert(*tail);
  ASSERT_TRUE(end.ok());
  ASSERT_TRUE(AppendBatch(spool->get(), *end, *MakeBatch(20, 5), false).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), *tail, *MakeBatch(12, 8), false).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), 1, *MakeBatch(25, 3), false).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), 0, *MakeBatch(0, 7), false).ok());
  ASSERT_TRUE(AppendBatch(spool->get(), *middle, *MakeBatch(7, 5), false).ok());
  const auto source = std::move(**spool).Finish();
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(UnitRows(**source), (std::vector<int64_t>{10, 10, 5, 3}));
  const auto columns = testing::ReadColumns(**source, {0}, BatchOptions{});
  ASSERT_TRUE(columns.ok()) << columns.status();
  EXPECT_TRUE((*columns)[0]->Equals(*MakeBatch(0, 28)->column(0)));
}

TEST(StreamSpoolTest, WarningsBecomeTheSources) {
  auto spool = StreamSpool::Make(*TestSchema(), 1, {"", "t", "v", 0});
  ASSERT_TRUE(spool.ok());
  (*spool)->AddWarning("the rows come slowly");
  (*spool)->AddWarning("a range was read again");
  const auto source = std::move(**spool).Finish();
  ASSERT_TRUE(source.ok());
  const std::vector<std::string> told = {"the rows come slowly", "a range was read again"};
  EXPECT_EQ((*source)->warnings(), told);
  // Runs see it with fewer columns and rows.
  EXPECT_EQ(FlattenStructs(LimitRows(*source, 0))->warnings(), told);
  EXPECT_EQ((*SelectColumns(*source, {"n"}))->warnings(), told);
}

TEST(StreamSpoolTest, ErrorsOfTheDiskSayWhatToDo) {
  auto status = StreamSpool::Make(*TestSchema(), 1, {"/nowhere/at/all", "table", "", 0}).status();
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  EXPECT_THAT(status.message(), HasSubstr("--spill-dir"));
  status = StreamSpool::Make(*TestSchema(), 1, {"", "table", "", int64_t{1} << 60}).status();
  EXPECT_THAT(status.message(), HasSubstr("table needs about 1048576 TiB on disk"));
  EXPECT_THAT(status.message(), HasSubstr("--spill-dir"));
}

}  // namespace
}  // namespace emberharmony::io

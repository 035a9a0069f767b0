#include "emberharmony/bigquery/client/response_decoder.h"

#include <arrow/array/builder_binary.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <google/cloud/bigquery/storage/v1/storage.pb.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace emberharmony::bigquery::client {
namespace {

namespace storage = google::cloud::bigquery::storage::v1;

SlicedBytes InPieces(const std::string& bytes, size_t size) {
  std::vector<std::string_view> pieces;
  for (size_t i = 0; i < bytes.size(); i += size) {
    pieces.push_back(std::string_view(bytes).substr(i, size));
  }
  return SlicedBytes(std::move(pieces));
}

std::string Joined(const SlicedBytes& bytes) {
  std::string text(static_cast<size_t>(bytes.size()), '\0');
  bytes.CopyTo(text.data());
  return text;
}

storage::ReadRowsResponse Sample() {
  storage::ReadRowsResponse response;
  storage::ArrowRecordBatch* const rows = response.mutable_arrow_record_batch();
  rows->set_serialized_record_batch(std::string(300, 'r'));
  // The deprecated number, which is not to be believed.
  rows->GetReflection()->SetInt64(rows, rows->GetDescriptor()->FindFieldByName("row_count"), -1);
  response.mutable_arrow_schema()->set_serialized_schema(std::string("s\0t", 3));
  response.set_row_count(1'000'000'000'000);
  response.mutable_stats()->mutable_progress()->set_at_response_start(0.25);
  response.mutable_stats()->mutable_progress()->set_at_response_end(0.75);
  response.mutable_throttle_state()->set_throttle_percent(42);
  response.set_uncompressed_byte_size(-1);
  return response;
}

TEST(ResponseDecoderTest, ReadsWhatProtobufWrites) {
  const std::string bytes = Sample().SerializeAsString();
  for (size_t size = 1; size <= bytes.size(); size = size * 3 + 1) {
    const SlicedBytes message = InPieces(bytes, size);
    const auto response = DecodeResponse(message);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(Joined(response->rows), std::string(300, 'r'));
    EXPECT_EQ(Joined(response->schema), std::string("s\0t", 3));
    EXPECT_EQ(response->row_count, 1'000'000'000'000);
    EXPECT_EQ(response->progress->at_response_start, 0.25);
    EXPECT_EQ(response->progress->at_response_end, 0.75);
    EXPECT_EQ(response->throttle_percent, 42);
    EXPECT_EQ(response->uncompressed_bytes, -1);
    EXPECT_FALSE(response->has_avro);
  }
}

TEST(ResponseDecoderTest, UnknownFieldsArePassedOverAndAbsentOnesAreDefaults) {
  storage::ReadRowsResponse response;
  EXPECT_TRUE(DecodeResponse(SlicedBytes()).ok());
  auto* unknown = response.GetReflection()->MutableUnknownFields(&response);
  unknown->AddVarint(100, 5);
  unknown->AddFixed32(101, 5);
  unknown->AddFixed64(102, 5);
  unknown->AddLengthDelimited(103, "text");
  const std::string bytes = response.SerializeAsString();
  const auto decoded = DecodeResponse(InPieces(bytes, 3));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->rows.size(), 0);
  EXPECT_EQ(decoded->row_count, 0);
  EXPECT_FALSE(decoded->progress.has_value());
  EXPECT_FALSE(decoded->uncompressed_bytes.has_value());
  response.mutable_avro_rows()->set_serialized_binary_rows("r");
  const std::string avro = response.SerializeAsString();
  EXPECT_TRUE(DecodeResponse(InPieces(avro, 64))->has_avro);
}

TEST(ResponseDecoderTest, AgreesWithProtobufOnDamagedMessages) {
  const std::string bytes = Sample().SerializeAsString();
  std::mt19937 random(1);
  int num_good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    if (i % 4 == 0) damaged.resize(random() % (bytes.size() + 1));
    for (int k = static_cast<int>(random() % 4); k > 0 && !damaged.empty(); --k) {
      damaged[random() % std::min<size_t>(damaged.size(), 40)] = static_cast<char>(random());
    }
    storage::ReadRowsResponse expected;
    const auto decoded = DecodeResponse(InPieces(damaged, 7));
    // Protobuf also takes groups and looks into what is not needed here.
    if (!decoded.ok() || !expected.ParseFromString(damaged)) continue;
    ++num_good;
    EXPECT_EQ(decoded->row_count, expected.row_count());
    if (!decoded->has_avro) {
      EXPECT_EQ(Joined(decoded->rows), expected.arrow_record_batch().serialized_record_batch());
      EXPECT_EQ(Joined(decoded->schema), expected.arrow_schema().serialized_schema());
    }
  }
  EXPECT_GT(num_good, 500);
}

class BatchesTest : public ::testing::Test {
 protected:
  arrow::Result<std::vector<BatchMessage>> Find(const std::string& bytes) {
    bytes_ = bytes;
    return FindBatches(InPieces(bytes_, 11), *checker_, arrow::default_memory_pool());
  }

  static std::shared_ptr<arrow::RecordBatch> MakeRows() {
    arrow::StringBuilder builder;
    EXPECT_TRUE(builder.AppendValues({"a", "bc", "def"}).ok());
    return arrow::RecordBatch::Make(arrow::schema({arrow::field("text", arrow::utf8())}), 3,
                                    {*builder.Finish()});
  }

  std::shared_ptr<arrow::RecordBatch> rows_ = MakeRows();
  std::shared_ptr<const io::RecordBatchChecker> checker_ =
      *io::RecordBatchChecker::Make(*rows_->schema());
  std::string message_ =
      (*arrow::ipc::SerializeRecordBatch(*rows_, arrow::ipc::IpcWriteOptions::Defaults()))
          ->ToString();
  std::string bytes_;
};

TEST_F(BatchesTest, PassesOverSchemasAndEndMarks) {
  const std::string schema = (*arrow::ipc::SerializeSchema(*rows_->schema()))->ToString();
  const std::string end("\xff\xff\xff\xff\0\0\0\0", 8);
  for (const std::string& bytes : {message_, schema + message_, message_ + end,
                                   schema + message_ + end, message_ + std::string(4, '\0')}) {
    const auto found = Find(bytes);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->size(), 1);
    EXPECT_EQ((*found)[0].num_rows, 3);
    EXPECT_EQ((*found)[0].body.size() % 8, 0);
  }
  EXPECT_EQ(Find(message_ + message_)->size(), 2);
  EXPECT_TRUE(Find("")->empty());
  EXPECT_TRUE(Find(schema)->empty());
}

TEST_F(BatchesTest, RefusesEveryPartOfAMessage) {
  for (size_t size = 1; size < message_.size(); ++size) {
    EXPECT_FALSE(Find(message_.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Find(message_ + "x").ok());
}

TEST_F(BatchesTest, RefusesMessagesOfOtherSchemas) {
  checker_ = *io::RecordBatchChecker::Make(
      *arrow::schema({arrow::field("a", arrow::utf8()), arrow::field("b", arrow::int8())}));
  EXPECT_FALSE(Find(message_).ok());
  checker_ = *io::RecordBatchChecker::Make(*arrow::schema({arrow::field("a", arrow::int64())}));
  EXPECT_FALSE(Find(message_).ok());
  EXPECT_FALSE(io::RecordBatchChecker::Make(
                   *arrow::schema({arrow::field(
                       "a", arrow::list(arrow::dictionary(arrow::int8(), arrow::utf8())))}))
                   .ok());
}

TEST_F(BatchesTest, DamagedMetadataAreRefusedOrHarmless) {
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = message_;
    for (int k = 0; k < 3; ++k) {
      damaged[8 + random() % (damaged.size() - 32)] = static_cast<char>(random());
    }
    const auto found = Find(damaged);
    if (!found.ok()) continue;
    for (const BatchMessage& batch : *found) {
      EXPECT_LE(batch.body.size(), static_cast<int64_t>(damaged.size()));
    }
  }
}

TEST(UncompressRowsTest, ClaimsAreChecked) {
  const SlicedBytes rows({std::string_view("not lz4 at all")});
  auto* const pool = arrow::default_memory_pool();
  EXPECT_FALSE(UncompressRows(rows, int64_t{1} << 50, pool).ok());
  EXPECT_FALSE(UncompressRows(rows, -1, pool).ok());
  EXPECT_FALSE(UncompressRows(rows, 100, pool).ok());
}

}  // namespace
}  // namespace emberharmony::bigquery::client

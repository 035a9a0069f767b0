#include "emberharmony/bigquery/server/rows_response.h"

#include <arrow/buffer.h>
#include <google/cloud/bigquery/storage/v1/storage.pb.h>
#include <gtest/gtest.h>

#include "emberharmony/bigquery/server/unary_call.h"

namespace emberharmony::bigquery::server {
namespace {

using google::cloud::bigquery::storage::v1::ReadRowsResponse;

TEST(RowsResponse, IsWhatProtocolBuffersReads) {
  auto message = std::make_shared<WireMessage>();
  std::string rows;
  for (const size_t size : {10, 5000, 300'000}) {
    const std::string part(size, static_cast<char>('a' + size % 7));
    rows += part;
    message->parts.push_back(arrow::Buffer::FromString(part));
    message->bytes += static_cast<int64_t>(size);
  }
  message->uncompressed_byte_size = -1;
  ResponseFields fields;
  fields.row_count = 1'000'000'007;
  fields.progress_at_start = 0.25;
  fields.progress_at_end = 1.0 / 3;
  fields.throttle_percent = 42;
  fields.schema = std::string("\0schema", 7);
  ReadRowsResponse read;
  ASSERT_TRUE(ParseMessage(MakeRowsResponse(fields, message), &read));
  EXPECT_EQ(read.row_count(), fields.row_count);
  EXPECT_EQ(read.stats().progress().at_response_start(), 0.25);
  EXPECT_EQ(read.stats().progress().at_response_end(), 1.0 / 3);
  EXPECT_EQ(read.throttle_state().throttle_percent(), 42);
  EXPECT_EQ(read.arrow_schema().serialized_schema(), fields.schema);
  EXPECT_EQ(read.arrow_record_batch().serialized_record_batch(), rows);
  EXPECT_EQ(read.uncompressed_byte_size(), -1);
  // Nothing that this version of the protocol does not know.
  EXPECT_TRUE(read.GetReflection()->GetUnknownFields(read).empty());
}

TEST(RowsResponse, LeavesOutWhatThereIsNot) {
  ReadRowsResponse read;
  ASSERT_TRUE(ParseMessage(MakeRowsResponse({}, nullptr), &read));
  EXPECT_FALSE(read.has_arrow_record_batch());
  EXPECT_FALSE(read.has_arrow_schema());
  EXPECT_FALSE(read.has_uncompressed_byte_size());
  EXPECT_TRUE(read.has_throttle_state());
}

TEST(RowsResponse, KeepsTheRowsAliveUntilGrpcIsDone) {
  auto message = std::make_shared<WireMessage>();
  message->parts.push_back(arrow::Buffer::FromString(std::string(100'000, 'x')));
  message->bytes = 100'000;
  const std::weak_ptr<WireMessage> watched = message;
  {
    const grpc::ByteBuffer response = MakeRowsResponse({}, message);
    message.reset();
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace emberharmony::bigquery::server

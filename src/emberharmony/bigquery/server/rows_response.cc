#include "emberharmony/bigquery/server/rows_response.h"

#include <arrow/buffer.h>
#include <grpcpp/support/slice.h>

#include <bit>
#include <vector>

#include "emberharmony/base/thread_handover.h"

namespace emberharmony::bigquery::server {
namespace {

// Numbers of fields and wire types of google/cloud/bigquery/storage/v1/storage.proto and of
// Protocol Buffers' encoding.
constexpr uint32_t kStats = 2;
constexpr uint32_t kStatsProgress = 2;
constexpr uint32_t kProgressAtStart = 1;
constexpr uint32_t kProgressAtEnd = 2;
constexpr uint32_t kArrowRecordBatch = 4;
constexpr uint32_t kSerializedRecordBatch = 1;
constexpr uint32_t kThrottleState = 5;
constexpr uint32_t kThrottlePercent = 1;
constexpr uint32_t kRowCount = 6;
constexpr uint32_t kArrowSchema = 8;
constexpr uint32_t kSerializedSchema = 1;
constexpr uint32_t kUncompressedByteSize = 9;
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kDelimited = 2;

void AddVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AddTag(std::string* out, uint32_t field, uint32_t wire_type) {
  AddVarint(out, field << 3 | wire_type);
}

void AddNumber(std::string* out, uint32_t field, int64_t value) {
  AddTag(out, field, kVarint);
  AddVarint(out, static_cast<uint64_t>(value));
}

void AddDouble(std::string* out, uint32_t field, double value) {
  AddTag(out, field, kFixed64);
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(bits >> shift));
}

void AddBytes(std::string* out, uint32_t field, const std::string& bytes) {
  AddTag(out, field, kDelimited);
  AddVarint(out, bytes.size());
  *out += bytes;
}

/// All fields but the rows.
std::string HeadOf(const ResponseFields& fields, int64_t uncompressed_byte_size) {
  std::string progress;
  AddDouble(&progress, kProgressAtStart, fields.progress_at_start);
  AddDouble(&progress, kProgressAtEnd, fields.progress_at_end);
  std::string stats;
  AddBytes(&stats, kStatsProgress, progress);
  std::string head;
  AddBytes(&head, kStats, stats);
  std::string throttle;
  if (fields.throttle_percent != 0) AddNumber(&throttle, kThrottlePercent, fields.throttle_percent);
  AddBytes(&head, kThrottleState, throttle);
  AddNumber(&head, kRowCount, fields.row_count);
  if (!fields.schema.empty()) {
    std::string schema;
    AddBytes(&schema, kSerializedSchema, fields.schema);
    AddBytes(&head, kArrowSchema, schema);
  }
  if (uncompressed_byte_size != 0) AddNumber(&head, kUncompressedByteSize, uncompressed_byte_size);
  return head;
}

/// Keeps a message alive until gRPC has let go of the slice.
struct Keeper {
  std::shared_ptr<const WireMessage> message;
  std::shared_ptr<void> companion;
};

grpc::Slice SharedSlice(const Keeper& keeper, const arrow::Buffer& part) {
  const auto* kept = new Keeper(keeper);
  // gRPC counts who holds the slice.
  base::HandOver(kept);
  return grpc::Slice(
      const_cast<uint8_t*>(part.data()), static_cast<size_t>(part.size()),
      [](void* kept) {
        base::TakeOver(kept);
        delete static_cast<Keeper*>(kept);
      },
      const_cast<Keeper*>(kept));
}

}  // namespace

grpc::ByteBuffer MakeRowsResponse(const ResponseFields& fields,
                                  const std::shared_ptr<const WireMessage>& rows,
                                  const std::shared_ptr<void>& companion) {
  std::string head = HeadOf(fields, rows == nullptr ? 0 : rows->uncompressed_byte_size);
  std::vector<grpc::Slice> slices;
  if (rows != nullptr) {
    // The rows come last, so that everything before them is one piece.
    std::string inner;
    AddTag(&inner, kSerializedRecordBatch, kDelimited);
    AddVarint(&inner, static_cast<uint64_t>(rows->bytes));
    AddTag(&head, kArrowRecordBatch, kDelimited);
    AddVarint(&head, inner.size() + static_cast<uint64_t>(rows->bytes));
    head += inner;
  }
  slices.emplace_back(head);
  if (rows != nullptr) {
    const Keeper keeper{rows, companion};
    for (const auto& part : rows->parts) slices.push_back(SharedSlice(keeper, *part));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace emberharmony::bigquery::server

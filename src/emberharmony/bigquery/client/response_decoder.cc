#include "emberharmony/bigquery/client/response_decoder.h"

#include <arrow/util/compression.h>

#include <array>
#include <bit>
#include <cstring>

namespace emberharmony::bigquery::client {
namespace {

using arrow::Result;
using arrow::Status;

// Protocol Buffers, "Encoding": wire types.
constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kBytes = 2;
constexpr uint32_t kFixed32 = 5;

// Field numbers of storage.proto and arrow.proto.
constexpr uint32_t kResponseStats = 2;
constexpr uint32_t kResponseAvroRows = 3;
constexpr uint32_t kResponseArrowRows = 4;
constexpr uint32_t kResponseThrottle = 5;
constexpr uint32_t kResponseRowCount = 6;
constexpr uint32_t kResponseAvroSchema = 7;
constexpr uint32_t kResponseArrowSchema = 8;
constexpr uint32_t kResponseUncompressed = 9;
constexpr uint32_t kStatsProgress = 2;
constexpr uint32_t kProgressStart = 1;
constexpr uint32_t kProgressEnd = 2;
constexpr uint32_t kThrottlePercent = 1;
constexpr uint32_t kArrowBytes = 1;  // serialized_record_batch, serialized_schema

/// A field of a message: its number, and its value as far as its type has one.
struct Field {
  uint32_t number = 0;
  uint32_t type = 0;
  uint64_t value = 0;  ///< of kVarint, kFixed64 and kFixed32
  SlicedBytes bytes;   ///< of kBytes
};

Result<uint64_t> ReadVarint(SlicedReader* reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (reader->left() == 0) return Status::Invalid("the message ends within a number");
    const uint8_t byte = reader->Next();
    // Bits beyond 64 are dropped, as protobuf's own parsers do.
    if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return Status::Invalid("a number has more than 10 bytes");
}

Status ReadFixed(SlicedReader* reader, int64_t size, uint64_t* value) {
  if (reader->left() < size) return Status::Invalid("the message ends within a number");
  *value = 0;
  reader->Read(size, value);  // both are little-endian
  return Status::OK();
}

Status ReadField(const SlicedBytes& message, SlicedReader* reader, Field* field) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t key, ReadVarint(reader));
  if (key > UINT32_MAX || key >> 3 == 0) return Status::Invalid("a field has no valid number");
  field->number = static_cast<uint32_t>(key >> 3);
  field->type = static_cast<uint32_t>(key & 7);
  field->bytes = SlicedBytes();
  switch (field->type) {
    case kVarint: {
      ARROW_ASSIGN_OR_RAISE(field->value, ReadVarint(reader));
      return Status::OK();
    }
    case kFixed64:
      return ReadFixed(reader, 8, &field->value);
    case kFixed32:
      return ReadFixed(reader, 4, &field->value);
    case kBytes: {
      ARROW_ASSIGN_OR_RAISE(const uint64_t size, ReadVarint(reader));
      if (size > static_cast<uint64_t>(reader->left())) {
        return Status::Invalid("a field should have ", size, " bytes, but only ", reader->left(),
                               " follow");
      }
      field->bytes = message.Range(reader->position(), static_cast<int64_t>(size));
      reader->Skip(static_cast<int64_t>(size));
      return Status::OK();
    }
    default:
      return Status::Invalid("field ", field->number, " is of wire type ", field->type);
  }
}

/// Calls visit(field) for each field; a field of another type than the message's definition says is
/// passed over, as unknown ones are.
template <typename Visit>
Status VisitFields(const SlicedBytes& message, const Visit& visit) {
  SlicedReader reader(message);
  Field field;
  while (reader.left() > 0) {
    ARROW_RETURN_NOT_OK(ReadField(message, &reader, &field));
    ARROW_RETURN_NOT_OK(visit(field));
  }
  return Status::OK();
}

/// Field 1 of an ArrowRecordBatch or ArrowSchema.
Status ReadArrowBytes(const SlicedBytes& message, SlicedBytes* bytes) {
  return VisitFields(message, [&](const Field& field) {
    if (field.number == kArrowBytes && field.type == kBytes) *bytes = field.bytes;
    return Status::OK();
  });
}

Status ReadProgress(const SlicedBytes& stats, std::optional<Progress>* progress) {
  return VisitFields(stats, [&](const Field& field) {
    if (field.number != kStatsProgress || field.type != kBytes) return Status::OK();
    Progress found;
    ARROW_RETURN_NOT_OK(VisitFields(field.bytes, [&](const Field& part) {
      if (part.type != kFixed64) return Status::OK();
      const auto share = std::bit_cast<double>(part.value);
      if (part.number == kProgressStart) found.at_response_start = share;
      if (part.number == kProgressEnd) found.at_response_end = share;
      return Status::OK();
    }));
    *progress = found;
    return Status::OK();
  });
}

Status ReadThrottle(const SlicedBytes& throttle, int32_t* percent) {
  return VisitFields(throttle, [&](const Field& field) {
    if (field.number == kThrottlePercent && field.type == kVarint) {
      *percent = static_cast<int32_t>(field.value);
    }
    return Status::OK();
  });
}

}  // namespace

Result<Response> DecodeResponse(const SlicedBytes& message) {
  Response response;
  ARROW_RETURN_NOT_OK(VisitFields(message, [&](const Field& field) {
    if (field.type == kVarint && field.number == kResponseRowCount) {
      response.row_count = static_cast<int64_t>(field.value);
    }
    if (field.type == kVarint && field.number == kResponseUncompressed) {
      response.uncompressed_bytes = static_cast<int64_t>(field.value);
    }
    if (field.type != kBytes) return Status::OK();
    switch (field.number) {
      case kResponseStats:
        return ReadProgress(field.bytes, &response.progress);
      case kResponseThrottle:
        return ReadThrottle(field.bytes, &response.throttle_percent);
      case kResponseArrowRows:
        return ReadArrowBytes(field.bytes, &response.rows);
      case kResponseArrowSchema:
        return ReadArrowBytes(field.bytes, &response.schema);
      case kResponseAvroRows:
      case kResponseAvroSchema:
        response.has_avro = true;
        return Status::OK();
      default:
        return Status::OK();
    }
  }));
  return response;
}

Result<std::vector<BatchMessage>> FindBatches(const SlicedBytes& rows,
                                              const io::RecordBatchChecker& checker,
                                              arrow::MemoryPool* pool) {
  constexpr uint32_t kContinuation = 0xFFFFFFFF;
  std::vector<BatchMessage> batches;
  SlicedReader reader(rows);
  while (reader.left() > 0) {
    if (reader.left() < 4) return Status::Invalid("a message ends within its length");
    uint32_t size = 0;
    reader.Read(4, &size);
    if (size == kContinuation) {
      if (reader.left() < 4) return Status::Invalid("a message ends within its length");
      reader.Read(4, &size);
    }
    if (size == 0) break;  // the end mark of a stream
    if (size > static_cast<uint64_t>(reader.left())) {
      return Status::Invalid("a message's metadata should be ", size, " bytes, but only ",
                             reader.left(), " follow");
    }
    BatchMessage batch;
    ARROW_ASSIGN_OR_RAISE(batch.metadata, arrow::AllocateBuffer(size, pool));
    reader.Read(size, batch.metadata->mutable_data());
    ARROW_ASSIGN_OR_RAISE(const io::MessageFacts facts, checker.Check(batch.metadata));
    if (facts.body_bytes > reader.left()) {
      return Status::Invalid("a message's body should be ", facts.body_bytes, " bytes, but only ",
                             reader.left(), " follow");
    }
    batch.body = rows.Range(reader.position(), facts.body_bytes);
    batch.num_rows = facts.num_rows;
    reader.Skip(facts.body_bytes);
    if (facts.kind == io::MessageFacts::Kind::kRecordBatch) batches.push_back(std::move(batch));
  }
  return batches;
}

Result<std::shared_ptr<arrow::Buffer>> UncompressRows(const SlicedBytes& rows,
                                                      int64_t uncompressed_bytes,
                                                      arrow::MemoryPool* pool) {
  // No LZ4 block grows to more than 255 times its size: a larger claim is not worth its memory.
  if (uncompressed_bytes < 0 || uncompressed_bytes / 256 > rows.size()) {
    return Status::Invalid("a response of ", rows.size(), " bytes claims to be ",
                           uncompressed_bytes, " uncompressed");
  }
  ARROW_ASSIGN_OR_RAISE(const auto codec, arrow::util::Codec::Create(arrow::Compression::LZ4));
  ARROW_ASSIGN_OR_RAISE(const auto packed, arrow::AllocateBuffer(rows.size(), pool));
  rows.CopyTo(packed->mutable_data());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(uncompressed_bytes, pool));
  ARROW_ASSIGN_OR_RAISE(
      const int64_t size,
      codec->Decompress(rows.size(), packed->data(), uncompressed_bytes, out->mutable_data()));
  if (size != uncompressed_bytes) {
    return Status::Invalid("a response claims to be ", uncompressed_bytes,
                           " bytes uncompressed, but is ", size);
  }
  return out;
}

}  // namespace emberharmony::bigquery::client

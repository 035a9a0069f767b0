#include "emberharmony/bigquery/server/wire_message.h"

#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace emberharmony::bigquery::server {
namespace {

using arrow::Buffer;
using arrow::Result;
using BufferPtr = std::shared_ptr<Buffer>;

constexpr int64_t kAlignment = 8;
constexpr uint32_t kContinuation = 0xFFFFFFFF;
/// Parts below this are copied together: each slice of a message costs about as much as copying so
/// many bytes.
constexpr int64_t kOwnPartBytesMin = 4096;

int64_t Padding(int64_t bytes) { return (kAlignment - bytes % kAlignment) % kAlignment; }

/// Strings together what is small and shares what is large.
class PartList {
 public:
  explicit PartList(WireMessage* message) : message_(message) {}

  void Append(const void* data, int64_t bytes) {
    small_.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
  }
  void AppendZeros(int64_t bytes) { small_.append(static_cast<size_t>(bytes), '\0'); }
  void Append(const BufferPtr& buffer) {
    if (buffer->size() < kOwnPartBytesMin) {
      Append(buffer->data(), buffer->size());
      return;
    }
    Flush();
    message_->bytes += buffer->size();
    message_->parts.push_back(buffer);
  }
  void Flush() {
    if (small_.empty()) return;
    message_->bytes += static_cast<int64_t>(small_.size());
    message_->parts.push_back(Buffer::FromString(std::move(small_)));
    small_.clear();
  }

 private:
  WireMessage* const message_;
  std::string small_;
};

Result<std::shared_ptr<arrow::util::Codec>> BufferCodec(PayloadCompression compression) {
  switch (compression) {
    case PayloadCompression::kLz4Frame:
      return arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME);
    case PayloadCompression::kZstd:
      return arrow::util::Codec::Create(arrow::Compression::ZSTD);
    default:
      return nullptr;
  }
}

/// Compresses the message as a whole. Where that saves nothing it stays as it is, with -1 as size.
arrow::Status CompressWhole(WireMessage* message, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(arrow::Compression::LZ4));
  ARROW_ASSIGN_OR_RAISE(BufferPtr plain, arrow::AllocateBuffer(message->bytes, pool));
  uint8_t* end = plain->mutable_data();
  for (const BufferPtr& part : message->parts) {
    std::memcpy(end, part->data(), static_cast<size_t>(part->size()));
    end += part->size();
  }
  const int64_t most = codec->MaxCompressedLen(plain->size(), plain->data());
  ARROW_ASSIGN_OR_RAISE(BufferPtr compressed, arrow::AllocateBuffer(most, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, codec->Compress(plain->size(), plain->data(), most,
                                                             compressed->mutable_data()));
  if (bytes >= plain->size()) {
    message->uncompressed_byte_size = -1;
    return arrow::Status::OK();
  }
  message->uncompressed_byte_size = plain->size();
  message->parts = {arrow::SliceBuffer(compressed, 0, bytes)};
  message->bytes = bytes;
  return arrow::Status::OK();
}

}  // namespace

Result<WireMessage> MakeWireMessage(const arrow::RecordBatch& batch, PayloadCompression compression,
                                    arrow::MemoryPool* pool) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  ARROW_ASSIGN_OR_RAISE(options.codec, BufferCodec(compression));
  arrow::ipc::IpcPayload payload;
  ARROW_RETURN_NOT_OK(arrow::ipc::GetRecordBatchPayload(batch, options, &payload));
  WireMessage message;
  message.num_rows = batch.num_rows();
  message.decoded_bytes = payload.raw_body_length;
  PartList parts(&message);
  const int64_t metadata_padding = Padding(payload.metadata->size());
  const auto metadata_bytes = static_cast<uint32_t>(payload.metadata->size() + metadata_padding);
  const std::array<uint32_t, 2> prefix = {kContinuation, metadata_bytes};
  parts.Append(prefix.data(), sizeof(prefix));
  parts.Append(payload.metadata->data(), payload.metadata->size());
  parts.AppendZeros(metadata_padding);
  for (const BufferPtr& buffer : payload.body_buffers) {
    if (buffer == nullptr || buffer->size() == 0) continue;
    parts.Append(buffer);
    parts.AppendZeros(Padding(buffer->size()));
  }
  parts.Flush();
  if (compression == PayloadCompression::kLz4Whole) {
    ARROW_RETURN_NOT_OK(CompressWhole(&message, pool));
  }
  return message;
}

Result<std::string> SchemaMessage(const arrow::Schema& schema, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const BufferPtr buffer, arrow::ipc::SerializeSchema(schema, pool));
  return buffer->ToString();
}

}  // namespace emberharmony::bigquery::server

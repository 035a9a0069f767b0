#include <arrow/util/compression.h>

#include <algorithm>

#include "emberharmony/io/arrow_message_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Status;

// What a message's metadata mostly fit into, with its prefix: one read fetches both.
constexpr int64_t kHeadBytes = 4096;
// Metadata take 16 bytes for each column and buffer: this is far beyond any table.
constexpr int64_t kMetadataBytesMax = int64_t{256} << 20;

// Message.fbs
constexpr int kMessageVersion = 0;
constexpr int kMessageHeaderType = 1;
constexpr int kMessageHeader = 2;
constexpr int kMessageBodyLength = 3;
constexpr int kMessageCustomMetadata = 4;
constexpr uint8_t kHeaderSchema = 1;
constexpr uint8_t kHeaderDictionaryBatch = 2;
constexpr uint8_t kHeaderRecordBatch = 3;
constexpr int16_t kVersion4 = 3;
constexpr int16_t kVersion5 = 4;

/// Arrow 0.17 marked compression in the message's key-value metadata, for a version of the format
/// that never was.
arrow::Result<bool> HasExperimentalCompression(const FlatTable& message) {
  ARROW_ASSIGN_OR_RAISE(const int64_t count, message.NumTables(kMessageCustomMetadata));
  for (int64_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(const FlatTable entry, message.TableAt(kMessageCustomMetadata, i));
    ARROW_ASSIGN_OR_RAISE(const std::string_view key, entry.Text(0));
    if (key == "ARROW:experimental_compression") return true;
  }
  return false;
}

arrow::Result<arrow::Compression::type> CodecOf(const FlatTable& batch) {
  ARROW_ASSIGN_OR_RAISE(const auto compression, batch.Table(3));
  if (!compression.has_value()) return arrow::Compression::UNCOMPRESSED;
  ARROW_ASSIGN_OR_RAISE(const int8_t codec, compression->Number<int8_t>(0, 0));
  ARROW_ASSIGN_OR_RAISE(const int8_t method, compression->Number<int8_t>(1, 0));
  if (method != 0 || codec < 0 || codec > 1) {
    return Status::Invalid("its compression (codec ", static_cast<int>(codec), ", method ",
                           static_cast<int>(method), ") is not known");
  }
  return codec == 0 ? arrow::Compression::LZ4_FRAME : arrow::Compression::ZSTD;
}

}  // namespace

arrow::Result<std::shared_ptr<const ArrowMessage>> ArrowMessage::Parse(
    std::shared_ptr<arrow::Buffer> bytes) {
  auto message = std::shared_ptr<ArrowMessage>(new ArrowMessage());
  message->bytes_ = std::move(bytes);
  message->codec_ = arrow::Compression::UNCOMPRESSED;
  ARROW_ASSIGN_OR_RAISE(const FlatTable root, FlatTable::Root(std::string_view(*message->bytes_)));
  ARROW_ASSIGN_OR_RAISE(const int16_t version, root.Number<int16_t>(kMessageVersion, 0));
  if (version < kVersion4 || version > kVersion5) {
    return Status::Invalid("it is of metadata version V", version + 1,
                           ", and only V4 and V5 are supported");
  }
  message->before_v5_ = version < kVersion5;
  ARROW_ASSIGN_OR_RAISE(message->body_size_, root.Number<int64_t>(kMessageBodyLength, 0));
  if (message->body_size_ < 0) return Status::Invalid("a message has a body of negative size");
  ARROW_ASSIGN_OR_RAISE(const uint8_t type, root.Number<uint8_t>(kMessageHeaderType, 0));
  if (type == kHeaderSchema) message->kind_ = Kind::kSchema;
  if (type != kHeaderDictionaryBatch && type != kHeaderRecordBatch) return message;
  ARROW_ASSIGN_OR_RAISE(const auto header, root.Table(kMessageHeader));
  if (!header.has_value()) return Status::Invalid("a message has no header");
  if (message->before_v5_) {
    ARROW_ASSIGN_OR_RAISE(const bool experimental, HasExperimentalCompression(root));
    if (experimental) {
      return Status::Invalid("it is compressed in the way of Arrow 0.17, which is not supported");
    }
  }
  if (type == kHeaderRecordBatch) {
    message->kind_ = Kind::kRecordBatch;
    ARROW_RETURN_NOT_OK(message->ParseBatch(*header));
    return message;
  }
  message->kind_ = Kind::kDictionary;
  ARROW_ASSIGN_OR_RAISE(message->dictionary_id_, header->Number<int64_t>(0, 0));
  ARROW_ASSIGN_OR_RAISE(const auto data, header->Table(1));
  if (!data.has_value()) return Status::Invalid("a dictionary has no values");
  ARROW_ASSIGN_OR_RAISE(const uint8_t is_delta, header->Number<uint8_t>(2, 0));
  message->is_delta_ = is_delta != 0;
  ARROW_RETURN_NOT_OK(message->ParseBatch(*data));
  return message;
}

Status ArrowMessage::ParseBatch(const FlatTable& batch) {
  constexpr int64_t kRowsMax = INT32_MAX;
  ARROW_ASSIGN_OR_RAISE(num_rows_, batch.Number<int64_t>(0, 0));
  if (num_rows_ < 0 || num_rows_ > kRowsMax) {
    return Status::Invalid("a record batch claims ", num_rows_, " rows; the most is ", kRowsMax);
  }
  ARROW_ASSIGN_OR_RAISE(nodes_, batch.Vector(1, 16));
  ARROW_ASSIGN_OR_RAISE(buffers_, batch.Vector(2, 16));
  ARROW_ASSIGN_OR_RAISE(codec_, CodecOf(batch));
  ARROW_ASSIGN_OR_RAISE(variadic_counts_, batch.Vector(4, 8));
  return Status::OK();
}

arrow::Result<ArrowMessage::Place> ArrowMessage::buffer(int64_t i) const {
  const Place place{Int64(buffers_, 2 * i), Int64(buffers_, 2 * i + 1)};
  if (place.offset < 0 || place.size < 0 || place.size > body_size_ ||
      place.offset > body_size_ - place.size) {
    return Status::Invalid("a buffer of ", place.size, " bytes at ", place.offset,
                           " does not lie in the message's body of ", body_size_, " bytes");
  }
  return place;
}

arrow::Result<int64_t> ArrowMessage::CountVariadic(int64_t i) const {
  if (i > variadic_counts_.count) {
    return Status::Invalid("it does not say how many buffers its view columns have");
  }
  int64_t sum = 0;
  for (int64_t k = 0; k < i; ++k) {
    const int64_t count = Int64(variadic_counts_, k);
    if (count < 0 || count > buffers_.count - sum) {
      return Status::Invalid("it claims that a view column has ", count, " buffers");
    }
    sum += count;
  }
  return sum;
}

arrow::Result<FoundMessage> ReadArrowMessage(arrow::io::RandomAccessFile* file, int64_t file_size,
                                             int64_t begin, arrow::MemoryPool* pool) {
  FoundMessage found;
  found.place.begin = begin;
  found.place.body_begin = begin;
  if (begin == file_size) return found;
  if (begin < 0 || begin > file_size - 4) {
    return Status::Invalid("a message should begin at ", begin, ", but the file has only ",
                           file_size, " bytes");
  }
  const int64_t head_size = std::min(kHeadBytes, file_size - begin);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> head,
                        arrow::AllocateBuffer(head_size, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(begin, head_size, head->mutable_data()));
  if (read < head_size) return Status::Invalid("the file ended while it was read");
  const std::string_view bytes(*head);
  int64_t prefix = 4;
  auto size = FlatTable::Load<uint32_t>(bytes, 0);
  if (size == 0xFFFFFFFF) {
    if (head_size < 8) return Status::Invalid("a message ends after its first 4 bytes");
    size = FlatTable::Load<uint32_t>(bytes, 4);
    prefix = 8;
  }
  if (size == 0) return found;
  found.place.metadata_begin = begin + prefix;
  found.place.metadata_size = size;
  if (size > kMetadataBytesMax || found.place.metadata_size > file_size - begin - prefix) {
    return Status::Invalid("a message's metadata should be ", size,
                           " bytes, but the file has not so many");
  }
  std::shared_ptr<arrow::Buffer> metadata;
  if (prefix + int64_t{size} <= head_size) {
    // A copy, so that no more than the metadata stays in memory.
    ARROW_ASSIGN_OR_RAISE(metadata, head->CopySlice(prefix, size, pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(metadata, arrow::AllocateBuffer(size, pool));
    ARROW_ASSIGN_OR_RAISE(const int64_t got,
                          file->ReadAt(found.place.metadata_begin, size, metadata->mutable_data()));
    if (got < size) return Status::Invalid("the file ended while it was read");
  }
  ARROW_ASSIGN_OR_RAISE(found.message, ArrowMessage::Parse(std::move(metadata)));
  found.place.body_begin = found.place.metadata_begin + size;
  found.place.body_size = found.message->body_size();
  if (found.place.body_size > file_size - found.place.body_begin) {
    return Status::Invalid("a message's body should be ", found.place.body_size, " bytes at ",
                           found.place.body_begin, ", but the file has only ", file_size, " bytes");
  }
  return found;
}

}  // namespace emberharmony::io::internal

#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/reader.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_file_internal.h"
#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::string_view kMagic = "ARROW1";
// "ARROW1", and the padding up to the first message.
constexpr int64_t kFirstMessage = 8;
// The footer's length and the magic at the file's end.
constexpr int64_t kTailBytes = 10;
// File.fbs
constexpr int kFooterVersion = 0;
constexpr int kFooterSchema = 1;
constexpr int kFooterDictionaries = 2;
constexpr int kFooterRecordBatches = 3;
constexpr int64_t kBlockBytes = 24;

Status ReadColumns(const ArrowMessage& message, ArrowFileIndex* index) {
  ARROW_ASSIGN_OR_RAISE(const auto opened, arrow::ipc::Message::Open(message.bytes(), nullptr));
  arrow::ipc::DictionaryMemo memo;
  ARROW_ASSIGN_OR_RAISE(const auto schema, arrow::ipc::ReadSchema(*opened, &memo));
  if (!schema->is_native_endian()) {
    return Status::Invalid(
        "it is big-endian, which is not supported: write it again on a "
        "little-endian machine");
  }
  ARROW_ASSIGN_OR_RAISE(index->columns, ArrowLayout(*schema, memo.fields(), index->before_v5));
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) fields.push_back(NormalizedField(*field));
  index->schema = arrow::schema(std::move(fields));
  return Status::OK();
}

Status AddMessage(const FoundMessage& found, ArrowFileIndex* index) {
  const ArrowMessage& message = *found.message;
  // What buffers arrays have, the version of their own messages says: writers differ in what they
  // make of the footer's.
  if (index->batches.empty()) index->before_v5 = message.before_v5();
  if (message.kind() == ArrowMessage::Kind::kDictionary) {
    const auto ordinal = static_cast<int32_t>(index->dictionaries.size());
    if (ordinal == INT32_MAX) return Status::Invalid("it has too many dictionaries");
    index->dictionaries_of[message.dictionary_id()].push_back(ordinal);
    index->dictionaries.push_back({found.place, message.dictionary_id(), message.is_delta()});
  } else if (message.kind() == ArrowMessage::Kind::kRecordBatch) {
    if (message.before_v5() != index->before_v5) {
      return Status::Invalid("its messages are of different versions of the format");
    }
    index->batches.push_back({found.place, message.num_rows(),
                              static_cast<int32_t>(index->dictionaries.size()), found.message});
  } else if (message.kind() == ArrowMessage::Kind::kSchema) {
    return Status::Invalid("it has a second schema");
  }
  return Status::OK();
}

/// A stream: message after message until its end mark or the file's end.
Status ReadStream(const ArrowFile& file, int64_t begin, arrow::MemoryPool* pool,
                  ArrowFileIndex* index) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const FoundMessage found,
                          ReadArrowMessage(file.file.get(), file.size, begin, pool));
    if (found.message == nullptr) return Status::OK();
    ARROW_RETURN_NOT_OK(AddMessage(found, index));
    begin = found.place.end();
  }
}

/// Messages that the footer lists.
Status ReadBlocks(const ArrowFile& file, const FlatTable::Elements& blocks,
                  ArrowMessage::Kind expected, arrow::MemoryPool* pool, ArrowFileIndex* index) {
  for (int64_t i = 0; i < blocks.count; ++i) {
    int64_t begin;
    std::memcpy(&begin, blocks.data + kBlockBytes * i, sizeof(begin));
    ARROW_ASSIGN_OR_RAISE(const FoundMessage found,
                          ReadArrowMessage(file.file.get(), file.size, begin, pool));
    if (found.message == nullptr || found.message->kind() != expected) {
      return Status::Invalid("its footer names a message at ", begin, ", but there is another one");
    }
    ARROW_RETURN_NOT_OK(AddMessage(found, index));
  }
  return Status::OK();
}

/// The footer's schema as a message of its own, as Arrow reads it. Files begin with one, too, but
/// not every writer (Polars) makes it a message.
Result<std::shared_ptr<const ArrowMessage>> SchemaMessage(const arrow::Buffer& footer,
                                                          arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const FlatTable root, FlatTable::Root(std::string_view(footer)));
  ARROW_ASSIGN_OR_RAISE(const int16_t version, root.Number<int16_t>(kFooterVersion, 0));
  ARROW_ASSIGN_OR_RAISE(const auto schema, root.Table(kFooterSchema));
  if (!schema.has_value()) return Status::Invalid("its footer has no schema");
  // A Message table (its place; vtable; table of version, type and place of the header) before the
  // footer's bytes, in which everything is found by its distance.
  struct Head {
    uint32_t table = 16;
    std::array<uint16_t, 6> vtable = {10, 12, 8, 10, 4, 0};
    int32_t to_vtable = 12;
    uint32_t header = 0;
    int16_t version = 0;
    uint8_t header_type = 1;
    std::array<uint8_t, 5> padding = {};
  } head;
  static_assert(sizeof(Head) == 32 && offsetof(Head, header) == 20);
  head.version = version;
  head.header = static_cast<uint32_t>(sizeof(Head) - offsetof(Head, header)) +
                static_cast<uint32_t>(schema->position());
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> bytes,
      arrow::AllocateBuffer(static_cast<int64_t>(sizeof(Head)) + footer.size(), pool));
  std::memcpy(bytes->mutable_data(), &head, sizeof(Head));
  std::memcpy(bytes->mutable_data() + sizeof(Head), footer.data(),
              static_cast<size_t>(footer.size()));
  return ArrowMessage::Parse(std::move(bytes));
}

Status ReadFooter(const ArrowFile& file, arrow::MemoryPool* pool, ArrowFileIndex* index) {
  std::array<char, kTailBytes> tail{};
  ARROW_ASSIGN_OR_RAISE(const int64_t read,
                        file.file->ReadAt(file.size - kTailBytes, kTailBytes, tail.data()));
  const std::string_view bytes(tail.data(), tail.size());
  if (read < kTailBytes || bytes.substr(4) != kMagic) {
    return Status::Invalid("it does not end with 'ARROW1'");
  }
  const int64_t size = FlatTable::Load<int32_t>(bytes, 0);
  if (size <= 0 || size > file.size - kTailBytes - kFirstMessage) {
    return Status::Invalid("its footer claims ", size, " bytes");
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(size, pool));
  ARROW_ASSIGN_OR_RAISE(const int64_t got, file.file->ReadAt(file.size - kTailBytes - size, size,
                                                             buffer->mutable_data()));
  if (got < size) return Status::Invalid("the file ended while it was read");
  ARROW_ASSIGN_OR_RAISE(const FlatTable footer, FlatTable::Root(std::string_view(*buffer)));
  ARROW_ASSIGN_OR_RAISE(const auto dictionaries, footer.Vector(kFooterDictionaries, kBlockBytes));
  ARROW_ASSIGN_OR_RAISE(const auto batches, footer.Vector(kFooterRecordBatches, kBlockBytes));
  ARROW_RETURN_NOT_OK(ReadBlocks(file, dictionaries, ArrowMessage::Kind::kDictionary, pool, index));
  ARROW_RETURN_NOT_OK(ReadBlocks(file, batches, ArrowMessage::Kind::kRecordBatch, pool, index));
  // All dictionaries serve all batches of a file, so none may replace another.
  for (const auto& [id, ordinals] : index->dictionaries_of) {
    const auto whole = std::count_if(ordinals.begin(), ordinals.end(), [&](int32_t ordinal) {
      return !index->dictionaries[static_cast<size_t>(ordinal)].is_delta;
    });
    if (whole > 1) return Status::Invalid("it has ", whole, " dictionaries with the same id ", id);
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, SchemaMessage(*buffer, pool));
  return ReadColumns(*schema, index);
}

Result<std::shared_ptr<const ArrowFileIndex>> ReadIndex(const ArrowFile& file,
                                                        arrow::MemoryPool* pool) {
  std::array<char, kFirstMessage> head{};
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file.file->ReadAt(0, head.size(), head.data()));
  const std::string_view bytes(head.data(), static_cast<size_t>(read));
  if (bytes.starts_with("FEA1")) {
    return Status::Invalid(
        "it is in version 1 of the Feather format, which is not supported: "
        "write it again in version 2");
  }
  const bool has_footer = bytes.starts_with(kMagic);
  if (has_footer && file.size < kFirstMessage + kTailBytes) {
    return Status::Invalid("it has only ", file.size, " bytes");
  }
  auto index = std::make_shared<ArrowFileIndex>();
  if (has_footer) {
    ARROW_RETURN_NOT_OK(ReadFooter(file, pool, index.get()));
    return index;
  }
  ARROW_ASSIGN_OR_RAISE(const FoundMessage schema,
                        ReadArrowMessage(file.file.get(), file.size, 0, pool));
  if (schema.message == nullptr || schema.message->kind() != ArrowMessage::Kind::kSchema) {
    return Status::Invalid("it does not begin with a schema");
  }
  ARROW_RETURN_NOT_OK(ReadStream(file, schema.place.end(), pool, index.get()));
  ARROW_RETURN_NOT_OK(ReadColumns(*schema.message, index.get()));
  return index;
}

}  // namespace

int64_t ArrowFileIndex::bytes() const {
  const auto num_columns = static_cast<size_t>(CountArrowColumns(columns));
  return static_cast<int64_t>(sizeof(*this) + num_columns * sizeof(ArrowColumn) +
                              dictionaries.size() * (sizeof(ArrowDictionaryPlace) + 4) +
                              batches.size() * sizeof(ArrowBatchPlace));
}

int64_t ArrowFileIndex::message_bytes() const {
  int64_t bytes = 0;
  for (const ArrowBatchPlace& batch : batches) {
    if (batch.message != nullptr) {
      bytes += static_cast<int64_t>(sizeof(ArrowMessage)) + batch.message->bytes()->size();
    }
  }
  return bytes;
}

Status NotArrow(const std::string& name, const Status& why) {
  if (why.IsOutOfMemory()) return why.WithMessage("'", name, "': ", why.message());
  return base::DataError("'" + name + "' is not a readable Arrow file: " + why.message() +
                         "; check that it was written and copied completely");
}

Result<std::shared_ptr<const ArrowFile>> ReadArrowIndex(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file, arrow::MemoryPool* pool) {
  auto result = std::make_shared<ArrowFile>();
  result->name = std::move(name);
  result->file = std::move(file);
  const auto read = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(result->size, result->file->GetSize());
    ARROW_ASSIGN_OR_RAISE(result->index, ReadIndex(*result, pool));
    return Status::OK();
  };
  const Status status = read();
  if (!status.ok()) return NotArrow(result->name, status);
  return result;
}

}  // namespace emberharmony::io::internal

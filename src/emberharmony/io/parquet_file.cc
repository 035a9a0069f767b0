#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/normalized_type_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Status;

Status NotParquet(const std::string& name, const std::string& why) {
  return base::DataError("'" + name + "' is not a readable Parquet file: " + why +
                         "; check that it was written and copied completely");
}

int CountLeaves(const arrow::DataType& type) {
  if (!arrow::is_nested(type.id())) return 1;
  int count = 0;
  for (const auto& field : type.fields()) count += CountLeaves(*field->type());
  return count;
}

/// Checks that the Arrow types have as many leaves as the file, level for level: an element of the
/// schema that they do not show would shift all that follow it.
Status CheckLeaves(const arrow::Schema& schema, const parquet::SchemaDescriptor& descriptor) {
  const parquet::schema::GroupNode* root = descriptor.group_node();
  if (schema.num_fields() != root->field_count()) {
    return Status::Invalid("its schema has ", root->field_count(), " columns, of which only ",
                           schema.num_fields(), " can be understood");
  }
  std::vector<int> counts(static_cast<size_t>(root->field_count()));
  for (int leaf = 0; leaf < descriptor.num_columns(); ++leaf) {
    ++counts.at(static_cast<size_t>(root->FieldIndex(*descriptor.GetColumnRoot(leaf))));
  }
  for (int i = 0; i < schema.num_fields(); ++i) {
    const int found = CountLeaves(*schema.field(i)->type());
    if (found == counts[static_cast<size_t>(i)]) continue;
    return Status::Invalid("its column '", schema.field(i)->name(), "' has ",
                           counts[static_cast<size_t>(i)], " leaves, but its type ",
                           schema.field(i)->type()->ToString(), " shows ", found);
  }
  return Status::OK();
}

Status CheckMagic(const ParquetFile& file) {
  char magic[4] = {};
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file.file->ReadAt(0, sizeof(magic), magic));
  if (read < 4 || file.size < 12) return Status::Invalid("it has only ", file.size, " bytes");
  if (std::memcmp(magic, "PARE", 4) == 0) {
    return Status::Invalid("it is encrypted, and encrypted files are not supported");
  }
  if (std::memcmp(magic, "PAR1", 4) != 0) return Status::Invalid("it does not begin with 'PAR1'");
  return Status::OK();
}

/// More rows or bytes than any file has, and few enough that sums over files don't overflow.
constexpr int64_t kRowsMax = int64_t{1} << 48;

int64_t EstimatedDictionaryBytes(const parquet::ColumnChunkMetaData& column) {
  const int64_t bytes = column.data_page_offset() - column.dictionary_page_offset();
  const int64_t compressed = column.total_compressed_size();
  const int64_t uncompressed = column.total_uncompressed_size();
  if (column.dictionary_page_offset() <= 0 || bytes <= 0 || bytes > compressed) return 0;
  return static_cast<int64_t>(static_cast<double>(bytes) / static_cast<double>(compressed) *
                              static_cast<double>(std::clamp<int64_t>(uncompressed, 0, kRowsMax)));
}

ColumnChunkPlace PlaceOf(const parquet::ColumnChunkMetaData& column, bool flat) {
  ColumnChunkPlace place;
  place.encrypted = column.crypto_metadata() != nullptr;
  if (place.encrypted) return place;
  place.has_dictionary = column.has_dictionary_page();
  place.begin = column.data_page_offset();
  if (place.has_dictionary && column.dictionary_page_offset() > 0) {
    place.begin = std::min(place.begin, column.dictionary_page_offset());
  }
  place.compressed_bytes = column.total_compressed_size();
  place.uncompressed_bytes = column.total_uncompressed_size();
  if (place.has_dictionary) place.dictionary_bytes = EstimatedDictionaryBytes(column);
  place.num_values = column.num_values();
  place.codec = column.compression();
  if (const auto index = column.GetOffsetIndexLocation(); index.has_value()) {
    place.offset_index_begin = index->offset;
    place.offset_index_bytes = index->length;
  }
  const auto statistics = flat ? column.encoded_statistics() : nullptr;
  if (statistics != nullptr && statistics->has_null_count && statistics->null_count >= 0 &&
      statistics->null_count <= place.num_values) {
    place.null_count = statistics->null_count;
  }
  return place;
}

arrow::Result<std::shared_ptr<const ParquetFooter>> Compact(const parquet::FileMetaData& metadata) {
  auto footer = std::make_shared<ParquetFooter>();
  auto schema = std::make_shared<parquet::SchemaDescriptor>();
  schema->Init(metadata.schema()->schema_root());
  const parquet::schema::GroupNode* root = schema->group_node();
  for (int i = 0; i < root->field_count() && footer->nested == nullptr; ++i) {
    if (root->field(i)->is_primitive() && !root->field(i)->is_repeated()) continue;
    ARROW_ASSIGN_OR_RAISE(auto nodes, NestedLayout(*schema));
    footer->nested = std::make_shared<const std::vector<NestedNode>>(std::move(nodes));
  }
  footer->schema = std::move(schema);
  const auto& version = metadata.writer_version();
  footer->chunk_sizes_short =
      version.VersionLt(parquet::ApplicationVersion::PARQUET_816_FIXED_VERSION());
  footer->always_compressed =
      version.VersionLt(parquet::ApplicationVersion::PARQUET_CPP_10353_FIXED_VERSION());
  const int num_leaves = footer->schema->num_columns();
  int64_t rows_left = kRowsMax;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto row_group = metadata.RowGroup(i);
    const int64_t rows = row_group->num_rows();
    if (rows < 0 || rows > rows_left) {
      return Status::Invalid("its row group ", i, " claims ", rows, " rows");
    }
    rows_left -= rows;
    footer->row_groups.push_back(
        {rows, std::clamp<int64_t>(row_group->total_byte_size(), 0, kRowsMax)});
    for (int leaf = 0; leaf < num_leaves; ++leaf) {
      const bool flat = footer->schema->Column(leaf)->max_repetition_level() == 0;
      footer->chunks.push_back(PlaceOf(*row_group->ColumnChunk(leaf), flat));
    }
  }
  return footer;
}

/// The column as the Arrow schema that its writer has kept in the file has it, if it has.
const arrow::Field& StoredField(const parquet::arrow::SchemaManifest& manifest, int i,
                                const arrow::Field& field) {
  if (manifest.origin_schema == nullptr || i >= manifest.origin_schema->num_fields()) return field;
  const arrow::Field& stored = *manifest.origin_schema->field(i);
  return stored.name() == field.name() ? stored : field;
}

arrow::Result<ParquetFileSchema> SchemaOf(const parquet::FileMetaData& metadata) {
  const parquet::SchemaDescriptor& descriptor = *metadata.schema();
  const parquet::ArrowReaderProperties properties;
  const auto& key_values = metadata.key_value_metadata();
  parquet::arrow::SchemaManifest manifest;
  ParquetFileSchema result;
  // A stored Arrow schema that can't be read only loses what it would have restored.
  if (!CatchParquet([&] {
         return parquet::arrow::SchemaManifest::Make(&descriptor, key_values, properties,
                                                     &manifest);
       }).ok()) {
    result.arrow_schema_damaged = key_values != nullptr && key_values->Contains("ARROW:schema");
    manifest = {};
    ARROW_RETURN_NOT_OK(
        parquet::arrow::SchemaManifest::Make(&descriptor, nullptr, properties, &manifest));
  }
  arrow::FieldVector fields;
  for (size_t i = 0; i < manifest.schema_fields.size(); ++i) {
    const arrow::Field& field = *manifest.schema_fields[i].field;
    fields.push_back(NormalizedField(field, StoredField(manifest, static_cast<int>(i), field)));
  }
  result.schema = arrow::schema(std::move(fields));
  ARROW_RETURN_NOT_OK(CheckLeaves(*result.schema, descriptor));
  return result;
}

}  // namespace

Status CatchParquet(const std::function<Status()>& function) {
  try {
    return base::RecognizeAllocationFailure(function());
  } catch (const parquet::ParquetStatusException& exception) {
    return base::RecognizeAllocationFailure(exception.status());
  } catch (const std::exception& exception) {
    ARROW_RETURN_NOT_OK(base::AllocationFailureOf(exception));
    return Status::Invalid(exception.what());
  }
}

std::vector<ColumnLeaves> LeavesOfColumns(const arrow::Schema& schema) {
  std::vector<ColumnLeaves> leaves;
  int first = 0;
  for (const auto& field : schema.fields()) {
    leaves.push_back({first, CountLeaves(*field->type())});
    first += leaves.back().count;
  }
  // Members come in the order of their leaves; only the structs that they are in were counted.
  int member_first = 0;
  int parent = -1;
  for (const StructMember& member : StructMembers(schema)) {
    if (member.path[0] != parent) member_first = leaves[static_cast<size_t>(member.path[0])].first;
    parent = member.path[0];
    leaves.push_back({member_first, CountLeaves(*member.field->type())});
    member_first += leaves.back().count;
  }
  return leaves;
}

arrow::Result<std::shared_ptr<const ParquetFile>> ReadParquetFooter(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file,
    ParquetFileSchema* schema) {
  auto result = std::make_shared<ParquetFile>();
  result->name = std::move(name);
  result->file = std::move(file);
  const Status status = CatchParquet([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(result->size, result->file->GetSize());
    ARROW_RETURN_NOT_OK(CheckMagic(*result));
    const auto metadata = parquet::ReadMetaData(result->file);
    if (metadata->is_encryption_algorithm_set()) {
      return Status::Invalid("it is encrypted, and encrypted files are not supported");
    }
    ARROW_ASSIGN_OR_RAISE(result->footer, Compact(*metadata));
    if (schema != nullptr) {
      ARROW_ASSIGN_OR_RAISE(*schema, SchemaOf(*metadata));
    }
    return Status::OK();
  });
  if (status.IsOutOfMemory()) return status;
  if (!status.ok()) return NotParquet(result->name, status.message());
  return result;
}

}  // namespace emberharmony::io::internal

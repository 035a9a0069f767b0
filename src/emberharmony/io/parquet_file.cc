#include <arrow/extension_type.h>
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
#include "emberharmony/io/parquet_file_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Status;
using arrow::Type;

/// The type in which a flat column is handed out.
std::shared_ptr<arrow::DataType> Normalized(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::DICTIONARY:
      return Normalized(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case Type::EXTENSION:
      return Normalized(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return arrow::utf8();
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
      return arrow::binary();
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      return decimal.precision() <= arrow::Decimal128Type::kMaxPrecision
                 ? arrow::decimal128(decimal.precision(), decimal.scale())
                 : arrow::decimal256(decimal.precision(), decimal.scale());
    }
    default:
      return type;
  }
}

Status NotParquet(const std::string& name, const std::string& why) {
  return base::DataError("'" + name + "' is not a readable Parquet file: " + why +
                         "; check that it was written and copied completely");
}

std::vector<FieldLeaves> FindLeaves(const parquet::SchemaDescriptor& schema) {
  std::vector<FieldLeaves> leaves(static_cast<size_t>(schema.group_node()->field_count()));
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const int field = schema.group_node()->FieldIndex(*schema.GetColumnRoot(leaf));
    FieldLeaves& entry = leaves.at(static_cast<size_t>(field));
    if (entry.count++ == 0) entry.first = leaf;
    entry.flat = schema.GetColumnRoot(leaf)->is_primitive() &&
                 schema.Column(leaf)->max_repetition_level() == 0 &&
                 schema.Column(leaf)->max_definition_level() <= 1;
  }
  return leaves;
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

/// More rows or bytes than any file has, and few enough that sums over files don't overflow.
constexpr int64_t kRowsMax = int64_t{1} << 48;

arrow::Result<std::shared_ptr<const ParquetFooter>> Compact(const parquet::FileMetaData& metadata) {
  auto footer = std::make_shared<ParquetFooter>();
  auto schema = std::make_shared<parquet::SchemaDescriptor>();
  schema->Init(metadata.schema()->schema_root());
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

arrow::Result<ParquetFileSchema> SchemaOf(const parquet::FileMetaData& metadata) {
  const parquet::SchemaDescriptor& descriptor = *metadata.schema();
  const parquet::ArrowReaderProperties properties;
  std::shared_ptr<arrow::Schema> schema;
  ParquetFileSchema result;
  // A stored Arrow schema that can't be read only loses what it would have restored.
  if (!CatchParquet([&] {
         return parquet::arrow::FromParquetSchema(&descriptor, properties,
                                                  metadata.key_value_metadata(), &schema);
       }).ok()) {
    result.arrow_schema_damaged = metadata.key_value_metadata() != nullptr &&
                                  metadata.key_value_metadata()->Contains("ARROW:schema");
    ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(&descriptor, properties, &schema));
  }
  result.leaves = FindLeaves(descriptor);
  if (schema->num_fields() != static_cast<int>(result.leaves.size())) {
    return Status::Invalid("its schema has ", result.leaves.size(), " columns, of which only ",
                           schema->num_fields(), " can be understood");
  }
  arrow::FieldVector fields;
  for (int i = 0; i < schema->num_fields(); ++i) {
    const auto& field = schema->field(i);
    auto type =
        result.leaves[static_cast<size_t>(i)].flat ? Normalized(field->type()) : field->type();
    fields.push_back(arrow::field(field->name(), std::move(type), field->nullable()));
  }
  result.schema = arrow::schema(std::move(fields));
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

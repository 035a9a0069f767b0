#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <cstring>

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

}  // namespace

Status CatchParquet(const std::function<Status()>& function) {
  try {
    return function();
  } catch (const parquet::ParquetStatusException& exception) {
    return exception.status();
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory("the system gave no more memory");
  } catch (const std::exception& exception) {
    return Status::Invalid(exception.what());
  }
}

arrow::Result<std::shared_ptr<const ParquetFile>> ReadParquetFooter(
    std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file) {
  auto result = std::make_shared<ParquetFile>();
  result->name = std::move(name);
  result->file = std::move(file);
  const Status status = CatchParquet([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(result->size, result->file->GetSize());
    char magic[4] = {};
    ARROW_ASSIGN_OR_RAISE(const int64_t read, result->file->ReadAt(0, sizeof(magic), magic));
    if (read < 4 || result->size < 12) {
      return Status::Invalid("it has only ", result->size, " bytes");
    }
    if (std::memcmp(magic, "PARE", 4) == 0) {
      return Status::Invalid("it is encrypted, and encrypted files are not supported");
    }
    if (std::memcmp(magic, "PAR1", 4) != 0) {
      return Status::Invalid("it does not begin with 'PAR1'");
    }
    result->metadata = parquet::ReadMetaData(result->file);
    if (result->metadata->is_encryption_algorithm_set()) {
      return Status::Invalid("it is encrypted, and encrypted files are not supported");
    }
    return Status::OK();
  });
  if (status.IsOutOfMemory()) return status;
  if (!status.ok()) return NotParquet(result->name, status.message());
  return result;
}

arrow::Result<ParquetFileSchema> ReadParquetSchema(const ParquetFile& file) {
  ParquetFileSchema result;
  const Status status = CatchParquet([&]() -> Status {
    const parquet::SchemaDescriptor& descriptor = *file.metadata->schema();
    const parquet::ArrowReaderProperties properties;
    std::shared_ptr<arrow::Schema> schema;
    // A stored Arrow schema that can't be read only loses what it would have restored.
    if (!CatchParquet([&] {
           return parquet::arrow::FromParquetSchema(&descriptor, properties,
                                                    file.metadata->key_value_metadata(), &schema);
         }).ok()) {
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
    return Status::OK();
  });
  if (status.IsOutOfMemory()) return status;
  if (!status.ok()) return NotParquet(file.name, status.message());
  return result;
}

}  // namespace emberharmony::io::internal

#include "emberharmony/io/field_metadata.h"

#include <arrow/extension_type.h>
#include <arrow/ipc/reader.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/file_format_internal.h"
#include "emberharmony/io/normalized_type_internal.h"
#include "emberharmony/io/object_stores_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/standard_input_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Type;
using internal::FileFormat;
using FilePtr = std::shared_ptr<arrow::io::RandomAccessFile>;
using SchemaPtr = std::shared_ptr<arrow::Schema>;

std::shared_ptr<arrow::Field> ShownField(const arrow::Field& field);

/// The type that NormalizedType makes, with the metadata of the fields inside.
std::shared_ptr<arrow::DataType> ShownType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type.fields()) {
        fields.push_back(ShownField(*field)->WithNullable(true));
      }
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return arrow::list(ShownField(*type.field(0))->WithNullable(true));
    default:
      return internal::NormalizedType(type.GetSharedPtr());
  }
}

std::shared_ptr<arrow::Field> ShownField(const arrow::Field& field) {
  auto metadata = field.HasMetadata() ? field.metadata()->Copy() : nullptr;
  const arrow::DataType* type = field.type().get();
  if (type->id() == Type::DICTIONARY) {
    type = static_cast<const arrow::DictionaryType&>(*type).value_type().get();
  }
  if (type->id() == Type::EXTENSION) {
    const auto& extension = static_cast<const arrow::ExtensionType&>(*type);
    if (metadata == nullptr) metadata = std::make_shared<arrow::KeyValueMetadata>();
    metadata->Append("ARROW:extension:name", extension.extension_name());
    type = extension.storage_type().get();
  }
  return arrow::field(field.name(), ShownType(*type), field.nullable(), std::move(metadata));
}

Result<SchemaPtr> ParquetSchema(const FilePtr& file) {
  SchemaPtr schema;
  ARROW_RETURN_NOT_OK(internal::CatchParquet([&] {
    const auto metadata = parquet::ReadMetaData(file);
    return parquet::arrow::FromParquetSchema(metadata->schema(),
                                             parquet::default_arrow_reader_properties(),
                                             metadata->key_value_metadata(), &schema);
  }));
  return schema;
}

Result<SchemaPtr> ArrowSchema(const FilePtr& file) {
  const auto as_file = arrow::ipc::RecordBatchFileReader::Open(file);
  if (as_file.ok()) return (*as_file)->schema();
  ARROW_RETURN_NOT_OK(file->Seek(0));
  ARROW_ASSIGN_OR_RAISE(const auto stream, arrow::ipc::RecordBatchStreamReader::Open(file));
  return stream->schema();
}

}  // namespace

Result<SchemaPtr> ReadFieldMetadata(const std::string& location) {
  if (location == internal::kStandardInput) return nullptr;
  internal::SourceFiles files;
  if (internal::IsObjectStore(location)) {
    ARROW_ASSIGN_OR_RAISE(files, internal::FindObjects(location));
  } else {
    ARROW_ASSIGN_OR_RAISE(files, internal::FindLocalFiles(location));
  }
  ARROW_ASSIGN_OR_RAISE(const FileFormat format, internal::FormatOfFirst(&files));
  if (format == FileFormat::kText) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto opened, files.store->Open(files.files[0]));
  const Result<SchemaPtr> schema =
      format == FileFormat::kParquet ? ParquetSchema(opened.file) : ArrowSchema(opened.file);
  if (!schema.ok()) {
    return base::DataError("'" + files.files[0].relative_path +
                           "': its schema cannot be read: " + schema.status().message());
  }
  arrow::FieldVector fields;
  for (const auto& field : (*schema)->fields()) fields.push_back(ShownField(*field));
  return arrow::schema(std::move(fields));
}

}  // namespace emberharmony::io

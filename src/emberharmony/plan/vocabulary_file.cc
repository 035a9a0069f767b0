#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <exception>
#include <limits>
#include <new>
#include <utility>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/plan/type_text_internal.h"
#include "emberharmony/plan/vocabulary_file_internal.h"

namespace emberharmony::plan::internal {
namespace {

constexpr int64_t kRowGroupRows = 262144;
// Ids differ from row to row, so no honest file gets near: more rows a byte are a decompression
// bomb.
constexpr int64_t kRowsPerByteMax = 64;
constexpr int64_t kPlainBytesMax = int64_t{1} << 48;
constexpr const char* kTypeKey = "emberharmony.value_type";

std::shared_ptr<arrow::Schema> VocabularySchema(const std::shared_ptr<arrow::DataType>& value_type,
                                                const std::shared_ptr<arrow::DataType>& id_type) {
  return arrow::schema({arrow::field("value", value_type, false),
                        arrow::field("id", id_type, false),
                        arrow::field("count", arrow::int64(), false)});
}

arrow::Status Damaged(const std::string& path, std::string_view what) {
  return base::DataError(
      fmt::format("'{}' is not a vocabulary: {}; fit again, or copy the model afresh", path, what));
}

// The type as which values of `type` are written. Parquet has no seconds and cuts date64 to days,
// and a cut value could be another one's: such values are written as the integers they are.
std::shared_ptr<arrow::DataType> WrittenType(const std::shared_ptr<arrow::DataType>& type) {
  const bool in_seconds =
      type->id() == arrow::Type::TIMESTAMP &&
      static_cast<const arrow::TimestampType&>(*type).unit() == arrow::TimeUnit::SECOND;
  if (in_seconds || type->id() == arrow::Type::DATE64) return arrow::int64();
  return type->Equals(arrow::time32(arrow::TimeUnit::SECOND)) ? arrow::int32() : type;
}

// The batch with its values in the type that they had before they were written, as the file's
// metadata names it.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> WithValueType(
    const std::shared_ptr<arrow::RecordBatch>& batch, const std::string& text,
    const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto type, ParseTypeText(text));
  std::shared_ptr<arrow::Array> values = batch->column(0);
  if (!values->type()->Equals(WrittenType(type))) {
    return Damaged(path,
                   "its values are of type " + values->type()->ToString() + " and not " + text);
  }
  ARROW_ASSIGN_OR_RAISE(values, values->View(type));
  return arrow::RecordBatch::Make(VocabularySchema(type, batch->column(1)->type()),
                                  batch->num_rows(), {values, batch->column(1), batch->column(2)});
}

arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> Open(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, base::OpenRegularFile(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, file->GetSize());
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        parquet::arrow::OpenFile(std::move(file), arrow::default_memory_pool()));
  const int64_t num_rows = reader->parquet_reader()->metadata()->num_rows();
  if (num_rows < 0 || num_rows > std::numeric_limits<int32_t>::max() ||
      num_rows / kRowsPerByteMax > file_bytes) {
    return Damaged(path, fmt::format("it claims {} rows in {} bytes", num_rows, file_bytes));
  }
  return reader;
}

arrow::Result<int64_t> PlainBytes(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Open(path));
  const auto metadata = reader->parquet_reader()->metadata();
  int64_t bytes = 0;
  for (int i = 0; i < metadata->num_row_groups(); ++i) {
    const int64_t group_bytes = metadata->RowGroup(i)->total_byte_size();
    if (group_bytes < 0 || group_bytes > kPlainBytesMax - bytes) {
      return Damaged(path, fmt::format("it claims a row group of {} bytes", group_bytes));
    }
    bytes += group_bytes;
  }
  return bytes;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Open(path));
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(reader->GetSchema(&schema));
  const bool shape_fits =
      schema->num_fields() == 3 && schema->field(0)->name() == "value" &&
      !arrow::is_nested(schema->field(0)->type()->id()) && schema->field(1)->name() == "id" &&
      (schema->field(1)->type()->id() == arrow::Type::INT32 ||
       schema->field(1)->type()->id() == arrow::Type::INT64) &&
      schema->field(2)->name() == "count" && schema->field(2)->type()->id() == arrow::Type::INT64;
  if (!shape_fits) return Damaged(path, "its columns are not value, id and count");
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadTable());
  // Not ValidateFull, which would refuse strings that are not UTF-8: values are bytes to a
  // vocabulary.
  ARROW_RETURN_NOT_OK(table->Validate());
  for (const auto& column : table->columns()) {
    if (column->null_count() > 0) return Damaged(path, "it has nulls");
  }
  const auto metadata = reader->parquet_reader()->metadata()->key_value_metadata();
  const auto type_text = metadata == nullptr
                             ? arrow::Result<std::string>(arrow::Status::KeyError(""))
                             : metadata->Get(kTypeKey);
  if (!type_text.ok()) return Damaged(path, "it does not name its values' type");
  ARROW_ASSIGN_OR_RAISE(const auto batch, table->CombineChunksToBatch());
  return WithValueType(batch, *type_text, path);
}

// What `read` says of the file, with every failure of Parquet's as one of the file.
template <class Value>
arrow::Result<Value> Guarded(const std::string& path,
                             arrow::Result<Value> (*read)(const std::string&)) {
  try {
    arrow::Result<Value> value = read(path);
    if (value.ok() || value.status().IsOutOfMemory() || value.status().detail() != nullptr) {
      return value;
    }
    return Damaged(path, value.status().message());
  } catch (const std::bad_alloc&) {
    return arrow::Status::OutOfMemory("no memory to read '", path, "'");
  } catch (const std::exception& error) {
    return Damaged(path, error.what());
  }
}

}  // namespace

std::string VocabularyFileName(int64_t position) {
  return fmt::format("vocabulary/{:05}.parquet", position);
}

arrow::Status WriteVocabulary(const std::string& path,
                              const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  const auto& type = vocabulary->column(0)->type();
  ARROW_ASSIGN_OR_RAISE(std::string type_text, TypeText(*type));
  ARROW_ASSIGN_OR_RAISE(const auto values, vocabulary->column(0)->View(WrittenType(type)));
  ARROW_ASSIGN_OR_RAISE(
      auto schema,
      vocabulary->schema()->SetField(0, vocabulary->schema()->field(0)->WithType(values->type())));
  schema = schema->WithMetadata(arrow::key_value_metadata({kTypeKey}, {std::move(type_text)}));
  const auto table = arrow::Table::Make(
      schema, arrow::ArrayVector{values, vocabulary->column(1), vocabulary->column(2)},
      vocabulary->num_rows());
  ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(path));
  // Values are distinct: a dictionary would only repeat them.
  const auto properties = parquet::WriterProperties::Builder()
                              .version(parquet::ParquetVersion::PARQUET_2_6)
                              ->data_page_version(parquet::ParquetDataPageVersion::V1)
                              ->compression(parquet::Compression::SNAPPY)
                              ->disable_dictionary()
                              ->created_by("emberharmony")
                              ->build();
  // The Arrow schema is kept because Parquet alone does not tell all types apart (seconds, large
  // strings).
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const std::shared_ptr<arrow::io::OutputStream> stream(file->stream(),
                                                        [](arrow::io::OutputStream*) {});
  ARROW_RETURN_NOT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), stream,
                                                 kRowGroupRows, properties, arrow_properties));
  return file->Commit();
}

arrow::Result<int64_t> VocabularyBytes(const std::string& path) {
  return Guarded(path, PlainBytes);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadVocabulary(const std::string& path) {
  return Guarded(path, Read);
}

}  // namespace emberharmony::plan::internal

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
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/feature/array_pool.h"
#include "emberharmony/plan/type_text_internal.h"
#include "emberharmony/plan/vocabulary_file_internal.h"

namespace emberharmony::plan::internal {
namespace {

constexpr int64_t kRowGroupRows = 262144;
// Ids differ from row to row, so no honest file gets near: more rows a byte are a decompression
// bomb.
constexpr int64_t kRowsPerByteMax = 64;
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

arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> Open(const std::string& path,
                                                                arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(auto file, base::OpenRegularFile(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, file->GetSize());
  // One column after the other, and no reading ahead of what is decoded.
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_pre_buffer(false);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(file), parquet::ReaderProperties(pool)));
  ARROW_ASSIGN_OR_RAISE(auto reader, builder.memory_pool(pool)->properties(properties)->Build());
  const int64_t num_rows = reader->parquet_reader()->metadata()->num_rows();
  if (num_rows < 0 || num_rows > std::numeric_limits<int32_t>::max() ||
      num_rows / kRowsPerByteMax > file_bytes) {
    return Damaged(path, fmt::format("it claims {} rows in {} bytes", num_rows, file_bytes));
  }
  return reader;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(const std::string& path,
                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Open(path, pool));
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
  ARROW_ASSIGN_OR_RAISE(const auto batch, table->CombineChunksToBatch(pool));
  return WithValueType(batch, *type_text, path);
}

}  // namespace

std::string VocabularyFileName(int64_t position) {
  return fmt::format("vocabulary/{:05}.parquet", position);
}

// Every failure of Parquet's is one of the file.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadVocabulary(const std::string& path,
                                                                  arrow::MemoryPool* pool) {
  try {
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> value = Read(path, pool);
    const arrow::Status status = base::RecognizeAllocationFailure(value.status());
    if (status.ok() || status.detail() != nullptr) return value;
    if (status.IsOutOfMemory()) return status;
    return Damaged(path, status.message());
  } catch (const std::exception& error) {
    ARROW_RETURN_NOT_OK(base::AllocationFailureOf(error));
    return Damaged(path, error.what());
  }
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
  arrow::MemoryPool* pool = feature::PoolOf(*values);
  // Values are distinct: a dictionary would only repeat them.
  const auto properties = parquet::WriterProperties::Builder()
                              .version(parquet::ParquetVersion::PARQUET_2_6)
                              ->data_page_version(parquet::ParquetDataPageVersion::V1)
                              ->compression(parquet::Compression::SNAPPY)
                              ->disable_dictionary()
                              ->created_by("emberharmony")
                              ->memory_pool(pool)
                              ->build();
  // The Arrow schema is kept because Parquet alone does not tell all types apart (seconds, large
  // strings).
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  const std::shared_ptr<arrow::io::OutputStream> stream(file->stream(),
                                                        [](arrow::io::OutputStream*) {});
  ARROW_RETURN_NOT_OK(base::RecognizeAllocationFailure(parquet::arrow::WriteTable(
      *table, pool, stream, kRowGroupRows, properties, arrow_properties)));
  return file->CommitBeforeSyncFolder();
}

}  // namespace emberharmony::plan::internal

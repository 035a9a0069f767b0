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

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/base/saturating.h"
#include "emberharmony/feature/array_pool.h"
#include "emberharmony/plan/type_text_internal.h"
#include "emberharmony/plan/vocabulary_file_internal.h"

namespace emberharmony::plan::internal {
namespace {

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

arrow::Status CheckShape(const arrow::Schema& schema, const std::string& path) {
  const bool shape_fits =
      schema.num_fields() == 3 && schema.field(0)->name() == "value" &&
      !arrow::is_nested(schema.field(0)->type()->id()) && schema.field(1)->name() == "id" &&
      (schema.field(1)->type()->id() == arrow::Type::INT32 ||
       schema.field(1)->type()->id() == arrow::Type::INT64) &&
      schema.field(2)->name() == "count" && schema.field(2)->type()->id() == arrow::Type::INT64;
  return shape_fits ? arrow::Status::OK()
                    : Damaged(path, "its columns are not value, id and count");
}

arrow::Result<std::string> ValueTypeText(const parquet::arrow::FileReader& reader,
                                         const std::string& path) {
  const auto metadata = reader.parquet_reader()->metadata();
  const auto& pairs = metadata->key_value_metadata();
  if (pairs == nullptr || !pairs->Contains(kTypeKey)) {
    return Damaged(path, "it does not name its values' type");
  }
  return pairs->Get(kTypeKey);
}

// Not ValidateFull, which would refuse strings that are not UTF-8: values are bytes to a
// vocabulary.
arrow::Status CheckRows(const arrow::RecordBatch& batch, const std::string& path) {
  ARROW_RETURN_NOT_OK(batch.Validate());
  for (const auto& column : batch.columns()) {
    if (column->null_count() > 0) return Damaged(path, "it has nulls");
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(const std::string& path,
                                                        arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, Open(path, pool));
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(reader->GetSchema(&schema));
  ARROW_RETURN_NOT_OK(CheckShape(*schema, path));
  ARROW_ASSIGN_OR_RAISE(const auto table, reader->ReadTable());
  ARROW_RETURN_NOT_OK(table->Validate());
  ARROW_ASSIGN_OR_RAISE(const auto batch, table->CombineChunksToBatch(pool));
  ARROW_RETURN_NOT_OK(CheckRows(*batch, path));
  ARROW_ASSIGN_OR_RAISE(const std::string type_text, ValueTypeText(*reader, path));
  return WithValueType(batch, type_text, path);
}

// Every failure of Parquet's is one of the file.
template <typename F>
auto AboutFile(const std::string& path, F&& read) -> decltype(read()) {
  try {
    auto value = read();
    const arrow::Status status = base::RecognizeAllocationFailure(value.status());
    if (status.ok() || status.detail() != nullptr) return value;
    if (status.IsOutOfMemory()) return status;
    return Damaged(path, status.message());
  } catch (const std::exception& error) {
    ARROW_RETURN_NOT_OK(base::AllocationFailureOf(error));
    return Damaged(path, error.what());
  }
}

class VocabularyFileReader : public arrow::RecordBatchReader {
 public:
  static arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Make(const std::string& path,
                                                                       arrow::MemoryPool* pool) {
    auto made = std::make_shared<VocabularyFileReader>();
    made->path_ = path;
    ARROW_ASSIGN_OR_RAISE(made->file_, Open(path, pool));
    made->file_->set_batch_size(kBatchRows);
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(made->file_->GetSchema(&schema));
    ARROW_RETURN_NOT_OK(CheckShape(*schema, path));
    ARROW_ASSIGN_OR_RAISE(made->type_text_, ValueTypeText(*made->file_, path));
    ARROW_ASSIGN_OR_RAISE(const auto type, ParseTypeText(made->type_text_));
    made->schema_ = VocabularySchema(type, schema->field(1)->type());
    ARROW_ASSIGN_OR_RAISE(made->batches_, made->file_->GetRecordBatchReader());
    return made;
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    auto read = AboutFile(path_, [this] { return Next(); });
    ARROW_RETURN_NOT_OK(read.status());
    *batch = *std::move(read);
    return arrow::Status::OK();
  }

 private:
  static constexpr int64_t kBatchRows = 16384;

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() {
    ARROW_ASSIGN_OR_RAISE(auto batch, batches_->Next());
    if (batch == nullptr) return batch;
    ARROW_RETURN_NOT_OK(CheckRows(*batch, path_));
    return WithValueType(batch, type_text_, path_);
  }

  std::string path_;
  std::string type_text_;
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
};

}  // namespace

std::string VocabularyFileName(int64_t position) {
  return fmt::format("vocabulary/{:05}.parquet", position);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadVocabulary(const std::string& path,
                                                                  arrow::MemoryPool* pool) {
  return AboutFile(path, [&] { return Read(path, pool); });
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> OpenVocabulary(const std::string& path,
                                                                        arrow::MemoryPool* pool) {
  return AboutFile(path, [&] { return VocabularyFileReader::Make(path, pool); });
}

arrow::Result<int64_t> VocabularyBytes(const std::string& path, arrow::MemoryPool* pool) {
  return AboutFile(path, [&]() -> arrow::Result<int64_t> {
    // Value, id and count, and a place in a table of hashes; of strings their bytes twice.
    constexpr int64_t kRowBytes = 48;
    ARROW_ASSIGN_OR_RAISE(const auto reader, Open(path, pool));
    const auto metadata = reader->parquet_reader()->metadata();
    // A stranger's footer may tell of any sizes.
    int64_t bytes = base::SaturatingMultiply(std::max<int64_t>(0, metadata->num_rows()), kRowBytes);
    for (int i = 0; i < metadata->num_row_groups(); ++i) {
      const auto row_group = metadata->RowGroup(i);
      if (row_group->num_columns() == 0) continue;
      const int64_t values = row_group->ColumnChunk(0)->total_uncompressed_size();
      bytes = base::SaturatingAdd(bytes, base::SaturatingMultiply(std::max<int64_t>(0, values), 2));
    }
    return bytes;
  });
}

arrow::Status WriteVocabulary(const std::string& path, arrow::RecordBatchReader* vocabulary) {
  const auto schema = vocabulary->schema();
  const auto& type = schema->field(0)->type();
  const auto written_type = WrittenType(type);
  ARROW_ASSIGN_OR_RAISE(std::string type_text, TypeText(*type));
  ARROW_ASSIGN_OR_RAISE(auto written,
                        schema->SetField(0, schema->field(0)->WithType(written_type)));
  written = written->WithMetadata(arrow::key_value_metadata({kTypeKey}, {std::move(type_text)}));
  ARROW_ASSIGN_OR_RAISE(auto batch, vocabulary->Next());
  // One without values has a row group all the same.
  if (batch == nullptr) {
    ARROW_ASSIGN_OR_RAISE(batch, arrow::RecordBatch::MakeEmpty(schema));
  }
  arrow::MemoryPool* const pool = feature::PoolOf(*batch->column(0));
  ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(path));
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
  const auto write = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto writer, parquet::arrow::FileWriter::Open(
                                           *written, pool, stream, properties, arrow_properties));
    while (batch != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const auto values, batch->column(0)->View(written_type));
      const auto table = arrow::Table::Make(
          written, arrow::ArrayVector{values, batch->column(1), batch->column(2)},
          batch->num_rows());
      ARROW_RETURN_NOT_OK(writer->WriteTable(*table, std::max<int64_t>(1, batch->num_rows())));
      ARROW_ASSIGN_OR_RAISE(batch, vocabulary->Next());
    }
    return writer->Close();
  };
  ARROW_RETURN_NOT_OK(base::RecognizeAllocationFailure(write()));
  return file->CommitBeforeSyncFolder();
}

}  // namespace emberharmony::plan::internal

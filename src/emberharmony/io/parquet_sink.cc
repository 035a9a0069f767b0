#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <map>
#include <span>

#include "emberharmony/io/column_chunk_encoder_internal.h"
#include "emberharmony/io/column_format_internal.h"
#include "emberharmony/io/matrix_encoder_internal.h"
#include "emberharmony/io/parquet_file_internal.h"
#include "emberharmony/io/row_group_sink_internal.h"

namespace emberharmony::io {
namespace {

constexpr char kParquetMagic[] = {'P', 'A', 'R', '1'};

/// What Parquet says about the file as a whole; the same for equal layouts.
struct ParquetFormat {
  std::shared_ptr<parquet::WriterProperties> properties;
  std::shared_ptr<parquet::SchemaDescriptor> schema;
  std::shared_ptr<const arrow::KeyValueMetadata> metadata;  ///< null: none
  std::vector<ColumnFormat> columns;
};

/// The schema's own metadata, and the Arrow schema, which readers that know Arrow consult; that is
/// written only where Parquet's own types would give another one back (large strings, zones other
/// than UTC, seconds, durations, lists of one length).
arrow::Result<std::shared_ptr<const arrow::KeyValueMetadata>> FileMetadata(
    const arrow::Schema& schema, const parquet::SchemaDescriptor& descriptor) {
  std::vector<std::string> keys;
  std::vector<std::string> values;
  if (schema.metadata() != nullptr) {
    keys = schema.metadata()->keys();
    values = schema.metadata()->values();
  }
  std::shared_ptr<arrow::Schema> seen;
  ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(&descriptor, &seen));
  if (!seen->Equals(schema, /*check_metadata=*/false)) {
    arrow::FieldVector fields;
    for (const auto& field : schema.fields()) fields.push_back(field->RemoveMetadata());
    // Readers that find an Arrow schema take its metadata for the file's.
    ARROW_ASSIGN_OR_RAISE(const auto bytes, arrow::ipc::SerializeSchema(*arrow::schema(
                                                std::move(fields), schema.metadata())));
    keys.emplace_back("ARROW:schema");
    values.push_back(arrow::util::base64_encode(std::string_view(*bytes)));
  }
  if (keys.empty()) return nullptr;
  return arrow::key_value_metadata(std::move(keys), std::move(values));
}

arrow::Result<ParquetFormat> MakeFileFormat(const arrow::Schema& schema) {
  ParquetFormat format;
  parquet::WriterProperties::Builder builder;
  builder.created_by("emberharmony")
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->compression(parquet::Compression::SNAPPY);
  format.properties = builder.build();
  // Types first: the conversion below refuses what it does not know in words of its own.
  for (const auto& field : schema.fields()) {
    if (!IsMatrix(*field->type())) ARROW_RETURN_NOT_OK(CheckWritable(*field));
  }
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(&schema, *format.properties, &format.schema));
  ARROW_ASSIGN_OR_RAISE(format.metadata, FileMetadata(schema, *format.schema));
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (IsMatrix(*schema.field(i)->type())) {
      format.columns.emplace_back();  // which is not encoded by columns
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(ColumnFormat column,
                          MakeColumnFormat(*schema.field(i), format.schema->Column(i)));
    format.columns.push_back(std::move(column));
  }
  return format;
}

class ParquetSink : public RowGroupSink {
 public:
  ParquetSink(std::string path, ShardLayout layout, ParquetFormat format,
              const SinkOptions& options)
      : RowGroupSink(std::move(path), std::move(layout), options), format_(std::move(format)) {}

 protected:
  arrow::Result<std::unique_ptr<RowGroupEncoder>> MakeEncoder(int first, int count) override {
    return ColumnChunkEncoder::Make(std::span(format_.columns).subspan(first, count), pool());
  }
  arrow::Result<std::unique_ptr<MatrixEncoder>> MakeMatrixEncoder(int64_t values_per_row,
                                                                  int64_t value_bytes) override {
    return MakeParquetMatrixEncoder(values_per_row, value_bytes, pool());
  }
  arrow::Status WriteFile(arrow::io::OutputStream* stream) override {
    return internal::CatchParquet([&] { return WriteParquetFile(stream); });
  }

 private:
  arrow::Status WriteParquetFile(arrow::io::OutputStream* stream);
  arrow::Status WriteChunk(const StoredChunk& chunk, parquet::ColumnChunkMetaDataBuilder* metadata,
                           arrow::io::OutputStream* stream, int64_t* row_group_bytes);

  const ParquetFormat format_;
};

arrow::Status ParquetSink::WriteParquetFile(arrow::io::OutputStream* stream) {
  ARROW_RETURN_NOT_OK(stream->Write(kParquetMagic, sizeof(kParquetMagic)));
  auto builder = parquet::FileMetaDataBuilder::Make(format_.schema.get(), format_.properties);
  for (size_t group = 0; group < layout().row_group_rows.size(); ++group) {
    parquet::RowGroupMetaDataBuilder* row_group = builder->AppendRowGroup();
    row_group->set_num_rows(layout().row_group_rows[group]);
    int64_t row_group_bytes = 0;
    for (const StoredChunk& chunk : chunks()->row_group(group)) {
      ARROW_RETURN_NOT_OK(
          WriteChunk(chunk, row_group->NextColumnChunk(), stream, &row_group_bytes));
    }
    row_group->Finish(row_group_bytes);
  }
  const auto metadata = builder->Finish(format_.metadata);
  parquet::WriteFileMetaData(*metadata, stream);
  return arrow::Status::OK();
}

arrow::Status ParquetSink::WriteChunk(const StoredChunk& chunk,
                                      parquet::ColumnChunkMetaDataBuilder* metadata,
                                      arrow::io::OutputStream* stream, int64_t* row_group_bytes) {
  ARROW_ASSIGN_OR_RAISE(const int64_t begin, stream->Tell());
  int64_t dictionary_offset = 0;
  int64_t compressed = chunk.data->size;
  int64_t uncompressed = chunk.data->uncompressed_bytes;
  std::map<parquet::Encoding::type, int32_t> dictionary_encodings;
  std::map<parquet::Encoding::type, int32_t> data_encodings;
  if (chunk.dictionary != nullptr) {
    dictionary_offset = begin;
    compressed += chunk.dictionary->size;
    uncompressed += chunk.dictionary->uncompressed_bytes;
    dictionary_encodings[parquet::Encoding::PLAIN] = 1;
    data_encodings[parquet::Encoding::RLE_DICTIONARY] = chunk.data->num_pages;
    ARROW_RETURN_NOT_OK(chunks()->WritePages(*chunk.dictionary, stream));
  } else {
    data_encodings[parquet::Encoding::PLAIN] = chunk.data->num_pages;
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t data_offset, stream->Tell());
  ARROW_RETURN_NOT_OK(chunks()->WritePages(*chunk.data, stream));
  metadata->SetStatistics(chunk.statistics);
  metadata->Finish(chunk.num_rows, dictionary_offset, /*index_page_offset=*/-1, data_offset,
                   compressed, uncompressed, chunk.dictionary != nullptr,
                   /*dictionary_fallback=*/false, dictionary_encodings, data_encodings);
  *row_group_bytes += uncompressed;
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<Sink>> MakeParquetSink(std::string path, ShardLayout layout,
                                                     const SinkOptions& options) {
  ARROW_RETURN_NOT_OK(CheckLayout(path, layout));
  ARROW_ASSIGN_OR_RAISE(ParquetFormat format, MakeFileFormat(*layout.schema));
  return std::make_unique<ParquetSink>(std::move(path), std::move(layout), std::move(format),
                                       options);
}

}  // namespace emberharmony::io

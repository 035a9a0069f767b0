#pragma once

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <parquet/column_page.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Parquet files around pages whose bytes the caller makes up, for tests and fuzzing: no writer
// would produce most of them.

namespace emberharmony::io::testing {

struct HandmadePage {
  int32_t num_values = 0;
  parquet::Encoding::type encoding = parquet::Encoding::PLAIN;
  std::string levels;  ///< definition levels without their length
  std::string values;
};

struct HandmadeColumn {
  parquet::Type::type type = parquet::Type::INT32;
  std::shared_ptr<const parquet::LogicalType> logical_type = parquet::LogicalType::None();
  int type_length = -1;
  bool nullable = true;
  bool data_page_v2 = false;
  std::optional<HandmadePage> dictionary;
  std::vector<HandmadePage> pages;
};

/// A file of one column, "c", and one row group of as many rows as the pages claim. May throw
/// parquet::ParquetException.
inline std::shared_ptr<arrow::Buffer> HandmadeParquet(const HandmadeColumn& column) {
  const auto repetition =
      column.nullable ? parquet::Repetition::OPTIONAL : parquet::Repetition::REQUIRED;
  const auto node = parquet::schema::PrimitiveNode::Make("c", repetition, column.logical_type,
                                                         column.type, column.type_length);
  parquet::SchemaDescriptor schema;
  schema.Init(parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED, {node}));
  const auto properties = parquet::WriterProperties::Builder().build();
  auto file = parquet::FileMetaDataBuilder::Make(&schema, properties);
  auto* row_group = file->AppendRowGroup();
  auto* chunk = row_group->NextColumnChunk();
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  PARQUET_THROW_NOT_OK(sink->Write("PAR1", 4));
  auto pages = parquet::PageWriter::Open(sink, parquet::Compression::UNCOMPRESSED, chunk);
  if (column.dictionary.has_value()) {
    pages->WriteDictionaryPage(
        parquet::DictionaryPage(std::make_shared<arrow::Buffer>(column.dictionary->values),
                                column.dictionary->num_values, column.dictionary->encoding));
  }
  int64_t rows = 0;
  for (const HandmadePage& page : column.pages) {
    std::string body = page.levels;
    if (!column.data_page_v2 && column.nullable) {
      const auto length = static_cast<uint32_t>(page.levels.size());
      body.insert(0, reinterpret_cast<const char*>(&length), sizeof(length));
    }
    body += page.values;
    const auto size = static_cast<int64_t>(body.size());
    const auto buffer = arrow::Buffer::FromString(std::move(body));
    if (column.data_page_v2) {
      pages->WriteDataPage(parquet::DataPageV2(buffer, page.num_values, 0, page.num_values,
                                               page.encoding,
                                               static_cast<int32_t>(page.levels.size()), 0, size));
    } else {
      pages->WriteDataPage(parquet::DataPageV1(buffer, page.num_values, page.encoding,
                                               parquet::Encoding::RLE, parquet::Encoding::RLE,
                                               size));
    }
    rows += page.num_values;
  }
  pages->Close(column.dictionary.has_value(), false);
  row_group->set_num_rows(rows);
  row_group->Finish(pages->total_compressed_bytes_written());
  parquet::WriteFileMetaData(*file->Finish(), sink.get());
  return sink->Finish().ValueOrDie();
}

}  // namespace emberharmony::io::testing

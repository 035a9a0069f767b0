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
  std::string levels = {};  ///< definition levels without their length
  std::string values = {};
  std::string repetition = {};  ///< repetition levels without their length; of lists only
};

/// What stands around the leaf; everything is optional.
enum class HandmadeNesting { kNone, kStruct, kList, kListOfLists, kListOfStructs };

struct HandmadeColumn {
  parquet::Type::type type = parquet::Type::INT32;
  std::shared_ptr<const parquet::LogicalType> logical_type = parquet::LogicalType::None();
  int type_length = -1;
  bool nullable = true;
  bool data_page_v2 = false;
  HandmadeNesting nesting = HandmadeNesting::kNone;
  int64_t num_rows = -1;  ///< of the row group; -1: as many as the pages have values
  std::optional<HandmadePage> dictionary;
  std::vector<HandmadePage> pages;
};

inline parquet::schema::NodePtr HandmadeNode(const HandmadeColumn& column) {
  using parquet::Repetition;
  using parquet::schema::GroupNode;
  using parquet::schema::NodePtr;
  const auto leaf = [&](const std::string& name) {
    return parquet::schema::PrimitiveNode::Make(
        name, column.nullable ? Repetition::OPTIONAL : Repetition::REQUIRED, column.logical_type,
        column.type, column.type_length);
  };
  const auto structure = [&](const std::string& name) {
    return GroupNode::Make(name, Repetition::OPTIONAL, {leaf("x")});
  };
  const auto list = [](const std::string& name, const NodePtr& element) {
    return GroupNode::Make(name, Repetition::OPTIONAL,
                           {GroupNode::Make("list", Repetition::REPEATED, {element})},
                           parquet::LogicalType::List());
  };
  switch (column.nesting) {
    case HandmadeNesting::kStruct:
      return structure("c");
    case HandmadeNesting::kList:
      return list("c", leaf("element"));
    case HandmadeNesting::kListOfLists:
      return list("c", list("element", leaf("element")));
    case HandmadeNesting::kListOfStructs:
      return list("c", structure("element"));
    default:
      return leaf("c");
  }
}

/// A file of one column, "c", and one row group. May throw parquet::ParquetException.
inline std::shared_ptr<arrow::Buffer> HandmadeParquet(const HandmadeColumn& column) {
  parquet::SchemaDescriptor schema;
  schema.Init(parquet::schema::GroupNode::Make("schema", parquet::Repetition::REQUIRED,
                                               {HandmadeNode(column)}));
  const bool has_definition = schema.Column(0)->max_definition_level() > 0;
  const bool has_repetition = schema.Column(0)->max_repetition_level() > 0;
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
    std::string body;
    const auto add_levels = [&](const std::string& levels, bool length_first) {
      const auto length = static_cast<uint32_t>(levels.size());
      if (length_first) body.append(reinterpret_cast<const char*>(&length), sizeof(length));
      body += levels;
    };
    add_levels(page.repetition, !column.data_page_v2 && has_repetition);
    add_levels(page.levels, !column.data_page_v2 && has_definition);
    body += page.values;
    const auto size = static_cast<int64_t>(body.size());
    const auto buffer = arrow::Buffer::FromString(std::move(body));
    if (column.data_page_v2) {
      pages->WriteDataPage(parquet::DataPageV2(buffer, page.num_values, 0, page.num_values,
                                               page.encoding,
                                               static_cast<int32_t>(page.levels.size()),
                                               static_cast<int32_t>(page.repetition.size()), size));
    } else {
      pages->WriteDataPage(parquet::DataPageV1(buffer, page.num_values, page.encoding,
                                               parquet::Encoding::RLE, parquet::Encoding::RLE,
                                               size));
    }
    rows += page.num_values;
  }
  pages->Close(column.dictionary.has_value(), false);
  row_group->set_num_rows(column.num_rows >= 0 ? column.num_rows : rows);
  row_group->Finish(pages->total_compressed_bytes_written());
  parquet::WriteFileMetaData(*file->Finish(), sink.get());
  return sink->Finish().ValueOrDie();
}

}  // namespace emberharmony::io::testing

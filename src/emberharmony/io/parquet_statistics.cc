#include <arrow/array.h>
#include <arrow/type.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <algorithm>

#include "emberharmony/io/page_value_decoder_internal.h"
#include "emberharmony/io/parquet_statistics_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Status;

constexpr size_t kBoundBytesMax = 1024;
// A file of more row groups and columns than any sensible one is read without statistics.
constexpr size_t kChunksMax = size_t{1} << 18;

ChunkStatistics StatisticsOf(const parquet::ColumnChunkMetaData& column) {
  ChunkStatistics result;
  if (column.crypto_metadata() != nullptr || !column.is_stats_set()) return result;
  const auto statistics = column.encoded_statistics();
  if (statistics == nullptr) return result;
  if (statistics->has_null_count && statistics->null_count >= 0 &&
      statistics->null_count <= column.num_values()) {
    result.null_count = statistics->null_count;
  }
  result.has_bounds = statistics->has_min && statistics->has_max &&
                      statistics->min().size() <= kBoundBytesMax &&
                      statistics->max().size() <= kBoundBytesMax;
  if (result.has_bounds) {
    result.min = statistics->min();
    result.max = statistics->max();
  }
  return result;
}

/// Whether the bounds have the width of the column's values.
bool HasRightWidth(const ChunkStatistics& statistics, const parquet::ColumnDescriptor& descriptor) {
  size_t width = 0;
  switch (descriptor.physical_type()) {
    case parquet::Type::BOOLEAN:
      width = 1;
      break;
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      width = 4;
      break;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      width = 8;
      break;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      width = static_cast<size_t>(std::max(0, descriptor.type_length()));
      break;
    case parquet::Type::BYTE_ARRAY:
      return true;
    default:
      return false;  // INT96 has no order
  }
  return statistics.min.size() == width && statistics.max.size() == width;
}

/// Both bounds as a page of two plain values.
std::string PlainPage(const ChunkStatistics& statistics, parquet::Type::type physical) {
  const auto& [null_count, has_bounds, min, max] = statistics;
  if (physical == parquet::Type::BOOLEAN) {
    const bool low = !min.empty() && min[0] != 0;
    const bool high = !max.empty() && max[0] != 0;
    return std::string(1, static_cast<char>((low ? 1 : 0) | (high ? 2 : 0)));
  }
  if (physical != parquet::Type::BYTE_ARRAY) return min + max;
  const auto with_length = [](const std::string& bytes) {
    const auto length = static_cast<uint32_t>(bytes.size());
    return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + bytes;
  };
  return with_length(min) + with_length(max);
}

}  // namespace

arrow::Result<std::shared_ptr<const FileStatistics>> ReadFileStatistics(const ParquetFile& file,
                                                                        std::vector<int> leaves) {
  auto result = std::make_shared<FileStatistics>();
  result->leaves = std::move(leaves);
  const size_t num_row_groups = file.footer->row_groups.size();
  result->chunks.resize(num_row_groups * result->leaves.size());
  if (result->chunks.size() > kChunksMax) return result;
  const Status status = CatchParquet([&]() -> Status {
    const auto metadata = parquet::ReadMetaData(file.file);
    if (metadata->num_row_groups() != static_cast<int>(num_row_groups)) return Status::OK();
    size_t next = 0;
    for (int i = 0; i < metadata->num_row_groups(); ++i) {
      const auto row_group = metadata->RowGroup(i);
      for (const int leaf : result->leaves) {
        result->chunks[next++] = StatisticsOf(*row_group->ColumnChunk(leaf));
      }
    }
    return Status::OK();
  });
  if (status.IsOutOfMemory()) return status;
  // The footer was read before; whatever is wrong now is found out when the file is read.
  return result;
}

ColumnRange RangeOf(const ChunkStatistics& statistics, const ParquetFooter& footer, int leaf,
                    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) {
  ColumnRange range;
  range.null_count = statistics.null_count;
  if (!statistics.has_bounds) return range;
  const parquet::ColumnDescriptor* descriptor = footer.schema->Column(leaf);
  if (!HasRightWidth(statistics, *descriptor)) return range;
  const std::string page = PlainPage(statistics, descriptor->physical_type());
  const bool decoded =
      CatchParquet([&]() -> Status {
        ARROW_ASSIGN_OR_RAISE(auto decoder, PageValueDecoder::Make(descriptor, type, pool));
        ARROW_RETURN_NOT_OK(decoder->SetPage(parquet::Encoding::PLAIN, 2,
                                             reinterpret_cast<const uint8_t*>(page.data()),
                                             static_cast<int64_t>(page.size())));
        arrow::ArrayVector arrays;
        ARROW_RETURN_NOT_OK(decoder->Decode({2, 2, nullptr}, &arrays));
        if (arrays.size() != 1 || arrays[0]->length() != 2) {
          return Status::Invalid("two bounds were expected");
        }
        range.bounds = std::move(arrays[0]);
        return Status::OK();
      }).ok();
  if (!decoded) range.bounds = nullptr;
  return range;
}

}  // namespace emberharmony::io::internal

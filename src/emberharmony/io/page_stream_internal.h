#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/compression.h>
#include <parquet/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io {

/// Finished pages of one column chunk, headers included, as they go into the file one after the
/// other.
struct PageBytes {
  std::vector<std::shared_ptr<arrow::Buffer>> pages;
  int64_t size = 0;  ///< of all pages
  int64_t uncompressed_bytes =
      0;  ///< headers and page bodies before compression, as Parquet's metadata count them
  /// Arrow's buffers, which pages of an Arrow file are: their sizes without the padding.
  std::vector<int64_t> unpadded_sizes = {};
};

/// Compresses page bodies with snappy and puts Parquet page headers before them. Pages of different
/// columns with the same body are the same bytes. One thread at a time.
class PageStream {
 public:
  static arrow::Result<std::unique_ptr<PageStream>> Make(arrow::MemoryPool* pool);

  /// A data page (version 1) of num_values rows, nulls included.
  arrow::Status AddDataPage(const uint8_t* body, int64_t size, int64_t num_values,
                            parquet::Encoding::type encoding);
  /// A dictionary page of plain values.
  arrow::Status AddDictionaryPage(const uint8_t* body, int64_t size, int64_t num_values);
  /// The pages since the last call.
  arrow::Result<PageBytes> Finish();

 private:
  explicit PageStream(arrow::MemoryPool* pool) : pool_(pool), compressed_(pool) {}
  arrow::Status AddPage(bool dictionary, const uint8_t* body, int64_t size, int64_t num_values,
                        parquet::Encoding::type encoding);
  /// Whether snappy is worth its time for these indices.
  arrow::Result<bool> IndicesCompress(const uint8_t* body, int64_t size);

  arrow::MemoryPool* const pool_;
  std::unique_ptr<arrow::util::Codec> codec_;
  PooledArray<uint8_t> compressed_;
  PageBytes finished_;
};

}  // namespace emberharmony::io

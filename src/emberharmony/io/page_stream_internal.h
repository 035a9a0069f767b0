#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/compression.h>
#include <parquet/types.h>

#include <cstdint>
#include <memory>

#include "emberharmony/io/pooled_array_internal.h"

namespace emberharmony::io {

/// Finished pages of one column chunk, headers included, as they go into the file.
struct PageBytes {
  std::shared_ptr<arrow::Buffer> bytes;
  int64_t uncompressed_bytes =
      0;  ///< headers and page bodies before compression, as Parquet's metadata count them
  int32_t num_pages = 0;
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
  explicit PageStream(arrow::MemoryPool* pool) : compressed_(pool), pages_(pool) {}
  arrow::Status AddPage(bool dictionary, const uint8_t* body, int64_t size, int64_t num_values,
                        parquet::Encoding::type encoding);

  std::unique_ptr<arrow::util::Codec> codec_;
  PooledArray<uint8_t> compressed_;
  PooledArray<uint8_t> pages_;
  int64_t uncompressed_bytes_ = 0;
  int32_t num_pages_ = 0;
};

}  // namespace emberharmony::io

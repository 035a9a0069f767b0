#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace emberharmony::io::internal {

/// The rows that a page part holds: `num_rows`, of which `num_valid` have a value; valid_bits
/// (least significant bit first) says which, and is null when all have.
struct PageRows {
  int64_t num_rows = 0;
  int64_t num_valid = 0;
  std::shared_ptr<arrow::Buffer> valid_bits;
};

/// Turns the encoded values of pages (data pages of any encoding but dictionary indices, and
/// dictionary pages) of one column chunk into Arrow arrays of the field's type. One thread at a
/// time.
class PageValueDecoder {
 public:
  virtual ~PageValueDecoder() = default;

  /// Starts a page of `num_values` rows, nulls included. `data` stays valid until the next call.
  virtual arrow::Status SetPage(parquet::Encoding::type encoding, int64_t num_values,
                                const uint8_t* data, int64_t size) = 0;

  /// Appends arrays that together hold the next rows of the page; several only where the values
  /// exceed 2 GiB.
  virtual arrow::Status Decode(const PageRows& rows,
                               std::vector<std::shared_ptr<arrow::Array>>* out) = 0;

  /// Fails for a physical type that can't hold the field's type. May throw
  /// parquet::ParquetException, as do its functions.
  static arrow::Result<std::unique_ptr<PageValueDecoder>> Make(
      const parquet::ColumnDescriptor* descriptor, const std::shared_ptr<arrow::DataType>& type,
      arrow::MemoryPool* pool);
};

}  // namespace emberharmony::io::internal

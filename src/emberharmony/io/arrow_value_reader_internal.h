#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "emberharmony/io/arrow_body_internal.h"
#include "emberharmony/io/arrow_dictionaries_internal.h"

namespace emberharmony::io::internal {

/// Where arrays are read from.
struct ArrowInput {
  ArrowBody body;
  ArrowDictionaries* dictionaries = nullptr;
  size_t batch = 0;  ///< of the unit, as the dictionaries count them
  arrow::MemoryPool* pool = nullptr;
};

/// Reads a column of a body as plain arrays of NormalizedType, whatever it is made of, from front
/// to back: memory is needed for the rows asked for, and for dictionaries and runs. What the bytes
/// claim is checked as far as reading an array relies on it: offsets, sizes, indices and run ends
/// stay within what they point into. Invalid when they are damaged. One thread at a time.
class ArrowValueReader {
 public:
  virtual ~ArrowValueReader() = default;
  /// `column` is one that CanReadArrow, and must outlive the reader.
  static arrow::Result<std::unique_ptr<ArrowValueReader>> Make(const ArrowInput& input,
                                                               const ArrowColumn& column);

  int64_t num_rows() const { return num_rows_; }
  /// About the bytes that rows [begin, begin + n) take as an array, at least one for each and for
  /// each element; where they are more than `bytes_max`, any number above it.
  arrow::Result<int64_t> Measure(int64_t begin, int64_t n, int64_t bytes_max);
  /// Rows [begin, begin + n). `begin` is never less than in the calls before.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t n);

 protected:
  ArrowValueReader(const ArrowInput& input, const ArrowColumn& column);
  virtual arrow::Result<int64_t> MeasureRows(int64_t begin, int64_t n, int64_t bytes_max) = 0;
  virtual arrow::Result<std::shared_ptr<arrow::Array>> ReadRows(int64_t begin, int64_t n) = 0;
  arrow::Status CheckRows(int64_t begin, int64_t n) const;

  const std::shared_ptr<arrow::DataType> normalized_;
  arrow::MemoryPool* const pool_;
  int64_t num_rows_ = 0;
};

// The readers that Make chooses from. `num_rows` is what the array claims.
arrow::Result<std::unique_ptr<ArrowValueReader>> MakeArrowListReader(const ArrowInput& input,
                                                                     const ArrowColumn& column);
arrow::Result<std::unique_ptr<ArrowValueReader>> MakeArrowListViewReader(const ArrowInput& input,
                                                                         const ArrowColumn& column);
arrow::Result<std::unique_ptr<ArrowValueReader>> MakeArrowEncodedReader(const ArrowInput& input,
                                                                        const ArrowColumn& column);

}  // namespace emberharmony::io::internal

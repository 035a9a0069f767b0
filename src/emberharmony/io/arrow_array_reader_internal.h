#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "emberharmony/io/arrow_file_internal.h"
#include "emberharmony/io/body_buffer_internal.h"

namespace emberharmony::io::internal {

/// A record batch (or a dictionary's values) in a file, of which arrays are read.
struct ArrowBody {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::shared_ptr<const ArrowMessage> message;
  int64_t body_begin = 0;  ///< in the file
  /// Bytes of the file that are in memory already, or null.
  std::shared_ptr<arrow::Buffer> kept;
  int64_t kept_begin = 0;

  arrow::Result<BodyBuffer> Buffer(int64_t i, arrow::MemoryPool* pool) const;
};

/// Where an array's parts are in its body.
struct ArrayParts {
  int64_t node = 0;
  int64_t buffer = 0;  ///< of the validity bitmap, where the type has one
  int64_t view = 0;    ///< how many view arrays are before it
};

/// Whether an array of this type, which is no extension type, can be read by ArrowArrayReader.
bool IsPlainType(const arrow::DataType& type);

/// Reads an array of a plain type (neither nested, nor dictionary, nor run-end-encoded) of a body
/// from front to back, in slices, each as an array of NormalizedType: memory is needed for the
/// slices only. What the bytes claim is checked as far as reading an array relies on it. Invalid
/// when they are damaged. One thread at a time.
class ArrowArrayReader {
 public:
  /// `type` is no extension type.
  static arrow::Result<std::unique_ptr<ArrowArrayReader>> Make(
      const ArrowBody& body, const std::shared_ptr<arrow::DataType>& type, const ArrayParts& parts,
      arrow::MemoryPool* pool);

  int64_t num_rows() const { return num_rows_; }
  /// Passes over n rows; there must be that many.
  void Skip(int64_t n) { row_ += n; }
  /// The next rows: n of them, or fewer (at least one) where their bytes are too many for one
  /// array. There must be that many.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t n);
  /// All rows, for an array that is needed as a whole.
  arrow::Result<std::shared_ptr<arrow::Array>> ReadAll();

 private:
  ArrowArrayReader(ArrowBody body, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : body_(std::move(body)), type_(std::move(type)), pool_(pool) {}

  arrow::Result<std::shared_ptr<arrow::Buffer>> Bits(BodyBuffer* buffer, int64_t row, int64_t n);
  arrow::Result<std::shared_ptr<arrow::Buffer>> Fixed(BodyBuffer* buffer, int64_t width, int64_t n);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadFixed(int64_t n);
  template <typename Offset>
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadBinary(int64_t n);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadViews(int64_t n);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ToDecimal(std::shared_ptr<arrow::Buffer> values,
                                                          int64_t width, int64_t n);

  const ArrowBody body_;
  const std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::DataType> normalized_;
  int64_t num_rows_ = 0;
  int64_t row_ = 0;
  bool has_nulls_ = false;
  BodyBuffer validity_;
  BodyBuffer values_;  // or offsets, or views
  BodyBuffer data_;
  int64_t first_variadic_ = 0;
  int64_t num_variadic_ = 0;
  std::map<int32_t, std::shared_ptr<arrow::Buffer>> variadic_;  // those that the last slice needed
};

}  // namespace emberharmony::io::internal

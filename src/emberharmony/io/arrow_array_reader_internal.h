#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "emberharmony/io/arrow_body_internal.h"

namespace emberharmony::io::internal {

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
  /// The row that is read next; not before the one that Read or Measure last began at.
  void Seek(int64_t row) { row_ = row; }
  /// About the bytes that the next n rows take as an array, at least one for each. There must be
  /// that many rows.
  arrow::Result<int64_t> Measure(int64_t n);
  /// The next rows: n of them, or fewer (at least one) where their bytes are too many for one
  /// array. There must be that many.
  arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t n);
  /// All rows, for an array that is needed as a whole.
  arrow::Result<std::shared_ptr<arrow::Array>> ReadAll();

 private:
  ArrowArrayReader(ArrowBody body, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* pool)
      : body_(std::move(body)), type_(std::move(type)), pool_(pool) {}

  arrow::Result<std::shared_ptr<arrow::Buffer>> Fixed(BodyBuffer* buffer, int64_t width, int64_t n);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadFixed(int64_t n);
  template <typename Offset>
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadBinary(int64_t n);
  arrow::Result<std::shared_ptr<arrow::ArrayData>> ReadViews(int64_t n);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ToDecimal(std::shared_ptr<arrow::Buffer> values,
                                                          int64_t width, int64_t n);

  template <typename Offset>
  arrow::Result<int64_t> MeasureBinary(int64_t n);
  arrow::Result<int64_t> MeasureViews(int64_t n);
  arrow::Status CheckRows(int64_t n) const;

  const ArrowBody body_;
  const std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::DataType> normalized_;
  int64_t num_rows_ = 0;
  int64_t row_ = 0;
  ArrayParts parts_;
  ArrowValidity validity_;
  BodyBuffer values_;  // or offsets, or views
  BodyBuffer data_;
  int64_t num_variadic_ = 0;
  std::map<int32_t, std::shared_ptr<arrow::Buffer>> variadic_;  // those that the last slice needed
};

}  // namespace emberharmony::io::internal

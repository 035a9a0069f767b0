#include "emberharmony/io/matrix.h"

#include <arrow/buffer.h>
#include <arrow/type.h>

#include <cstdint>
#include <utility>

#include "emberharmony/io/matrix_numbers_internal.h"
#include "emberharmony/io/pooled_array_internal.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::io {
namespace {

template <typename T>
arrow::Status FillMatrix(const arrow::Schema& schema, const arrow::ArrayVector& features, T* cells,
                         arrow::MemoryPool* pool) {
  const int64_t num_rows = features[0]->length();
  const auto num_features = static_cast<int64_t>(features.size());
  PooledArray<T> column(pool);
  ARROW_RETURN_NOT_OK(column.Resize(num_rows));
  for (int64_t k = 0; k < num_features; ++k) {
    const arrow::Array& feature = *features[static_cast<size_t>(k)];
    const std::string& name = schema.field(static_cast<int>(k))->name();
    ARROW_RETURN_NOT_OK(internal::ToNumbers<T>(name, feature, column.data()).Run());
    for (int64_t i = 0; i < num_rows; ++i) cells[i * num_features + k] = column[i];
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Array>> MakeMatrix(
    const arrow::Schema& schema, const std::vector<std::shared_ptr<arrow::Array>>& features,
    const std::shared_ptr<arrow::DataType>& element, arrow::MemoryPool* pool) {
  const auto num_features = static_cast<int>(features.size());
  ARROW_ASSIGN_OR_RAISE(const auto matrix, MatrixSchema(schema, num_features, element));
  const int64_t num_rows = features[0]->length();
  const int64_t num_values = num_rows * num_features;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> cells,
                        arrow::AllocateBuffer(num_values * element->byte_width(), pool));
  if (element->id() == arrow::Type::FLOAT) {
    ARROW_RETURN_NOT_OK(
        FillMatrix(schema, features, reinterpret_cast<float*>(cells->mutable_data()), pool));
  } else {
    ARROW_RETURN_NOT_OK(
        FillMatrix(schema, features, reinterpret_cast<double*>(cells->mutable_data()), pool));
  }
  auto values =
      arrow::MakeArray(arrow::ArrayData::Make(element, num_values, {nullptr, std::move(cells)}, 0));
  return std::make_shared<arrow::FixedSizeListArray>(matrix->field(0)->type(), num_rows,
                                                     std::move(values));
}

}  // namespace emberharmony::io

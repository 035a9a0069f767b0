// Batches of rows: to Arrow's consumers through the PyCapsule interface, and as tensors.
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/c/bridge.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "bindings/bigquery_internal.h"
#include "bindings/results.h"
#include "emberharmony/base/error_kind.h"

namespace emberharmony::python {
namespace {

template <class Struct>
void ReleaseCapsule(PyObject* capsule, const char* name) {
  auto* content = static_cast<Struct*>(PyCapsule_GetPointer(capsule, name));
  if (content == nullptr) {
    PyErr_WriteUnraisable(capsule);
    return;
  }
  // A consumer that has taken the content over has left null here.
  if (content->release != nullptr) content->release(content);
  delete content;
}

void ReleaseSchema(PyObject* capsule) { ReleaseCapsule<ArrowSchema>(capsule, "arrow_schema"); }
void ReleaseArray(PyObject* capsule) { ReleaseCapsule<ArrowArray>(capsule, "arrow_array"); }
void ReleaseStream(PyObject* capsule) {
  ReleaseCapsule<ArrowArrayStream>(capsule, "arrow_array_stream");
}

/// A capsule that owns the content from now on.
template <class Struct>
nanobind::object MakeCapsule(std::unique_ptr<Struct> content, const char* name,
                             PyCapsule_Destructor destructor) {
  PyObject* const capsule = PyCapsule_New(content.get(), name, destructor);
  if (capsule == nullptr) {
    if (content->release != nullptr) content->release(content.get());
    throw nanobind::python_error();
  }
  content.release();
  return nanobind::steal(capsule);
}

nanobind::object ArrayCapsules(const arrow::RecordBatch& rows) {
  auto schema = std::make_unique<ArrowSchema>();
  auto array = std::make_unique<ArrowArray>();
  RaiseUnlessOk(arrow::ExportRecordBatch(rows, array.get(), schema.get()));
  nanobind::object array_capsule = MakeCapsule(std::move(array), "arrow_array", &ReleaseArray);
  return nanobind::make_tuple(MakeCapsule(std::move(schema), "arrow_schema", &ReleaseSchema),
                              array_capsule);
}

std::optional<ops::DType> DTypeOfArrow(const arrow::DataType& type) {
  using arrow::Type;
  switch (type.id()) {
    case Type::BOOL:
      return ops::DType::kBool;
    case Type::INT8:
      return ops::DType::kInt8;
    case Type::INT16:
      return ops::DType::kInt16;
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
      return ops::DType::kInt32;
    case Type::INT64:
    case Type::DATE64:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
      return ops::DType::kInt64;
    case Type::UINT8:
      return ops::DType::kUInt8;
    case Type::UINT16:
      return ops::DType::kUInt16;
    case Type::UINT32:
      return ops::DType::kUInt32;
    case Type::UINT64:
      return ops::DType::kUInt64;
    case Type::FLOAT:
      return ops::DType::kFloat32;
    case Type::DOUBLE:
      return ops::DType::kFloat64;
    default:
      return std::nullopt;
  }
}

/// What stands for a null: the caller's value, else NaN where there is one.
template <class T>
T FillOf(const std::optional<double>& fill, const std::string& name, int64_t num_nulls,
         const char* values = "integers") {
  if (fill) return static_cast<T>(*fill);
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::quiet_NaN();
  RaiseStatus(base::UsageError(
      fmt::format("column '{}' has {} nulls, for which its {} have no value: pass fill_null", name,
                  num_nulls, values)));
}

template <class T>
ops::Tensor FilledCopy(const arrow::Array& array, const std::string& name,
                       const std::optional<double>& fill) {
  const T value = FillOf<T>(fill, name, array.null_count());
  ops::Tensor tensor = ops::Tensor::Empty(ops::Shape{array.length()}, tensor::DTypeOf<T>());
  const T* const from = array.data()->GetValues<T>(1);
  T* const to = tensor.mutable_data_as<T>();
  for (int64_t i = 0; i < array.length(); ++i) to[i] = array.IsNull(i) ? value : from[i];
  return tensor;
}

ops::Tensor BooleanTensor(const arrow::BooleanArray& array, const std::string& name,
                          const std::optional<double>& fill) {
  const bool value =
      array.null_count() > 0 && FillOf<uint8_t>(fill, name, array.null_count(), "booleans") != 0;
  ops::Tensor tensor = ops::Tensor::Empty(ops::Shape{array.length()}, ops::DType::kBool);
  bool* const to = tensor.mutable_data_as<bool>();
  for (int64_t i = 0; i < array.length(); ++i) {
    to[i] = array.IsNull(i) ? value : array.Value(i);
  }
  return tensor;
}

ops::Tensor FilledTensor(const arrow::Array& array, ops::DType dtype, const std::string& name,
                         const std::optional<double>& fill) {
  switch (dtype) {
    case ops::DType::kInt8:
      return FilledCopy<int8_t>(array, name, fill);
    case ops::DType::kInt16:
      return FilledCopy<int16_t>(array, name, fill);
    case ops::DType::kInt32:
      return FilledCopy<int32_t>(array, name, fill);
    case ops::DType::kInt64:
      return FilledCopy<int64_t>(array, name, fill);
    case ops::DType::kUInt8:
      return FilledCopy<uint8_t>(array, name, fill);
    case ops::DType::kUInt16:
      return FilledCopy<uint16_t>(array, name, fill);
    case ops::DType::kUInt32:
      return FilledCopy<uint32_t>(array, name, fill);
    case ops::DType::kUInt64:
      return FilledCopy<uint64_t>(array, name, fill);
    case ops::DType::kFloat32:
      return FilledCopy<float>(array, name, fill);
    default:
      return FilledCopy<double>(array, name, fill);
  }
}

/// The values of a column as a tensor over the same memory, but for booleans (bits in Arrow) and
/// nulls.
ops::Tensor ColumnTensor(const std::shared_ptr<arrow::Array>& array, const std::string& name,
                         const std::optional<double>& fill) {
  if (array->type_id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*array);
    if (lists.null_count() > 0) {
      RaiseStatus(base::UsageError(fmt::format("column '{}' has rows that are null", name)));
    }
    const int64_t width = lists.list_type()->list_size();
    const auto values = lists.values()->Slice(lists.value_offset(0), lists.length() * width);
    return ColumnTensor(values, name, fill).Reshape(ops::Shape{lists.length(), width});
  }
  const std::optional<ops::DType> dtype = DTypeOfArrow(*array->type());
  if (!dtype) {
    throw nanobind::type_error(
        fmt::format("column '{}' of type {} cannot be a tensor: expected numbers, booleans, dates "
                    "or times",
                    name, array->type()->ToString())
            .c_str());
  }
  if (*dtype == ops::DType::kBool) {
    return BooleanTensor(static_cast<const arrow::BooleanArray&>(*array), name, fill);
  }
  if (array->null_count() > 0) return FilledTensor(*array, *dtype, name, fill);
  if (array->length() == 0) return ops::Tensor::Empty(ops::Shape{0}, *dtype);
  const uint8_t* const data =
      array->data()->buffers[1]->data() + array->offset() * tensor::ItemSize(*dtype);
  return ops::Tensor::Wrap(data, ops::Shape{array->length()}, *dtype, array->data());
}

nanobind::object TensorOfColumn(const BigQueryBatch& batch, int i,
                                const std::optional<double>& fill) {
  if (i < 0 || i >= batch.rows->num_columns()) throw nanobind::index_error("column");
  ops::Tensor tensor =
      ColumnTensor(batch.rows->column(i), batch.rows->schema()->field(i)->name(), fill);
  try {
    return nanobind::steal(ToPython(std::move(tensor)));
  } catch (const PythonError&) {
    throw nanobind::python_error();
  }
}

int64_t NumBytes(const BigQueryBatch& batch) {
  int64_t bytes = 0;
  for (const auto& column : batch.rows->column_data()) {
    std::vector<const arrow::ArrayData*> stack{column.get()};
    while (!stack.empty()) {
      const arrow::ArrayData* data = stack.back();
      stack.pop_back();
      for (const auto& buffer : data->buffers) bytes += buffer ? buffer->size() : 0;
      for (const auto& child : data->child_data) stack.push_back(child.get());
    }
  }
  return bytes;
}

BigQueryBatch Slice(const BigQueryBatch& batch, int64_t offset, int64_t length) {
  if (offset < 0 || length < 0 || offset > batch.rows->num_rows()) {
    throw nanobind::value_error("slice: expected an offset and a length within the batch");
  }
  return {batch.rows->Slice(offset, length), batch.stream, batch.first_row + offset};
}

/// One batch of several, whose rows follow each other.
BigQueryBatch Concatenate(const std::vector<BigQueryBatch>& batches) {
  if (batches.empty()) throw nanobind::value_error("concatenate: expected one batch or more");
  if (batches.size() == 1) return batches[0];
  std::vector<std::shared_ptr<arrow::RecordBatch>> rows;
  rows.reserve(batches.size());
  for (const BigQueryBatch& each : batches) rows.push_back(each.rows);
  return {ValueOrRaise(arrow::ConcatenateRecordBatches(rows)), -1, -1};
}

}  // namespace

nanobind::object SchemaCapsule(const arrow::Schema& schema) {
  auto content = std::make_unique<ArrowSchema>();
  RaiseUnlessOk(arrow::ExportSchema(schema, content.get()));
  return MakeCapsule(std::move(content), "arrow_schema", &ReleaseSchema);
}

nanobind::object StreamCapsule(std::shared_ptr<arrow::RecordBatchReader> reader) {
  auto content = std::make_unique<ArrowArrayStream>();
  RaiseUnlessOk(arrow::ExportRecordBatchReader(std::move(reader), content.get()));
  return MakeCapsule(std::move(content), "arrow_array_stream", &ReleaseStream);
}

void InitBigQueryBatch(nanobind::module_& module) {
  // The consumer's wishes for another schema may be ignored (PyCapsule interface, "requested
  // schema"): it converts what it gets.
  nanobind::class_<BigQueryBatch>(module, "Batch")
      .def_prop_ro("num_rows", [](const BigQueryBatch& batch) { return batch.rows->num_rows(); })
      .def_prop_ro("num_columns",
                   [](const BigQueryBatch& batch) { return batch.rows->num_columns(); })
      .def_prop_ro("column_names",
                   [](const BigQueryBatch& batch) { return batch.rows->schema()->field_names(); })
      .def_prop_ro("nbytes", &NumBytes)
      .def_ro("stream", &BigQueryBatch::stream)
      .def_ro("first_row", &BigQueryBatch::first_row)
      .def("slice", &Slice)
      .def("tensor", &TensorOfColumn, nanobind::arg("column"),
           nanobind::arg("fill_null").none() = nanobind::none())
      .def("arrow_schema",
           [](const BigQueryBatch& batch) { return SchemaCapsule(*batch.rows->schema()); })
      .def("arrow_array", [](const BigQueryBatch& batch) { return ArrayCapsules(*batch.rows); })
      .def("arrow_stream", [](const BigQueryBatch& batch) {
        return StreamCapsule(
            ValueOrRaise(arrow::RecordBatchReader::Make({batch.rows}, batch.rows->schema())));
      });
  module.def("concatenate", &Concatenate);
}

}  // namespace emberharmony::python

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/numeric_form.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kChunk = 8192;

bool IsTime(arrow::Type::type id) {
  switch (id) {
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
      return true;
    default:
      return false;
  }
}

}  // namespace

arrow::Status CheckMeasurable(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return CheckMeasurable(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  if (IsTime(type.id()) || HasNumericForm(type)) return arrow::Status::OK();
  return base::UsageError("expected numbers, dates or times, found values of type " +
                          type.ToString() + "; cast the column first");
}

arrow::Result<std::shared_ptr<arrow::Array>> TimesAsIntegers(const arrow::Array& values) {
  const std::shared_ptr<arrow::Array> array = arrow::MakeArray(values.data());
  if (!IsTime(values.type_id())) return array;
  return array->View(values.type()->bit_width() == 32 ? arrow::int32() : arrow::int64());
}

arrow::Status VisitDoubles(
    const WeightedValues& values,
    const std::function<arrow::Status(const double*, const int64_t*, int64_t)>& visit) {
  ARROW_RETURN_NOT_OK(CheckMeasurable(*values.values.type()));
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Array> array, TimesAsIntegers(values.values));
  for (int64_t begin = 0; begin < array->length(); begin += kChunk) {
    ARROW_ASSIGN_OR_RAISE(
        const std::shared_ptr<arrow::DoubleArray> doubles,
        ToNumeric({array->Slice(begin, kChunk), false}, arrow::default_memory_pool()));
    ARROW_RETURN_NOT_OK(visit(doubles->raw_values(),
                              values.weights == nullptr ? nullptr : values.weights + begin,
                              doubles->length()));
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature

#include "emberharmony/engine/column_extremes.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <cmath>
#include <cstring>
#include <type_traits>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::engine {

namespace {

// The value at i in a form that operator< orders.
template <typename ArrayType>
auto Ordered(const ArrayType& values, int64_t i) {
  using Type = typename ArrayType::TypeClass;
  if constexpr (std::is_same_v<Type, arrow::Decimal128Type>) {
    return arrow::Decimal128(values.GetValue(i));
  } else if constexpr (std::is_same_v<Type, arrow::Decimal256Type>) {
    return arrow::Decimal256(values.GetValue(i));
  } else if constexpr (std::is_same_v<Type, arrow::HalfFloatType>) {
    return arrow::util::Float16::FromBits(values.Value(i)).ToFloat();
  } else {
    return values.GetView(i);
  }
}

template <typename ArrayType>
bool IsNan(const ArrayType& values, int64_t i) {
  if constexpr (arrow::is_floating_type<typename ArrayType::TypeClass>::value) {
    return std::isnan(Ordered(values, i));
  }
  return false;
}

struct Ends {
  int64_t min = -1;  // positions; -1: no value
  int64_t max = -1;
};

template <typename ArrayType>
Ends FindEnds(const ArrayType& values, const int64_t* weights) {
  Ends ends;
  for (int64_t i = 0; i < values.length(); ++i) {
    if ((weights != nullptr && weights[i] <= 0) || values.IsNull(i) || IsNan(values, i)) continue;
    if (ends.min < 0) {
      ends.min = ends.max = i;
      continue;
    }
    const auto value = Ordered(values, i);
    if (value < Ordered(values, ends.min)) ends.min = i;
    if (Ordered(values, ends.max) < value) ends.max = i;
  }
  return ends;
}

// Calls visit(concrete array); false for a type without an order.
template <typename Visit>
bool VisitOrdered(const arrow::Array& values, const Visit& visit) {
  switch (values.type_id()) {
#define EMBER_ORDERED(ID, ARRAY)                     \
  case arrow::Type::ID:                              \
    visit(static_cast<const arrow::ARRAY&>(values)); \
    return true;
    EMBER_ORDERED(BOOL, BooleanArray)
    EMBER_ORDERED(INT8, Int8Array)
    EMBER_ORDERED(INT16, Int16Array)
    EMBER_ORDERED(INT32, Int32Array)
    EMBER_ORDERED(INT64, Int64Array)
    EMBER_ORDERED(UINT8, UInt8Array)
    EMBER_ORDERED(UINT16, UInt16Array)
    EMBER_ORDERED(UINT32, UInt32Array)
    EMBER_ORDERED(UINT64, UInt64Array)
    EMBER_ORDERED(HALF_FLOAT, HalfFloatArray)
    EMBER_ORDERED(FLOAT, FloatArray)
    EMBER_ORDERED(DOUBLE, DoubleArray)
    EMBER_ORDERED(DECIMAL128, Decimal128Array)
    EMBER_ORDERED(DECIMAL256, Decimal256Array)
    EMBER_ORDERED(DATE32, Date32Array)
    EMBER_ORDERED(DATE64, Date64Array)
    EMBER_ORDERED(TIME32, Time32Array)
    EMBER_ORDERED(TIME64, Time64Array)
    EMBER_ORDERED(TIMESTAMP, TimestampArray)
    EMBER_ORDERED(DURATION, DurationArray)
    EMBER_ORDERED(STRING, StringArray)
    EMBER_ORDERED(BINARY, BinaryArray)
    EMBER_ORDERED(LARGE_STRING, LargeStringArray)
    EMBER_ORDERED(LARGE_BINARY, LargeBinaryArray)
    EMBER_ORDERED(FIXED_SIZE_BINARY, FixedSizeBinaryArray)
#undef EMBER_ORDERED
    default:
      return false;
  }
}

bool IsNegativeZero(const arrow::Array& values, int64_t at) {
  const auto is = [](double value) { return value == 0 && std::signbit(value); };
  switch (values.type_id()) {
    case arrow::Type::HALF_FLOAT:
      return is(Ordered(static_cast<const arrow::HalfFloatArray&>(values), at));
    case arrow::Type::FLOAT:
      return is(static_cast<const arrow::FloatArray&>(values).Value(at));
    case arrow::Type::DOUBLE:
      return is(static_cast<const arrow::DoubleArray&>(values).Value(at));
    default:
      return false;
  }
}

// The value at position `at` as an array of its own, so that it does not keep the others alive; of
// the two zeros, which compare equal, always the positive one.
arrow::Result<std::shared_ptr<arrow::Array>> CopyOne(const arrow::Array& values, int64_t at) {
  if (!IsNegativeZero(values, at)) return arrow::Concatenate({values.Slice(at, 1)});
  const int width = values.type()->byte_width();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> zero, arrow::AllocateBuffer(width));
  std::memset(zero->mutable_data(), 0, static_cast<size_t>(width));
  return arrow::MakeArray(arrow::ArrayData::Make(values.type(), 1, {nullptr, std::move(zero)}, 0));
}

// Whether a's only value comes before b's.
bool Before(const arrow::Array& a, const arrow::Array& b) {
  bool before = false;
  VisitOrdered(a, [&](const auto& typed) {
    using ArrayType = std::decay_t<decltype(typed)>;
    before = Ordered(typed, 0) < Ordered(static_cast<const ArrayType&>(b), 0);
  });
  return before;
}

}  // namespace

bool ColumnExtremes::Supports(const arrow::DataType& type) {
  const auto empty = arrow::MakeEmptyArray(type.GetSharedPtr());
  return empty.ok() && VisitOrdered(**empty, [](const auto&) {});
}

arrow::Status ColumnExtremes::Update(const arrow::Array& values, const int64_t* weights) {
  Ends ends;
  if (!VisitOrdered(values, [&](const auto& typed) { ends = FindEnds(typed, weights); })) {
    return base::UsageError("values of type " + values.type()->ToString() + " have no order");
  }
  if (ends.min < 0) return arrow::Status::OK();
  const auto lowest = values.Slice(ends.min, 1);
  if (min_ == nullptr || Before(*lowest, *min_)) {
    ARROW_ASSIGN_OR_RAISE(min_, CopyOne(values, ends.min));
  }
  const auto highest = values.Slice(ends.max, 1);
  if (max_ == nullptr || Before(*max_, *highest)) {
    ARROW_ASSIGN_OR_RAISE(max_, CopyOne(values, ends.max));
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::engine

#include <arrow/array.h>

#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

arrow::Status TooLarge() {
  return base::DataError("the weights of a column's rows add up to more than 2^63 - 1");
}

}  // namespace

arrow::Status VisitPlainValues(const WeightedValues& values,
                               const std::function<arrow::Status(const WeightedValues&)>& visit) {
  if (values.values.type_id() != arrow::Type::DICTIONARY) return visit(values);
  const auto& array = static_cast<const arrow::DictionaryArray&>(values.values);
  std::vector<int64_t> weights(array.dictionary()->length(), 0);
  int64_t null_weight = values.null_weight;
  for (int64_t i = 0; i < array.length(); ++i) {
    const int64_t weight = values.weights == nullptr ? 1 : values.weights[i];
    ARROW_RETURN_NOT_OK(
        AddWeight(weight, array.IsNull(i) ? &null_weight : &weights[array.GetValueIndex(i)]));
  }
  return visit({*array.dictionary(), weights.data(), null_weight});
}

arrow::Status AddWeight(int64_t weight, int64_t* so_far) {
  return __builtin_add_overflow(weight, *so_far, so_far) ? TooLarge() : arrow::Status::OK();
}

arrow::Status AddWeights(const int64_t* weights, int64_t n, int64_t* so_far) {
  if (weights == nullptr) return AddWeight(n, so_far);
  uint64_t low = 0;  // of sums of 31 bits, and of what is above them: neither overflows
  uint64_t high = 0;
  for (int64_t i = 0; i < n; ++i) {
    low += static_cast<uint64_t>(weights[i]) & 0x7fffffff;
    high += static_cast<uint64_t>(weights[i]) >> 31;
  }
  high += low >> 31;
  if (high >> 32 != 0) return TooLarge();
  return AddWeight(static_cast<int64_t>((high << 31) | (low & 0x7fffffff)), so_far);
}

}  // namespace emberharmony::feature

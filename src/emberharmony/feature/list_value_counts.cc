#include "emberharmony/feature/list_value_counts.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/list_steps.h"

namespace emberharmony::feature {
namespace {

/// Its states are those of value_counts, of the lists' elements.
class ListValueCounts : public Analyzer {
 public:
  explicit ListValueCounts(const ValueCountsOptions& options)
      : elements_(MakeValueCountsAnalyzer(options)) {}

  std::string state_key() const override { return "list_value_counts"; }
  AnalyzerTraits traits() const override { return elements_->traits(); }

  arrow::Result<std::unique_ptr<State>> MakeState(const arrow::DataType& type,
                                                  const StateOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(const auto element, ElementType(type));
    return elements_->MakeState(*element, options);
  }

  arrow::Status Update(State* state, const WeightedValues& values) const override {
    const auto& lists = static_cast<const arrow::ListArray&>(values.values);
    const ListElements elements(lists);
    const int64_t begin = elements.first_element;
    // Elements under a list that is null are nobody's, and weigh nothing.
    std::vector<int64_t> weights(static_cast<size_t>(elements.values->length()));
    for (int64_t i = 0; i < lists.length(); ++i) {
      if (lists.IsNull(i)) continue;
      const int64_t weight = values.weights == nullptr ? 1 : values.weights[i];
      for (int64_t j = lists.value_offset(i); j < lists.value_offset(i + 1); ++j)
        weights[static_cast<size_t>(j - begin)] = weight;
    }
    return elements_->Update(state, {*elements.values, weights.data(), 0});
  }

  arrow::Status Merge(State* into, const State& from) const override {
    return elements_->Merge(into, from);
  }
  arrow::Result<std::shared_ptr<const Statistic>> Finalize(const State& state) const override {
    return elements_->Finalize(state);
  }
  arrow::Result<std::string> Encode(const State& state) const override {
    return elements_->Encode(state);
  }
  arrow::Result<std::unique_ptr<State>> Decode(std::string_view bytes, const arrow::DataType& type,
                                               const StateOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(const auto element, ElementType(type));
    return elements_->Decode(bytes, *element, options);
  }
  arrow::Status EncodeTo(const State& state, const ByteConsumer& out) const override {
    return elements_->EncodeTo(state, out);
  }
  arrow::Status MergeEncoded(State* into, const EncodedState& encoded, const arrow::DataType& type,
                             const StateOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(const auto element, ElementType(type));
    return elements_->MergeEncoded(into, encoded, *element, options);
  }

 private:
  static arrow::Result<std::shared_ptr<arrow::DataType>> ElementType(const arrow::DataType& type) {
    if (IsFlatList(type)) return static_cast<const arrow::ListType&>(type).value_type();
    return base::UsageError("elements of lists were to be counted, and values are " +
                            type.ToString());
  }

  const std::shared_ptr<const Analyzer> elements_;
};

}  // namespace

std::shared_ptr<const Analyzer> MakeListValueCountsAnalyzer(const ValueCountsOptions& options) {
  return std::make_shared<ListValueCounts>(options);
}

}  // namespace emberharmony::feature

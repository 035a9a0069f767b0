#include "emberharmony/feature/category_columns.h"

#include <cmath>

#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kNowhere = -1;
constexpr int64_t kSeveralPlaces = -2;

/// Where each column's only 1 is, or that there is none or more than one.
std::vector<int64_t> PlacesOfOnes(int64_t num_columns, const int32_t* positions,
                                  int64_t num_positions) {
  std::vector<int64_t> places(static_cast<size_t>(num_columns), kNowhere);
  for (int64_t i = 0; i < num_positions; ++i) {
    if (positions[i] < 0) continue;
    int64_t& place = places[static_cast<size_t>(positions[i])];
    place = place == kNowhere ? i : kSeveralPlaces;
  }
  return places;
}

template <class T>
arrow::Status AppendMarkedAs(int64_t num_columns, const int32_t* positions, int64_t num_positions,
                             int64_t length, const std::shared_ptr<arrow::DataType>& type,
                             arrow::MemoryPool* pool, std::vector<ValueBlock>* outputs) {
  const std::vector<int64_t> places = PlacesOfOnes(num_columns, positions, num_positions);
  // Zeros with a 1 in the middle: the window that begins p before the 1 has it at p, the first
  // `length` elements have none.
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> shared,
      arrow::AllocateBuffer((2 * length + 1) * static_cast<int64_t>(sizeof(T)), pool));
  std::memset(shared->mutable_data(), 0, static_cast<size_t>(shared->size()));
  reinterpret_cast<T*>(shared->mutable_data())[length] = 1;
  std::vector<T*> own(places.size());
  for (size_t k = 0; k < places.size(); ++k) {
    std::shared_ptr<arrow::Buffer> buffer = shared;
    int64_t offset = places[k] == kNowhere ? 0 : length - places[k];
    if (places[k] == kSeveralPlaces) {
      offset = 0;
      ARROW_ASSIGN_OR_RAISE(buffer,
                            arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(T)), pool));
      std::memset(buffer->mutable_data(), 0, static_cast<size_t>(buffer->size()));
      own[k] = reinterpret_cast<T*>(buffer->mutable_data());
    }
    outputs->push_back({arrow::MakeArray(arrow::ArrayData::Make(
                            type, length, {nullptr, std::move(buffer)}, /*null_count=*/0, offset)),
                        false});
  }
  for (int64_t i = 0; i < num_positions; ++i) {
    if (positions[i] < 0) continue;
    T* const column = own[static_cast<size_t>(positions[i])];
    if (column != nullptr) column[i] = 1;
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<ValueIndex>> LearnCategories(const ValueCountsStatistic& counts,
                                                           const std::string& column,
                                                           const std::string& step) {
  std::vector<nlohmann::json> sorted;
  for (const int64_t i : AscendingOrder(*counts.values)) {
    ARROW_ASSIGN_OR_RAISE(nlohmann::json value, ValueToJson(*counts.values, i));
    if (value.is_number_float() && !std::isfinite(value.get<double>())) {
      return CheckFinite(column, step, counts.counts->Value(i));
    }
    sorted.push_back(std::move(value));
  }
  ARROW_ASSIGN_OR_RAISE(auto categories, ValuesFromJson(sorted, counts.values->type()));
  return ValueIndex::Make(std::move(categories));
}

nlohmann::json DescribeCategories(const ValueIndex& categories) {
  nlohmann::json list = nlohmann::json::array();
  for (int64_t i = 0; i < categories.size(); ++i) {
    // Learning and restoring admit only types that have a JSON form.
    list.push_back(ValueToJson(*categories.values(), i).ValueOr(nlohmann::json()));
  }
  return list;
}

arrow::Result<std::unique_ptr<ValueIndex>> RestoreCategories(
    const nlohmann::json& list, int64_t max, const std::shared_ptr<arrow::DataType>& type,
    LearnedFacts* facts) {
  std::vector<nlohmann::json> values;
  const bool fits = list.is_array() && static_cast<int64_t>(list.size()) <= max;
  facts->Check(fits, "'categories' must be a list of at most " + std::to_string(max) + " values");
  if (fits) values.assign(list.begin(), list.end());
  auto categories = ValuesFromJson(values, type);
  facts->Check(categories.ok(), "'categories': " + categories.status().message());
  ARROW_RETURN_NOT_OK(facts->Finish());
  const std::vector<int64_t> order = AscendingOrder(**categories);
  for (size_t i = 0; i < order.size(); ++i) {
    facts->Check(order[i] == static_cast<int64_t>(i), "'categories' must be in ascending order");
  }
  ARROW_RETURN_NOT_OK(facts->Finish());
  return ValueIndex::Make(*std::move(categories));
}

std::vector<ColumnInfo> CategoryOutputs(const std::string& column, const ValueIndex* categories,
                                        const std::shared_ptr<arrow::DataType>& type) {
  std::vector<ColumnInfo> outputs;
  if (categories == nullptr) return outputs;
  const arrow::Array& values = *categories->values();
  bool all_text = true;
  for (int64_t i = 0; i < values.length(); ++i) all_text &= HasText(values, i);
  for (int64_t i = 0; i < values.length(); ++i) {
    std::string text = ValueText(values, i);
    // Beside bytes that are shown as hexadecimal digits, text that looks like such digits could be
    // taken for them.
    if (!all_text && HasText(values, i) && text.starts_with("0x")) text = HexText(values, i);
    ColumnInfo output;
    output.name = column + "=" + text;
    output.type = type;
    output.nullable = false;
    output.lower_bound = 0;
    output.final_type = true;
    outputs.push_back(std::move(output));
  }
  return outputs;
}

arrow::Status AppendMarkedColumns(int64_t num_columns, const int32_t* positions,
                                  int64_t num_positions, int64_t length,
                                  const std::shared_ptr<arrow::DataType>& type,
                                  arrow::MemoryPool* pool, std::vector<ValueBlock>* outputs) {
  const auto append =
      type->id() == arrow::Type::DOUBLE ? AppendMarkedAs<double> : AppendMarkedAs<float>;
  return append(num_columns, positions, num_positions, length, type, pool, outputs);
}

}  // namespace emberharmony::feature

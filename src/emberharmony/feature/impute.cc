#include <arrow/array/builder_base.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/status.h>
#include <arrow/type_traits.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/exact_quantiles.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/feature/value_json.h"

namespace emberharmony::feature {
namespace {

constexpr const char* kConstant = "constant";
constexpr const char* kMean = "mean";
constexpr const char* kMedian = "median";
constexpr const char* kMostFrequent = "most_frequent";
constexpr double kImputeInfinity = std::numeric_limits<double>::infinity();

std::shared_ptr<arrow::Array> ArrayOfOne(double value) {
  return std::make_shared<arrow::DoubleArray>(
      1, arrow::Buffer::FromVector(std::vector<double>{value}));
}

/// The values with `fill`, an array of one of the same type, in place of nulls, and once more at
/// the end for a null slot.
arrow::Result<std::shared_ptr<arrow::Array>> FillNulls(const ValueBlock& block,
                                                       const std::shared_ptr<arrow::Array>& fill,
                                                       arrow::MemoryPool* pool) {
  const arrow::Array& values = *block.values;
  if (values.null_count() == 0) {
    if (!block.null_slot) return block.values;
    return arrow::Concatenate({block.values, fill}, pool);
  }
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ArrayBuilder> builder,
                        arrow::MakeBuilder(fill->type(), pool));
  ARROW_RETURN_NOT_OK(builder->Reserve(block.length()));
  const arrow::ArraySpan from(*values.data());
  const arrow::ArraySpan filling(*fill->data());
  for (int64_t i = 0; i < values.length();) {
    int64_t end = i;
    while (end < values.length() && values.IsValid(end)) ++end;
    if (end > i) ARROW_RETURN_NOT_OK(builder->AppendArraySlice(from, i, end - i));
    for (; end < values.length() && values.IsNull(end); ++end) {
      ARROW_RETURN_NOT_OK(builder->AppendArraySlice(filling, 0, 1));
    }
    i = end;
  }
  if (block.null_slot) ARROW_RETURN_NOT_OK(builder->AppendArraySlice(filling, 0, 1));
  return builder->Finish();
}

/// FillNulls for values of kWidth bytes each.
template <int kWidth>
arrow::Result<std::shared_ptr<arrow::Array>> FillWords(const ValueBlock& block,
                                                       const arrow::Array& fill,
                                                       arrow::MemoryPool* pool) {
  struct Word {
    uint8_t bytes[kWidth];
  };
  const arrow::Array& values = *block.values;
  const int64_t n = values.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(block.length() * kWidth, pool));
  auto* out = reinterpret_cast<Word*>(buffer->mutable_data());
  const Word filling = *fill.data()->GetValues<Word>(1);
  if (n > 0) std::memcpy(out, values.data()->GetValues<Word>(1), static_cast<size_t>(n) * kWidth);
  if (values.null_count() > 0) {
    const uint8_t* validity = values.null_bitmap_data();
    for (int64_t i = 0; i < n; ++i) {
      if (!arrow::bit_util::GetBit(validity, values.offset() + i)) out[i] = filling;
    }
  }
  if (block.null_slot) out[n] = filling;
  return arrow::MakeArray(
      arrow::ArrayData::Make(values.type(), block.length(), {nullptr, std::move(buffer)}, 0));
}

/// FillNulls for floats, of which NaN is missing too.
template <class ArrowType>
arrow::Result<std::shared_ptr<arrow::Array>> FillFloats(const ValueBlock& block,
                                                        const arrow::Array& fill,
                                                        arrow::MemoryPool* pool) {
  using T = typename ArrowType::c_type;  // of halves their bits
  const auto is_nan = [](T value) {
    if constexpr (std::is_same_v<ArrowType, arrow::HalfFloatType>) {
      return arrow::util::Float16::FromBits(value).is_nan();
    } else {
      return std::isnan(value);
    }
  };
  const T* values = block.values->data()->GetValues<T>(1);
  const int64_t n = block.values->length();
  if (!block.null_slot && block.values->null_count() == 0 &&
      std::none_of(values, values + n, is_nan)) {
    return block.values;
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> filled,
                        FillWords<sizeof(T)>(block, fill, pool));
  const T filling = *fill.data()->GetValues<T>(1);
  T* out = filled->data()->GetMutableValues<T>(1);
  for (int64_t i = 0; i < n; ++i) out[i] = is_nan(out[i]) ? filling : out[i];
  return filled;
}

/// The values with `fill`, an array of one of the same type, in place of missing ones (nulls, NaN),
/// and once more at the end for a null slot. Shares the input's memory where nothing is missing.
arrow::Result<std::shared_ptr<arrow::Array>> FillMissing(const ValueBlock& block,
                                                         const std::shared_ptr<arrow::Array>& fill,
                                                         arrow::MemoryPool* pool) {
  const arrow::DataType& type = *block.values->type();
  switch (type.id()) {
    case arrow::Type::HALF_FLOAT:
      return FillFloats<arrow::HalfFloatType>(block, *fill, pool);
    case arrow::Type::FLOAT:
      return FillFloats<arrow::FloatType>(block, *fill, pool);
    case arrow::Type::DOUBLE:
      return FillFloats<arrow::DoubleType>(block, *fill, pool);
    default:
      break;
  }
  if (block.values->null_count() == 0 && !block.null_slot) return block.values;
  const bool words = type.id() != arrow::Type::BOOL &&
                     (arrow::is_primitive(type.id()) || arrow::is_decimal(type.id()));
  switch (words ? type.byte_width() : 0) {
    case 1:
      return FillWords<1>(block, *fill, pool);
    case 2:
      return FillWords<2>(block, *fill, pool);
    case 4:
      return FillWords<4>(block, *fill, pool);
    case 8:
      return FillWords<8>(block, *fill, pool);
    case 16:
      return FillWords<16>(block, *fill, pool);
    case 32:
      return FillWords<32>(block, *fill, pool);
    default:
      return FillNulls(block, fill, pool);
  }
}

/// A plan's constant as a value of `type`: exactly, or for floats the nearest one. UsageError where
/// the type does not hold it.
arrow::Result<std::shared_ptr<arrow::Array>> ConstantOf(
    const nlohmann::json& constant, const std::shared_ptr<arrow::DataType>& type) {
  if (!constant.is_number()) return ValueFromPlan(constant, type);
  const auto number = constant.get<double>();
  if (!arrow::is_floating(type->id())) {
    // 5.00 and 1e3 are integers as well.
    const bool whole = constant.is_number_float() && arrow::is_integer(type->id()) &&
                       std::trunc(number) == number && std::abs(number) < 0x1p63;
    return ValueFromPlan(whole ? nlohmann::json(static_cast<int64_t>(number)) : constant, type);
  }
  const auto nearest = [&]() -> double {
    if (type->id() == arrow::Type::FLOAT) return static_cast<float>(number);
    if (type->id() == arrow::Type::DOUBLE) return number;
    return arrow::util::Float16::FromDouble(number).ToDouble();
  };
  return ValueFromPlan(nearest(), type);
}

/// 1 for missing entries (nulls, NaN, the null slot), 0 for others.
arrow::Result<std::shared_ptr<arrow::Array>> Indicate(const ValueBlock& block,
                                                      arrow::MemoryPool* pool) {
  const arrow::Array& values = *block.values;
  const int64_t n = values.length();
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> buffer,
      arrow::AllocateBuffer(block.length() * static_cast<int64_t>(sizeof(double)), pool));
  auto* out = reinterpret_cast<double*>(buffer->mutable_data());
  if (HasNumericForm(*values.type())) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> numeric,
                          ToNumeric({block.values, false}, pool));
    const double* numbers = numeric->raw_values();
    for (int64_t i = 0; i < n; ++i) out[i] = std::isnan(numbers[i]) ? 1.0 : 0.0;
  } else {
    for (int64_t i = 0; i < n; ++i) out[i] = values.IsNull(i) ? 1.0 : 0.0;
  }
  if (block.null_slot) out[n] = 1.0;
  return std::make_shared<arrow::DoubleArray>(block.length(), std::move(buffer));
}

/// `impute`: fills missing values (nulls and NaN) with a constant: one given, or the mean, median
/// or most frequent value of the training rows (ties to the smallest).
///
/// most_frequent keeps the column's type, and so does a constant that the type holds. A mean or
/// median, which numbers and booleans have, is a double, and so is any other numeric constant: they
/// are filled in numeric form. `indicator: true` adds COLUMN_missing, 1 where a value was missing,
/// else 0.
class Impute : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context);

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override {
    const bool exact_type = strategy_ == kMostFrequent || !numeric_;
    return {
        .fills_missing = true, .exact_type = exact_type, .continuous = !exact_type && !indicator_};
  }
  nlohmann::json options() const override {
    nlohmann::json options = {{"strategy", strategy_}, {"indicator", indicator_}};
    if (strategy_ == kConstant) options["constant"] = constant_;
    return options;
  }
  std::vector<std::shared_ptr<const Analyzer>> analyzers() const override;
  arrow::Status Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) override;
  std::optional<Fill> fill() const override {
    if (strategy_ == kConstant || fill_ == nullptr) return std::nullopt;
    return Fill{{fill_, false}, null_count_};
  }
  nlohmann::json Describe() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  std::vector<ColumnInfo> outputs() const override;
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override;

 private:
  explicit Impute(const TransformContext& context)
      : input_(context.input),
        quantile_keys_(context.quantile_keys),
        exact_quantiles_(context.exact_quantiles) {}

  arrow::Status SetConstant();
  arrow::Status LearnMostFrequent(const Statistic* counted, const Statistic* moments);
  /// The fill as a number, the nearest one: only for columns of numbers.
  arrow::Result<double> NumericFill() const {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::DoubleArray> number,
                          ToNumeric({fill_, false}, arrow::default_memory_pool()));
    return number->Value(0);
  }
  void SetRange(int64_t count, int64_t null_count, double min, double max) {
    count_ = count;
    null_count_ = null_count;
    min_ = min;
    max_ = max;
  }

  static inline const std::string kName = "impute";
  ColumnInfo input_;
  int64_t quantile_keys_;
  bool exact_quantiles_;
  std::string strategy_;
  nlohmann::json constant_;
  bool indicator_ = false;
  bool numeric_ = false;    ///< fills in numeric form
  bool has_range_ = false;  ///< learns the smallest and the largest value too, as doubles

  // Learned.
  std::shared_ptr<arrow::Array>
      fill_;  ///< one value, float64 in numeric form, else of the input's type; null before
  int64_t count_ = 0;
  int64_t null_count_ = 0;
  double min_ = 0;  ///< where has_range_
  double max_ = 0;
  double median_error_bound_ = 0;
};

arrow::Result<std::unique_ptr<Transform>> Impute::Make(const nlohmann::json& options,
                                                       const TransformContext& context) {
  StepOptions reader(kName, options, "strategy");
  auto step = std::unique_ptr<Impute>(new Impute(context));
  const std::optional<std::string> by_constant =
      reader.Has(kConstant) ? std::optional<std::string>(kConstant) : std::nullopt;
  step->strategy_ =
      reader.Choice("strategy", {kMean, kMedian, kMostFrequent, kConstant}, by_constant);
  step->indicator_ = reader.Boolean("indicator", false);
  const nlohmann::json* constant = reader.Value(kConstant);
  if (constant != nullptr) step->constant_ = *constant;
  if (constant == nullptr && step->strategy_ == kConstant) {
    reader.AddFault("option 'constant' is missing: {constant: 0}");
  }
  if (constant != nullptr && step->strategy_ != kConstant) {
    reader.AddFault("option 'constant' does not go with strategy '" + step->strategy_ + "'");
  }
  ARROW_RETURN_NOT_OK(reader.Finish());

  const ColumnInfo& input = context.input;
  const bool is_number = input.numeric_form || HasNumericForm(*input.type);
  const bool is_bool = !input.numeric_form && input.type->id() == arrow::Type::BOOL;
  const bool of_numbers = step->strategy_ == kMean || step->strategy_ == kMedian;
  if (of_numbers && !is_number) {
    return base::UsageError("impute: the " + step->strategy_ + " is for numbers, and column '" +
                            input.name + "' is " + input.type->ToString() +
                            "; use most_frequent or {constant: ...}");
  }
  step->numeric_ = input.numeric_form || of_numbers;
  step->has_range_ = is_number && (!is_bool || of_numbers);
  if (step->strategy_ == kConstant) ARROW_RETURN_NOT_OK(step->SetConstant());
  return std::unique_ptr<Transform>(std::move(step));
}

arrow::Status Impute::SetConstant() {
  const auto fault = [&](const std::string& expected) {
    return base::UsageError("impute: constant must be " + expected + " for column '" + input_.name +
                            "'; found " + OptionText(constant_));
  };
  if (!numeric_) {
    arrow::Result<std::shared_ptr<arrow::Array>> value = ConstantOf(constant_, input_.type);
    if (value.ok()) {
      fill_ = *std::move(value);
      return arrow::Status::OK();
    }
    if (!has_range_) return fault("a value of type " + input_.type->ToString());
  }
  // A number that the column's type does not hold makes a column of doubles.
  if (!constant_.is_number() || !std::isfinite(constant_.get<double>())) {
    return fault("a finite number");
  }
  numeric_ = true;
  fill_ = ArrayOfOne(constant_.get<double>());
  return arrow::Status::OK();
}

std::vector<std::shared_ptr<const Analyzer>> Impute::analyzers() const {
  if (strategy_ == kConstant) return {};
  if (strategy_ == kMean) return {MakeMomentsAnalyzer()};
  if (strategy_ == kMedian) {
    return {
        MakeQuantileAnalyzer(quantile_keys_, exact_quantiles_, {.median = true, .quantiles = {}})};
  }
  // The counts are exact, however many values there are; the moments tell of infinities.
  const auto counts = MakeValueCountsAnalyzer({.min_count = 1, .max_size = 1});
  if (!has_range_) return {counts};
  return {counts, MakeMomentsAnalyzer()};
}

arrow::Status Impute::Learn(const std::vector<std::shared_ptr<const Statistic>>& statistics) {
  if (statistics.size() != analyzers().size() || statistics.empty()) return WrongStatistics(kName);
  if (strategy_ == kMostFrequent) {
    return LearnMostFrequent(statistics[0].get(), has_range_ ? statistics[1].get() : nullptr);
  }
  const std::string purpose = "a " + strategy_;
  if (strategy_ == kMean) {
    const auto* moments = dynamic_cast<const MomentsStatistic*>(statistics[0].get());
    if (moments == nullptr) return WrongStatistics(kName);
    ARROW_RETURN_NOT_OK(CheckFinite(input_.name, kName, moments->infinity_count));
    ARROW_RETURN_NOT_OK(CheckHasValues(input_.name, purpose, moments->count, moments->null_count));
    SetRange(moments->count, moments->null_count, moments->min, moments->max);
    fill_ = ArrayOfOne(moments->mean);
    return arrow::Status::OK();
  }
  const auto* quantiles = dynamic_cast<const QuantileStatistic*>(statistics[0].get());
  if (quantiles == nullptr) return WrongStatistics(kName);
  ARROW_RETURN_NOT_OK(CheckFinite(input_.name, kName, quantiles->infinity_count()));
  ARROW_RETURN_NOT_OK(
      CheckHasValues(input_.name, purpose, quantiles->count(), quantiles->null_count()));
  SetRange(quantiles->count(), quantiles->null_count(), quantiles->min(), quantiles->max());
  const QuantileEstimate median = quantiles->Median();
  median_error_bound_ = median.error_bound;
  fill_ = ArrayOfOne(median.value);
  return arrow::Status::OK();
}

arrow::Status Impute::LearnMostFrequent(const Statistic* counted, const Statistic* moments) {
  const auto* counts = dynamic_cast<const ValueCountsStatistic*>(counted);
  if (counts == nullptr) return WrongStatistics(kName);
  const auto* range = dynamic_cast<const MomentsStatistic*>(moments);
  if (has_range_ && range == nullptr) return WrongStatistics(kName);
  if (range != nullptr) {
    ARROW_RETURN_NOT_OK(CheckFinite(input_.name, kName, range->infinity_count));
  }
  ARROW_RETURN_NOT_OK(
      CheckHasValues(input_.name, "the most frequent", counts->count, counts->null_count));
  if (counts->values->length() == 0) return WrongStatistics(kName);
  // A copy of its own: the slice would keep all counted values alive.
  ARROW_ASSIGN_OR_RAISE(
      fill_, arrow::Concatenate({counts->values->Slice(0, 1)}, arrow::default_memory_pool()));
  SetRange(counts->count, counts->null_count, range != nullptr ? range->min : 0,
           range != nullptr ? range->max : 0);
  return arrow::Status::OK();
}

nlohmann::json Impute::Describe() const {
  nlohmann::json described = DescribeOptions(*this);
  if (fill_ == nullptr) return described;
  // Learn and Restore admit only types that have a JSON form. A constant is told too, as the value
  // of the column that it became, so that readers find at one place what a missing value becomes.
  described["fill"] = ValueToJson(*fill_, 0).ValueOr(nlohmann::json());
  if (strategy_ == kConstant) return described;
  described["count"] = count_;
  described["null_count"] = null_count_;
  if (has_range_) {
    described["min"] = min_;
    described["max"] = max_;
  }
  if (strategy_ == kMedian) described["median_error_bound"] = median_error_bound_;
  return described;
}

arrow::Status Impute::Restore(const nlohmann::json& learned,
                              const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(*this, input_.name, learned);
  if (strategy_ == kConstant) {
    const auto fill = ValuesFromJson({facts.Value("fill")}, fill_->type());
    facts.Check(fill.ok() && (*fill)->Equals(*fill_), "'fill' must be the plan's constant");
    return facts.Finish();
  }
  const int64_t count = facts.Integer("count", 1);
  const int64_t null_count = facts.Integer("null_count");
  const double min = has_range_ ? facts.Number("min") : 0;
  const double max = has_range_ ? facts.Number("max") : 0;
  const double bound = strategy_ == kMedian ? facts.Number("median_error_bound", 0) : 0;
  auto fill = ValuesFromJson({facts.Value("fill")}, numeric_ ? arrow::float64() : input_.type);
  facts.Check(fill.ok(), "'fill': " + fill.status().message());
  ARROW_RETURN_NOT_OK(facts.Finish());
  fill_ = *std::move(fill);
  if (has_range_) {
    ARROW_ASSIGN_OR_RAISE(const double number, NumericFill());
    facts.Check(min <= number && number <= max, "'fill' must be between 'min' and 'max'");
    ARROW_RETURN_NOT_OK(facts.Finish());
  }
  median_error_bound_ = bound;
  SetRange(count, null_count, min, max);
  return arrow::Status::OK();
}

std::vector<ColumnInfo> Impute::outputs() const {
  ColumnInfo output = numeric_ ? NumericInfo(input_) : input_;
  output.nullable = false;
  // What is learned lies within the values' range; a constant need not.
  if (has_range_ && strategy_ == kConstant) {
    output.lower_bound = std::min(output.lower_bound, NumericFill().ValueOr(-kImputeInfinity));
  }
  std::vector<ColumnInfo> outputs = {output};
  if (indicator_) {
    ColumnInfo indicator;
    indicator.name = input_.name + "_missing";
    indicator.type = arrow::float64();
    indicator.numeric_form = true;
    indicator.nullable = false;
    indicator.lower_bound = 0;
    outputs.push_back(indicator);
  }
  return outputs;
}

arrow::Status Impute::Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                            std::vector<ValueBlock>* outputs) const {
  std::shared_ptr<arrow::Array> filled;
  if (!numeric_) {
    ARROW_ASSIGN_OR_RAISE(filled, FillMissing(input, fill_, pool));
  } else if (!input_.nullable && !input.null_slot) {
    ARROW_ASSIGN_OR_RAISE(filled, ToNumeric(input, pool));
  } else {
    ARROW_ASSIGN_OR_RAISE(const double number, NumericFill());
    ARROW_ASSIGN_OR_RAISE(filled, ToNumeric(input, pool, number));
  }
  outputs->push_back({std::move(filled), false});
  if (indicator_) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> indicator, Indicate(input, pool));
    outputs->push_back({std::move(indicator), false});
  }
  return arrow::Status::OK();
}

const TransformRegistration kImputeRegistration("impute", Impute::Make);

}  // namespace
}  // namespace emberharmony::feature

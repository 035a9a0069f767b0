#include <arrow/status.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_compute.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

/// `clip: {min, max}`: values below min become min, values above max become max (infinities too);
/// at least one is given.
class Clip : public Transform {
 public:
  Clip(const ColumnInfo& input, std::optional<double> min, std::optional<double> max)
      : output_(NumericInfo(input)), min_(min), max_(max) {
    if (min_) output_.lower_bound = std::max(output_.lower_bound, *min_);
    if (max_) output_.lower_bound = std::min(output_.lower_bound, *max_);
  }

  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options);
    const std::optional<double> min = reader.Number("min");
    const std::optional<double> max = reader.Number("max");
    if (!reader.Has("min") && !reader.Has("max")) {
      reader.AddFault("option 'min' or 'max' is missing: {min: 0}, {max: 1} or {min: 0, max: 1}");
    }
    if (min && max && *min > *max) {
      reader.AddFault("option 'min' must not be above 'max'; found " + NumberText(*min) + " and " +
                      NumberText(*max));
    }
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
    return std::make_unique<Clip>(context.input, min, max);
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.continuous = true, .computes = true}; }
  std::vector<backend::Op> operations() const override {
    if (min_ && max_) return {backend::Op::kClip};
    if (min_) return {backend::Op::kMaximum};
    if (max_) return {backend::Op::kMinimum};
    return {};
  }
  nlohmann::json options() const override {
    nlohmann::json options = nlohmann::json::object();
    if (min_) options["min"] = *min_;
    if (max_) options["max"] = *max_;
    return options;
  }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    const ops::Operand min = min_ ? ops::Operand(*min_) : ops::Operand();
    const ops::Operand max = max_ ? ops::Operand(*max_) : ops::Operand();
    ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                          ComputeNumeric(input, pool, [&](const tensor::Tensor& x) {
                            return ops::clip(x, min, max);
                          }));
    outputs->push_back(std::move(block));
    return arrow::Status::OK();
  }

 private:
  static inline const std::string kName = "clip";
  ColumnInfo output_;
  std::optional<double> min_;
  std::optional<double> max_;
};

const TransformRegistration kClipRegistration("clip", Clip::Make);

}  // namespace
}  // namespace emberharmony::feature

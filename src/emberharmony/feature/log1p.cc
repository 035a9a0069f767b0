#include <arrow/status.h>

#include <cmath>
#include <memory>
#include <utility>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_compute.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

/// `log1p`: ln(1 + x), as numpy.log1p. Below -1 there is no such number: missing. Of -1: -infinity.
class Log1p : public Transform {
 public:
  explicit Log1p(const ColumnInfo& input) : output_(NumericInfo(input)) {
    output_.nullable = input.nullable || !(input.lower_bound >= -1);
    // The logarithm may be off by an ulp; the bound must hold nevertheless. Of 0 it is exactly 0.
    constexpr double kSlack = 1e-15;
    const double bound = input.lower_bound >= -1 ? std::log1p(input.lower_bound) : -INFINITY;
    output_.lower_bound = bound - kSlack * std::fabs(bound);
  }

  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options);
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
    return std::make_unique<Log1p>(context.input);
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.continuous = true, .computes = true}; }
  std::vector<backend::Op> operations() const override { return {backend::Op::kLog1p}; }
  nlohmann::json options() const override { return nlohmann::json::object(); }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    ARROW_ASSIGN_OR_RAISE(
        ValueBlock block,
        ComputeNumeric(input, pool, [](const tensor::Tensor& x) { return ops::log1p(x); }));
    outputs->push_back(std::move(block));
    return arrow::Status::OK();
  }

 private:
  static inline const std::string kName = "log1p";
  ColumnInfo output_;
};

const TransformRegistration kLog1pRegistration("log1p", Log1p::Make);

}  // namespace
}  // namespace emberharmony::feature

#include <arrow/status.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_compute.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

/// `finite`: infinities become missing; all else stays.
class Finite : public Transform {
 public:
  explicit Finite(const ColumnInfo& input) : output_(NumericInfo(input)) {
    output_.nullable = true;
  }

  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options);
    ARROW_RETURN_NOT_OK(reader.Finish());
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.input));
    return std::make_unique<Finite>(context.input);
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.continuous = true, .computes = true}; }
  std::vector<backend::Op> operations() const override {
    return {backend::Op::kIsFinite, backend::Op::kWhere};
  }
  nlohmann::json options() const override { return nlohmann::json::object(); }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* pool,
                      std::vector<ValueBlock>* outputs) const override {
    ARROW_ASSIGN_OR_RAISE(ValueBlock block,
                          ComputeNumeric(input, pool, [](const tensor::Tensor& x) {
                            return ops::where(ops::isfinite(x), x, kNotANumber);
                          }));
    outputs->push_back(std::move(block));
    return arrow::Status::OK();
  }

 private:
  static inline const std::string kName = "finite";
  ColumnInfo output_;
};

const TransformRegistration kFiniteRegistration("finite", Finite::Make);

}  // namespace
}  // namespace emberharmony::feature

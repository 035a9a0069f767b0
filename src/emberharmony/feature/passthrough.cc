#include <arrow/status.h>

#include <memory>
#include <utility>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {
namespace {

/// `passthrough`: the values as they are, in their own type, nulls and NaNs untouched, without a
/// copy.
class Passthrough : public Transform {
 public:
  explicit Passthrough(ColumnInfo input) : output_(std::move(input)) { output_.final_type = true; }

  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& context) {
    StepOptions reader(kName, options);
    ARROW_RETURN_NOT_OK(reader.Finish());
    return std::make_unique<Passthrough>(context.input);
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.continuous = true}; }
  nlohmann::json options() const override { return nlohmann::json::object(); }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const ValueBlock& input, arrow::MemoryPool* /*pool*/,
                      std::vector<ValueBlock>* outputs) const override {
    outputs->push_back(input);
    return arrow::Status::OK();
  }

 private:
  static inline const std::string kName = "passthrough";
  ColumnInfo output_;
};

const TransformRegistration kPassthroughRegistration("passthrough", Passthrough::Make);

}  // namespace
}  // namespace emberharmony::feature

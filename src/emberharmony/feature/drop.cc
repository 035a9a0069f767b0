#include <arrow/status.h>

#include <memory>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {
namespace {

/// `drop`: no output. Takes any column; nothing may follow.
class Drop : public Transform {
 public:
  static arrow::Result<std::unique_ptr<Transform>> Make(const nlohmann::json& options,
                                                        const TransformContext& /*context*/) {
    StepOptions reader(kName, options);
    ARROW_RETURN_NOT_OK(reader.Finish());
    return std::make_unique<Drop>();
  }

  const std::string& name() const override { return kName; }
  TransformTraits traits() const override { return {.last = true}; }
  nlohmann::json options() const override { return nlohmann::json::object(); }
  nlohmann::json Describe() const override { return DescribeOptions(*this); }
  std::vector<ColumnInfo> outputs() const override { return {}; }
  arrow::Status Apply(const ValueBlock& /*input*/, arrow::MemoryPool* /*pool*/,
                      std::vector<ValueBlock>* /*outputs*/) const override {
    return arrow::Status::OK();
  }

 private:
  static inline const std::string kName = "drop";
};

const TransformRegistration kDropRegistration("drop", Drop::Make);

}  // namespace
}  // namespace emberharmony::feature

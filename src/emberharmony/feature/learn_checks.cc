#include "emberharmony/feature/learn_checks.h"

#include <memory>
#include <string_view>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/lack_of_values.h"

namespace emberharmony::feature {
namespace {

constexpr std::string_view kLackOfValuesId = "emberharmony::feature::LackOfValues";

class LackOfValuesDetail : public arrow::StatusDetail {
 public:
  const char* type_id() const override { return kLackOfValuesId.data(); }
  std::string ToString() const override { return "data error"; }
};

}  // namespace

arrow::Status CheckHasValues(const std::string& column, const std::string& purpose, int64_t count,
                             int64_t null_count) {
  if (count > 0) return arrow::Status::OK();
  const std::string found = null_count == 0 ? "there are no training rows"
                            : null_count == 1
                                ? "the only training row is null"
                                : "all " + std::to_string(null_count) + " training rows are null";
  const arrow::Status status =
      base::DataError("column '" + column + "' has no values to take " + purpose + " of: " + found +
                      "; drop the column, or fill it first (impute: {constant: 0})");
  return null_count == 0 ? status : AsLackOfValues(status);
}

arrow::Status AsLackOfValues(const arrow::Status& status) {
  return status.WithDetail(std::make_shared<LackOfValuesDetail>());
}

bool IsLackOfValues(const arrow::Status& status) {
  return status.detail() != nullptr && status.detail()->type_id() == kLackOfValuesId;
}

arrow::Status CheckFinite(const std::string& column, const std::string& step,
                          int64_t infinity_count) {
  if (infinity_count == 0) return arrow::Status::OK();
  return base::DataError("column '" + column + "' holds " + std::to_string(infinity_count) +
                         (infinity_count == 1 ? " infinity" : " infinities") + ", from which " +
                         step +
                         " cannot learn; put a step before it: finite makes them missing values, "
                         "clip: {min: ..., max: ...} bounds them");
}

arrow::Status WrongStatistics(const std::string& step) {
  return arrow::Status::Invalid("step '", step, "' was given other statistics than it asked for");
}

}  // namespace emberharmony::feature

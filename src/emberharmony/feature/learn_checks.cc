#include "emberharmony/feature/learn_checks.h"

#include "emberharmony/base/error_kind.h"

namespace emberharmony::feature {

arrow::Status CheckHasValues(const std::string& column, const std::string& purpose, int64_t count,
                             int64_t null_count) {
  if (count > 0) return arrow::Status::OK();
  const std::string found = null_count == 0 ? "there are no training rows"
                            : null_count == 1
                                ? "the only training row is null"
                                : "all " + std::to_string(null_count) + " training rows are null";
  return base::DataError("column '" + column + "' has no values to take " + purpose + " of: " +
                         found + "; drop the column, or fill it first (impute: {constant: 0})");
}

arrow::Status CheckFinite(const std::string& column, const std::string& step,
                          int64_t infinity_count) {
  if (infinity_count == 0) return arrow::Status::OK();
  return base::DataError("column '" + column + "' holds " + std::to_string(infinity_count) +
                         (infinity_count == 1 ? " infinity" : " infinities") + ", from which " +
                         step +
                         " cannot learn; put a clip step before it (clip: {min: ..., max: ...})");
}

arrow::Status WrongStatistics(const std::string& step) {
  return arrow::Status::Invalid("step '", step, "' was given other statistics than it asked for");
}

}  // namespace emberharmony::feature

#include "emberharmony/engine/column_status.h"

namespace emberharmony::engine {

arrow::Status WithColumn(const arrow::Status& status, const std::string& column) {
  if (status.ok() || status.IsCancelled() ||
      status.message().find("'" + column + "'") != std::string::npos) {
    return status;
  }
  return status.WithMessage("column '", column, "': ", status.message());
}

}  // namespace emberharmony::engine

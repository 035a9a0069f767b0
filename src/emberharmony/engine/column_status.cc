#include "emberharmony/engine/column_status.h"

namespace emberharmony::engine {

arrow::Status WithColumn(const arrow::Status& status, const std::string& column) {
  if (status.ok() || status.IsCancelled()) return status;
  std::string message = status.message();
  const size_t end = message.starts_with("step ") ? message.find(": ") : std::string::npos;
  if (end != std::string::npos) message.erase(0, end + 2);
  if (message.find("'" + column + "'") == std::string::npos) {
    message = "column '" + column + "': " + message;
  }
  return status.WithMessage(message);
}

}  // namespace emberharmony::engine

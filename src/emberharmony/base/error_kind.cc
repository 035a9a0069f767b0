#include "emberharmony/base/error_kind.h"

#include <memory>
#include <string_view>
#include <utility>

#include "emberharmony/base/unknown_column.h"

namespace emberharmony::base {
namespace {

constexpr std::string_view kDetailTypeId = "emberharmony::base::ErrorKind";

class ErrorKindDetail : public arrow::StatusDetail {
 public:
  explicit ErrorKindDetail(ErrorKind kind, bool is_unknown_column = false)
      : kind_(kind), is_unknown_column_(is_unknown_column) {}
  const char* type_id() const override { return kDetailTypeId.data(); }
  std::string ToString() const override {
    switch (kind_) {
      case ErrorKind::kUsage:
        return "usage error";
      case ErrorKind::kInterrupted:
        return "interrupted";
      case ErrorKind::kMemory:
        return "memory limit";
      case ErrorKind::kData:
        break;
    }
    return "data error";
  }
  ErrorKind kind() const { return kind_; }
  bool is_unknown_column() const { return is_unknown_column_; }

 private:
  const ErrorKind kind_;
  const bool is_unknown_column_;
};

/// The detail of a status that was made here, or null. Details of other libraries (errno, for one)
/// are told apart by the content of the id, not by its address: the id may exist once per shared
/// library.
const ErrorKindDetail* DetailOf(const arrow::Status& status) {
  const bool ours = status.detail() != nullptr && status.detail()->type_id() == kDetailTypeId;
  return ours ? static_cast<const ErrorKindDetail*>(status.detail().get()) : nullptr;
}

arrow::Status WithKind(arrow::StatusCode code, std::string message, ErrorKind kind) {
  return arrow::Status(code, std::move(message), std::make_shared<ErrorKindDetail>(kind));
}

}  // namespace

arrow::Status UsageError(std::string message) {
  return WithKind(arrow::StatusCode::Invalid, std::move(message), ErrorKind::kUsage);
}

arrow::Status UnknownColumnError(std::string message) {
  return arrow::Status(arrow::StatusCode::Invalid, std::move(message),
                       std::make_shared<ErrorKindDetail>(ErrorKind::kUsage, true));
}

bool IsUnknownColumn(const arrow::Status& status) {
  const ErrorKindDetail* detail = DetailOf(status);
  return detail != nullptr && detail->is_unknown_column();
}

arrow::Status DataError(std::string message) {
  return WithKind(arrow::StatusCode::Invalid, std::move(message), ErrorKind::kData);
}

arrow::Status InterruptedError(std::string message) {
  return WithKind(arrow::StatusCode::Cancelled, std::move(message), ErrorKind::kInterrupted);
}

ErrorKind KindOf(const arrow::Status& status) {
  if (const ErrorKindDetail* detail = DetailOf(status)) return detail->kind();
  if (status.IsOutOfMemory()) return ErrorKind::kMemory;
  if (status.IsCancelled()) return ErrorKind::kInterrupted;
  return ErrorKind::kData;
}

}  // namespace emberharmony::base

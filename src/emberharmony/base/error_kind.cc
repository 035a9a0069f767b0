#include "emberharmony/base/error_kind.h"

#include <memory>
#include <string_view>
#include <utility>

namespace emberharmony::base {
namespace {

constexpr std::string_view kDetailTypeId = "emberharmony::base::ErrorKind";

class ErrorKindDetail : public arrow::StatusDetail {
 public:
  explicit ErrorKindDetail(ErrorKind kind) : kind_(kind) {}
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

 private:
  ErrorKind kind_;
};

arrow::Status WithKind(arrow::StatusCode code, std::string message, ErrorKind kind) {
  return arrow::Status(code, std::move(message), std::make_shared<ErrorKindDetail>(kind));
}

}  // namespace

arrow::Status UsageError(std::string message) {
  return WithKind(arrow::StatusCode::Invalid, std::move(message), ErrorKind::kUsage);
}

arrow::Status DataError(std::string message) {
  return WithKind(arrow::StatusCode::Invalid, std::move(message), ErrorKind::kData);
}

arrow::Status InterruptedError(std::string message) {
  return WithKind(arrow::StatusCode::Cancelled, std::move(message), ErrorKind::kInterrupted);
}

ErrorKind KindOf(const arrow::Status& status) {
  // Details of other libraries (errno, for one) are told apart by the content of the id, not by its
  // address: the id may exist once per shared library.
  if (status.detail() != nullptr && status.detail()->type_id() == kDetailTypeId) {
    return static_cast<const ErrorKindDetail&>(*status.detail()).kind();
  }
  if (status.IsOutOfMemory()) return ErrorKind::kMemory;
  if (status.IsCancelled()) return ErrorKind::kInterrupted;
  return ErrorKind::kData;
}

}  // namespace emberharmony::base

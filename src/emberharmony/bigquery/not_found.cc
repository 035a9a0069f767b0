#include "emberharmony/bigquery/not_found.h"

#include <memory>
#include <string_view>
#include <utility>

namespace emberharmony::bigquery {
namespace {

constexpr std::string_view kNotFoundTypeId = "emberharmony::bigquery::NotFound";

class NotFoundDetail : public arrow::StatusDetail {
 public:
  const char* type_id() const override { return kNotFoundTypeId.data(); }
  std::string ToString() const override { return "not found"; }
};

}  // namespace

arrow::Status NotFoundError(std::string message) {
  return arrow::Status(arrow::StatusCode::Invalid, std::move(message),
                       std::make_shared<NotFoundDetail>());
}

bool IsNotFound(const arrow::Status& status) {
  // By the content of the id: it exists once in each library.
  return status.detail() != nullptr && status.detail()->type_id() == kNotFoundTypeId;
}

}  // namespace emberharmony::bigquery

#include "emberharmony/bigquery/expiry_forecast.h"

#include <fmt/format.h>

#include <ctime>

namespace emberharmony::bigquery {
namespace {

constexpr int64_t kMicrosInSecond = 1'000'000;
constexpr int64_t kFirstLookMicros = 60 * kMicrosInSecond;

}  // namespace

std::string InstantText(int64_t micros) {
  const time_t seconds = micros / kMicrosInSecond;
  tm parts{};
  char text[64];
  if (gmtime_r(&seconds, &parts) == nullptr ||
      strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
    return std::to_string(micros);
  }
  return text;
}

std::string ExpiryForecast::Look(int64_t now_micros, int64_t rows) {
  const int64_t elapsed = now_micros - begin_micros_;
  if (has_warned_ || expire_micros_ <= 0 || estimated_rows_ <= 0 || elapsed < kFirstLookMicros) {
    return "";
  }
  // In seconds of a double: the products are too large for integers.
  const double left_seconds = static_cast<double>(expire_micros_ - now_micros) / kMicrosInSecond;
  const double left_rows = static_cast<double>(estimated_rows_ - rows);
  const double rows_in_second =
      static_cast<double>(rows) / (static_cast<double>(elapsed) / kMicrosInSecond);
  if (left_rows <= rows_in_second * left_seconds) return "";
  has_warned_ = true;
  return fmt::format(
      "{} of about {} rows have come in {} minutes: at this rate the session, which ends at {}, is "
      "too short, and the run will end with an error and keep nothing; rather stop it, and read "
      "the table in ranges of a column (unit_column, best the partitioning one), in parts "
      "(--where) "
      "or with fewer --columns",
      rows, estimated_rows_, elapsed / kMicrosInSecond / 60, InstantText(expire_micros_));
}

}  // namespace emberharmony::bigquery

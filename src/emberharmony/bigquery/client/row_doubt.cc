#include "emberharmony/bigquery/client/row_doubt.h"

#include <fmt/format.h>

namespace emberharmony::bigquery::client {

std::string DoubtOfRows(int64_t estimate, int64_t rows, bool has_proof) {
  if (has_proof || estimate <= 0 || rows == estimate) return "";
  return fmt::format(
      "{} rows have come, but the session's estimate is {}, and the service tells no exact "
      "progress, by which rows that it sends twice or leaves out would be noticed; compare with "
      "SELECT COUNT(*) (an estimate may be stale, above all while rows are being added)",
      rows, estimate);
}

}  // namespace emberharmony::bigquery::client

#pragma once

#include <arrow/array.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cstdint>

namespace emberharmony::io::internal {

/// Calls visit(values) with the stored integers of an array of any integer type.
template <typename Visit>
arrow::Status VisitIntegers(const arrow::Array& array, Visit visit) {
  const auto& data = *array.data();
  switch (array.type_id()) {
    case arrow::Type::INT8:
      return visit(data.GetValues<int8_t>(1));
    case arrow::Type::UINT8:
      return visit(data.GetValues<uint8_t>(1));
    case arrow::Type::INT16:
      return visit(data.GetValues<int16_t>(1));
    case arrow::Type::UINT16:
      return visit(data.GetValues<uint16_t>(1));
    case arrow::Type::INT32:
      return visit(data.GetValues<int32_t>(1));
    case arrow::Type::UINT32:
      return visit(data.GetValues<uint32_t>(1));
    case arrow::Type::INT64:
      return visit(data.GetValues<int64_t>(1));
    case arrow::Type::UINT64:
      return visit(data.GetValues<uint64_t>(1));
    default:
      return arrow::Status::Invalid("indices of type ", array.type()->ToString());
  }
}

/// Invalid unless the ends of runs ascend and reach num_rows, and there are num_runs of them.
inline arrow::Status CheckRunEnds(const arrow::Array& ends, int64_t num_runs, int64_t num_rows) {
  if (num_runs != ends.length() || ends.null_count() > 0) {
    return arrow::Status::Invalid("it has ", ends.length(), " ends for ", num_runs, " runs");
  }
  return VisitIntegers(ends, [&](const auto* values) -> arrow::Status {
    int64_t last = 0;
    for (int64_t i = 0; i < num_runs; ++i) {
      const auto end = static_cast<int64_t>(values[i]);  // NOLINT(bugprone-signed-char-misuse)
      if (end <= last) {
        return arrow::Status::Invalid("run ", i, " ends at row ", end, " after ", last);
      }
      last = end;
    }
    if (last < num_rows) {
      return arrow::Status::Invalid("its runs end at row ", last, " of ", num_rows);
    }
    return arrow::Status::OK();
  });
}

}  // namespace emberharmony::io::internal

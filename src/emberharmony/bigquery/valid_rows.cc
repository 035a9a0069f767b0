#include "emberharmony/bigquery/valid_rows.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/bitmap_ops.h>

#include <cstring>

namespace emberharmony::bigquery {
namespace {

bool IsAscii(const uint8_t* bytes, int64_t size) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  uint64_t seen = 0;
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    seen |= word;
  }
  for (; i < size; ++i) seen |= bytes[i];
  return (seen & kHighBits) == 0;
}

bool IsCountOfNullsRight(const arrow::ArrayData& data) {
  const int64_t count = data.null_count;
  if (count == arrow::kUnknownNullCount) return true;
  if (data.buffers[0] == nullptr) return count == 0;
  return data.length -
             arrow::internal::CountSetBits(data.buffers[0]->data(), data.offset, data.length) ==
         count;
}

/// Whether this is a column of texts in which nothing is wrong: of one that has passed Validate,
/// which compares the sizes of buffers with the length. False: Arrow is to look closer.
bool IsValidAscii(const arrow::ArrayData& data) {
  if (data.type->id() != arrow::Type::STRING || data.length == 0) return false;
  if (data.buffers[1] == nullptr || data.buffers[2] == nullptr) return false;
  if (!IsCountOfNullsRight(data)) return false;
  const auto* const offsets = data.GetValues<int32_t>(1);
  const int32_t first = offsets[0];
  const int32_t last = offsets[data.length];
  if (first < 0 || last > data.buffers[2]->size()) return false;
  int descends = 0;  // without a branch, so that the compiler takes several at a time
  for (int64_t i = 0; i < data.length; ++i) descends |= offsets[i + 1] < offsets[i] ? 1 : 0;
  return descends == 0 && IsAscii(data.buffers[2]->data() + first, last - first);
}

}  // namespace

arrow::Status ValidateRows(const arrow::RecordBatch& rows) {
  ARROW_RETURN_NOT_OK(rows.Validate());
  for (int i = 0; i < rows.num_columns(); ++i) {
    if (IsValidAscii(*rows.column_data(i))) continue;
    const arrow::Status status = rows.column(i)->ValidateFull();
    if (!status.ok()) {
      return status.WithMessage("column '", rows.schema()->field(i)->name(),
                                "': ", status.message());
    }
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::bigquery

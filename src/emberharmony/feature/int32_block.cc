#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <utility>

#include "emberharmony/feature/int32_block_internal.h"

namespace emberharmony::feature {

arrow::Result<ValueBlock> Int32Block(std::shared_ptr<arrow::Buffer> values, int64_t n,
                                     bool null_slot, arrow::MemoryPool* pool) {
  auto* entries = reinterpret_cast<int32_t*>(values->mutable_data());
  const int64_t null_count = std::count(entries, entries + n, kMissingInt32);
  std::shared_ptr<arrow::Buffer> validity;
  if (null_count > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(n, pool));
    for (int64_t i = 0; i < n; ++i) {
      if (entries[i] == kMissingInt32) {
        entries[i] = 0;
      } else {
        arrow::bit_util::SetBit(validity->mutable_data(), i);
      }
    }
  }
  return ValueBlock{arrow::MakeArray(arrow::ArrayData::Make(
                        arrow::int32(), n, {std::move(validity), std::move(values)}, null_count)),
                    null_slot};
}

}  // namespace emberharmony::feature

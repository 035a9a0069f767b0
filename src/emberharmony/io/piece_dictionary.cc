#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>

#include <limits>

#include "emberharmony/io/piece_dictionary_internal.h"
#include "emberharmony/io/stored_integers_internal.h"

namespace emberharmony::io::internal {

using arrow::Result;
using arrow::Status;

Result<PieceDictionary> DictionaryOfEntries(std::shared_ptr<arrow::Array> entries,
                                            arrow::MemoryPool* pool) {
  PieceDictionary dictionary;
  if (entries->length() >= std::numeric_limits<int32_t>::max()) {
    return Status::Invalid("a dictionary has more than 2^31 entries");
  }
  if (entries->null_count() == 0) {
    dictionary.values = std::move(entries);
    return dictionary;
  }
  const auto num_values = static_cast<int32_t>(entries->length() - entries->null_count());
  arrow::Int32Builder kept(pool);
  ARROW_RETURN_NOT_OK(kept.Reserve(num_values));
  dictionary.index_of.assign(static_cast<size_t>(entries->length()), num_values);
  int32_t next = 0;
  for (int64_t i = 0; i < entries->length() && num_values > 0; ++i) {
    if (entries->IsNull(i)) continue;
    dictionary.index_of[static_cast<size_t>(i)] = next++;
    kept.UnsafeAppend(static_cast<int32_t>(i));
  }
  ARROW_ASSIGN_OR_RAISE(const auto indices, kept.Finish());
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(
      dictionary.values,
      arrow::compute::Take(*entries, *indices, arrow::compute::TakeOptions::NoBoundsCheck(),
                           &context));
  return dictionary;
}

Result<std::shared_ptr<arrow::Buffer>> PieceIndices(const arrow::Array& stored,
                                                    const PieceDictionary& dictionary,
                                                    arrow::MemoryPool* pool) {
  const int64_t n = stored.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices, arrow::AllocateBuffer(n * 4, pool));
  auto* out = reinterpret_cast<int32_t*>(indices->mutable_data());
  const auto null_index = static_cast<int32_t>(dictionary.values->length());
  const int32_t* index_of = dictionary.index_of.empty() ? nullptr : dictionary.index_of.data();
  const uint64_t num_entries =
      index_of != nullptr ? dictionary.index_of.size() : static_cast<uint64_t>(null_index);
  const bool has_nulls = stored.null_count() > 0;
  ARROW_RETURN_NOT_OK(VisitIntegers(stored, [&](const auto* values) -> Status {
    for (int64_t i = 0; i < n; ++i) {
      // A negative index becomes a very large one.
      const auto index = static_cast<uint64_t>(values[i]);
      if (has_nulls && stored.IsNull(i)) {
        out[i] = null_index;
      } else if (index < num_entries) {
        out[i] = index_of != nullptr ? index_of[index] : static_cast<int32_t>(index);
      } else {
        return Status::Invalid("it has the index ", +values[i], " into a dictionary of ",
                               num_entries, " entries");
      }
    }
    return Status::OK();
  }));
  return indices;
}

}  // namespace emberharmony::io::internal

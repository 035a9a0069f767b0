#include "emberharmony/feature/value_index.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/feature/array_pool.h"
#include "emberharmony/feature/counted_values_internal.h"

namespace emberharmony::feature {

// The multiset in which the i-th value counts i + 1 times: its count is its position.
struct ValueIndex::Impl {
  std::shared_ptr<arrow::Array> values;
  CountedValues positions;
};

ValueIndex::ValueIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ValueIndex::~ValueIndex() = default;

const std::shared_ptr<arrow::Array>& ValueIndex::values() const { return impl_->values; }
int64_t ValueIndex::memory_bytes() const { return impl_->positions.memory_bytes(); }

arrow::Result<std::unique_ptr<ValueIndex>> ValueIndex::Make(std::shared_ptr<arrow::Array> values,
                                                            arrow::MemoryPool* pool) {
  const int64_t length = values->length();
  if (length > std::numeric_limits<int32_t>::max()) {
    return base::UsageError("a map of at most 2^31 - 1 values was expected, found " +
                            std::to_string(length) + "; set max_size or a larger min_count");
  }
  if (values->type_id() == arrow::Type::DICTIONARY) {
    return base::UsageError("a map is made from plain values, not from a dictionary array");
  }
  ARROW_ASSIGN_OR_RAISE(ValueKeys keys, ValueKeys::Make(*values->type()));
  base::MemoryBudget* budget =
      pool == nullptr ? BudgetOf(*values) : dynamic_cast<base::MemoryBudget*>(pool);
  StateOptions memory;
  memory.budget = budget;
  auto impl = std::make_unique<Impl>(Impl{values, CountedValues(std::move(keys), memory)});
  constexpr int64_t kBlock = 65536;
  std::vector<int64_t> positions(std::min(kBlock, length));
  for (int64_t begin = 0; begin < length; begin += kBlock) {
    const auto block = values->Slice(begin, kBlock);
    for (int64_t i = 0; i < block->length(); ++i) positions[i] = begin + i + 1;
    ARROW_RETURN_NOT_OK(impl->positions.Add({*block, positions.data()}));
  }
  if (impl->positions.null_count() != 0 || impl->positions.size() != length) {
    return base::DataError("values of a vocabulary repeat or are missing; each must occur once");
  }
  return std::unique_ptr<ValueIndex>(new ValueIndex(std::move(impl)));
}

arrow::Status ValueIndex::Lookup(const arrow::Array& values, int32_t* out) const {
  if (values.type_id() == arrow::Type::DICTIONARY) {
    const auto& array = static_cast<const arrow::DictionaryArray&>(values);
    std::vector<int32_t> positions(array.dictionary()->length());
    ARROW_RETURN_NOT_OK(Lookup(*array.dictionary(), positions.data()));
    for (int64_t i = 0; i < array.length(); ++i) {
      out[i] = array.IsNull(i) ? kMissing : positions[array.GetValueIndex(i)];
    }
    return arrow::Status::OK();
  }
  const CountedValues& positions = impl_->positions;
  if (!positions.keys().Accepts(*values.type())) {
    return base::UsageError("values of type " + positions.keys().type()->ToString() +
                            " were to be looked up, found " + values.type()->ToString());
  }
  int64_t counts[ValueKeys::kChunk];
  for (int64_t begin = 0; begin < values.length(); begin += ValueKeys::kChunk) {
    const int n = static_cast<int>(std::min<int64_t>(ValueKeys::kChunk, values.length() - begin));
    positions.Find(values, begin, n, counts);
    static_assert(kAbsent == -1 && kMissing == -2);
    for (int i = 0; i < n; ++i) out[begin + i] = static_cast<int32_t>(counts[i] - 1);
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature

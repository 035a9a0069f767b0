#include <arrow/array/concatenate.h>
#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <numeric>

#include "emberharmony/io/index_kernels_internal.h"
#include "emberharmony/io/slot_rows_internal.h"

namespace emberharmony::io {

SlotRows::SlotRows(int num_columns, arrow::MemoryPool* pool)
    : num_columns_(num_columns),
      pool_(pool),
      plain_arrays_(num_columns),
      slots_(pool),
      used_(pool) {}

arrow::Status SlotRows::AppendEncoded(std::span<const std::shared_ptr<arrow::Array>> values,
                                      const int32_t* indices, int64_t num_rows,
                                      uint64_t dictionary_id) {
  ARROW_ASSIGN_OR_RAISE(const Block* block, FindOrAddBlock(values, dictionary_id));
  ARROW_RETURN_NOT_OK(slots_.Reserve(std::max(expected_rows_, num_rows_ + num_rows)));
  ARROW_RETURN_NOT_OK(slots_.Resize(num_rows_ + num_rows));
  // Indices are copied, checked and used while they are in the cache.
  constexpr int64_t kStep = 4096;
  for (int64_t begin = 0; begin < num_rows; begin += kStep) {
    const int64_t count = std::min(kStep, num_rows - begin);
    int32_t* out = slots_.data() + num_rows_ + begin;
    if (!CopyIndices(indices + begin, count, static_cast<int32_t>(block->length), block->base, out,
                     &num_null_indices_)) {
      return arrow::Status::Invalid(
          "an index outside [0, ", block->length,
          "] was appended to a Parquet column; this is an error of the program, please report it");
    }
    MarkUsed(out, count, used_.data());
  }
  num_rows_ += num_rows;
  return arrow::Status::OK();
}

arrow::Status SlotRows::AppendPlain(std::span<const std::shared_ptr<arrow::Array>> values,
                                    int64_t offset, int64_t num_rows) {
  for (int k = 0; k < num_columns_; ++k) {
    plain_arrays_[k].push_back(values[k]->Slice(offset, num_rows));
    ARROW_RETURN_NOT_OK(MergeShortArrays(&plain_arrays_[k]));
  }
  const bool continues = !plain_runs_.empty() &&
                         plain_runs_.back().first_row + plain_runs_.back().num_rows == num_rows_;
  if (continues) {
    plain_runs_.back().num_rows += num_rows;
  } else {
    plain_runs_.push_back({num_rows_, num_rows});
  }
  num_rows_ += num_rows;
  return arrow::Status::OK();
}

arrow::Status SlotRows::MergeShortArrays(std::vector<std::shared_ptr<arrow::Array>>* arrays) {
  // An array object costs a few hundred bytes, so that millions of appends of one row would not fit
  // into memory. Merging neighbours of similar length copies each row a logarithmic number of
  // times.
  constexpr int64_t kShort = 4096;
  while (arrays->size() >= 2) {
    const auto& last = arrays->back();
    const auto& before = (*arrays)[arrays->size() - 2];
    if (last->length() >= kShort || before->length() >= 2 * last->length()) break;
    ARROW_ASSIGN_OR_RAISE(auto merged, arrow::Concatenate({before, last}, pool_));
    arrays->pop_back();
    arrays->back() = std::move(merged);
  }
  return arrow::Status::OK();
}

void SlotRows::Clear() {
  num_rows_ = 0;
  num_null_indices_ = 0;
  blocks_.clear();
  block_of_id_.clear();
  plain_runs_.clear();
  for (auto& arrays : plain_arrays_) arrays.clear();
  slots_.Clear();
  used_.Clear();
}

arrow::Result<std::vector<std::shared_ptr<arrow::Array>>> SlotRows::PlainRows() {
  std::vector<std::shared_ptr<arrow::Array>> result;
  for (auto& arrays : plain_arrays_) {
    if (arrays.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(auto whole, arrow::Concatenate(arrays, pool_));
      arrays.assign(1, std::move(whole));
    }
    result.push_back(arrays[0]);
  }
  return result;
}

arrow::Status SlotRows::GivePlainRowsSlots() {
  if (plain_runs_.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto arrays, PlainRows());
  ARROW_ASSIGN_OR_RAISE(const Block* block, AddBlock(std::move(arrays)));
  std::memset(used_.data() + block->base, 1, block->length);
  ARROW_RETURN_NOT_OK(slots_.Resize(num_rows_));
  int32_t next_slot = block->base;
  for (const PlainRun& run : plain_runs_) {
    int32_t* first = slots_.data() + run.first_row;
    std::iota(first, first + run.num_rows, next_slot);
    next_slot += static_cast<int32_t>(run.num_rows);
  }
  plain_runs_.clear();
  for (auto& pieces : plain_arrays_) pieces.clear();
  return arrow::Status::OK();
}

arrow::Result<const SlotRows::Block*> SlotRows::FindOrAddBlock(
    std::span<const std::shared_ptr<arrow::Array>> values, uint64_t dictionary_id) {
  const Block* found = nullptr;
  if (dictionary_id == 0) {
    // Without a number the same arrays as in the append before are the same dictionary.
    if (!blocks_.empty() &&
        std::equal(values.begin(), values.end(), blocks_.back().values.begin())) {
      found = &blocks_.back();
    }
  } else if (auto it = block_of_id_.find(dictionary_id); it != block_of_id_.end()) {
    found = &blocks_[it->second];
    if (found->length != values[0]->length()) {
      return arrow::Status::Invalid(
          "two dictionaries of ", found->length, " and ", values[0]->length(),
          " entries came with the same number; this is an error of the program, please report it");
    }
  }
  if (found != nullptr) return found;
  if (dictionary_id != 0) block_of_id_.emplace(dictionary_id, blocks_.size());
  return AddBlock({values.begin(), values.end()});
}

arrow::Result<const SlotRows::Block*> SlotRows::AddBlock(
    std::vector<std::shared_ptr<arrow::Array>> values) {
  const int64_t base = used_.size();
  const int64_t length = values[0]->length();
  if (base + length + 1 > std::numeric_limits<int32_t>::max()) {
    return arrow::Status::CapacityError(
        "the dictionaries of one row group have more than 2^31 entries; write smaller row groups");
  }
  ARROW_RETURN_NOT_OK(used_.Resize(base + length + 1));
  std::memset(used_.data() + base, 0, length + 1);
  blocks_.push_back({std::move(values), length, static_cast<int32_t>(base)});
  return &blocks_.back();
}

}  // namespace emberharmony::io

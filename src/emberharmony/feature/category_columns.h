#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/value_block.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_index.h"

namespace emberharmony::feature {

/// What steps share that make a column COLUMN=value of each distinct value (one_hot, multi_hot).

/// The values counted, in the columns' order: numbers ascending, strings by bytes, false before
/// true. DataError for an infinity.
arrow::Result<std::unique_ptr<ValueIndex>> LearnCategories(const ValueCountsStatistic& counts,
                                                           const std::string& column,
                                                           const std::string& step);

/// What model.json says of them: a list of values.
nlohmann::json DescribeCategories(const ValueIndex& categories);

/// The inverse: of a list of at most `max` different values of this type, in order, after every
/// other fact has been read.
arrow::Result<std::unique_ptr<ValueIndex>> RestoreCategories(
    const nlohmann::json& list, int64_t max, const std::shared_ptr<arrow::DataType>& type,
    LearnedFacts* facts);

/// The columns, named after the values; none before they have been learned.
std::vector<ColumnInfo> CategoryOutputs(const std::string& column, const ValueIndex* categories,
                                        const std::shared_ptr<arrow::DataType>& type);

/// Appends `num_columns` blocks of zeros of `type`, which is T's, and says where their elements
/// are.
template <class T>
arrow::Result<std::vector<T*>> AppendZeroColumns(int64_t num_columns, int64_t length,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 arrow::MemoryPool* pool,
                                                 std::vector<ValueBlock>* outputs) {
  std::vector<T*> columns;
  for (int64_t i = 0; i < num_columns; ++i) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                          arrow::AllocateBuffer(length * static_cast<int64_t>(sizeof(T)), pool));
    std::memset(buffer->mutable_data(), 0, static_cast<size_t>(buffer->size()));
    columns.push_back(reinterpret_cast<T*>(buffer->mutable_data()));
    outputs->push_back(
        {arrow::MakeArray(arrow::ArrayData::Make(type, length, {nullptr, std::move(buffer)}, 0)),
         false});
  }
  return columns;
}

/// Appends `num_columns` columns of float32 or float64, each with an element for each of `length`
/// entries: 1 in those whose position is the column's, 0 in the others, also in those behind the
/// `num_positions` that have a position.
///
/// A column with a 1 in one place, as each has for a dictionary whose entries differ, is a window
/// into an array that all such columns share: k columns take memory by the number of entries, not
/// by k times that number.
arrow::Status AppendMarkedColumns(int64_t num_columns, const int32_t* positions,
                                  int64_t num_positions, int64_t length,
                                  const std::shared_ptr<arrow::DataType>& type,
                                  arrow::MemoryPool* pool, std::vector<ValueBlock>* outputs);

}  // namespace emberharmony::feature

#include "emberharmony/engine/shard_layout.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>

#include "emberharmony/engine/column_scan.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::engine {

namespace {

// Row sizes are summed up to this bound only: a row as large as this closes its group anyway.
constexpr int64_t kRowBytesCap = 2 * io::RowGroupCutter::kMaxBytes;

bool IsVariableWidth(const arrow::DataType& type) { return arrow::is_base_binary_like(type.id()); }

int64_t PlainWidth(const arrow::DataType& type) {
  return std::max<int64_t>(1, static_cast<const arrow::FixedWidthType&>(type).bit_width() / 8);
}

// The plain size of one entry: its width, 4 + length for strings, 0 for null.
int64_t EntryBytes(const arrow::Array& values, int64_t i) {
  if (values.IsNull(i)) return 0;
  switch (values.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return 4 + static_cast<const arrow::BinaryArray&>(values).value_length(i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return 4 + static_cast<const arrow::LargeBinaryArray&>(values).value_length(i);
    default:
      return PlainWidth(*values.type());
  }
}

// Adds the sizes of one group's values to row_bytes.
class RowBytesScan {
 public:
  RowBytesScan(const OutputGroup& group, arrow::MemoryPool* pool) : group_(group), pool_(pool) {}

  arrow::Status Add(const io::Piece& piece, int64_t* row_bytes) {
    if (!piece.encoded() || piece.dictionary_id == 0 || piece.dictionary_id != dictionary_id_) {
      dictionary_id_ = piece.encoded() ? piece.dictionary_id : 0;
      ARROW_RETURN_NOT_OK(MeasureEntries(piece));
    }
    const int32_t* indices = piece.encoded() ? piece.index_data() : nullptr;
    for (int64_t i = 0; i < piece.num_rows; ++i) {
      row_bytes[i] =
          std::min(kRowBytesCap, row_bytes[i] + entry_bytes_[indices != nullptr ? indices[i] : i]);
    }
    return arrow::Status::OK();
  }

 private:
  arrow::Status MeasureEntries(const io::Piece& piece) {
    ARROW_ASSIGN_OR_RAISE(auto outputs,
                          group_.pipeline->Apply({piece.values, piece.encoded()}, pool_));
    // One more than the values: an encoded piece's null, unless a step filled it.
    entry_bytes_.assign(piece.values->length() + 1, 0);
    for (const auto& output : outputs) {
      for (int64_t i = 0; i < output->length(); ++i) entry_bytes_[i] += EntryBytes(*output, i);
    }
    return arrow::Status::OK();
  }

  const OutputGroup& group_;
  arrow::MemoryPool* pool_;
  uint64_t dictionary_id_ = 0;
  std::vector<int64_t> entry_bytes_;
};

bool SizesDiffer(const io::Source& source, const io::Unit& unit, const OutputGroup& group) {
  const auto outputs = group.pipeline->outputs();
  const bool all_fixed = std::none_of(outputs.begin(), outputs.end(), [](const auto& field) {
    return IsVariableWidth(*field->type());
  });
  if (!all_fixed) return true;
  const bool nullable = std::any_of(outputs.begin(), outputs.end(),
                                    [](const auto& field) { return field->nullable(); });
  if (!nullable) return false;
  // Values that pass unchanged are null only where the source is.
  const auto& specs = group.pipeline->specs();
  const bool unchanged = std::all_of(specs.begin(), specs.end(),
                                     [](const auto& spec) { return spec.name == "passthrough"; });
  return !(unchanged && source.Hint(unit, group.source_column).null_count == 0);
}

arrow::Status AddRowBytes(const io::Source& source, const io::Unit& unit,
                          const std::vector<const OutputGroup*>& groups, RunContext* context,
                          std::vector<int64_t>* row_bytes) {
  if (source.columns_independent()) {
    for (const OutputGroup* group : groups) {
      const TaskGate::Pass pass =
          context->gate()->Enter(2 * ScanBytes(source, unit, group->source_column));
      RowBytesScan scan(*group, context->budget());
      ARROW_RETURN_NOT_OK(ScanColumn(source, unit, group->source_column, context,
                                     [&](const io::Piece& piece, int64_t first_row) {
                                       return scan.Add(piece, row_bytes->data() + first_row);
                                     }));
    }
    return arrow::Status::OK();
  }
  std::vector<int> columns;
  std::vector<RowBytesScan> scans;
  for (const OutputGroup* group : groups) {
    columns.push_back(group->source_column);
    scans.emplace_back(*group, context->budget());
  }
  const TaskGate::Pass pass =
      context->gate()->Enter(2 * ScanBatchesBytes(unit, columns.size(), context));
  return ScanColumns(source, unit, columns, context,
                     [&](size_t column, const io::Piece& piece, int64_t first_row) {
                       return scans[column].Add(piece, row_bytes->data() + first_row);
                     });
}

}  // namespace

bool RowSizes::rows_decide() const {
  return !any_variable_width &&
         largest_bytes * io::RowGroupCutter::kMaxRows <= io::RowGroupCutter::kMaxBytes;
}

RowSizes RowSizesOf(const io::Source& source, const io::Unit& unit,
                    const std::vector<OutputGroup>& groups) {
  RowSizes sizes;
  for (const OutputGroup& group : groups) {
    if (group.value_bytes > 0) {
      sizes.largest_bytes += group.num_outputs * group.value_bytes;
      sizes.constant_bytes += group.num_outputs * group.value_bytes;
      continue;
    }
    int64_t fixed_bytes = 0;
    for (const auto& field : group.pipeline->outputs()) {
      if (IsVariableWidth(*field->type())) {
        sizes.any_variable_width = true;
      } else {
        fixed_bytes += PlainWidth(*field->type());
      }
    }
    sizes.largest_bytes += fixed_bytes;
    if (SizesDiffer(source, unit, group)) {
      sizes.differing.push_back(&group);
    } else {
      sizes.constant_bytes += fixed_bytes;
    }
  }
  return sizes;
}

arrow::Result<std::array<std::vector<int64_t>, kNumSplits>> PlanRowGroups(
    const io::Source& source, const io::Unit& unit, const std::vector<OutputGroup>& groups,
    const SplitVectors& splits, const SplitVector* split_vector, RunContext* context) {
  const RowSizes sizes = RowSizesOf(source, unit, groups);
  std::array<io::RowGroupCutter, kNumSplits> cutters;
  const auto& counts = splits.counts(unit.index);
  if (!sizes.reads()) {
    const int64_t row_bytes = sizes.rows_decide() ? sizes.largest_bytes : sizes.constant_bytes;
    for (int s = 0; s < kNumSplits; ++s) cutters[s].AddMany(row_bytes, counts[s]);
  } else {
    base::MemoryReservation reservation(context->budget());
    ARROW_RETURN_NOT_OK(reservation.Resize(unit.num_rows * static_cast<int64_t>(sizeof(int64_t))));
    std::vector<int64_t> row_bytes(unit.num_rows, sizes.constant_bytes);
    ARROW_RETURN_NOT_OK(AddRowBytes(source, unit, sizes.differing, context, &row_bytes));
    for (int64_t row = 0; row < unit.num_rows; ++row) {
      const int split = split_vector != nullptr ? (*split_vector)[row] : splits.uniform_split();
      if (split != kDroppedRow) cutters[split].Add(row_bytes[row]);
    }
  }
  std::array<std::vector<int64_t>, kNumSplits> result;
  for (int s = 0; s < kNumSplits; ++s) result[s] = cutters[s].Finish();
  return result;
}

}  // namespace emberharmony::engine

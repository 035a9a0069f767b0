#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/io/row_gather_internal.h"
#include "emberharmony/io/selected_column_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Status;

// Rows that are read together where the selected ones lie apart: at most so many, and not many
// times those asked for, since whoever asks for few at a time does so because values are long.
constexpr int64_t kBlockRows = 16384;
constexpr int64_t kBlockRowsMin = 64;
constexpr int64_t kBlockRowsPerRow = 4;
// Runs of so many rows need no gathering.
constexpr int64_t kRunRows = 256;
// Rows between selected ones that are rather skipped than decoded.
constexpr int32_t kGapRows = 1024;

/// The longest entry; 0 for types of fixed width.
int64_t LongestEntry(const arrow::Array& values) {
  if (values.type_id() != arrow::Type::STRING && values.type_id() != arrow::Type::BINARY) return 0;
  const auto& binary = static_cast<const arrow::BinaryArray&>(values);
  int64_t longest = 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    longest = std::max<int64_t>(longest, binary.value_length(i));
  }
  return longest;
}

}  // namespace

SelectedColumn::SelectedColumn(std::unique_ptr<ColumnReader> reader,
                               std::shared_ptr<const RowSelection> selection,
                               std::vector<int64_t> row_groups, arrow::MemoryPool* pool)
    : reader_(std::move(reader)),
      selection_(std::move(selection)),
      row_groups_(std::move(row_groups)),
      pool_(pool),
      walker_(selection_) {}

Status SelectedColumn::Read(int64_t n, Column* out) {
  block_rows_ = std::clamp(n * kBlockRowsPerRow, kBlockRowsMin, kBlockRows);
  while (n > 0) {
    const int64_t next = walker_.next();
    while (row_group_end_ <= next && row_group_ < row_groups_.size()) {
      const int64_t begin = row_group_end_;
      row_group_end_ += row_groups_[row_group_++];
      row_group_selected_ = selection_->CountBetween(begin, row_group_end_);
    }
    if (next >= row_group_end_)
      return Status::Invalid("more rows were asked for than are selected");
    const int64_t count = std::min(n, selection_->CountBetween(next, row_group_end_));
    ARROW_RETURN_NOT_OK(ReadFromRowGroup(count, out));
    n -= count;
  }
  return Status::OK();
}

Status SelectedColumn::ReadFromRowGroup(int64_t n, Column* out) {
  Column collected;
  while (n > 0) {
    ARROW_RETURN_NOT_OK(SkipTo(walker_.next()));
    const int64_t run = walker_.RunLength(row_group_end_);
    int64_t count = 0;
    if (run >= kRunRows || run >= n) {
      count = std::min(run, n);
      ARROW_RETURN_NOT_OK(reader_->Read(count, &collected));
      row_ += count;
      walker_.Advance(row_);
    } else {
      offsets_.resize(static_cast<size_t>(std::min(n, block_rows_)));
      count = walker_.Take(row_, std::min(row_ + block_rows_, row_group_end_),
                           static_cast<int64_t>(offsets_.size()), offsets_.data());
      ARROW_RETURN_NOT_OK(ReadBlock(count, &collected));
    }
    n -= count;
  }
  return Finish(&collected, out);
}

Status SelectedColumn::SkipTo(int64_t row) {
  if (row == row_) return Status::OK();
  ARROW_RETURN_NOT_OK(reader_->Skip(row - row_));
  row_ = row;
  return Status::OK();
}

/// The first n of offsets_, which are counted from row_.
Status SelectedColumn::ReadBlock(int64_t n, Column* out) {
  const int64_t base = row_;
  for (int64_t begin = 0; begin < n;) {
    int64_t end = begin + 1;
    while (end < n &&
           offsets_[static_cast<size_t>(end)] - offsets_[static_cast<size_t>(end - 1)] <= kGapRows)
      ++end;
    int32_t* offsets = offsets_.data() + begin;
    const int32_t first = offsets[0];
    ARROW_RETURN_NOT_OK(SkipTo(base + first));
    const int64_t length = offsets[end - begin - 1] - first + 1;
    Column block;
    ARROW_RETURN_NOT_OK(reader_->Read(length, &block));
    row_ += length;
    for (int64_t i = 0; i < end - begin; ++i) offsets[i] -= first;
    ARROW_RETURN_NOT_OK(GatherRows(block, offsets, end - begin, pool_, out));
    begin = end;
  }
  return Status::OK();
}

bool SelectedColumn::IsSparse(const Piece& piece) const {
  constexpr int64_t kEntriesPerRow = 4;
  constexpr int64_t kLongEntryBytes = 256;  // so that plain rows are not much larger
  return piece.encoded() && row_group_selected_ * kEntriesPerRow < piece.values->length() &&
         LongestEntry(*piece.values) <= kLongEntryBytes;
}

Status SelectedColumn::Finish(Column* collected, Column* out) {
  ARROW_RETURN_NOT_OK(MergeShortPieces(collected, pool_));
  const arrow::Array* judged = nullptr;  // pieces of a dictionary share one verdict
  bool sparse = false;
  for (Piece& piece : collected->pieces) {
    if (piece.values.get() != judged) {
      sparse = IsSparse(piece);
      judged = piece.values.get();
    }
    if (!piece.encoded() || !sparse) {
      out->pieces.push_back(std::move(piece));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Piece plain, DecodePiece(piece, pool_));
    out->pieces.push_back(std::move(plain));
  }
  return Status::OK();
}

}  // namespace emberharmony::io::internal

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <cstring>

#include "emberharmony/io/leaf_rows_internal.h"

namespace emberharmony::io::internal {

using arrow::Result;
using arrow::Status;

LeafRowReader::LeafRowReader(std::shared_ptr<const ParquetFile> file, std::string name,
                             std::shared_ptr<arrow::DataType> type, int leaf, int cell_definition,
                             std::vector<RowGroupChunk> chunks, arrow::MemoryPool* pool,
                             int64_t read_bytes)
    : type_(type),
      cell_definition_(cell_definition),
      pool_(pool),
      pages_(std::move(file), std::move(name), std::move(type), leaf, std::move(chunks), pool,
             read_bytes) {}

Status LeafRowReader::Read(int64_t num_rows, LeafRows* out) {
  out->repetition.Clear();
  out->definition.Clear();
  cells_.clear();
  int64_t rows = 0;
  while (true) {
    if (block_begin_ == block_end_) {
      ARROW_ASSIGN_OR_RAISE(const bool more, NextBlock(rows == num_rows));
      if (!more) break;
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t end, FindEnd(num_rows, &rows));
    ARROW_RETURN_NOT_OK(Append(block_begin_, end, out));
    block_begin_ = end;
    if (end < block_end_) break;  // where the next row begins
  }
  return Collect(out);
}

Status LeafRowReader::Skip(int64_t num_rows, int64_t rows_at_once, LeafRows* scratch) {
  ARROW_ASSIGN_OR_RAISE(int64_t left, SkipUndecoded(num_rows));
  while (left > 0) {
    const int64_t count = std::min(left, rows_at_once);
    ARROW_RETURN_NOT_OK(Read(count, scratch));
    left -= count;
  }
  return Status::OK();
}

/// Passes over what need not be decoded; returns how many rows are left to pass over.
Result<int64_t> LeafRowReader::SkipUndecoded(int64_t num_rows) {
  if (chunk_open_) {
    const int64_t chunk_rows_left = pages_.chunk().num_rows - chunk_rows_;
    if (num_rows >= chunk_rows_left) {
      num_rows -= chunk_rows_left;
      pages_.LeaveRowGroup();
      LeavePage();
      chunk_open_ = false;
    }
  }
  if (!chunk_open_) num_rows = pages_.SkipRowGroups(num_rows);
  if (num_rows == 0 || pages_.max_repetition_level() > 0) return num_rows;
  // A level is a row.
  const int64_t page_rows_left = block_end_ - block_begin_ + page_levels_;
  if (num_rows < page_rows_left) return num_rows;
  LeavePage();
  chunk_rows_ += page_rows_left;
  ARROW_ASSIGN_OR_RAISE(const int64_t left, pages_.SkipRows(num_rows - page_rows_left));
  if (pages_.num_levels() == 0) {  // between two pages
    chunk_rows_ += num_rows - page_rows_left;
    return 0;
  }
  BeginPage();
  chunk_rows_ += num_rows - page_rows_left - left;
  return left;
}

void LeafRowReader::LeavePage() {
  page_levels_ = 0;
  block_begin_ = 0;
  block_end_ = 0;
}

void LeafRowReader::BeginPage() {
  if (pages_.num_chunks_begun() != chunks_begun_) {
    chunks_begun_ = pages_.num_chunks_begun();
    chunk_open_ = true;
    chunk_rows_ = 0;
  }
  page_levels_ = pages_.num_levels();
  const PageBytesView repetition = pages_.repetition_levels();
  const PageBytesView definition = pages_.definition_levels();
  repetition_ = LevelDecoder(repetition.data, repetition.size, pages_.max_repetition_level());
  definition_ = LevelDecoder(definition.data, definition.size, pages_.max_definition_level());
}

/// False at the end of a chunk when no more rows are wanted: a row ends with its chunk.
Result<bool> LeafRowReader::NextBlock(bool rows_complete) {
  if (page_levels_ == 0) {
    if (chunk_open_ && pages_.levels_after_page() == 0) {
      chunk_open_ = false;
      if (chunk_rows_ != pages_.chunk().num_rows) {
        return Status::Invalid("it has ", chunk_rows_, " rows, but its row group ",
                               pages_.chunk().num_rows);
      }
    }
    if (!chunk_open_ && rows_complete) return false;
    ARROW_RETURN_NOT_OK(pages_.Next());
    BeginPage();
  }
  const int64_t count = std::min(page_levels_, kBlockLevels);
  ARROW_RETURN_NOT_OK(repetition_.Decode(count, block_repetition_.data()));
  ARROW_RETURN_NOT_OK(definition_.Decode(count, block_definition_.data()));
  page_levels_ -= count;
  block_begin_ = 0;
  block_end_ = count;
  return true;
}

/// The first level of the block that belongs to no wanted row, or the block's end.
Result<int64_t> LeafRowReader::FindEnd(int64_t num_rows, int64_t* rows) {
  for (int64_t i = block_begin_; i < block_end_; ++i) {
    if (block_repetition_[static_cast<size_t>(i)] != 0) {
      if (chunk_rows_ == 0) {
        return Status::Invalid("its levels begin in the middle of a row");
      }
      continue;
    }
    if (chunk_rows_ == pages_.chunk().num_rows) {
      return Status::Invalid("it has more rows than the ", chunk_rows_, " of its row group");
    }
    if (*rows == num_rows) return i;
    ++*rows;
    ++chunk_rows_;
  }
  return block_end_;
}

Status LeafRowReader::Append(int64_t begin, int64_t end, LeafRows* out) {
  if (begin == end) return Status::OK();
  ARROW_RETURN_NOT_OK(out->repetition.Append(block_repetition_.data() + begin, end - begin));
  ARROW_RETURN_NOT_OK(out->definition.Append(block_definition_.data() + begin, end - begin));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid_bits,
                        arrow::AllocateBuffer((end - begin + 7) / 8, pool_));
  std::memset(valid_bits->mutable_data(), 0, static_cast<size_t>(valid_bits->size()));
  const int max_definition = pages_.max_definition_level();
  int64_t num_cells = 0;
  int64_t num_valid = 0;
  for (int64_t i = begin; i < end; ++i) {
    const int level = block_definition_[static_cast<size_t>(i)];
    if (level < cell_definition_) continue;
    if (level == max_definition) {
      arrow::bit_util::SetBit(valid_bits->mutable_data(), num_cells);
      ++num_valid;
    }
    ++num_cells;
  }
  return AppendCells(num_cells, num_valid, num_valid == num_cells ? nullptr : valid_bits);
}

Status LeafRowReader::AppendCells(int64_t num_cells, int64_t num_valid,
                                  std::shared_ptr<arrow::Buffer> valid_bits) {
  if (num_cells == 0) return Status::OK();
  if (num_valid == 0) {
    ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(type_, num_cells, pool_));
    cells_.push_back(std::move(nulls));
    return Status::OK();
  }
  if (!pages_.has_indices()) {
    return pages_.values()->Decode({num_cells, num_valid, std::move(valid_bits)}, &cells_);
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                        arrow::AllocateBuffer(num_cells * 4, pool_));
  auto* out = reinterpret_cast<uint32_t*>(indices->mutable_data());
  if (valid_bits == nullptr) {
    ARROW_RETURN_NOT_OK(pages_.indices()->Decode(num_cells, out));
  } else {
    std::array<uint32_t, kBlockLevels + kExpandPadding> dense;
    ARROW_RETURN_NOT_OK(pages_.indices()->Decode(num_valid, dense.data()));
    BestBitUnpackKernels().expand(dense.data(), valid_bits->data(), num_cells, 0, out);
  }
  const arrow::Int32Array rows(num_cells, std::move(indices), std::move(valid_bits),
                               num_cells - num_valid);
  arrow::compute::ExecContext context(pool_);
  ARROW_ASSIGN_OR_RAISE(
      auto taken, arrow::compute::Take(*pages_.dictionary(), rows,
                                       arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  cells_.push_back(std::move(taken));
  return Status::OK();
}

Status LeafRowReader::Collect(LeafRows* out) {
  if (cells_.empty()) {
    ARROW_ASSIGN_OR_RAISE(out->cells, arrow::MakeEmptyArray(type_, pool_));
  } else if (cells_.size() == 1) {
    out->cells = std::move(cells_[0]);
  } else {
    ARROW_ASSIGN_OR_RAISE(out->cells, arrow::Concatenate(cells_, pool_));
  }
  cells_.clear();
  return Status::OK();
}

}  // namespace emberharmony::io::internal

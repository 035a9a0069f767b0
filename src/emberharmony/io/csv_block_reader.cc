#include <algorithm>
#include <cstring>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/io/csv_block_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

// Text that is searched for fields before what was found is looked at.
constexpr int64_t kSearchBytes = 64 << 10;

bool EndsBlockLine(char byte) { return byte == '\n' || byte == '\r'; }

std::string Fields(int64_t count) {
  return std::to_string(count) + (count == 1 ? " field" : " fields");
}

}  // namespace

Result<std::unique_ptr<CsvBlockReader>> CsvBlockReader::Make(std::shared_ptr<const CsvFile> file,
                                                             const CsvDialect& dialect,
                                                             int64_t num_columns,
                                                             const CsvSizes& sizes, int64_t begin,
                                                             int64_t end, arrow::MemoryPool* pool) {
  std::unique_ptr<CsvBlockReader> reader(
      new CsvBlockReader(std::move(file), dialect, num_columns, sizes, begin, pool));
  ARROW_ASSIGN_OR_RAISE(reader->stream_, reader->file_->Open(begin, end, pool));
  return reader;
}

Status CsvBlockReader::Next(CsvBlock* block) {
  block->num_columns = num_columns_;
  block->one_column = dialect_.one_column;
  block->num_rows = block->text_size = 0;
  block->ends.Clear();
  size_ = searched_ = num_records_ = num_checked_ = 0;
  state_ = CsvScanState();
  int64_t limit = sizes_.block_bytes;
  ARROW_RETURN_NOT_OK(block->text.Resize(limit + 2 * kCsvPadding));
  ARROW_RETURN_NOT_OK(SkipLineFeed(block));
  while (true) {
    ARROW_RETURN_NOT_OK(Fill(limit, block));
    ARROW_RETURN_NOT_OK(Search(block));
    if (at_end_) ARROW_RETURN_NOT_OK(EndLastRecord(block));
    if (num_records_ > 0) break;
    if (state_.after_newline) {
      // Empty lines alone.
      next_offset_ += size_;
      size_ = searched_ = 0;
      if (at_end_) return Status::OK();
      continue;
    }
    if (limit >= sizes_.record_bytes_max) {
      block->file_offset = next_offset_;
      block->ends.Clear();
      return ErrorAt(*block, 0,
                     "the record is longer than " + base::FormatByteSize(sizes_.record_bytes_max) +
                         ", the longest supported; is a quote not closed?");
    }
    limit = std::min(2 * limit, sizes_.record_bytes_max);
  }
  // A block that had to grow holds one record, so that blocks do not depend on how it grew.
  block->num_rows = limit > sizes_.block_bytes ? 1 : num_records_;
  return Cut(block);
}

Result<int64_t> CsvBlockReader::TakeBytes(int64_t size, char* out) {
  const int64_t carried = std::min(size, carried_.size() - carried_begin_);
  if (carried > 0) {
    std::memcpy(out, carried_.data() + carried_begin_, static_cast<size_t>(carried));
    carried_begin_ += carried;
  }
  at_end_ = false;
  if (carried == size) return size;
  ARROW_ASSIGN_OR_RAISE(const int64_t read, stream_->Read(size - carried, out + carried));
  at_end_ = read < size - carried;
  return carried + read;
}

Status CsvBlockReader::SkipLineFeed(CsvBlock* block) {
  if (!skip_line_feed_) return Status::OK();
  skip_line_feed_ = false;
  ARROW_ASSIGN_OR_RAISE(size_, TakeBytes(1, block->text.data()));
  if (size_ == 1 && block->text[0] == '\n') {
    ++next_offset_;
    size_ = 0;
  }
  return Status::OK();
}

Status CsvBlockReader::Fill(int64_t limit, CsvBlock* block) {
  // One more byte ends a last record without line end.
  ARROW_RETURN_NOT_OK(block->text.Resize(limit + 2 * kCsvPadding));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, TakeBytes(limit - size_, block->text.data() + size_));
  size_ += read;
  std::memset(block->text.data() + size_, 0, 2 * kCsvPadding);
  return Status::OK();
}

Status CsvBlockReader::Search(CsvBlock* block) {
  while (searched_ < size_) {
    const int64_t bytes = std::min(kSearchBytes, size_ - searched_);
    const int64_t found = block->ends.size();
    ARROW_RETURN_NOT_OK(block->ends.Resize(found + bytes + kCsvPadding));
    CsvByteKinds kinds;
    int64_t num_ends = 0;
    num_records_ += BestCsvScanKernels().find_fields(
        block->text.data() + searched_, bytes, dialect_, static_cast<uint32_t>(searched_), &state_,
        &kinds, block->ends.data() + found, &num_ends);
    ARROW_RETURN_NOT_OK(block->ends.Resize(found + num_ends));
    searched_ += bytes;
    ARROW_RETURN_NOT_OK(CheckGrid(*block));
  }
  return Status::OK();
}

Status CsvBlockReader::EndLastRecord(CsvBlock* block) {
  if (state_.after_newline) return Status::OK();
  if (state_.in_quotes()) {
    block->file_offset = next_offset_;
    return ErrorAt(*block, num_records_, "a quote is opened and never closed: close it");
  }
  block->text[size_++] = '\n';
  return Search(block);
}

/// The ends of num_columns fields a record, no more and no fewer: then every num_columns-th end is
/// that of a record, and no other is.
Status CsvBlockReader::CheckGrid(const CsvBlock& block) {
  const int64_t complete = block.ends.size() / num_columns_;
  bool regular = complete == num_records_;
  for (; regular && num_checked_ < complete; ++num_checked_) {
    regular = EndsBlockLine(block.text[block.ends[(num_checked_ + 1) * num_columns_ - 1]]);
  }
  return regular ? Status::OK() : WrongNumberOfFields(block);
}

Status CsvBlockReader::WrongNumberOfFields(const CsvBlock& block) const {
  int64_t count = 0;
  int64_t record = 0;
  bool complete = false;
  for (int64_t i = 0; i < block.ends.size(); ++i) {
    ++count;
    complete = EndsBlockLine(block.text[block.ends[i]]);
    if (!complete) continue;
    if (count != num_columns_) break;
    ++record;
    count = 0;
  }
  // The records before this one have the right number.
  const int64_t begin = record == 0 ? 0 : int64_t{block.ends[record * num_columns_ - 1]} + 1;
  int64_t offset = begin;
  while (offset < size_ && EndsBlockLine(block.text[offset])) ++offset;
  return file_->ErrorAt(next_offset_ + offset, dialect_,
                        "the record has " + std::string(complete ? "" : "more than ") +
                            Fields(complete ? count : num_columns_) + ", the header has " +
                            std::to_string(num_columns_) +
                            "; complete or correct it, and quote fields that hold a delimiter, a "
                            "quote or a line end");
}

Status CsvBlockReader::ErrorAt(const CsvBlock& block, int64_t row, const std::string& what) const {
  return file_->ErrorAt(block.file_offset + block.RecordBegin(row), dialect_, what);
}

/// Ends the block after its records and keeps the rest for the next.
Status CsvBlockReader::Cut(CsvBlock* block) {
  ARROW_RETURN_NOT_OK(block->ends.Resize(block->num_rows * num_columns_));
  int64_t end = int64_t{block->ends[block->ends.size() - 1]} + 1;
  if (dialect_.one_column && block->text[end - 1] == '\r') {
    if (end < size_) {
      end += block->text[end] == '\n';
    } else {
      skip_line_feed_ = true;
    }
  }
  block->text_size = end;
  block->file_offset = next_offset_;
  next_offset_ += end;
  const int64_t rest = size_ - end;
  const int64_t behind = carried_.size() - carried_begin_;
  if (carried_begin_ > 0 && behind > 0) {
    std::memmove(carried_.data(), carried_.data() + carried_begin_, static_cast<size_t>(behind));
  }
  ARROW_RETURN_NOT_OK(carried_.Resize(rest + behind));
  if (behind > 0) {
    std::memmove(carried_.data() + rest, carried_.data(), static_cast<size_t>(behind));
  }
  if (rest > 0) {
    std::memcpy(carried_.data(), block->text.data() + end, static_cast<size_t>(rest));
  }
  carried_begin_ = 0;
  return Status::OK();
}

}  // namespace emberharmony::io::internal

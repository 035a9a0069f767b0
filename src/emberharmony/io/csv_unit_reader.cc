#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <span>

#include "emberharmony/io/csv_unit_reader_internal.h"
#include "emberharmony/io/csv_values_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

// A value in a message is cut there.
constexpr size_t kShownBytes = 60;

std::string Shown(std::string_view value) {
  if (value.size() <= kShownBytes) return "'" + std::string(value) + "'";
  size_t size = kShownBytes;
  // Not in the middle of a character.
  while (size > 0 && (static_cast<unsigned char>(value[size]) & 0xC0) == 0x80) --size;
  return "'" + std::string(value.substr(0, size)) + "...'";
}

Piece SlicePiece(const Piece& piece, int64_t begin, int64_t count) {
  if (begin == 0 && count == piece.num_rows) return piece;
  Piece slice = piece;
  slice.num_rows = count;
  if (piece.encoded()) {
    slice.indices = arrow::SliceBuffer(piece.indices, begin * 4, count * 4);
  } else {
    slice.values = piece.values->Slice(begin, count);
  }
  return slice;
}

const char* ExpectedSpelling(CsvType type) {
  switch (type) {
    case CsvType::kBool:
      return "bool (true or false)";
    case CsvType::kInt64:
      return "int64 (a whole number)";
    case CsvType::kFloat64:
      return "float64 (a number)";
    case CsvType::kDate:
      return "date (YYYY-MM-DD)";
    case CsvType::kTimestamp:
      return "timestamp in microseconds without zone (YYYY-MM-DD HH:MM:SS)";
    case CsvType::kTimestampNs:
      return "timestamp in nanoseconds without zone (YYYY-MM-DD HH:MM:SS)";
    case CsvType::kTimestampUtc:
      return "timestamp in microseconds with zone (YYYY-MM-DDTHH:MM:SSZ)";
    case CsvType::kTimestampNsUtc:
      return "timestamp in nanoseconds with zone (YYYY-MM-DDTHH:MM:SSZ)";
    case CsvType::kString:
      break;
  }
  return "text";
}

}  // namespace

CsvUnitReader::CsvUnitReader(std::unique_ptr<CsvBlockReader> blocks, std::vector<CsvColumn> columns,
                             const BatchOptions& options, Cursor start,
                             uint64_t first_dictionary_id)
    : blocks_(std::move(blocks)),
      columns_(std::move(columns)),
      batch_rows_(options.batch_rows),
      pool_(options.pool != nullptr ? options.pool : arrow::default_memory_pool()),
      next_row_(start.next_row),
      next_dictionary_id_(first_dictionary_id),
      block_(pool_),
      pieces_(columns_.size()),
      fields_(pool_),
      indices_(pool_),
      dictionary_(pool_) {}

Result<std::optional<Batch>> CsvUnitReader::Next() {
  ARROW_RETURN_NOT_OK(status_);
  while (next_row_ >= block_begin_ + block_.num_rows) {
    status_ = NextBlock();
    ARROW_RETURN_NOT_OK(status_);
    if (block_.num_rows == 0) return std::optional<Batch>();
  }
  const int64_t begin = next_row_ - block_begin_;
  Batch batch;
  batch.first_row = next_row_;
  batch.num_rows = std::min(batch_rows_, block_.num_rows - begin);
  batch.columns.resize(columns_.size());
  for (size_t c = 0; c < columns_.size(); ++c) {
    batch.columns[c].pieces.push_back(SlicePiece(pieces_[c], begin, batch.num_rows));
  }
  next_row_ += batch.num_rows;
  return std::optional<Batch>(std::move(batch));
}

Status CsvUnitReader::NextBlock() {
  block_begin_ += block_.num_rows;
  std::fill(pieces_.begin(), pieces_.end(), Piece());
  ARROW_RETURN_NOT_OK(blocks_->Next(&block_));
  if (next_row_ >= block_begin_ + block_.num_rows) {
    // Nothing of it is wanted, but identifiers stay those of their blocks.
    next_dictionary_id_ += columns_.size();
    return Status::OK();
  }
  for (size_t c = 0; c < columns_.size(); ++c) {
    // A column that is asked for twice is converted once.
    const auto same =
        std::find_if(columns_.begin(), columns_.begin() + static_cast<int64_t>(c),
                     [&](const auto& other) { return other.index == columns_[c].index; });
    const auto first = static_cast<size_t>(same - columns_.begin());
    if (first < c) {
      pieces_[c] = pieces_[first];
    } else {
      ARROW_ASSIGN_OR_RAISE(pieces_[c], ConvertColumn(c));
    }
    ++next_dictionary_id_;
  }
  return Status::OK();
}

Result<Piece> CsvUnitReader::ConvertColumn(size_t c) {
  const CsvColumn& column = columns_[c];
  ARROW_ASSIGN_OR_RAISE(const int64_t unclosed, block_.TakeFields(column.index, &fields_));
  if (unclosed >= 0) {
    return blocks_->ErrorAt(block_, unclosed,
                            "column '" + column.name +
                                "': the field goes on behind its closing quote; double quotes "
                                "that belong to it");
  }
  const std::span<const CsvField> fields(fields_.data(), static_cast<size_t>(fields_.size()));
  const char* text = block_.text.data();
  Piece piece;
  piece.num_rows = block_.num_rows;
  ARROW_RETURN_NOT_OK(indices_.Resize(block_.num_rows));
  const bool empty_is_null = column.type != CsvType::kString;
  ARROW_ASSIGN_OR_RAISE(const bool encoded,
                        dictionary_.Encode(text, fields, empty_is_null, indices_.data()));
  int64_t conflict = -1;
  if (encoded) {
    ARROW_ASSIGN_OR_RAISE(piece.values, ConvertCsvFields(text, dictionary_.distinct(), column.type,
                                                         pool_, &conflict));
    if (conflict >= 0) {
      const int32_t* found = std::find(indices_.data(), indices_.data() + indices_.size(),
                                       static_cast<int32_t>(conflict));
      return Conflict(column, found - indices_.data());
    }
    ARROW_ASSIGN_OR_RAISE(piece.indices, indices_.Finish());
    piece.dictionary_id = next_dictionary_id_;
    return piece;
  }
  ARROW_ASSIGN_OR_RAISE(piece.values,
                        ConvertCsvFields(text, fields, column.type, pool_, &conflict));
  if (conflict >= 0) return Conflict(column, conflict);
  return piece;
}

Status CsvUnitReader::Conflict(const CsvColumn& column, int64_t row) const {
  const std::string_view value = fields_[row].in(block_.text.data());
  return blocks_->ErrorAt(
      block_, row,
      "column '" + column.name + "': expected " + ExpectedSpelling(column.type) +
          (column.expected ? ", as the model was fitted on"
                           : ", as all values of the column are in the source's first unit") +
          ", found " + Shown(value) +
          "; correct the value, or convert the files to Parquet with the types that you want");
}

}  // namespace emberharmony::io::internal

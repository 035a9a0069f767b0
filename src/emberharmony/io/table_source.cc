#include "emberharmony/io/table_source.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <string>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/array_pieces.h"
#include "emberharmony/io/struct_members.h"
#include "emberharmony/io/unit_reader_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int64_t kUnitRows = 524288;

/// What is read of one column of the table.
struct TableColumn {
  std::shared_ptr<arrow::ChunkedArray> data;
  std::optional<StructMember> member;  ///< inside of data
  std::string name;
  uint64_t first_dictionary_id = 0;  ///< of chunk 0; chunk i has the i-th after it
};

/// Reads rows of a column, chunk by chunk.
class TableColumnReader {
 public:
  TableColumnReader(TableColumn column, int64_t row, arrow::MemoryPool* pool)
      : column_(std::move(column)), row_(row), pool_(pool) {
    while (chunk_ < column_.data->num_chunks() && row_ >= Chunk().length()) {
      row_ -= Chunk().length();
      ++chunk_;
    }
  }

  Status Read(int64_t n, Column* out) {
    while (n > 0) {
      if (chunk_ == column_.data->num_chunks()) {
        return Status::Invalid("column '", column_.name, "' has fewer rows than its table");
      }
      const int64_t count = std::min(n, Chunk().length() - row_);
      if (count > 0) {
        auto piece = ReadPiece(count);
        if (!piece.ok()) {
          return piece.status().WithMessage("column '", column_.name,
                                            "': ", piece.status().message());
        }
        out->pieces.push_back(*std::move(piece));
      }
      n -= count;
      row_ += count;
      if (row_ == Chunk().length()) {
        ++chunk_;
        row_ = 0;
      }
    }
    return Status::OK();
  }

 private:
  const arrow::Array& Chunk() const { return *column_.data->chunk(chunk_); }

  Result<Piece> ReadPiece(int64_t count) {
    std::shared_ptr<arrow::Array> rows = Chunk().Slice(row_, count);
    if (column_.member.has_value()) {
      ARROW_ASSIGN_OR_RAISE(rows, PlainValues(rows, pool_));
      ARROW_ASSIGN_OR_RAISE(rows, TakeMember(rows, *column_.member, pool_));
    }
    if (!IsEncoded(*rows->type())) {
      ARROW_ASSIGN_OR_RAISE(rows, PlainValues(rows, pool_));
      return Piece{std::move(rows), nullptr, count, 0};
    }
    // Chunks often share one dictionary.
    const auto& entries = static_cast<const arrow::DictionaryArray&>(*rows).dictionary();
    if (entries->data() != entries_) {
      ARROW_ASSIGN_OR_RAISE(dictionary_, MakePieceDictionary(*rows, pool_));
      entries_ = entries->data();
      dictionary_id_ = column_.first_dictionary_id + static_cast<uint64_t>(chunk_);
    }
    return EncodedPiece(*rows, dictionary_, dictionary_id_, pool_);
  }

  const TableColumn column_;
  int chunk_ = 0;
  int64_t row_ = 0;  // of the chunk
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::ArrayData> entries_;  // of which dictionary_ was made
  PieceDictionary dictionary_;
  uint64_t dictionary_id_ = 0;
};

class TableSource : public Source {
 public:
  explicit TableSource(std::shared_ptr<arrow::Table> table)
      : table_(std::move(table)),
        schema_(ShownSchema(*table_->schema())),
        members_(StructMembers(*schema_)) {
    int64_t bytes = 0;
    uint64_t dictionary_id = 1;
    for (const auto& column : table_->columns()) {
      column_bytes_.push_back(arrow::util::TotalBufferSize(*column));
      bytes += column_bytes_.back();
      first_dictionary_ids_.push_back(dictionary_id);
      dictionary_id += static_cast<uint64_t>(column->num_chunks());
    }
    for (int64_t row = 0; row < table_->num_rows(); row += kUnitRows) {
      Unit unit;
      unit.index = static_cast<int64_t>(units_.size());
      unit.num_rows = std::min(kUnitRows, table_->num_rows() - row);
      unit.bytes = ShareOf(bytes, unit);
      unit.file_name = "table in memory";
      units_.push_back(std::move(unit));
    }
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return units_; }
  bool columns_independent() const override { return true; }
  std::string identity() const override { return "memory"; }

  ColumnHint Hint(const Unit& unit, int column) const override {
    ColumnHint hint;
    const int top = TopColumn(column);
    if (top < 0) return hint;
    hint.compressed_bytes = ShareOf(column_bytes_[static_cast<size_t>(top)], unit);
    hint.dictionary_encoded =
        column < schema_->num_fields() && IsEncoded(*table_->schema()->field(column)->type());
    return hint;
  }

  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    ARROW_RETURN_NOT_OK(internal::CheckRead(unit, options, unit.num_rows, start));
    const int64_t first_row = unit.index * kUnitRows + start.next_row;
    std::vector<std::unique_ptr<TableColumnReader>> readers;
    for (const int column : columns) {
      ARROW_RETURN_NOT_OK(internal::CheckColumn(column, static_cast<size_t>(NumColumns())));
      const int top = TopColumn(column);
      TableColumn read{table_->column(top), std::nullopt, schema_->field(top)->name(),
                       first_dictionary_ids_[static_cast<size_t>(top)]};
      if (column >= schema_->num_fields()) {
        read.member = members_[static_cast<size_t>(column - schema_->num_fields())];
        read.name = read.member->field->name();
      }
      readers.push_back(std::make_unique<TableColumnReader>(std::move(read), first_row,
                                                            internal::PoolOf(options)));
    }
    return std::make_unique<internal::UnitReader<TableColumnReader>>(
        unit.num_rows, options.batch_rows, start, std::move(readers));
  }

 private:
  int NumColumns() const { return schema_->num_fields() + static_cast<int>(members_.size()); }

  /// The table's column that a column of the source is, or is in; -1: there is none.
  int TopColumn(int column) const {
    if (column < 0 || column >= NumColumns()) return -1;
    if (column < schema_->num_fields()) return column;
    return members_[static_cast<size_t>(column - schema_->num_fields())].path[0];
  }

  int64_t ShareOf(int64_t bytes, const Unit& unit) const {
    const double share = static_cast<double>(unit.num_rows) /
                         static_cast<double>(std::max<int64_t>(1, table_->num_rows()));
    return static_cast<int64_t>(static_cast<double>(bytes) * share);
  }

  const std::shared_ptr<arrow::Table> table_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::vector<StructMember> members_;
  std::vector<int64_t> column_bytes_;
  std::vector<uint64_t> first_dictionary_ids_;
  std::vector<Unit> units_;
};

}  // namespace

std::shared_ptr<Source> MakeTableSource(std::shared_ptr<arrow::Table> table) {
  return std::make_shared<TableSource>(std::move(table));
}

}  // namespace emberharmony::io

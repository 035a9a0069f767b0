#include "emberharmony/io/source.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <algorithm>
#include <set>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/selecting_reader_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;

void CutColumn(int64_t num_rows, Column* column) {
  int64_t rows = 0;
  std::vector<Piece> kept;
  for (Piece& piece : column->pieces) {
    const int64_t count = std::min(piece.num_rows, num_rows - rows);
    if (count <= 0) break;
    if (count < piece.num_rows) {
      if (piece.encoded()) {
        piece.indices = arrow::SliceBuffer(piece.indices, 0, count * 4);
      } else {
        piece.values = piece.values->Slice(0, count);
      }
      piece.num_rows = count;
    }
    rows += count;
    kept.push_back(std::move(piece));
  }
  column->pieces = std::move(kept);
}

/// Ends after so many rows of the unit.
class CutReader : public BatchReader {
 public:
  CutReader(std::unique_ptr<BatchReader> reader, int64_t num_rows)
      : reader_(std::move(reader)), num_rows_(num_rows) {}

  Result<std::optional<Batch>> Next() override {
    const int64_t left = num_rows_ - cursor().next_row;
    if (left <= 0) return std::optional<Batch>();
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (batch.has_value() && batch->num_rows > left) {
      batch->num_rows = left;
      for (Column& column : batch->columns) CutColumn(left, &column);
    }
    return batch;
  }

  Cursor cursor() const override { return {std::min(reader_->cursor().next_row, num_rows_)}; }

 private:
  std::unique_ptr<BatchReader> reader_;
  const int64_t num_rows_;
};

class LimitedSource : public Source {
 public:
  LimitedSource(std::shared_ptr<Source> source, int64_t num_rows) : source_(std::move(source)) {
    int64_t left = std::max<int64_t>(num_rows, 0);
    limit_ = left;
    for (const Unit& unit : source_->units()) {
      if (left == 0) break;
      units_.push_back(unit);
      Unit& kept = units_.back();
      if (kept.num_rows > left) {
        kept.bytes =
            static_cast<int64_t>(static_cast<double>(unit.bytes) * static_cast<double>(left) /
                                 static_cast<double>(unit.num_rows));
        kept.num_rows = left;
      }
      left -= kept.num_rows;
    }
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return source_->schema(); }
  const std::vector<Unit>& units() const override { return units_; }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return source_->rows_are_numbered(); }

  ColumnHint Hint(const Unit& unit, int column) const override {
    const Unit& whole = source_->units().at(static_cast<size_t>(unit.index));
    ColumnHint hint = source_->Hint(whole, column);
    if (unit.num_rows < whole.num_rows) {
      hint.compressed_bytes = static_cast<int64_t>(static_cast<double>(hint.compressed_bytes) *
                                                   static_cast<double>(unit.num_rows) /
                                                   static_cast<double>(whole.num_rows));
      if (hint.null_count != 0) hint.null_count = -1;
    }
    return hint;
  }

  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    const Unit& whole = source_->units().at(static_cast<size_t>(unit.index));
    if (unit.num_rows == whole.num_rows) return source_->Open(whole, columns, options, start);
    // A reader of a few rows needs no batches of many.
    BatchOptions cut = options;
    cut.batch_rows = std::min(options.batch_rows, std::max<int64_t>(unit.num_rows, 1));
    ARROW_ASSIGN_OR_RAISE(auto reader, source_->Open(whole, columns, cut, start));
    return std::make_unique<CutReader>(std::move(reader), unit.num_rows);
  }

  std::vector<std::string> warnings() const override { return source_->warnings(); }

  void VisitPositions(const Unit& unit,
                      const std::function<void(int64_t, int64_t)>& visit) const override {
    int64_t left = unit.num_rows;
    const Unit& whole = source_->units().at(static_cast<size_t>(unit.index));
    source_->VisitPositions(whole, [&](int64_t first, int64_t count) {
      const int64_t kept = std::min(count, left);
      if (kept > 0) visit(first, kept);
      left -= kept;
    });
  }

  std::string identity() const override {
    return source_->identity() + "-limit-" + std::to_string(limit_);
  }

 private:
  std::shared_ptr<Source> source_;
  int64_t limit_ = 0;
  std::vector<Unit> units_;
};

class SelectedSource : public Source {
 public:
  /// None of the columns is a struct.
  SelectedSource(std::shared_ptr<Source> source, const std::vector<NamedColumn>& columns)
      : source_(std::move(source)) {
    arrow::FieldVector fields;
    for (const NamedColumn& column : columns) {
      columns_.push_back(column.column);
      fields.push_back(column.field);
    }
    schema_ = arrow::schema(std::move(fields));
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return source_->units(); }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return source_->rows_are_numbered(); }

  ColumnHint Hint(const Unit& unit, int column) const override {
    return source_->Hint(unit, columns_.at(static_cast<size_t>(column)));
  }

  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    ARROW_ASSIGN_OR_RAISE(const std::vector<int> inner, Inner(columns));
    return source_->Open(unit, inner, options, start);
  }

  Result<std::unique_ptr<BatchReader>> OpenSelected(const Unit& unit,
                                                    const std::vector<int>& columns,
                                                    const BatchOptions& options,
                                                    std::shared_ptr<const RowSelection> selection,
                                                    Cursor start) const override {
    ARROW_ASSIGN_OR_RAISE(const std::vector<int> inner, Inner(columns));
    return source_->OpenSelected(unit, inner, options, std::move(selection), start);
  }

  Result<std::vector<UnitPart>> Parts(const Unit& unit,
                                      const std::vector<int>& columns) const override {
    ARROW_ASSIGN_OR_RAISE(const std::vector<int> inner, Inner(columns));
    return source_->Parts(unit, inner);
  }

  std::vector<std::string> warnings() const override { return source_->warnings(); }

  void VisitPositions(const Unit& unit,
                      const std::function<void(int64_t, int64_t)>& visit) const override {
    source_->VisitPositions(unit, visit);
  }

  std::string identity() const override {
    std::string text = source_->identity() + "-columns";
    for (const int column : columns_) text += "-" + std::to_string(column);
    return text;
  }

 private:
  /// The source's numbers of these columns.
  Result<std::vector<int>> Inner(const std::vector<int>& columns) const {
    std::vector<int> inner;
    for (const int column : columns) {
      if (column < 0 || column >= static_cast<int>(columns_.size())) {
        return base::UsageError("there is no column " + std::to_string(column) + " among " +
                                std::to_string(columns_.size()));
      }
      inner.push_back(columns_[static_cast<size_t>(column)]);
    }
    return inner;
  }

  std::shared_ptr<Source> source_;
  std::vector<int> columns_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

int64_t Source::num_rows() const {
  int64_t rows = 0;
  for (const Unit& unit : units()) rows += unit.num_rows;
  return rows;
}

Result<std::unique_ptr<BatchReader>> Source::OpenSelected(
    const Unit& unit, const std::vector<int>& columns, const BatchOptions& options,
    std::shared_ptr<const RowSelection> selection, Cursor start) const {
  if (selection->all()) return Open(unit, columns, options, start);
  ARROW_ASSIGN_OR_RAISE(auto reader, Open(unit, columns, options));
  return MakeSelectingReader(std::move(reader), std::move(selection), start, options);
}

Result<std::vector<UnitPart>> Source::Parts(const Unit& unit,
                                            const std::vector<int>& columns) const {
  return std::vector<UnitPart>{{unit.num_rows, std::vector<ColumnRange>(columns.size())}};
}

void Source::VisitPositions(const Unit& unit,
                            const std::function<void(int64_t, int64_t)>& visit) const {
  int64_t first = 0;
  for (const Unit& other : units()) {
    if (other.index == unit.index) break;
    first += other.num_rows;
  }
  if (unit.num_rows > 0) visit(first, unit.num_rows);
}

int64_t Source::num_bytes() const {
  int64_t bytes = 0;
  for (const Unit& unit : units()) bytes += unit.bytes;
  return bytes;
}

std::shared_ptr<Source> LimitRows(std::shared_ptr<Source> source, int64_t num_rows) {
  return std::make_shared<LimitedSource>(std::move(source), num_rows);
}

Result<std::shared_ptr<Source>> SelectColumns(std::shared_ptr<Source> source,
                                              const std::vector<std::string>& names) {
  if (names.empty()) return base::UsageError("no columns were named: name at least one");
  std::set<int> named;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const auto columns, ColumnsNamed(*source->schema(), name));
    named.insert(columns.begin(), columns.end());
  }
  std::vector<NamedColumn> columns = FlattenedColumns(*source->schema());
  std::erase_if(columns, [&](const NamedColumn& column) { return !named.contains(column.column); });
  return std::make_shared<SelectedSource>(std::move(source), columns);
}

std::shared_ptr<Source> FlattenStructs(std::shared_ptr<Source> source) {
  const auto& fields = source->schema()->fields();
  if (std::none_of(fields.begin(), fields.end(),
                   [](const auto& field) { return field->type()->id() == arrow::Type::STRUCT; })) {
    return source;
  }
  const std::vector<NamedColumn> columns = FlattenedColumns(*source->schema());
  return std::make_shared<SelectedSource>(std::move(source), columns);
}

}  // namespace emberharmony::io

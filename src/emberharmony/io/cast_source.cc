#include "emberharmony/io/cast_source.h"

#include <arrow/type.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/lossless_cast.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;

// The columns of a batch in other types. Encoded pieces become plain ones.
class CastReader : public BatchReader {
 public:
  // types: by column; null where it stays.
  CastReader(std::unique_ptr<BatchReader> reader, std::string file, arrow::FieldVector fields,
             std::vector<std::shared_ptr<arrow::DataType>> types, arrow::MemoryPool* pool)
      : reader_(std::move(reader)),
        file_(std::move(file)),
        fields_(std::move(fields)),
        types_(std::move(types)),
        pool_(pool) {}

  Result<std::optional<Batch>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (!batch.has_value()) return batch;
    for (size_t i = 0; i < types_.size(); ++i) {
      if (types_[i] == nullptr) continue;
      for (Piece& piece : batch->columns[i].pieces) {
        const Status status = CastPiece(types_[i], pool_, &piece);
        if (status.ok()) continue;
        if (!status.IsInvalid()) return status;
        return base::DataError(
            file_ + ": " +
            NotTheSameValues(fields_[i]->name(), *fields_[i]->type(), *types_[i], status));
      }
    }
    return batch;
  }

  Cursor cursor() const override { return reader_->cursor(); }

 private:
  std::unique_ptr<BatchReader> reader_;
  std::string file_;
  arrow::FieldVector fields_;
  std::vector<std::shared_ptr<arrow::DataType>> types_;
  arrow::MemoryPool* pool_;
};

class CastSource : public Source {
 public:
  CastSource(std::shared_ptr<Source> source, std::shared_ptr<arrow::Schema> schema)
      : source_(std::move(source)), schema_(std::move(schema)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  const std::vector<Unit>& units() const override { return source_->units(); }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return source_->rows_are_numbered(); }

  ColumnHint Hint(const Unit& unit, int column) const override {
    ColumnHint hint = source_->Hint(unit, column);
    if (IsCast(column)) hint.dictionary_encoded = false;
    return hint;
  }

  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    ARROW_ASSIGN_OR_RAISE(auto reader, source_->Open(unit, columns, options, start));
    arrow::FieldVector fields;
    std::vector<std::shared_ptr<arrow::DataType>> types;
    for (const int column : columns) {
      fields.push_back(source_->schema()->field(column));
      types.push_back(IsCast(column) ? schema_->field(column)->type() : nullptr);
    }
    return std::make_unique<CastReader>(
        std::move(reader), unit.file_name, std::move(fields), std::move(types),
        options.pool != nullptr ? options.pool : arrow::default_memory_pool());
  }

  void VisitPositions(const Unit& unit,
                      const std::function<void(int64_t, int64_t)>& visit) const override {
    source_->VisitPositions(unit, visit);
  }

  std::vector<std::string> warnings() const override { return source_->warnings(); }
  std::string identity() const override {
    return source_->identity() + "-as-" + schema_->ToString();
  }

 private:
  bool IsCast(int column) const {
    return !schema_->field(column)->type()->Equals(source_->schema()->field(column)->type());
  }

  std::shared_ptr<Source> source_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

std::shared_ptr<Source> CastColumns(std::shared_ptr<Source> source, const arrow::Schema& wanted) {
  arrow::FieldVector fields = source->schema()->fields();
  bool is_cast = false;
  for (auto& field : fields) {
    const auto other = wanted.GetFieldByName(field->name());
    if (other == nullptr || !CanBeCast(*field->type(), *other->type())) continue;
    field = field->WithType(other->type());
    is_cast = true;
  }
  if (!is_cast) return source;
  return std::make_shared<CastSource>(std::move(source), arrow::schema(std::move(fields)));
}

}  // namespace emberharmony::io

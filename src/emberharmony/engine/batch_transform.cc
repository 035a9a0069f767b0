#include "emberharmony/engine/batch_transform.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/column_status.h"
#include "emberharmony/engine/piece_rows.h"
#include "emberharmony/engine/row_steps.h"
#include "emberharmony/io/array_pieces.h"
#include "emberharmony/io/lossless_cast.h"
#include "emberharmony/io/matrix.h"
#include "emberharmony/io/sink.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::engine {

namespace {

using arrow::ArrayVector;
using feature::Pipeline;

/// The columns of a batch as a plan names them, each looked at once, when it is first asked for.
/// Those of another type than the column of `wanted` are cast where no value changes.
class BatchColumns {
 public:
  BatchColumns(const arrow::RecordBatch& batch, const arrow::Schema& wanted,
               arrow::MemoryPool* pool)
      : batch_(batch),
        pool_(pool),
        shown_(io::ShownSchema(*batch.schema())),
        members_(io::StructMembers(*shown_)) {
    arrow::FieldVector fields;
    for (io::NamedColumn& column : io::FlattenedColumns(*shown_)) {
      columns_.push_back(column.column);
      const auto& other = wanted.GetFieldByName(column.field->name());
      found_.push_back(column.field->type());
      if (other != nullptr && io::CanBeCast(*found_.back(), *other->type()))
        column.field = column.field->WithType(other->type());
      fields.push_back(std::move(column.field));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Adds columns that row-wise steps have yielded: they come behind the batch's own.
  arrow::Status AddDerived(const arrow::ArrayVector& arrays) {
    for (const auto& array : arrays) {
      ARROW_ASSIGN_OR_RAISE(io::Piece piece, PieceOf(array));
      pieces_.emplace(schema_->num_fields() + num_derived_++, std::move(piece));
    }
    return arrow::Status::OK();
  }

  arrow::Result<io::Piece> Piece(int column) {
    if (const auto found = pieces_.find(column); found != pieces_.end()) return found->second;
    ARROW_ASSIGN_OR_RAISE(io::Piece piece, MakePiece(columns_[static_cast<size_t>(column)]));
    ARROW_RETURN_NOT_OK(Cast(column, &piece));
    return pieces_.emplace(column, std::move(piece)).first->second;
  }

 private:
  arrow::Result<io::Piece> MakePiece(int number) const {
    std::shared_ptr<arrow::Array> rows;
    if (number < shown_->num_fields()) {
      rows = batch_.column(number);
    } else {
      const auto& member = members_[static_cast<size_t>(number - shown_->num_fields())];
      ARROW_ASSIGN_OR_RAISE(rows, io::PlainValues(batch_.column(member.path[0]), pool_));
      ARROW_ASSIGN_OR_RAISE(rows, io::TakeMember(rows, member, pool_));
    }
    return PieceOf(std::move(rows));
  }

  arrow::Status Cast(int column, io::Piece* piece) const {
    const arrow::DataType& found = *found_[static_cast<size_t>(column)];
    const auto& field = schema_->field(column);
    if (found.Equals(*field->type())) return arrow::Status::OK();
    const arrow::Status status = io::CastPiece(field->type(), pool_, piece);
    if (!status.IsInvalid()) return status;
    return base::UsageError(io::NotTheSameValues(field->name(), found, *field->type(), status));
  }

  arrow::Result<io::Piece> PieceOf(std::shared_ptr<arrow::Array> rows) const {
    if (!io::IsEncoded(*rows->type())) {
      ARROW_ASSIGN_OR_RAISE(rows, io::PlainValues(rows, pool_));
      const int64_t num_rows = rows->length();
      return io::Piece{std::move(rows), nullptr, num_rows, 0};
    }
    ARROW_ASSIGN_OR_RAISE(const auto dictionary, io::MakePieceDictionary(*rows, pool_));
    return io::EncodedPiece(*rows, dictionary, /*id=*/1, pool_);
  }

  const arrow::RecordBatch& batch_;
  arrow::MemoryPool* const pool_;
  const std::shared_ptr<arrow::Schema> shown_;
  const std::vector<io::StructMember> members_;
  std::vector<int> columns_;  // by field of schema_: its number among the columns of shown_
  std::vector<std::shared_ptr<arrow::DataType>> found_;  // by field of schema_: before it is cast
  std::shared_ptr<arrow::Schema> schema_;
  std::map<int, io::Piece> pieces_;
  int num_derived_ = 0;
};

/// Appends the pipeline's outputs for the rows of its column.
arrow::Status AppendOutputs(const Pipeline& pipeline, const io::Piece& piece,
                            arrow::MemoryPool* pool, ArrayVector* outputs) {
  ARROW_ASSIGN_OR_RAISE(ArrayVector arrays, pipeline.Apply({piece.values, piece.encoded()}, pool));
  if (!piece.encoded()) {
    outputs->insert(outputs->end(), arrays.begin(), arrays.end());
    return arrow::Status::OK();
  }
  for (const auto& entries : arrays) {
    ARROW_ASSIGN_OR_RAISE(auto rows, TakeRows(entries, piece, pool));
    outputs->push_back(std::move(rows));
  }
  return arrow::Status::OK();
}

arrow::Status AppendColumn(const Pipeline& pipeline, int column, BatchColumns* columns,
                           arrow::MemoryPool* pool, ArrayVector* outputs) {
  const auto piece = columns->Piece(column);
  return WithColumn(piece.ok() ? AppendOutputs(pipeline, *piece, pool, outputs) : piece.status(),
                    pipeline.source_column());
}

/// Applies the row-wise steps of a stage to all rows at once. `states`: those of these steps.
arrow::Status AppendStage(const std::vector<RowStepUse>& uses, int64_t num_rows,
                          BatchColumns* columns, arrow::MemoryPool* pool,
                          std::unique_ptr<feature::RowState>* states) {
  RowStepRows rows(uses, pool);
  io::Batch batch;
  batch.num_rows = num_rows;
  for (const int column : rows.columns()) {
    ARROW_ASSIGN_OR_RAISE(io::Piece piece, columns->Piece(column));
    batch.columns.push_back({{std::move(piece)}});
  }
  for (size_t i = 0; i < uses.size(); ++i) {
    ArrayVector derived;
    const auto of_step = [&]() -> arrow::Status {
      std::optional<backend::BackendScope> scope;
      if (!uses[i].runs_on_backend) scope.emplace(backend::Native());
      ARROW_ASSIGN_OR_RAISE(const auto block, rows.Rows(i, batch));
      return uses[i].step->Apply(block, states[i].get(), pool, &derived);
    };
    ARROW_RETURN_NOT_OK(WithColumn(of_step(), uses[i].inputs[0]->source_column()));
    ARROW_RETURN_NOT_OK(columns->AddDerived(derived));
  }
  return arrow::Status::OK();
}

/// All row-wise steps, which are ordered by stage.
arrow::Status AppendDerived(const std::vector<RowStepUse>& uses, int64_t num_rows,
                            BatchColumns* columns, arrow::MemoryPool* pool,
                            BatchTransform::States* states) {
  size_t first = 0;
  for (int stage = 0; stage < NumStages(uses); ++stage) {
    const std::vector<RowStepUse> of_stage = UsesOfStage(uses, stage);
    ARROW_RETURN_NOT_OK(AppendStage(of_stage, num_rows, columns, pool, states->data() + first));
    first += of_stage.size();
  }
  return arrow::Status::OK();
}

}  // namespace

BatchTransform::States BatchTransform::MakeStates() const {
  States states;
  for (const auto& row_step : model_->row_steps())
    states.push_back(row_step.step->MakeState(/*budget=*/nullptr));
  return states;
}

BatchTransform::BatchTransform(std::shared_ptr<const plan::FittedPlan> model)
    : model_(std::move(model)),
      layout_(LayOutOutput(*model_, /*with_target=*/false)),
      layout_with_target_(LayOutOutput(*model_, /*with_target=*/true)) {}

arrow::Result<std::shared_ptr<arrow::Schema>> BatchTransform::output_schema(
    bool with_target) const {
  ARROW_ASSIGN_OR_RAISE(const OutputLayout& layout, layout(with_target));
  if (layout.matrix_type == nullptr) return layout.columns;
  return io::MatrixSchema(*layout.columns, layout.num_features, layout.matrix_type,
                          layout.columns->metadata());
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> BatchTransform::Apply(
    const arrow::RecordBatch& batch, const NumericPlace& place, arrow::MemoryPool* pool,
    States* states) const {
  const backend::BackendScope scope(*place.backend, place.device, place.dtype);
  BatchColumns columns(batch, *model_->input_schema(), pool);
  ARROW_ASSIGN_OR_RAISE(const auto binding, model_->Bind(*columns.schema()));
  const bool with_target = binding.target_column >= 0;
  ARROW_ASSIGN_OR_RAISE(auto schema, output_schema(with_target));
  if (!model_->row_steps().empty()) {
    ARROW_RETURN_NOT_OK(
        AppendDerived(UsesOf(*model_, binding), batch.num_rows(), &columns, pool, states));
  }
  ArrayVector outputs;
  for (size_t i = 0; i < model_->pipelines().size(); ++i) {
    ARROW_RETURN_NOT_OK(AppendColumn(*model_->pipelines()[i], binding.pipeline_columns[i], &columns,
                                     pool, &outputs));
  }
  if (with_target) {
    ARROW_ASSIGN_OR_RAISE(
        const auto target,
        MakeTargetPipeline(*model_, *columns.schema()->field(binding.target_column)));
    ARROW_RETURN_NOT_OK(AppendColumn(*target, binding.target_column, &columns, pool, &outputs));
  }
  const OutputLayout& layout = *this->layout(with_target);
  if (layout.matrix_type != nullptr) {
    const auto first_beside = outputs.begin() + layout.num_features;
    ARROW_ASSIGN_OR_RAISE(
        auto matrix, io::MakeMatrix(*layout.columns, ArrayVector(outputs.begin(), first_beside),
                                    layout.matrix_type, pool));
    outputs.erase(outputs.begin(), first_beside);
    outputs.insert(outputs.begin(), std::move(matrix));
  }
  return arrow::RecordBatch::Make(std::move(schema), batch.num_rows(), std::move(outputs));
}

}  // namespace emberharmony::engine

#include "emberharmony/engine/batch_transform.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <map>
#include <utility>
#include <vector>

#include "emberharmony/engine/column_status.h"
#include "emberharmony/io/array_pieces.h"
#include "emberharmony/io/matrix.h"
#include "emberharmony/io/sink.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::engine {

namespace {

using arrow::ArrayVector;
using feature::Pipeline;

/// The columns of a batch as a plan names them, each looked at once, when it is first asked for.
class BatchColumns {
 public:
  BatchColumns(const arrow::RecordBatch& batch, arrow::MemoryPool* pool)
      : batch_(batch),
        pool_(pool),
        shown_(io::ShownSchema(*batch.schema())),
        members_(io::StructMembers(*shown_)) {
    arrow::FieldVector fields;
    for (io::NamedColumn& column : io::FlattenedColumns(*shown_)) {
      columns_.push_back(column.column);
      fields.push_back(std::move(column.field));
    }
    schema_ = arrow::schema(std::move(fields));
  }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  arrow::Result<io::Piece> Piece(int column) {
    if (const auto found = pieces_.find(column); found != pieces_.end()) return found->second;
    ARROW_ASSIGN_OR_RAISE(io::Piece piece, MakePiece(columns_[static_cast<size_t>(column)]));
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
  std::shared_ptr<arrow::Schema> schema_;
  std::map<int, io::Piece> pieces_;
};

/// The rows' indices as an array: null where they point behind the last of `num_entries` entries.
arrow::Result<std::shared_ptr<arrow::Array>> IndexArray(const io::Piece& piece, int64_t num_entries,
                                                        arrow::MemoryPool* pool) {
  const int32_t* indices = piece.index_data();
  std::shared_ptr<arrow::Buffer> valid;
  int64_t null_count = 0;
  for (int64_t i = 0; i < piece.num_rows; ++i) {
    if (indices[i] < num_entries) continue;
    if (valid == nullptr) {
      ARROW_ASSIGN_OR_RAISE(valid, arrow::AllocateBitmap(piece.num_rows, pool));
      arrow::bit_util::SetBitsTo(valid->mutable_data(), 0, piece.num_rows, true);
    }
    arrow::bit_util::ClearBit(valid->mutable_data(), i);
    ++null_count;
  }
  return std::make_shared<arrow::Int32Array>(piece.num_rows, piece.indices, std::move(valid),
                                             null_count);
}

/// Appends the pipeline's outputs for the rows of its column.
arrow::Status AppendOutputs(const Pipeline& pipeline, const io::Piece& piece,
                            arrow::MemoryPool* pool, ArrayVector* outputs) {
  ARROW_ASSIGN_OR_RAISE(ArrayVector arrays, pipeline.Apply({piece.values, piece.encoded()}, pool));
  if (!piece.encoded()) {
    outputs->insert(outputs->end(), arrays.begin(), arrays.end());
    return arrow::Status::OK();
  }
  arrow::compute::ExecContext context(pool);
  std::shared_ptr<arrow::Array> indices;
  for (const auto& entries : arrays) {
    if (indices == nullptr) {
      ARROW_ASSIGN_OR_RAISE(indices, IndexArray(piece, entries->length(), pool));
    }
    ARROW_ASSIGN_OR_RAISE(
        auto rows, arrow::compute::Take(*entries, *indices,
                                        arrow::compute::TakeOptions::NoBoundsCheck(), &context));
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

}  // namespace

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
    const arrow::RecordBatch& batch, arrow::MemoryPool* pool) const {
  BatchColumns columns(batch, pool);
  ARROW_ASSIGN_OR_RAISE(const auto binding, model_->Bind(*columns.schema()));
  const bool with_target = binding.target_column >= 0;
  ARROW_ASSIGN_OR_RAISE(auto schema, output_schema(with_target));
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

#include "emberharmony/engine/model.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/batch_transform.h"
#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/table_request_internal.h"
#include "emberharmony/io/table_source.h"

namespace emberharmony::engine {

namespace internal {

namespace {

arrow::Result<std::shared_ptr<arrow::Table>> TableOf(const TableInput& input) {
  if (const auto* table = std::get_if<std::shared_ptr<arrow::Table>>(&input)) return *table;
  if (const auto* batch = std::get_if<std::shared_ptr<arrow::RecordBatch>>(&input)) {
    if (*batch == nullptr) return std::shared_ptr<arrow::Table>();
    return arrow::Table::FromRecordBatches((*batch)->schema(), {*batch});
  }
  const auto& reader = std::get<std::shared_ptr<arrow::RecordBatchReader>>(input);
  if (reader == nullptr) return std::shared_ptr<arrow::Table>();
  return reader->ToTable();
}

}  // namespace

arrow::Result<SourceRequest> RequestOf(const TableInput& table, const FitOptions& options) {
  SourceRequest request{"", options.columns, options.limit_rows, options.where};
  if (const auto* location = std::get_if<std::string>(&table)) {
    request.location = *location;
    return request;
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, TableOf(table));
  if (rows == nullptr) {
    return base::UsageError("the table is a null pointer; give one with rows");
  }
  ARROW_RETURN_NOT_OK(rows->Validate());
  request.location = "table in memory";
  request.opened = io::MakeTableSource(std::move(rows));
  return request;
}

PlanRequest RequestOf(const std::optional<std::string>& plan, const FitOptions& options) {
  PlanRequest request;
  request.text = plan;
  request.name = "plan";
  request.target = options.target;
  request.seed = options.seed;
  request.high_null_threshold = options.high_null_threshold;
  return request;
}

}  // namespace internal

struct Model::Learned {
  Learned(std::unique_ptr<RunContext> run, std::shared_ptr<const plan::FittedPlan> fitted)
      : context(std::move(run)), plan(std::move(fitted)), transform(plan) {
    context->set_compute(plan->plan().compute);
  }

  const std::unique_ptr<RunContext> context;  // whose memory the plan's is
  const std::shared_ptr<const plan::FittedPlan> plan;
  const BatchTransform transform;

  /// Rows in memory are served natively unless a backend was named: an accelerator would be waited
  /// for by a single row.
  const NumericPlace& place() const { return context->backends().elementwise(); }
};

arrow::Result<Model> Model::Load(const std::string& dir, const RunOptions& options) {
  return internal::ResultOf([&]() -> arrow::Result<Model> {
    ARROW_ASSIGN_OR_RAISE(auto context, RunContext::Make(options, nullptr));
    const backend::BackendScope native(backend::Native());
    ARROW_ASSIGN_OR_RAISE(auto plan,
                          plan::FittedPlan::Load(dir, options.keep_state,
                                                 context->learned_memory(options.spill_dir)));
    ARROW_RETURN_NOT_OK(plan->CheckComplete());
    return Model(std::make_shared<const Learned>(std::move(context), std::move(plan)));
  });
}

arrow::Status Model::Save(const std::string& dir) const {
  return internal::ResultOf([&] { return learned_->plan->Save(dir); });
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Model::Transform(const arrow::RecordBatch& batch,
                                                                    arrow::MemoryPool* pool) const {
  return internal::ResultOf([&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    ARROW_RETURN_NOT_OK(batch.Validate());
    BatchTransform::States states = learned_->transform.MakeStates();
    return learned_->transform.Apply(batch, learned_->place(), pool, &states);
  });
}

arrow::Result<std::shared_ptr<arrow::Table>> Model::Transform(const arrow::Table& table,
                                                              arrow::MemoryPool* pool) const {
  return internal::ResultOf([&]() -> arrow::Result<std::shared_ptr<arrow::Table>> {
    ARROW_RETURN_NOT_OK(table.Validate());
    arrow::TableBatchReader reader(table);
    arrow::RecordBatchVector batches;
    BatchTransform::States states = learned_->transform.MakeStates();
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader.Next());
      // Of a table without rows one empty batch is transformed, for its schema and its faults.
      if (batch == nullptr && !batches.empty()) break;
      if (batch == nullptr) {
        ARROW_ASSIGN_OR_RAISE(batch, arrow::RecordBatch::MakeEmpty(table.schema(), pool));
      }
      ARROW_ASSIGN_OR_RAISE(auto features,
                            learned_->transform.Apply(*batch, learned_->place(), pool, &states));
      batches.push_back(std::move(features));
      if (table.num_rows() == 0) break;
    }
    return arrow::Table::FromRecordBatches(batches[0]->schema(), batches);
  });
}

std::shared_ptr<arrow::Schema> Model::input_schema() const {
  return learned_->plan->input_schema();
}

arrow::Result<std::shared_ptr<arrow::Schema>> Model::output_schema(bool with_target) const {
  return learned_->transform.output_schema(with_target);
}

std::vector<std::string> Model::feature_names() const {
  return learned_->plan->output_schema(/*with_target=*/false)->field_names();
}

std::string Model::plan() const { return plan::WritePlan(learned_->plan->plan()); }

arrow::Result<Model> Fit(const std::optional<std::string>& plan, const TableInput& table,
                         const FitOptions& options) {
  return internal::ResultOf([&]() -> arrow::Result<Model> {
    ARROW_ASSIGN_OR_RAISE(auto context, RunContext::Make(options.run, nullptr));
    ARROW_ASSIGN_OR_RAISE(const SourceRequest source, internal::RequestOf(table, options));
    ARROW_ASSIGN_OR_RAISE(auto fitted, FitModel(source, internal::RequestOf(plan, options),
                                                options.run.keep_state, context.get()));
    return Model(std::make_shared<const Model::Learned>(std::move(context), std::move(fitted)));
  });
}

arrow::Result<std::string> MakePlan(const TableInput& table, const FitOptions& options) {
  return internal::ResultOf([&]() -> arrow::Result<std::string> {
    ARROW_ASSIGN_OR_RAISE(auto context, RunContext::Make(options.run, nullptr));
    ARROW_ASSIGN_OR_RAISE(const SourceRequest source, internal::RequestOf(table, options));
    return RunPlan(source, internal::RequestOf(std::nullopt, options), context.get());
  });
}

}  // namespace emberharmony::engine

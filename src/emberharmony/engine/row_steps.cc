#include "emberharmony/engine/row_steps.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/column_status.h"
#include "emberharmony/engine/derived_columns.h"
#include "emberharmony/engine/kept_row_steps.h"
#include "emberharmony/engine/row_step_merge.h"
#include "emberharmony/feature/learn_checks.h"

namespace emberharmony::engine {

namespace {

// Inputs, what is made of them and what is yielded, of a batch of a unit.
int64_t RowTaskBytes(const io::Unit& unit, size_t num_columns, RunContext* context) {
  return 2 * ScanBatchesBytes(unit, num_columns, context) + 2 * unit.num_rows;
}

// A run of rows of one unit's folds.
const uint8_t* FoldsFrom(const std::vector<uint8_t>& folds, int64_t first_row) {
  return folds.empty() ? nullptr : folds.data() + first_row;
}

arrow::Status OfStep(const arrow::Status& status, const RowStepUse& use) {
  return WithColumn(status, use.inputs[0]->source_column());
}

/// Reads the columns of some steps of all units, which is one pass.
class RowStepPass {
 public:
  /// `is_applied`: the steps are applied; else they learn.
  RowStepPass(const io::Source& source, std::vector<RowStepUse> uses, const RowFolds* folds,
              bool is_applied, RunContext* context)
      : source_(source),
        uses_(std::move(uses)),
        folds_(folds),
        is_applied_(is_applied),
        context_(context) {
    for (const RowStepUse& use : uses_)
      num_folds_.push_back(folds != nullptr ? use.step->traits().num_folds : 0);
  }

  const std::vector<RowStepUse>& uses() const { return uses_; }

  /// Calls visit(step, rows) for the batches of a unit, in order; folds are set.
  arrow::Status ScanUnit(
      const io::Unit& unit,
      const std::function<arrow::Status(size_t, const feature::RowBlock&)>& visit) {
    const base::Activity activity("rows", uses_[0].step->name());
    RowStepRows rows(uses_, context_->budget());
    base::MemoryReservation reservation(context_->budget());
    const std::set<int> kinds(num_folds_.begin(), num_folds_.end());
    ARROW_RETURN_NOT_OK(reservation.Resize(unit.num_rows * static_cast<int64_t>(kinds.size())));
    std::map<int, std::vector<uint8_t>> folds;
    if (folds_ != nullptr) {
      for (const int num_folds : kinds) {
        ARROW_ASSIGN_OR_RAISE(folds[num_folds], folds_->Of(unit, num_folds));
      }
    }
    const TaskGate::Pass pass =
        context_->gate()->Enter(RowTaskBytes(unit, rows.columns().size(), context_));
    ARROW_RETURN_NOT_OK(ScanBatches(
        source_, unit, rows.columns(), context_, [&](const io::Batch& batch) -> arrow::Status {
          for (size_t i = 0; i < uses_.size(); ++i) {
            auto block = RowsOf(i, batch, &rows);
            ARROW_RETURN_NOT_OK(OfStep(block.status(), uses_[i]));
            if (folds_ != nullptr)
              block->folds = FoldsFrom(folds.at(num_folds_[i]), batch.first_row);
            ARROW_RETURN_NOT_OK(OfStep(VisitInParts(i, *block, visit), uses_[i]));
          }
          return arrow::Status::OK();
        }));
    context_->progress()->Advance(unit.num_rows);
    return arrow::Status::OK();
  }

 private:
  // What a step makes of its rows is as wide as its inputs and outputs together.
  arrow::Status VisitInParts(
      size_t i, const feature::RowBlock& block,
      const std::function<arrow::Status(size_t, const feature::RowBlock&)>& visit) const {
    const size_t width = block.columns.size() + uses_[i].step->outputs().size();
    const int64_t rows = BatchRowsOfColumns(width, std::max<int64_t>(1, block.num_rows), context_);
    if (rows >= block.num_rows) return visit(i, block);
    for (int64_t begin = 0; begin < block.num_rows; begin += rows) {
      feature::RowBlock part;
      part.num_rows = std::min(rows, block.num_rows - begin);
      for (const auto& column : block.columns)
        part.columns.push_back(column != nullptr ? column->Slice(begin, part.num_rows) : nullptr);
      part.folds = block.folds != nullptr ? block.folds + begin : nullptr;
      ARROW_RETURN_NOT_OK(visit(i, part));
    }
    return arrow::Status::OK();
  }

  // The steps ahead of one that another backend may compute may be left to it, too.
  arrow::Result<feature::RowBlock> RowsOf(size_t i, const io::Batch& batch, RowStepRows* rows) {
    std::optional<backend::BackendScope> scope;
    const NumericPlace& place = context_->backends().elementwise();
    if (is_applied_ && uses_[i].runs_on_backend)
      scope.emplace(*place.backend, place.device, place.dtype);
    return rows->Rows(i, batch);
  }

  const io::Source& source_;
  const std::vector<RowStepUse> uses_;
  const RowFolds* const folds_;
  const bool is_applied_;
  RunContext* const context_;
  std::vector<int> num_folds_;  // by step
};

// One pass of all steps that have more to learn.
arrow::Status LearnInPass(const io::Source& source, const std::vector<RowStepUse>& uses,
                          const std::vector<feature::RowLearner*>& learners, const RowFolds& folds,
                          RunContext* context) {
  RowStepPass pass(source, uses, &folds, /*is_applied=*/false, context);
  std::vector<std::mutex> mutexes(learners.size());
  return base::ParallelFor(
      context->num_threads(), static_cast<int64_t>(source.units().size()), [&](int64_t u) {
        return pass.ScanUnit(source.units()[u], [&](size_t i, const feature::RowBlock& rows) {
          std::lock_guard lock(mutexes[i]);
          return learners[i]->Update(rows);
        });
      });
}

arrow::Status CheckOrder(const io::Source& source, const std::vector<RowStepUse>& uses) {
  if (source.rows_are_numbered()) return arrow::Status::OK();
  for (const RowStepUse& use : uses) {
    if (!use.step->traits().ordered) continue;
    return base::UsageError(fmt::format(
        "step '{}' of column '{}' needs rows in an order of their own, and this source has none: "
        "the same rows may come in another order each time; write them to files first, sorted",
        use.step->name(), use.inputs[0]->source_column()));
  }
  return arrow::Status::OK();
}

bool HasLearned(const RowStepUse& use) {
  return use.step->learned() && std::ranges::all_of(use.inputs, [](const feature::Pipeline* input) {
           return input->learned();
         });
}

// Applies steps to the units of a source.
class RowStepApplication {
 public:
  RowStepApplication(const io::Source& source, DerivedColumns* derived, const RowFolds* folds,
                     RunContext* context)
      : source_(source), derived_(derived), folds_(folds), context_(context) {}

  /// The columns of a step that has not learned.
  arrow::Status WriteNulls(const RowStepUse& use, int first_column) {
    arrow::MemoryPool* pool = context_->budget();
    for (size_t u = 0; u < source_.units().size(); ++u) {
      int column = first_column;
      for (const feature::ColumnInfo& output : use.step->outputs()) {
        DerivedColumns::Writer writer = derived_->Write(column++, static_cast<int64_t>(u), pool);
        ARROW_ASSIGN_OR_RAISE(
            const auto nulls,
            arrow::MakeArrayOfNull(output.type, source_.units()[u].num_rows, pool));
        ARROW_RETURN_NOT_OK(writer.Add(nulls));
        ARROW_RETURN_NOT_OK(writer.Finish());
      }
    }
    return arrow::Status::OK();
  }

  /// `first_columns`: where in the derived columns those of each step begin.
  arrow::Status Run(const std::vector<RowStepUse>& uses, const std::vector<int>& first_columns,
                    bool ordered) {
    if (uses.empty()) return arrow::Status::OK();
    RowStepPass pass(source_, uses, folds_, /*is_applied=*/true, context_);
    std::vector<std::unique_ptr<feature::RowState>> states(uses.size());
    for (size_t i = 0; ordered && i < uses.size(); ++i)
      states[i] = uses[i].step->MakeState(context_->budget());
    return base::ParallelFor(
        ordered ? 1 : context_->num_threads(), static_cast<int64_t>(source_.units().size()),
        [&](int64_t u) { return ApplyToUnit(&pass, first_columns, u, &states); });
  }

 private:
  arrow::Status ApplyStep(const RowStepUse& use, const feature::RowBlock& rows,
                          feature::RowState* state, arrow::ArrayVector* outputs) {
    std::optional<backend::BackendScope> scope;
    if (use.runs_on_backend) {
      const NumericPlace& place = context_->backends().matrix();
      scope.emplace(*place.backend, place.device, place.dtype);
    }
    return use.step->Apply(rows, state, context_->budget(), outputs);
  }

  arrow::Status ApplyToUnit(RowStepPass* pass, const std::vector<int>& first_columns, int64_t u,
                            std::vector<std::unique_ptr<feature::RowState>>* states) {
    arrow::MemoryPool* pool = context_->budget();
    std::vector<std::vector<DerivedColumns::Writer>> writers(pass->uses().size());
    for (size_t i = 0; i < writers.size(); ++i) {
      const auto num_outputs = static_cast<int>(pass->uses()[i].step->outputs().size());
      for (int o = 0; o < num_outputs; ++o)
        writers[i].push_back(derived_->Write(first_columns[i] + o, u, pool));
    }
    ARROW_RETURN_NOT_OK(pass->ScanUnit(
        source_.units()[u], [&](size_t i, const feature::RowBlock& rows) -> arrow::Status {
          arrow::ArrayVector outputs;
          ARROW_RETURN_NOT_OK(ApplyStep(pass->uses()[i], rows, (*states)[i].get(), &outputs));
          for (size_t o = 0; o < outputs.size(); ++o)
            ARROW_RETURN_NOT_OK(writers[i].at(o).Add(outputs[o]));
          return arrow::Status::OK();
        }));
    for (auto& of_step : writers) {
      for (DerivedColumns::Writer& writer : of_step) ARROW_RETURN_NOT_OK(writer.Finish());
    }
    return arrow::Status::OK();
  }

  const io::Source& source_;
  DerivedColumns* const derived_;
  const RowFolds* const folds_;
  RunContext* const context_;
};

}  // namespace

std::vector<RowStepUse> UsesOf(const plan::BoundPlan& bound, bool with_target) {
  std::vector<RowStepUse> uses;
  for (const plan::BoundRowStep& row_step : bound.row_steps) {
    RowStepUse use{row_step.step.get(), {}, row_step.source_columns};
    for (const auto& input : row_step.inputs) use.inputs.push_back(input.get());
    if (row_step.learns_from_target && !with_target) use.columns.pop_back();
    use.runs_on_backend = RunsOnBackend(row_step, bound.pipelines);
    use.stage = row_step.stage;
    uses.push_back(std::move(use));
  }
  return uses;
}

std::vector<RowStepUse> UsesOf(const plan::FittedPlan& model,
                               const plan::FittedPlan::Binding& binding) {
  std::vector<RowStepUse> uses;
  for (size_t r = 0; r < model.row_steps().size(); ++r) {
    RowStepUse use{model.row_steps()[r].step.get(), {}, binding.row_step_columns[r]};
    for (const auto& input : model.row_steps()[r].inputs) use.inputs.push_back(input.get());
    use.runs_on_backend = RunsOnBackend(model.row_steps()[r], model.pipelines());
    use.stage = model.row_steps()[r].stage;
    uses.push_back(std::move(use));
  }
  return uses;
}

RowStepRows::RowStepRows(const std::vector<RowStepUse>& uses, arrow::MemoryPool* pool)
    : uses_(uses) {
  for (const RowStepUse& use : uses_) {
    std::vector<size_t>& places = places_.emplace_back();
    std::vector<RowInput>& inputs = inputs_.emplace_back();
    for (size_t i = 0; i < use.columns.size(); ++i) {
      const auto found = std::find(columns_.begin(), columns_.end(), use.columns[i]);
      places.push_back(static_cast<size_t>(found - columns_.begin()));
      if (found == columns_.end()) columns_.push_back(use.columns[i]);
      inputs.emplace_back(*use.inputs[i], pool);
    }
  }
}

arrow::Result<feature::RowBlock> RowStepRows::Rows(size_t i, const io::Batch& batch) {
  feature::RowBlock rows;
  rows.num_rows = batch.num_rows;
  rows.columns.resize(uses_[i].inputs.size());
  for (size_t c = 0; c < inputs_[i].size(); ++c) {
    ARROW_ASSIGN_OR_RAISE(rows.columns[c], inputs_[i][c].Rows(batch.columns[places_[i][c]]));
  }
  return rows;
}

int NumStages(const std::vector<RowStepUse>& uses) {
  int stages = 0;
  for (const RowStepUse& use : uses) stages = std::max(stages, use.stage + 1);
  return stages;
}

std::vector<RowStepUse> UsesOfStage(const std::vector<RowStepUse>& uses, int stage) {
  std::vector<RowStepUse> of_stage;
  std::copy_if(uses.begin(), uses.end(), std::back_inserter(of_stage),
               [&](const RowStepUse& use) { return use.stage == stage; });
  return of_stage;
}

namespace {

// The steps of a stage, while they learn.
class RowStepLearning {
 public:
  RowStepLearning(const io::Source& source, const plan::BoundPlan& bound, bool leaves_unlearned,
                  RunContext* context, std::vector<plan::SavedState>* saved, Checkpoint* checkpoint)
      : source_(source),
        bound_(bound),
        leaves_unlearned_(leaves_unlearned),
        context_(context),
        saved_(saved),
        spool_(context->options().spill_dir),
        kept_(checkpoint, context),
        uses_(UsesOf(bound, /*with_target=*/true)) {}

  arrow::Status Run(const RowFolds& folds, int stage) {
    ARROW_RETURN_NOT_OK(Begin(stage));
    while (!learning_.empty()) {
      context_->progress()->BeginPhase("fit", source_.num_rows(), source_.num_rows(),
                                       source_.num_bytes());
      std::vector<RowStepUse> of_pass;
      std::vector<feature::RowLearner*> learners_of_pass;
      for (const size_t i : learning_) {
        of_pass.push_back(uses_[i]);
        learners_of_pass.push_back(learners_[i].get());
      }
      ARROW_RETURN_NOT_OK(LearnInPass(source_, of_pass, learners_of_pass, folds, context_));
      context_->progress()->EndPhase();
      ARROW_RETURN_NOT_OK(FinishPass());
    }
    return arrow::Status::OK();
  }

 private:
  // Learners for all, of which some may have learned before an interruption.
  arrow::Status Begin(int stage) {
    learners_.resize(uses_.size());
    int next_derived = source_.schema()->num_fields();
    for (size_t i = 0; i < uses_.size(); ++i) {
      first_derived_.push_back(next_derived);
      if (uses_[i].stage != stage) continue;
      next_derived += static_cast<int>(uses_[i].step->outputs().size());
      ARROW_ASSIGN_OR_RAISE(learners_[i], uses_[i].step->MakeLearner(context_->budget()));
      if (learners_[i] == nullptr) continue;
      const auto found =
          kept_.Restore(first_derived_[i], learners_[i].get(), bound_.row_steps[i].step.get());
      ARROW_RETURN_NOT_OK(OfStep(found.status(), uses_[i]));
      using Found = KeptRowSteps::Found;
      if (*found == Found::kSums) ARROW_RETURN_NOT_OK(Learn(i));
      if (*found == Found::kNothing || *found == Found::kPasses) learning_.push_back(i);
    }
    return arrow::Status::OK();
  }

  arrow::Status FinishPass() {
    std::vector<size_t> again;
    for (const size_t i : learning_) {
      const auto more = learners_[i]->FinishPass();
      ARROW_RETURN_NOT_OK(OfStep(more.status(), uses_[i]));
      if (*more) {
        ARROW_RETURN_NOT_OK(kept_.NotePass(first_derived_[i], *learners_[i]));
        again.push_back(i);
        continue;
      }
      ARROW_RETURN_NOT_OK(Learn(i));
      ARROW_RETURN_NOT_OK(
          kept_.NoteLearned(first_derived_[i], *learners_[i], *bound_.row_steps[i].step));
      learners_[i].reset();
    }
    learning_ = std::move(again);
    return arrow::Status::OK();
  }

  arrow::Status Learn(size_t i) {
    if (saved_ != nullptr)
      ARROW_RETURN_NOT_OK(SaveRowStep(*learners_[i], first_derived_[i], &spool_, saved_));
    const arrow::Status status = bound_.row_steps[i].step->Learn(*learners_[i]);
    if (leaves_unlearned_ && feature::IsLackOfValues(status)) return arrow::Status::OK();
    return OfStep(status, uses_[i]);
  }

  const io::Source& source_;
  const plan::BoundPlan& bound_;
  const bool leaves_unlearned_;
  RunContext* const context_;
  std::vector<plan::SavedState>* const saved_;
  StateSpool spool_;
  KeptRowSteps kept_;
  const std::vector<RowStepUse> uses_;
  std::vector<std::unique_ptr<feature::RowLearner>> learners_;
  std::vector<int> first_derived_;
  std::vector<size_t> learning_;  // steps with more to learn
};

}  // namespace

arrow::Status LearnRowSteps(const io::Source& source, const RowFolds& folds, int stage,
                            const plan::BoundPlan& bound, bool leaves_unlearned,
                            RunContext* context, std::vector<plan::SavedState>* saved,
                            Checkpoint* checkpoint) {
  return RowStepLearning(source, bound, leaves_unlearned, context, saved, checkpoint)
      .Run(folds, stage);
}

namespace {

// The steps are of one stage.
arrow::Result<std::shared_ptr<io::Source>> ApplyStage(std::shared_ptr<io::Source> source,
                                                      const std::vector<RowStepUse>& uses,
                                                      const RowFolds* folds, RunContext* context) {
  arrow::FieldVector derived;
  for (const RowStepUse& use : uses) {
    for (const feature::ColumnInfo& output : use.step->outputs())
      derived.push_back(arrow::field(output.name, output.type, output.nullable));
  }
  ARROW_ASSIGN_OR_RAISE(auto columns,
                        DerivedColumns::Make(derived, static_cast<int64_t>(source->units().size()),
                                             context->options().spill_dir));
  std::vector<RowStepUse> in_order[2];
  std::vector<int> first_columns[2];
  RowStepApplication application(*source, columns.get(), folds, context);
  int next = 0;
  for (const RowStepUse& use : uses) {
    const bool ordered = use.step->traits().ordered;
    if (HasLearned(use)) {
      in_order[ordered].push_back(use);
      first_columns[ordered].push_back(next);
    } else {
      ARROW_RETURN_NOT_OK(application.WriteNulls(use, next));
    }
    next += static_cast<int>(use.step->outputs().size());
  }
  const int64_t passes = (in_order[0].empty() ? 0 : 1) + (in_order[1].empty() ? 0 : 1);
  context->progress()->BeginPhase("rows", source->num_rows() * passes, source->num_rows(),
                                  source->num_bytes());
  ARROW_RETURN_NOT_OK(application.Run(in_order[0], first_columns[0], /*ordered=*/false));
  ARROW_RETURN_NOT_OK(application.Run(in_order[1], first_columns[1], /*ordered=*/true));
  context->progress()->EndPhase();
  return WithDerivedColumns(std::move(source), derived, std::move(columns));
}

}  // namespace

arrow::Result<std::shared_ptr<io::Source>> ApplyRowSteps(std::shared_ptr<io::Source> source,
                                                         const std::vector<RowStepUse>& uses,
                                                         const RowFolds* folds,
                                                         RunContext* context) {
  ARROW_RETURN_NOT_OK(CheckOrder(*source, uses));
  for (int stage = 0; stage < NumStages(uses); ++stage) {
    const std::vector<RowStepUse> of_stage = UsesOfStage(uses, stage);
    if (of_stage.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(source, ApplyStage(std::move(source), of_stage, folds, context));
  }
  return source;
}

}  // namespace emberharmony::engine

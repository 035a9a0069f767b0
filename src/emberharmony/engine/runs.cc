#include "emberharmony/engine/runs.h"

#include <arrow/type.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/complete_output.h"
#include "emberharmony/engine/fit.h"
#include "emberharmony/engine/output_folder.h"
#include "emberharmony/engine/request_facts.h"
#include "emberharmony/engine/row_steps.h"
#include "emberharmony/engine/run_learning_internal.h"
#include "emberharmony/engine/run_report_internal.h"
#include "emberharmony/engine/transform.h"
#include "emberharmony/io/cast_source.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

using internal::BeginReport;
using internal::CheckFeatures;
using internal::ExplainNoRows;
using internal::FinishReport;
using internal::FitRequested;
using internal::Fitted;
using internal::MakeSplits;
using internal::PreparePlanOf;
using internal::SelectRowsOf;
using internal::Stopwatch;

namespace {

std::string TemporaryFolder() {
  std::error_code error;
  const std::filesystem::path temporary = std::filesystem::temp_directory_path(error);
  return error ? "" : temporary.string();
}

// Where there is no output folder to spill to. Temporary files have no names, so nothing stays
// behind.
void SpillToTemporaryFolder(RunContext* context) {
  context->set_default_spill_dir(TemporaryFolder());
}

// The folder that `output` lies in, and so on its disk; where it may not be written, another one.
std::string FolderAround(const std::string& output) {
  const std::filesystem::path path = std::filesystem::path(output).lexically_normal();
  std::filesystem::path parent = path.parent_path();
  if (!path.has_filename()) parent = parent.parent_path();
  if (parent.empty()) parent = ".";
  return access(parent.c_str(), W_OK | X_OK) == 0 ? parent.string() : TemporaryFolder();
}

// Of a model that is read while the output has no folder for what is spilled: not yet, or, once it
// is complete, no more.
feature::StateOptions MemoryForModel(const std::string& output, const std::string& scratch_path,
                                     RunContext* context) {
  const std::string& spill_dir = context->options().spill_dir;
  const bool is_wanted = !spill_dir.empty() && spill_dir != scratch_path;
  return context->learned_memory(is_wanted ? spill_dir : FolderAround(output));
}

void WarnOfLackOfValues(const plan::FittedPlan& model, RunReport* report) {
  const arrow::Status status = model.CheckComplete();
  if (status.ok()) return;
  base::Log(base::LogLevel::kWarning, "{}", status.message());
  report->warnings.push_back(status.message());
}

// The folder of the run's output, locked, once it is known that nothing else is harmed.
// `other_input`: a model or a plan that is read, or empty.
arrow::Result<std::unique_ptr<OutputFolder>> OpenFolder(const std::string& output,
                                                        const SourceRequest& source,
                                                        const std::string& other_input,
                                                        RunContext* context) {
  std::vector<std::string> inputs;
  if (source.opened == nullptr) {
    ARROW_RETURN_NOT_OK(CheckOutsideSource(output, source.location));
    inputs.push_back(source.location);
  }
  for (const std::string& location : source.opened_from) {
    ARROW_RETURN_NOT_OK(CheckOutsideSource(output, location));
    inputs.push_back(location);
  }
  if (!other_input.empty()) inputs.push_back(other_input);
  const RunOptions& options = context->options();
  return options.resume ? OutputFolder::CreateOrContinue(output, inputs)
                        : OutputFolder::Create(output, options.overwrite, inputs);
}

// The run's output, and what of it is there, in such a folder, where states spill from now on.
arrow::Result<std::unique_ptr<Checkpoint>> OpenCheckpoint(std::unique_ptr<OutputFolder> folder,
                                                          const LedgerContents& header,
                                                          RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto checkpoint, Checkpoint::Open(std::move(folder), header, context));
  context->set_default_spill_dir(checkpoint->folder()->scratch_path());
  return checkpoint;
}

constexpr const char* kMayHaveChanged =
    "the output is complete and is left as it is; whether the service's rows have changed since it "
    "was made is not known: overwrite reads them again, and a snapshot time names one state of a "
    "table";

// The report of a run that finds its output complete, which `check` may refuse as well; nothing
// where the run begins anew.
arrow::Result<std::optional<RunReport>> ReportOfComplete(
    Checkpoint* checkpoint, const LedgerContents& header, const RequestedSource& requested,
    const std::optional<GivenPlan>& given, RunContext* context,
    const std::function<arrow::Status(const CompleteOutput&)>& check = nullptr) {
  const OutputFolder& folder = *checkpoint->folder();
  ARROW_ASSIGN_OR_RAISE(
      CompleteOutput complete,
      ReadCompleteOutput(folder.path(),
                         MemoryForModel(folder.path(), folder.scratch_path(), context)));
  ARROW_RETURN_NOT_OK(CheckCompleteOutput(complete, header, given));
  if (check) ARROW_RETURN_NOT_OK(check(complete));
  if (!header.request.has_lasting_source) {
    ARROW_RETURN_NOT_OK(checkpoint->BeginAnew(header));
    return std::nullopt;
  }
  ARROW_RETURN_NOT_OK(checkpoint->folder()->ClearUnbegun());
  RunReport report;
  report.command = header.command;
  report.source = header.source;
  report.output = complete.folder;
  report.was_complete = true;
  if (requested.remote != nullptr && !requested.remote->is_of_an_instant()) {
    report.warnings.emplace_back(kMayHaveChanged);
    base::Log(base::LogLevel::kWarning, "{}", kMayHaveChanged);
  }
  if (header.command == "fit") {
    report.num_rows = complete.num_learned_rows.value_or(0);
    return report;
  }
  report.manifest = std::move(complete.manifest);
  for (const auto& [name, split] : report.manifest.splits) report.num_rows += split.num_rows;
  return report;
}

// What transform reads: the model's columns, and its target where the table has it.
std::vector<std::string> ColumnsOfModel(const plan::FittedPlan& model,
                                        const arrow::Schema& source) {
  std::vector<std::string> columns;
  for (const auto& field : model.input_schema()->fields()) {
    if (source.GetFieldIndex(field->name()) >= 0) columns.push_back(field->name());
  }
  return columns;
}

std::array<std::string, kNumSplits> ExistingSplits(const SplitVectors& splits,
                                                   const ShardFolders& folders) {
  std::array<std::string, kNumSplits> names;
  for (int s = 0; s < kNumSplits; ++s) {
    if (splits.has_split(s)) names[s] = folders.split_names[s];
  }
  return names;
}

arrow::Result<Manifest> MakeManifest(std::vector<ShardEntry> shards, const SplitVectors& splits,
                                     const plan::FittedPlan& model, const ShardFolders& folders,
                                     RunContext* context) {
  Manifest manifest;
  const bool has_matrix_steps =
      std::ranges::any_of(model.row_steps(), [&](const plan::BoundRowStep& row_step) {
        return RunsOnBackend(row_step, model.pipelines());
      });
  manifest.backend = context->backends().name_for(has_matrix_steps);
  const bool checksum = context->options().content_checksum;
  const auto counts = splits.total_counts();
  if (checksum) context->progress()->BeginPhase("verify", 1, 0, 0);
  for (int s = 0; s < kNumSplits; ++s) {
    if (!splits.has_split(s)) continue;
    SplitEntry& entry = manifest.splits[folders.split_names[s]];
    entry.num_rows = counts[s];
    if (!checksum) continue;
    std::vector<std::string> paths;
    for (const ShardEntry& shard : shards) {
      if (shard.split == folders.split_names[s]) paths.push_back(folders.root + "/" + shard.path);
    }
    ARROW_ASSIGN_OR_RAISE(entry.content_checksum, ContentChecksum(paths, context));
  }
  if (checksum) context->progress()->EndPhase();
  manifest.shards = std::move(shards);
  if (model.plan().layout == plan::Layout::kMatrix) {
    const auto schema = model.output_schema(/*with_target=*/false);
    for (const auto& field : schema->fields()) {
      manifest.features.push_back(field->name());
    }
  }
  return manifest;
}

// Manifest and reports, and then the output is put in place.
arrow::Status FinishOutput(const Stopwatch& stopwatch, Checkpoint* checkpoint, RunContext* context,
                           RunReport* report) {
  checkpoint->NotePhase("report");
  const std::string staging = checkpoint->folder()->staging_path();
  report->num_units_found = checkpoint->num_units_found();
  FinishReport(stopwatch, context, report);
  ARROW_RETURN_NOT_OK(internal::WriteReports(*report, staging));
  ARROW_RETURN_NOT_OK(
      base::WriteFileAtomically(staging + "/manifest.json", report->manifest.ToJson()));
  return checkpoint->Publish();
}

// A run that learns, once it is known what is asked for and where its output goes.
struct LearningRun {
  Stopwatch stopwatch;
  RequestedSource requested;
  std::optional<GivenPlan> given;
  LedgerContents header;
  std::unique_ptr<Checkpoint> checkpoint;
  std::optional<RunReport> done;  // the output was there, complete
};

arrow::Result<LearningRun> OpenLearning(const std::string& command,
                                        const SourceRequest& source_request,
                                        const PlanRequest& plan_request, const std::string& output,
                                        RunContext* context) {
  LearningRun run;
  ARROW_ASSIGN_OR_RAISE(run.requested, OpenRequested(source_request, context));
  ARROW_ASSIGN_OR_RAISE(run.given,
                        PreparePlanOf(source_request, run.requested, plan_request, context));
  run.header =
      DescribeLearning(command, source_request, run.requested, plan_request, run.given, *context);
  ARROW_ASSIGN_OR_RAISE(auto folder,
                        OpenFolder(output, source_request, plan_request.path, context));
  ARROW_ASSIGN_OR_RAISE(run.checkpoint, OpenCheckpoint(std::move(folder), run.header, context));
  if (!run.checkpoint->is_complete()) return run;
  const auto check = [&](const CompleteOutput& complete) {
    if (command != "fit") return arrow::Status::OK();
    return CheckCompleteModel(complete, source_request, run.requested, plan_request, run.given,
                              context);
  };
  ARROW_ASSIGN_OR_RAISE(run.done, ReportOfComplete(run.checkpoint.get(), run.header, run.requested,
                                                   run.given, context, check));
  return run;
}

// RunFit from where its output is there.
arrow::Result<RunReport> FitInto(LearningRun* run, const SourceRequest& source_request,
                                 const PlanRequest& plan_request, RunContext* context) {
  Checkpoint* const checkpoint = run->checkpoint.get();
  OutputFolder* const folder = checkpoint->folder();
  RequestedSource& requested = run->requested;
  ARROW_RETURN_NOT_OK(
      SelectRowsOf(source_request, plan_request, context, &requested, &run->given, checkpoint));
  RunReport report = BeginReport("fit", source_request, requested, folder->path(), *context);
  ARROW_RETURN_NOT_OK(checkpoint->NoteSource(report.num_units, report.num_rows));
  arrow::Result<Fitted> fit = FitRequested(requested, plan_request, std::move(run->given),
                                           FitPurpose::kMerging, context, checkpoint);
  ARROW_RETURN_NOT_OK(ExplainNoRows(source_request, requested, fit.status()));
  Fitted fitted = *std::move(fit);
  report.automatic_plan = fitted.automatic;
  report.num_dropped_rows = fitted.splits->num_dropped();
  report.profiles = std::move(fitted.profiles);
  report.model = fitted.model;
  ARROW_RETURN_NOT_OK(CheckFeatures(*fitted.model));
  WarnOfLackOfValues(*fitted.model, &report);
  checkpoint->NotePhase("save");
  ARROW_RETURN_NOT_OK(fitted.model->Save(folder->staging_path()));
  ARROW_RETURN_NOT_OK(folder->Publish());
  FinishReport(run->stopwatch, context, &report);
  return report;
}

// RunTransform from where its output is there.
arrow::Result<RunReport> TransformInto(Checkpoint* checkpoint,
                                       std::shared_ptr<const plan::FittedPlan> model,
                                       const SourceRequest& source_request,
                                       const RunRequest& request, RequestedSource requested,
                                       const Stopwatch& stopwatch, RunContext* context) {
  const io::Source* source = requested.selected.get();
  // As it was learned from; but a model serves files as well, and other tables.
  std::string unit_column = model->plan().unit_column.value_or("");
  if (!unit_column.empty() && !CheckUnitColumn(requested, unit_column).ok()) unit_column.clear();
  const bool is_remote = requested.remote != nullptr;
  if (is_remote) checkpoint->NotePhase("ask");
  ARROW_RETURN_NOT_OK(SelectRows(source_request, context, &requested,
                                 ColumnsOfModel(*model, *source->schema()), unit_column,
                                 checkpoint->can_be_continued() ? checkpoint : nullptr));
  if (is_remote) ARROW_RETURN_NOT_OK(checkpoint->NoteDownload(requested.was_kept));
  requested.selected = io::CastColumns(requested.selected, *model->input_schema());
  source = requested.selected.get();
  RunReport report =
      BeginReport("transform", source_request, requested, checkpoint->folder()->path(), *context);
  report.request = request;
  report.model = model;
  ARROW_RETURN_NOT_OK(checkpoint->NoteSource(report.num_units, report.num_rows));
  auto splits = SplitVectors::Uniform(*source, 0);
  ShardFolders folders{checkpoint->folder()->staging_path(), {"", "", ""}, {"all", "", ""}};
  ARROW_ASSIGN_OR_RAISE(const auto binding, model->Bind(*source->schema()));
  ARROW_ASSIGN_OR_RAISE(const auto widened,
                        ApplyRowSteps(requested.selected, UsesOf(*model, binding),
                                      /*folds=*/nullptr, context));
  report.source_schema = widened->schema();
  ARROW_ASSIGN_OR_RAISE(auto shards, TransformSource(*widened, binding, *splits, *model, folders,
                                                     context, &report.distributions, checkpoint));
  ARROW_ASSIGN_OR_RAISE(report.manifest,
                        MakeManifest(std::move(shards), *splits, *model, folders, context));
  report.split_names = ExistingSplits(*splits, folders);
  ARROW_RETURN_NOT_OK(FinishOutput(stopwatch, checkpoint, context, &report));
  return report;
}

// RunExtract from where its output is there.
arrow::Result<RunReport> ExtractInto(LearningRun* run, const SourceRequest& source_request,
                                     const PlanRequest& plan_request, RunContext* context) {
  Checkpoint* const checkpoint = run->checkpoint.get();
  RequestedSource& requested = run->requested;
  ARROW_RETURN_NOT_OK(
      SelectRowsOf(source_request, plan_request, context, &requested, &run->given, checkpoint));
  RunReport report =
      BeginReport("extract", source_request, requested, checkpoint->folder()->path(), *context);
  report.request = run->header.request;
  ARROW_RETURN_NOT_OK(checkpoint->NoteSource(report.num_units, report.num_rows));
  ARROW_ASSIGN_OR_RAISE(Fitted fitted,
                        internal::FitOrReload(source_request, requested, plan_request,
                                              std::move(run->given), checkpoint, context));
  report.automatic_plan = fitted.automatic;
  report.num_dropped_rows = fitted.splits->num_dropped();
  // Now it is known how many rows are written.
  if (report.num_dropped_rows > 0)
    ARROW_RETURN_NOT_OK(
        checkpoint->NoteSource(report.num_units, report.num_rows - report.num_dropped_rows));
  report.profiles = std::move(fitted.profiles);
  report.model = fitted.model;
  ShardFolders folders{checkpoint->folder()->staging_path(),
                       {"train", "validation", "test"},
                       {"train", "validation", "test"}};
  ARROW_ASSIGN_OR_RAISE(const auto binding, fitted.model->Bind(*requested.selected->schema()));
  report.source_schema = fitted.source->schema();
  ARROW_ASSIGN_OR_RAISE(
      auto shards, TransformSource(*fitted.source, binding, *fitted.splits, *fitted.model, folders,
                                   context, &report.distributions, checkpoint));
  ARROW_ASSIGN_OR_RAISE(report.manifest, MakeManifest(std::move(shards), *fitted.splits,
                                                      *fitted.model, folders, context));
  report.split_names = ExistingSplits(*fitted.splits, folders);
  ARROW_RETURN_NOT_OK(FinishOutput(run->stopwatch, checkpoint, context, &report));
  return report;
}

}  // namespace

arrow::Result<Inspection> RunInspect(const SourceRequest& source_request,
                                     const InspectOptions& options, RunContext* context) {
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested, OpenRequested(source_request, context));
  SpillToTemporaryFolder(context);
  ARROW_RETURN_NOT_OK(SelectRows(source_request, context, &requested, source_request.columns));
  const io::Source& source = *requested.selected;
  Inspection inspection{source_request.location,
                        source.num_rows(),
                        static_cast<int64_t>(source.units().size()),
                        source.num_bytes(),
                        {}};
  ARROW_ASSIGN_OR_RAISE(inspection.columns, InspectColumns(source, options, context));
  return inspection;
}

arrow::Result<std::string> RunPlan(const SourceRequest& source_request,
                                   const PlanRequest& plan_request, RunContext* context) {
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested, OpenRequested(source_request, context));
  ARROW_RETURN_NOT_OK(PreparePlan(source_request, requested, plan_request).status());
  SpillToTemporaryFolder(context);
  ARROW_RETURN_NOT_OK(SelectRows(source_request, context, &requested));
  const io::Source* source = requested.selected.get();
  ARROW_ASSIGN_OR_RAISE(
      auto splits,
      MakeSplits(requested, internal::AutomaticSplit(plan_request, *source->schema()), context));
  ARROW_ASSIGN_OR_RAISE(
      DetectedPlan detected,
      DetectPlan(*source, *splits, plan_request.automatic_options(*source->schema()),
                 /*learn=*/false, /*keep_state=*/false, context));
  if (detected.plan.features.empty()) {
    return ExplainNoRows(source_request, requested, NoFeatures(detected.plan));
  }
  return plan::WritePlan(detected.plan);
}

arrow::Result<RunReport> RunFit(const SourceRequest& source_request,
                                const PlanRequest& plan_request, const std::string& output,
                                RunContext* context) {
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(LearningRun run,
                        OpenLearning("fit", source_request, plan_request, output, context));
  if (run.done) return *std::move(run.done);
  Checkpoint* const checkpoint = run.checkpoint.get();
  auto report = FitInto(&run, source_request, plan_request, context);
  ARROW_RETURN_NOT_OK(checkpoint->Conclude(report.status()));
  return report;
}

arrow::Result<RunReport> RunTransform(const std::string& model_dir,
                                      const SourceRequest& source_request,
                                      const std::string& output, RunContext* context) {
  const backend::BackendScope native(backend::Native());
  Stopwatch stopwatch;
  // Ahead of the model, which may take long to load: the folder tells that a run is at work on it.
  // What --overwrite replaces is left until it is known that there is something to replace it.
  std::unique_ptr<OutputFolder> folder;
  if (!context->options().overwrite) {
    ARROW_ASSIGN_OR_RAISE(folder, OpenFolder(output, source_request, model_dir, context));
  }
  const bool has_scratch = folder != nullptr && !folder->is_complete();
  ARROW_ASSIGN_OR_RAISE(auto model,
                        plan::FittedPlan::Load(model_dir, /*with_states=*/false,
                                               has_scratch && context->options().spill_dir.empty()
                                                   ? context->learned_memory(folder->scratch_path())
                                                   : MemoryForModel(output, "", context)));
  ARROW_RETURN_NOT_OK(model->CheckComplete());
  context->set_compute(model->plan().compute);
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested,
                        OpenRequested(source_request, context, model->input_schema().get()));
  requested.selected = io::CastColumns(requested.selected, *model->input_schema());
  const io::Source* source = requested.selected.get();
  std::vector<std::string> columns;
  for (const auto& pipeline : model->pipelines()) columns.push_back(pipeline->source_column());
  for (const auto& row_step : model->row_steps()) {
    for (const auto& input : row_step.inputs) columns.push_back(input->source_column());
  }
  ARROW_RETURN_NOT_OK(CheckNotLeftOut(source_request, requested, columns, "the model"));
  ARROW_RETURN_NOT_OK(model->Bind(*source->schema()).status());
  ARROW_RETURN_NOT_OK(CheckFeatures(*model));
  ARROW_ASSIGN_OR_RAISE(const LedgerContents header,
                        DescribeTransform(model_dir, *model, source_request, requested, *context));
  if (folder == nullptr) {
    ARROW_ASSIGN_OR_RAISE(folder, OpenFolder(output, source_request, model_dir, context));
  }
  ARROW_ASSIGN_OR_RAISE(auto checkpoint, OpenCheckpoint(std::move(folder), header, context));
  if (checkpoint->is_complete()) {
    ARROW_ASSIGN_OR_RAISE(
        auto done, ReportOfComplete(checkpoint.get(), header, requested, std::nullopt, context));
    if (done) return *std::move(done);
  }
  auto report = TransformInto(checkpoint.get(), std::move(model), source_request, header.request,
                              std::move(requested), stopwatch, context);
  ARROW_RETURN_NOT_OK(checkpoint->Conclude(report.status()));
  return report;
}

arrow::Result<RunReport> RunExtract(const SourceRequest& source_request,
                                    const PlanRequest& plan_request, const std::string& output,
                                    RunContext* context) {
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(LearningRun run,
                        OpenLearning("extract", source_request, plan_request, output, context));
  if (run.done) return *std::move(run.done);
  Checkpoint* const checkpoint = run.checkpoint.get();
  auto report = ExtractInto(&run, source_request, plan_request, context);
  ARROW_RETURN_NOT_OK(checkpoint->Conclude(report.status()));
  return report;
}

arrow::Result<std::shared_ptr<const plan::FittedPlan>> FitModel(const SourceRequest& source_request,
                                                                const PlanRequest& plan_request,
                                                                bool keep_state,
                                                                RunContext* context) {
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested, OpenRequested(source_request, context));
  ARROW_ASSIGN_OR_RAISE(auto given,
                        PreparePlanOf(source_request, requested, plan_request, context));
  SpillToTemporaryFolder(context);
  ARROW_RETURN_NOT_OK(SelectRowsOf(source_request, plan_request, context, &requested, &given));
  const arrow::Result<Fitted> fitted =
      FitRequested(requested, plan_request, std::move(given),
                   keep_state ? FitPurpose::kApplyingAndMerging : FitPurpose::kApplying, context);
  ARROW_RETURN_NOT_OK(ExplainNoRows(source_request, requested, fitted.status()));
  ARROW_RETURN_NOT_OK(CheckFeatures(*fitted->model));
  return fitted->model;
}

arrow::Result<RunReport> RunMerge(const std::vector<std::string>& model_dirs,
                                  const std::string& output, RunContext* context) {
  const backend::BackendScope native(backend::Native());
  Stopwatch stopwatch;
  std::vector<MergePart> parts;
  for (const std::string& dir : model_dirs) {
    ARROW_ASSIGN_OR_RAISE(MergePart part,
                          MergePart::Load(dir, MemoryForModel(output, "", context)));
    parts.push_back(std::move(part));
  }
  ARROW_RETURN_NOT_OK(CheckMergeable(parts));
  ARROW_ASSIGN_OR_RAISE(auto folder,
                        OutputFolder::Create(output, context->options().overwrite, model_dirs));
  context->set_default_spill_dir(folder->scratch_path());
  ARROW_ASSIGN_OR_RAISE(auto merged, MergeModels(parts, context));
  ARROW_RETURN_NOT_OK(merged->Save(folder->staging_path()));
  ARROW_RETURN_NOT_OK(folder->Publish());
  RunReport report;
  report.command = "merge";
  report.output = output;
  report.model = merged;
  WarnOfLackOfValues(*merged, &report);
  FinishReport(stopwatch, context, &report);
  return report;
}

}  // namespace emberharmony::engine

#include "emberharmony/engine/runs.h"

#include <arrow/type.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/complete_output.h"
#include "emberharmony/engine/fit.h"
#include "emberharmony/engine/output_folder.h"
#include "emberharmony/engine/report_html.h"
#include "emberharmony/engine/request_facts.h"
#include "emberharmony/engine/row_step_merge.h"
#include "emberharmony/engine/row_steps.h"
#include "emberharmony/engine/transform.h"
#include "emberharmony/engine/warnings.h"
#include "emberharmony/io/cast_source.h"
#include "emberharmony/io/object_stores.h"
#include "emberharmony/io/source.h"

namespace emberharmony::engine {

namespace {

class Stopwatch {
 public:
  Stopwatch() : begin_(std::chrono::steady_clock::now()) {}
  void Read(RunReport* report) const {
    report->wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    report->cpu_seconds =
        static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
        1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  }

 private:
  std::chrono::steady_clock::time_point begin_;
};

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

// Of a model that is read before the output has its folder: beside that, which is on its disk.
feature::StateOptions MemoryForModel(const std::string& output, RunContext* context) {
  std::string spill_dir = context->options().spill_dir;
  if (spill_dir.empty()) {
    const std::filesystem::path path = std::filesystem::path(output).lexically_normal();
    std::filesystem::path parent = path.parent_path();
    if (!path.has_filename()) parent = parent.parent_path();
    if (parent.empty()) parent = ".";
    spill_dir = access(parent.c_str(), W_OK | X_OK) == 0 ? parent.string() : TemporaryFolder();
  }
  return context->learned_memory(spill_dir);
}

// The split of an automatic plan is fixed before anything has been seen.
plan::SplitSpec AutomaticSplit(const PlanRequest& request, const arrow::Schema& schema) {
  plan::SplitSpec split = request.automatic_options(schema).split.value_or(plan::SplitSpec());
  if (request.seed) split.seed = *request.seed;
  return split;
}

// The states as a model keeps them: columns counted in the model's own schema.
std::vector<plan::SavedState> StatesForModel(std::vector<plan::SavedState> states,
                                             const arrow::Schema& source,
                                             const arrow::Schema& model) {
  for (plan::SavedState& state : states) {
    const int derived = state.source_column - source.num_fields();
    state.source_column = derived >= 0
                              ? model.num_fields() + derived
                              : model.GetFieldIndex(source.field(state.source_column)->name());
  }
  return states;
}

struct Fitted {
  std::shared_ptr<const plan::FittedPlan> model;
  std::shared_ptr<const SplitVectors> splits;
  bool automatic = false;
  std::vector<plan::ColumnProfile> profiles;
  /// What features are written from: the table, with the columns that row-wise steps yield.
  std::shared_ptr<io::Source> source;
};

arrow::Result<Fitted> FinishFit(plan::Plan plan, plan::BoundPlan bound,
                                std::vector<plan::SavedState> states, const io::Source& source,
                                Fitted fitted) {
  ARROW_ASSIGN_OR_RAISE(auto model,
                        plan::FittedPlan::Make(std::move(plan), source.schema(), std::move(bound),
                                               fitted.splits->time_cuts()));
  if (!states.empty()) {
    model->set_states(StatesForModel(std::move(states), *source.schema(), *model->input_schema()));
  }
  fitted.model = std::move(model);
  return fitted;
}

void WarnOfLackOfValues(const plan::FittedPlan& model, RunReport* report) {
  const arrow::Status status = model.CheckComplete();
  if (status.ok()) return;
  base::Log(base::LogLevel::kWarning, "{}", status.message());
  report->warnings.push_back(status.message());
}

arrow::Status CheckFeatures(const plan::FittedPlan& model) {
  if (model.output_schema(/*with_target=*/false)->num_fields() > 0) return arrow::Status::OK();
  return NoFeatures(model.plan());
}

// The run's output, and what of it is there, once it is known that nothing else is harmed.
// `other_input`: a model or a plan that is read, or empty.
arrow::Result<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::string& output,
                                                          const SourceRequest& source,
                                                          const std::string& other_input,
                                                          const LedgerContents& header,
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
  ARROW_ASSIGN_OR_RAISE(auto checkpoint, Checkpoint::Open(output, inputs, header, context));
  context->set_default_spill_dir(checkpoint->folder()->scratch_path());
  return checkpoint;
}

// The report of a run that finds its output complete, which `check` may refuse as well; nothing
// where the run begins anew.
arrow::Result<std::optional<RunReport>> ReportOfComplete(
    Checkpoint* checkpoint, const LedgerContents& header, const std::optional<GivenPlan>& given,
    RunContext* context,
    const std::function<arrow::Status(const CompleteOutput&)>& check = nullptr) {
  ARROW_ASSIGN_OR_RAISE(CompleteOutput complete,
                        ReadCompleteOutput(checkpoint->folder()->path(),
                                           MemoryForModel(checkpoint->folder()->path(), context)));
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
  if (header.command == "fit") {
    report.num_rows = complete.num_learned_rows.value_or(0);
    return report;
  }
  report.manifest = std::move(complete.manifest);
  for (const auto& [name, split] : report.manifest.splits) report.num_rows += split.num_rows;
  return report;
}

void LogPlan(const std::string& what, const plan::Plan& plan) {
  base::Log(base::LogLevel::kInfo, "{}: {} features, {}", what, plan.features.size(),
            plan.target ? "target '" + plan.target->column + "'" : "no target");
}

constexpr const char* kSplitsFile = "splits";

// Where rows were read to know their splits, they are kept.
arrow::Status KeepSplits(const SplitVectors& splits, Checkpoint* checkpoint) {
  const bool is_read = splits.uniform_split() < 0 || splits.time_cuts().has_value();
  if (checkpoint == nullptr || !is_read || splits.pending() || checkpoint->FindFile(kSplitsFile))
    return arrow::Status::OK();
  return checkpoint->NoteFile(
      kSplitsFile, [&](arrow::io::OutputStream* stream) { return splits.Write(stream); });
}

// The splits of all rows: those that an interrupted run has kept, or new ones, which the scan that
// learns may assign where it sees all columns.
arrow::Result<std::shared_ptr<const SplitVectors>> MakeSplits(
    const RequestedSource& requested, const plan::SplitSpec& spec, RunContext* context,
    const std::optional<std::string>& required_column = std::nullopt,
    Checkpoint* checkpoint = nullptr) {
  const auto kept = checkpoint != nullptr ? checkpoint->FindFile(kSplitsFile) : std::nullopt;
  if (kept) {
    auto splits = SplitVectors::ReadFile(*kept, *requested.whole, context);
    if (splits.ok() || splits.status().IsOutOfMemory()) return splits;
  }
  ARROW_ASSIGN_OR_RAISE(
      auto splits, SplitVectors::MakeForScan(*requested.whole, *requested.selected, spec, context,
                                             required_column));
  ARROW_RETURN_NOT_OK(KeepSplits(*splits, checkpoint));
  return splits;
}

// What comes after the steps of the table's own columns have learned, stage by stage. States are
// appended to *states.
arrow::Result<std::shared_ptr<io::Source>> FitRowSteps(const RequestedSource& requested,
                                                       const GivenPlan& given,
                                                       const SplitVectors& splits,
                                                       FitPurpose purpose, RunContext* context,
                                                       Checkpoint* checkpoint,
                                                       std::vector<plan::SavedState>* states) {
  const RowFolds folds(requested, given.plan.split, splits, context);
  const std::vector<RowStepUse> uses = UsesOf(given.bound, /*with_target=*/false);
  std::shared_ptr<io::Source> source = requested.selected;
  for (int stage = 0; stage < NumStages(uses); ++stage) {
    ARROW_RETURN_NOT_OK(LearnRowSteps(*source, folds, stage, given.bound,
                                      purpose == FitPurpose::kMerging, context,
                                      purpose == FitPurpose::kApplying ? nullptr : states));
    const int first_derived = source->schema()->num_fields();
    ARROW_ASSIGN_OR_RAISE(
        source, ApplyRowSteps(std::move(source), UsesOfStage(uses, stage), &folds, context));
    ARROW_ASSIGN_OR_RAISE(auto learned, FitPipelines(*source, splits, given.bound, purpose, context,
                                                     first_derived, checkpoint));
    std::move(learned.begin(), learned.end(), std::back_inserter(*states));
  }
  return source;
}

arrow::Result<Fitted> FitRequested(const RequestedSource& requested, const PlanRequest& request,
                                   std::optional<GivenPlan> given, FitPurpose purpose,
                                   RunContext* context, Checkpoint* checkpoint = nullptr) {
  const io::Source& source = *requested.selected;
  Fitted fitted;
  fitted.source = requested.selected;
  if (!given) {
    fitted.automatic = true;
    ARROW_ASSIGN_OR_RAISE(fitted.splits,
                          MakeSplits(requested, AutomaticSplit(request, *source.schema()), context,
                                     std::nullopt, checkpoint));
    ARROW_ASSIGN_OR_RAISE(
        DetectedPlan detected,
        DetectPlan(source, *fitted.splits, request.automatic_options(*source.schema()),
                   /*learn=*/true, purpose != FitPurpose::kApplying, context, checkpoint));
    ARROW_RETURN_NOT_OK(fitted.splits->Complete());
    ARROW_RETURN_NOT_OK(KeepSplits(*fitted.splits, checkpoint));
    fitted.profiles = detected.profiles;
    LogPlan("automatic plan", detected.plan);
    if (detected.plan.features.empty()) return NoFeatures(detected.plan);
    return FinishFit(std::move(detected.plan), std::move(detected.bound),
                     std::move(detected.states), source, std::move(fitted));
  }
  LogPlan("plan '" + request.name + "'", given->plan);
  ARROW_ASSIGN_OR_RAISE(fitted.splits, MakeSplits(requested, given->plan.split, context,
                                                  given->required_column(), checkpoint));
  // Where models cannot be merged, states would serve nobody.
  if (!CheckRowStepsMerge(given->bound, source.schema()->num_fields()).ok())
    purpose = FitPurpose::kApplying;
  ARROW_ASSIGN_OR_RAISE(auto states,
                        FitPipelines(source, *fitted.splits, given->bound, purpose, context,
                                     /*first_column=*/0, checkpoint));
  ARROW_RETURN_NOT_OK(fitted.splits->Complete());
  ARROW_ASSIGN_OR_RAISE(fitted.source, FitRowSteps(requested, *given, *fitted.splits, purpose,
                                                   context, checkpoint, &states));
  return FinishFit(std::move(given->plan), std::move(given->bound), std::move(states), source,
                   std::move(fitted));
}

// What a run without rows fails with: the reason for that comes first.
arrow::Status ExplainNoRows(const SourceRequest& request, const RequestedSource& requested,
                            const arrow::Status& status) {
  const std::string why = status.ok() ? "" : WhyNoRows(request, requested);
  if (why.empty()) return status;
  return status.WithMessage(why, ", so there is nothing to learn from: ", status.message());
}

// PreparePlan, after which it is known who computes.
arrow::Result<std::optional<GivenPlan>> PreparePlanOf(const SourceRequest& source_request,
                                                      const RequestedSource& requested,
                                                      const PlanRequest& request,
                                                      RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto given, PreparePlan(source_request, requested, request));
  if (given) context->set_compute(given->plan.compute);
  return given;
}

// SelectRows for a run of a plan.
arrow::Status SelectRowsOf(const SourceRequest& source_request, const PlanRequest& plan_request,
                           RunContext* context, RequestedSource* requested,
                           std::optional<GivenPlan>* given, Checkpoint* checkpoint = nullptr) {
  const bool is_remote = requested->remote != nullptr;
  const std::string unit_column = *given ? (*given)->plan.unit_column.value_or("") : std::string();
  ARROW_RETURN_NOT_OK(SelectRows(source_request, context, requested, ColumnsToRead(*given),
                                 unit_column, checkpoint));
  // Columns that are not read have not been fetched, so others have their numbers.
  if (!is_remote) return arrow::Status::OK();
  if (checkpoint != nullptr) ARROW_RETURN_NOT_OK(checkpoint->NoteDownload(requested->was_kept));
  ARROW_ASSIGN_OR_RAISE(*given, PreparePlan(source_request, *requested, plan_request));
  return arrow::Status::OK();
}

// What the report tells of how a model came about, beside what the model says.
nlohmann::json FactsOf(const Fitted& fitted) {
  nlohmann::json profiles = nlohmann::json::array();
  for (const plan::ColumnProfile& profile : fitted.profiles) {
    profiles.push_back({profile.count, profile.null_count, profile.distinct_count,
                        profile.distinct_exact, profile.infinity_count, profile.min, profile.max});
  }
  return {{"automatic", fitted.automatic}, {"profiles", std::move(profiles)}};
}

// Empty when it is not what FactsOf gave for so many columns.
std::vector<plan::ColumnProfile> ProfilesOf(const nlohmann::json& facts, int num_columns) {
  const auto found = facts.find("profiles");
  if (found == facts.end() || !found->is_array() ||
      found->size() != static_cast<size_t>(num_columns)) {
    return {};
  }
  std::vector<plan::ColumnProfile> profiles;
  for (const nlohmann::json& json : *found) {
    if (!json.is_array() || json.size() != 7 || !json[3].is_boolean()) return {};
    for (const int i : {0, 1, 2, 4}) {
      if (!json[i].is_number_integer()) return {};
    }
    plan::ColumnProfile profile{json[0].get<int64_t>(), json[1].get<int64_t>(),
                                json[2].get<int64_t>(), json[3].get<bool>()};
    profile.infinity_count = json[4].get<int64_t>();
    // What is not finite is no number in JSON.
    if (json[5].is_number()) profile.min = json[5].get<double>();
    if (json[6].is_number()) profile.max = json[6].get<double>();
    profiles.push_back(profile);
  }
  return profiles;
}

// What an interrupted run has learned; nothing when there is none, or the model alone does not
// tell all that its rows are made with (a step's folds): then it is learned again.
arrow::Result<std::optional<Fitted>> ReloadFit(const RequestedSource& requested,
                                               Checkpoint* checkpoint, RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(const auto facts, checkpoint->FindModel());
  if (!facts) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<const plan::FittedPlan> model,
      plan::FittedPlan::Load(checkpoint->model_path(), /*with_states=*/false,
                             context->learned_memory(context->options().spill_dir)));
  for (const plan::BoundRowStep& row_step : model->row_steps()) {
    if (row_step.step->traits().num_folds > 0) return std::nullopt;
  }
  const io::Source& source = *requested.selected;
  Fitted fitted;
  fitted.model = model;
  fitted.automatic = facts->value("automatic", nlohmann::json()) == nlohmann::json(true);
  fitted.profiles = ProfilesOf(*facts, source.schema()->num_fields());
  fitted.automatic = fitted.automatic && !fitted.profiles.empty();
  const plan::Plan& plan = model->plan();
  const bool drops_rows = plan.target && plan.target->drop_null;
  ARROW_ASSIGN_OR_RAISE(
      fitted.splits,
      MakeSplits(requested, plan.split, context,
                 drops_rows ? std::optional<std::string>(plan.target->column) : std::nullopt,
                 checkpoint));
  ARROW_RETURN_NOT_OK(fitted.splits->Complete());
  const RowFolds folds(requested, plan.split, *fitted.splits, context);
  ARROW_ASSIGN_OR_RAISE(const auto binding, model->Bind(*source.schema()));
  ARROW_ASSIGN_OR_RAISE(
      fitted.source, ApplyRowSteps(requested.selected, UsesOf(*model, binding), &folds, context));
  return fitted;
}

// The model and what comes with it, complete in the checkpoint.
arrow::Result<Fitted> FitOrReload(const SourceRequest& source_request,
                                  const RequestedSource& requested, const PlanRequest& plan_request,
                                  std::optional<GivenPlan> given, Checkpoint* checkpoint,
                                  RunContext* context) {
  ARROW_ASSIGN_OR_RAISE(auto reloaded, ReloadFit(requested, checkpoint, context));
  if (reloaded) return *std::move(reloaded);
  arrow::Result<Fitted> fit = FitRequested(
      requested, plan_request, std::move(given),
      context->options().keep_state ? FitPurpose::kApplyingAndMerging : FitPurpose::kApplying,
      context, checkpoint->can_be_continued() ? checkpoint : nullptr);
  ARROW_RETURN_NOT_OK(ExplainNoRows(source_request, requested, fit.status()));
  ARROW_RETURN_NOT_OK(CheckFeatures(*fit->model));
  std::error_code ignored;
  std::filesystem::remove_all(checkpoint->model_path(), ignored);
  ARROW_RETURN_NOT_OK(fit->model->Save(checkpoint->model_path()));
  ARROW_RETURN_NOT_OK(checkpoint->NoteModel(FactsOf(*fit)));
  return fit;
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

RunReport BeginReport(const std::string& command, const SourceRequest& request,
                      const RequestedSource& requested, const std::string& output,
                      const RunContext& context) {
  const io::Source& source = *requested.selected;
  RunReport report;
  report.command = command;
  report.source = io::ShownLocation(request.location);
  report.where = request.where;
  report.why_no_rows = WhyNoRows(request, requested);
  report.output = output;
  report.num_threads = context.num_threads();
  report.memory_limit_bytes = context.memory_limit_bytes();
  report.num_rows = source.num_rows();
  report.num_units = static_cast<int64_t>(source.units().size());
  report.source_bytes = source.num_bytes();
  report.source_schema = source.schema();
  report.warnings = source.warnings();
  return report;
}

void FinishReport(const Stopwatch& stopwatch, RunContext* context, RunReport* report) {
  stopwatch.Read(report);
  report->peak_resident_bytes = base::PeakResidentBytes();
  report->phases = context->progress()->phase_times();
  report->backend = context->backends().Use();
  for (const ShardEntry& shard : report->manifest.shards) report->output_bytes += shard.bytes;
  const std::vector<std::string> warnings = DeriveWarnings(*report);
  for (const std::string& warning : warnings) {
    base::Log(base::LogLevel::kWarning, "{}", warning);
  }
  report->warnings.insert(report->warnings.end(), warnings.begin(), warnings.end());
  if (report->num_units_found > 0) {
    report->warnings.push_back(fmt::format(
        "the run went on from one that was interrupted: the report's charts leave out the rows of "
        "{} of {} units, which were written before",
        report->num_units_found, report->num_units));
  }
}

std::array<std::string, kNumSplits> ExistingSplits(const SplitVectors& splits,
                                                   const ShardFolders& folders) {
  std::array<std::string, kNumSplits> names;
  for (int s = 0; s < kNumSplits; ++s) {
    if (splits.has_split(s)) names[s] = folders.split_names[s];
  }
  return names;
}

arrow::Status WriteReports(const RunReport& report, const std::string& folder) {
  const base::Activity activity("report");
  ARROW_RETURN_NOT_OK(base::WriteFileAtomically(folder + "/run_report.json", report.ToJson()));
  return base::WriteFileAtomically(folder + "/report.html", ReportHtml(report));
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
arrow::Status FinishOutput(const Stopwatch& stopwatch, const Checkpoint& checkpoint,
                           RunContext* context, RunReport* report) {
  const std::string staging = checkpoint.folder()->staging_path();
  report->num_units_found = checkpoint.num_units_found();
  FinishReport(stopwatch, context, report);
  ARROW_RETURN_NOT_OK(WriteReports(*report, staging));
  ARROW_RETURN_NOT_OK(
      base::WriteFileAtomically(staging + "/manifest.json", report->manifest.ToJson()));
  return checkpoint.folder()->Publish();
}

// RunFit from where its output is there.
arrow::Result<RunReport> FitInto(Checkpoint* checkpoint, const SourceRequest& source_request,
                                 const PlanRequest& plan_request, RequestedSource requested,
                                 std::optional<GivenPlan> given, const Stopwatch& stopwatch,
                                 RunContext* context) {
  OutputFolder* const folder = checkpoint->folder();
  ARROW_RETURN_NOT_OK(
      SelectRowsOf(source_request, plan_request, context, &requested, &given, checkpoint));
  RunReport report = BeginReport("fit", source_request, requested, folder->path(), *context);
  ARROW_RETURN_NOT_OK(checkpoint->NoteSource(report.num_units, report.num_rows));
  arrow::Result<Fitted> fit = FitRequested(requested, plan_request, std::move(given),
                                           FitPurpose::kMerging, context, checkpoint);
  ARROW_RETURN_NOT_OK(ExplainNoRows(source_request, requested, fit.status()));
  Fitted fitted = *std::move(fit);
  report.automatic_plan = fitted.automatic;
  report.num_dropped_rows = fitted.splits->num_dropped();
  report.profiles = std::move(fitted.profiles);
  report.model = fitted.model;
  ARROW_RETURN_NOT_OK(CheckFeatures(*fitted.model));
  WarnOfLackOfValues(*fitted.model, &report);
  ARROW_RETURN_NOT_OK(fitted.model->Save(folder->staging_path()));
  ARROW_RETURN_NOT_OK(folder->Publish());
  FinishReport(stopwatch, context, &report);
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
  ARROW_RETURN_NOT_OK(SelectRows(source_request, context, &requested,
                                 ColumnsOfModel(*model, *source->schema()), unit_column,
                                 checkpoint));
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
  ARROW_RETURN_NOT_OK(FinishOutput(stopwatch, *checkpoint, context, &report));
  return report;
}

// RunExtract from where its output is there.
arrow::Result<RunReport> ExtractInto(Checkpoint* checkpoint, const SourceRequest& source_request,
                                     const PlanRequest& plan_request, const RunRequest& request,
                                     RequestedSource requested, std::optional<GivenPlan> given,
                                     const Stopwatch& stopwatch, RunContext* context) {
  ARROW_RETURN_NOT_OK(
      SelectRowsOf(source_request, plan_request, context, &requested, &given, checkpoint));
  RunReport report =
      BeginReport("extract", source_request, requested, checkpoint->folder()->path(), *context);
  report.request = request;
  ARROW_RETURN_NOT_OK(checkpoint->NoteSource(report.num_units, report.num_rows));
  ARROW_ASSIGN_OR_RAISE(Fitted fitted, FitOrReload(source_request, requested, plan_request,
                                                   std::move(given), checkpoint, context));
  report.automatic_plan = fitted.automatic;
  report.num_dropped_rows = fitted.splits->num_dropped();
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
  ARROW_RETURN_NOT_OK(FinishOutput(stopwatch, *checkpoint, context, &report));
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
      auto splits, MakeSplits(requested, AutomaticSplit(plan_request, *source->schema()), context));
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
  Stopwatch stopwatch;
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested, OpenRequested(source_request, context));
  ARROW_ASSIGN_OR_RAISE(auto given,
                        PreparePlanOf(source_request, requested, plan_request, context));
  const LedgerContents header =
      DescribeLearning("fit", source_request, requested, plan_request, given, *context);
  ARROW_ASSIGN_OR_RAISE(auto checkpoint,
                        OpenCheckpoint(output, source_request, plan_request.path, header, context));
  if (checkpoint->is_complete()) {
    ARROW_ASSIGN_OR_RAISE(auto done, ReportOfComplete(checkpoint.get(), header, given, context,
                                                      [&](const CompleteOutput& complete) {
                                                        return CheckCompleteModel(
                                                            complete, source_request, requested,
                                                            plan_request, given, context);
                                                      }));
    if (done) return *std::move(done);
  }
  auto report = FitInto(checkpoint.get(), source_request, plan_request, std::move(requested),
                        std::move(given), stopwatch, context);
  ARROW_RETURN_NOT_OK(checkpoint->Conclude(report.status()));
  return report;
}

arrow::Result<RunReport> RunTransform(const std::string& model_dir,
                                      const SourceRequest& source_request,
                                      const std::string& output, RunContext* context) {
  const backend::BackendScope native(backend::Native());
  Stopwatch stopwatch;
  ARROW_ASSIGN_OR_RAISE(auto model, plan::FittedPlan::Load(model_dir, /*with_states=*/false,
                                                           MemoryForModel(output, context)));
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
  ARROW_ASSIGN_OR_RAISE(auto checkpoint,
                        OpenCheckpoint(output, source_request, model_dir, header, context));
  if (checkpoint->is_complete()) {
    ARROW_ASSIGN_OR_RAISE(auto done,
                          ReportOfComplete(checkpoint.get(), header, std::nullopt, context));
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
  Stopwatch stopwatch;
  ARROW_ASSIGN_OR_RAISE(RequestedSource requested, OpenRequested(source_request, context));
  ARROW_ASSIGN_OR_RAISE(auto given,
                        PreparePlanOf(source_request, requested, plan_request, context));
  const LedgerContents header =
      DescribeLearning("extract", source_request, requested, plan_request, given, *context);
  ARROW_ASSIGN_OR_RAISE(auto checkpoint,
                        OpenCheckpoint(output, source_request, plan_request.path, header, context));
  if (checkpoint->is_complete()) {
    ARROW_ASSIGN_OR_RAISE(auto done, ReportOfComplete(checkpoint.get(), header, given, context));
    if (done) return *std::move(done);
  }
  auto report = ExtractInto(checkpoint.get(), source_request, plan_request, header.request,
                            std::move(requested), std::move(given), stopwatch, context);
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
    ARROW_ASSIGN_OR_RAISE(MergePart part, MergePart::Load(dir, MemoryForModel(output, context)));
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

std::string RunReport::ToJson() const {
  nlohmann::json json;
  json["version"] = 1;
  json["command"] = command;
  json["source"] = source;
  if (where) json["where"] = *where;
  json["threads"] = num_threads;
  json["memory_limit_bytes"] = memory_limit_bytes;
  json["peak_resident_bytes"] = peak_resident_bytes;
  json["rows"] = num_rows;
  json["dropped_rows"] = num_dropped_rows;
  json["units"] = num_units;
  json["source_bytes"] = source_bytes;
  json["output_bytes"] = output_bytes;
  json["wall_seconds"] = wall_seconds;
  json["cpu_seconds"] = cpu_seconds;
  json["warnings"] = warnings;
  json["backend"] = backend;
  if (request) json["request"] = request->ToJson();
  if (num_units_found > 0) json["units_found"] = num_units_found;
  json["phases"] = nlohmann::json::array();
  for (const Progress::PhaseTime& phase : phases) {
    json["phases"].push_back({{"phase", phase.phase},
                              {"wall_seconds", phase.wall_seconds},
                              {"cpu_seconds", phase.cpu_seconds},
                              {"rows", phase.rows},
                              {"bytes", phase.bytes}});
  }
  return base::CanonicalJson(json);
}

}  // namespace emberharmony::engine

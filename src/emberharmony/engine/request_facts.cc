#include "emberharmony/engine/request_facts.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "emberharmony/base/comma_list.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/numeric_backends.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/object_stores.h"

namespace emberharmony::engine {

namespace {

constexpr int64_t kReportBytesMax = int64_t{64} << 20;

bool HasLastingSource(const SourceRequest& request, const RequestedSource& requested) {
  // Files that were opened as a list are as lasting as those of a folder.
  if (request.opened != nullptr) return !request.opened_from.empty();
  if (requested.is_remote)
    return requested.remote != nullptr && !requested.remote->identity().empty();
  return request.location != "-";
}

// What is read, and how; the same for all commands.
LedgerContents DescribeReading(const std::string& command, const SourceRequest& request,
                               const RequestedSource& requested, const RunContext& context) {
  LedgerContents header;
  header.command = command;
  header.program = EMBER_VERSION;
  header.source = io::ShownLocation(request.location);
  RunRequest& facts = header.request;
  facts.has_lasting_source = HasLastingSource(request, requested);
  facts.Add("the command", command);
  facts.Add("the version of ember", header.program);
  // Files that are the same elsewhere are the same source.
  if (requested.remote != nullptr) {
    facts.Add("the source", header.source);
    facts.AddHidden("the query, --snapshot-time or --unit-column", requested.remote->identity());
  } else if (facts.has_lasting_source) {
    facts.AddHidden("the source's files (names, sizes, times of change)", requested.identity);
  } else {
    facts.Add("the source", header.source);
  }
  facts.AddHidden("the source's columns", requested.whole->schema()->ToString());
  std::vector<std::string> columns = request.columns;
  std::sort(columns.begin(), columns.end());
  facts.Add("--columns", base::CommaList(columns));
  // Conditions may have values that are nobody else's to see.
  facts.AddHidden("--where", request.where.value_or(""));
  facts.Add("--limit", request.limit_rows ? std::to_string(*request.limit_rows) : "");
  const RunOptions& options = context.options();
  if (command != "fit") facts.Add("--content-checksum", options.content_checksum ? "given" : "");
  return header;
}

std::string BackendFact(const RunContext& context, bool has_matrix_steps) {
  const std::string elementwise = context.backends().name_for(false);
  const std::string matrix = context.backends().name_for(has_matrix_steps);
  return matrix == elementwise ? elementwise : elementwise + ", matrix steps on " + matrix;
}

bool HasMatrixSteps(const std::vector<plan::BoundRowStep>& row_steps,
                    const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines) {
  return std::ranges::any_of(row_steps, [&](const plan::BoundRowStep& row_step) {
    return RunsOnBackend(row_step, pipelines);
  });
}

void AddAutomaticPlan(const PlanRequest& request, RunRequest* facts) {
  facts->Add("--high-null-threshold", fmt::format("{}", request.high_null_threshold));
  facts->Add("the index column", request.index_column.value_or(""));
  std::vector<std::string> categorical = request.categorical;
  std::sort(categorical.begin(), categorical.end());
  facts->AddHidden("the categorical columns", nlohmann::json(categorical).dump());
  facts->AddHidden("the columns left out", nlohmann::json(request.left_out).dump());
}

arrow::Status OtherOutput(const std::string& output, const std::string& difference) {
  return base::UsageError(
      fmt::format("the output folder '{}' is complete, but of another run, which differs in: {}; "
                  "choose another folder, or replace it with --overwrite",
                  output, difference));
}

// nullopt where a report does not tell: it is from an earlier version.
std::optional<RunRequest> RequestOfReport(const std::string& path) {
  const auto text = base::ReadFile(path, kReportBytesMax);
  if (!text.ok()) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("request")) return std::nullopt;
  return RunRequest::FromJson(json["request"]);
}

bool IsOtherPlan(const plan::FittedPlan& model, const GivenPlan& given) {
  return plan::PlanHash(model.plan()) != plan::PlanHash(given.plan);
}

// How many rows of the source a model learns from.
struct LearnedBounds {
  int64_t least = 0;
  int64_t most = 0;
};

bool IsZeroShare(const std::string& share) {
  return share.find_first_not_of("0.") == std::string::npos;
}

arrow::Result<LearnedBounds> BoundsOfLearned(const SourceRequest& request,
                                             const RequestedSource& requested,
                                             const plan::Plan& plan, RunContext* context) {
  LearnedBounds bounds;
  bounds.most = requested.selected->num_rows();
  if (request.limit_rows) bounds.most = std::min(bounds.most, *request.limit_rows);
  const bool drops_rows = requested.filter != nullptr || (plan.target && plan.target->drop_null);
  if (drops_rows) return bounds;
  if (IsZeroShare(plan.split.validation) && IsZeroShare(plan.split.test)) {
    bounds.least = bounds.most;
  } else if (plan.split.method == plan::SplitMethod::kRandom) {
    // By the rows' numbers alone: nothing is read.
    ARROW_ASSIGN_OR_RAISE(
        const auto splits,
        SplitVectors::MakeForScan(*requested.whole, *requested.selected, plan.split, context));
    ARROW_RETURN_NOT_OK(splits->Complete());
    bounds.least = bounds.most = splits->total_counts()[0];
  }
  return bounds;
}

}  // namespace

LedgerContents DescribeLearning(const std::string& command, const SourceRequest& source_request,
                                const RequestedSource& requested, const PlanRequest& plan_request,
                                const std::optional<GivenPlan>& given, const RunContext& context) {
  LedgerContents header = DescribeReading(command, source_request, requested, context);
  RunRequest& facts = header.request;
  if (given) {
    facts.Add("--target", given->plan.target ? given->plan.target->column : "");
    facts.Add("--seed", std::to_string(given->plan.split.seed));
    facts.AddHidden("the plan", plan::PlanHash(given->plan));
  } else {
    facts.Add("--target", plan_request.target.value_or(""));
    facts.Add("--seed", std::to_string(plan_request.seed.value_or(plan::SplitSpec().seed)));
    facts.AddHidden("the plan", "automatic");
    AddAutomaticPlan(plan_request, &facts);
  }
  if (command == "extract") facts.Add("--keep-state", context.options().keep_state ? "given" : "");
  const bool has_matrix_steps =
      given && HasMatrixSteps(given->bound.row_steps, given->bound.pipelines);
  facts.Add("--backend", BackendFact(context, has_matrix_steps));
  return header;
}

arrow::Result<LedgerContents> DescribeTransform(const std::string& model_dir,
                                                const plan::FittedPlan& model,
                                                const SourceRequest& source_request,
                                                const RequestedSource& requested,
                                                const RunContext& context) {
  LedgerContents header = DescribeReading("transform", source_request, requested, context);
  RunRequest& facts = header.request;
  // What its states say is not looked at by a transform.
  ARROW_ASSIGN_OR_RAISE(const std::string digest, ModelDigest(model_dir, /*with_states=*/false));
  facts.AddHidden("the model", digest);
  facts.Add("--backend",
            BackendFact(context, HasMatrixSteps(model.row_steps(), model.pipelines())));
  return header;
}

arrow::Status CheckCompleteOutput(const CompleteOutput& complete, const LedgerContents& header,
                                  const std::optional<GivenPlan>& given) {
  const std::string& folder = complete.folder;
  if (!complete.command.empty() && complete.command != header.command) {
    return OtherOutput(
        folder, fmt::format("the command (was '{}', is '{}')", complete.command, header.command));
  }
  if (header.command != "fit") {
    const auto earlier = RequestOfReport(folder + "/run_report.json");
    const std::string difference = earlier ? header.request.DifferenceFrom(*earlier) : "";
    if (!difference.empty()) return OtherOutput(folder, difference);
    if (complete.model != nullptr && given && IsOtherPlan(*complete.model, *given))
      return OtherOutput(folder, "the plan");
    if (!earlier && complete.damage.empty()) {
      return base::UsageError(
          fmt::format("the output folder '{}' is complete, but does not tell of which run, since "
                      "its run_report.json is missing or from an earlier version; choose another "
                      "folder, or replace it with --overwrite",
                      folder));
    }
  }
  if (complete.damage.empty()) return arrow::Status::OK();
  return base::UsageError(
      fmt::format("the output in '{}' was complete, but is damaged: {}; make it again with "
                  "--overwrite",
                  folder, complete.damage));
}

arrow::Status CheckCompleteModel(const CompleteOutput& complete,
                                 const SourceRequest& source_request,
                                 const RequestedSource& requested, const PlanRequest& plan_request,
                                 const std::optional<GivenPlan>& given, RunContext* context) {
  const plan::FittedPlan& model = *complete.model;
  const plan::Plan& plan = model.plan();
  if (given) {
    if (IsOtherPlan(model, *given)) return OtherOutput(complete.folder, "the plan");
  } else {
    const std::string target = plan.target ? plan.target->column : "";
    if (target != plan_request.target.value_or("")) return OtherOutput(complete.folder, "--target");
    const int64_t seed = plan_request.seed.value_or(plan::SplitSpec().seed);
    if (plan.split.method != plan::SplitMethod::kTime && plan.split.seed != seed)
      return OtherOutput(complete.folder, "--seed");
  }
  if (!model.Bind(*requested.selected->schema()).ok())
    return OtherOutput(complete.folder, "the source's columns");
  if (!complete.num_learned_rows || !HasLastingSource(source_request, requested) ||
      requested.is_remote) {
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const LearnedBounds bounds,
                        BoundsOfLearned(source_request, requested, plan, context));
  const int64_t learned = *complete.num_learned_rows;
  if (learned >= bounds.least && learned <= bounds.most) return arrow::Status::OK();
  const std::string expected = bounds.least == bounds.most ? std::to_string(bounds.most)
                                                           : fmt::format("at most {}", bounds.most);
  return OtherOutput(complete.folder,
                     fmt::format("the rows (the model has learned from {}; from these it would "
                                 "have been {})",
                                 learned, expected));
}

}  // namespace emberharmony::engine

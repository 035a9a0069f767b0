// FittedPlan::Save and Load: the model directory.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/feature/vocabulary_batches.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/fitted_plan.h"
#include "emberharmony/plan/model_file_internal.h"
#include "emberharmony/plan/saved_states_internal.h"
#include "emberharmony/plan/type_text_internal.h"
#include "emberharmony/plan/vocabulary_file_internal.h"
#include "emberharmony/plan/yaml_document_internal.h"

namespace emberharmony::plan {
namespace {

namespace fs = std::filesystem;
using internal::Quoted;
using nlohmann::json;

constexpr int64_t kModelJsonBytesMax = int64_t{256} << 20;
constexpr int kModelJsonDepthMax = 32;
constexpr const char* kStatesFile = "state/states.bin";

arrow::Status FileError(std::string_view what, const fs::path& path, const std::error_code& error) {
  return base::DataError(fmt::format("cannot {} '{}': {}", what, path.string(), error.message()));
}

// Every step of these pipelines, in their order, with its position in the plan, which is counted
// on.
template <typename F>
arrow::Status ForEachStep(const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines,
                          int64_t* position, F&& f) {
  for (const auto& pipeline : pipelines) {
    for (int step = 0; step < pipeline->num_steps(); ++step)
      ARROW_RETURN_NOT_OK(f(pipeline.get(), step, (*position)++));
  }
  return arrow::Status::OK();
}

std::shared_ptr<arrow::RecordBatchReader> ReadVocabularyOf(const feature::Transform& step) {
  return step.ReadVocabulary();
}

std::shared_ptr<arrow::RecordBatchReader> ReadVocabularyOf(const feature::RowTransform& step) {
  return feature::CutVocabulary(step.VocabularyTable());
}

// How many steps these pipelines have: the position of the first row-wise step.
int64_t NumSteps(const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines) {
  int64_t steps = 0;
  for (const auto& pipeline : pipelines) steps += pipeline->num_steps();
  return steps;
}

arrow::Result<json> InputJson(const arrow::Schema& schema) {
  json columns = json::array();
  for (const auto& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(std::string type, internal::TypeText(*field->type()));
    columns.push_back({{"name", field->name()}, {"type", std::move(type)}});
  }
  return json{{"columns", std::move(columns)}};
}

json CutJson(const std::optional<int64_t>& cut, const arrow::DataType& type) {
  if (!cut.has_value()) return nullptr;
  return {{"instant", InstantText(*cut, type)}, {"value", *cut}};
}

// What stands for a step, row-wise or not, that has seen no values to learn from.
template <class Step>
json NoValuesJson(const Step& step) {
  return {{"step", step.name()}, {"no_values", true}};
}

// A folder that is removed again unless it was renamed to its final name.
class WorkingFolder {
 public:
  explicit WorkingFolder(fs::path path) : path_(std::move(path)) {}
  ~WorkingFolder() {
    if (path_.empty()) return;
    try {
      std::error_code ignored;
      fs::remove_all(path_, ignored);
    } catch (const std::bad_alloc&) {
      // It lies in the run's scratch folder, which is removed as a whole.
    }
  }
  arrow::Status Create() {
    std::error_code error;
    fs::remove_all(path_, error);
    if (error) return FileError("remove", path_, error);
    fs::create_directories(path_, error);
    return error ? FileError("create folder", path_, error) : arrow::Status::OK();
  }
  arrow::Status RenameTo(const fs::path& final_path) {
    std::error_code error;
    fs::rename(path_, final_path, error);
    if (error) return FileError("rename to", final_path, error);
    path_.clear();
    const fs::path parent = final_path.parent_path();
    return base::SyncFolder(parent.empty() ? "." : parent.string());
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

arrow::Status CheckFree(const fs::path& dir) {
  std::error_code error;
  const fs::file_status status = fs::status(dir, error);
  if (status.type() == fs::file_type::not_found) return arrow::Status::OK();
  if (error) return FileError("look at", dir, error);
  if (status.type() == fs::file_type::directory && fs::is_empty(dir, error) && !error)
    return arrow::Status::OK();
  return base::UsageError(
      "'" + dir.string() +
      "' exists already and is not an empty folder; name another one, or remove it");
}

// Refuses nesting beyond what any model has, so that nothing that walks the values later can run
// out of stack.
arrow::Result<json> ParseModelJson(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, base::ReadFile(path, kModelJsonBytesMax));
  bool too_deep = false;
  const auto on_event = [&](int depth, json::parse_event_t, json&) {
    if (depth > kModelJsonDepthMax) too_deep = true;
    return !too_deep;
  };
  json model = json::parse(text, on_event, /*allow_exceptions=*/false);
  if (too_deep || model.is_discarded() || !model.is_object()) {
    return base::DataError("'" + path + "' is not a model: " +
                           (too_deep ? "it is nested too deeply" : "it is not a JSON object") +
                           "; fit again, or copy the model afresh");
  }
  return model;
}

// Reads one model folder; every error names the file.
class ModelReader {
 public:
  ModelReader(fs::path dir, const feature::StateOptions& memory)
      : dir_(std::move(dir)), memory_(memory), pool_(PoolOf(memory)) {}

  arrow::Status Damaged(std::string_view what) const {
    return base::DataError(
        fmt::format("'{}': {}; the model is damaged or from another version: fit again",
                    (dir_ / "model.json").string(), what));
  }

  arrow::Result<Plan> ReadPlan() const {
    ARROW_ASSIGN_OR_RAISE(const std::string path, internal::ModelFile(dir_, "plan.yaml"));
    ARROW_ASSIGN_OR_RAISE(const std::string text, base::ReadFile(path, internal::kPlanBytesMax));
    auto plan = ParsePlan(text, path);
    // The plan of a model is not its user's mistake.
    if (!plan.ok()) return base::DataError(plan.status().message());
    return plan;
  }

  arrow::Status ReadJson(const Plan& plan) {
    ARROW_ASSIGN_OR_RAISE(model_, ModelJson());
    if (Member(model_, "version") != json(FittedPlan::kVersion)) {
      return Damaged(fmt::format("version must be {}", FittedPlan::kVersion));
    }
    if (Member(model_, "plan_sha256") != json(PlanHash(plan))) {
      return Damaged("it does not belong to the plan.yaml beside it");
    }
    if (!Member(model_, "columns").is_object()) return Damaged("'columns' is missing");
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::Schema>> ReadInput() const {
    const json& columns = Member(Member(model_, "input"), "columns");
    if (!columns.is_array()) return Damaged("'input' is missing");
    arrow::FieldVector fields;
    for (const json& column : columns) {
      const json& name = Member(column, "name");
      const json& type_text = Member(column, "type");
      if (!name.is_string() || !type_text.is_string())
        return Damaged("an input column lacks its name or type");
      auto type = internal::ParseTypeText(type_text.get_ref<const std::string&>());
      if (!type.ok()) return Damaged(type.status().message());
      fields.push_back(arrow::field(name.get<std::string>(), *type));
    }
    return arrow::schema(std::move(fields));
  }

  // Where a time split cut: an instant in words, and the value that it stands for.
  arrow::Result<std::optional<TimeCuts>> ReadCuts(const Plan& plan,
                                                  const arrow::Schema& schema) const {
    const json& split = Member(model_, "split");
    if (plan.split.method != SplitMethod::kTime) {
      if (!split.is_null()) return Damaged("'split' is for time splits");
      return std::nullopt;
    }
    const auto field = schema.GetFieldByName(plan.split.time_column);
    if (field == nullptr || !CheckTimeType(*field->type()).ok())
      return Damaged("the column of the time split is not among its input");
    TimeCuts cuts;
    for (const auto& [key, cut] : {std::pair("validation_from", &cuts.validation_from),
                                   std::pair("test_from", &cuts.test_from)}) {
      const json& learned = Member(split, key);
      if (learned.is_null()) continue;
      const std::optional<int64_t> value = IntegerOf(Member(learned, "value"));
      if (!value.has_value() ||
          Member(learned, "instant") != json(InstantText(*value, *field->type()))) {
        return Damaged(fmt::format("'{}' of 'split' is no cut of the column's type", key));
      }
      *cut = value;
    }
    auto given = GivenCuts(plan.split, *field->type());
    if (!given.ok() || (given->has_value() && **given != cuts))
      return Damaged("'split' is not what the plan says");
    return cuts;
  }

  // Steps of a column's pipelines follow each other in plan order.
  arrow::Status Restore(const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines) {
    std::map<std::string, size_t> next;
    const json& columns = Member(model_, "columns");
    int64_t at = 0;
    ARROW_RETURN_NOT_OK(
        ForEachStep(pipelines, &at, [&](feature::Pipeline* pipeline, int step, int64_t position) {
          const std::string& column = pipeline->source_column();
          const json& steps = Member(columns, column);
          const size_t index = next[column]++;
          if (!steps.is_array() || index >= steps.size()) {
            return Damaged("column " + Quoted(column) + " has fewer steps than the plan");
          }
          if (!pipeline->learned(step) && steps[index] == NoValuesJson(pipeline->step(step)))
            return arrow::Status::OK();
          return RestoreStep(pipeline, step, position, steps[index]);
        }));
    for (const auto& [column, steps] : columns.items()) {
      if (next[column] != steps.size())
        return Damaged("column " + Quoted(column) + " has more steps than the plan");
    }
    return arrow::Status::OK();
  }

  // Each row-wise step with the steps that its inputs go through before.
  arrow::Status RestoreRowSteps(const BoundPlan& bound) {
    const json& row_steps = Member(model_, "row_steps");
    const size_t found = row_steps.is_array() ? row_steps.size() : 0;
    if (found != bound.row_steps.size() || (bound.row_steps.empty() && !row_steps.is_null()))
      return Damaged("'row_steps' are not those of the plan");
    int64_t position = NumSteps(bound.pipelines);
    for (size_t r = 0; r < found; ++r) {
      const BoundRowStep& row_step = bound.row_steps[r];
      const json& inputs = Member(row_steps[r], "inputs");
      size_t next = 0;
      ARROW_RETURN_NOT_OK(ForEachStep(
          row_step.inputs, &position, [&](feature::Pipeline* pipeline, int step, int64_t at) {
            if (!inputs.is_array() || next >= inputs.size())
              return Damaged("'row_steps' lacks a step of its inputs");
            const json& facts = inputs[next++];
            if (!pipeline->learned(step) && facts == NoValuesJson(pipeline->step(step)))
              return arrow::Status::OK();
            return RestoreStep(pipeline, step, at, facts);
          }));
      if (!inputs.is_array() || next != inputs.size() || row_steps[r].size() != 2)
        return Damaged("'row_steps' has more than the plan");
      const json& learned = Member(row_steps[r], "learned");
      if (!row_step.step->learned() && learned == NoValuesJson(*row_step.step)) {
        ++position;
        continue;
      }
      ARROW_RETURN_NOT_OK(RestoreLearned(row_step.inputs[0]->source_column(), position++, learned,
                                         [&](const json& facts, const auto& vocabulary) {
                                           return row_step.step->Restore(facts, vocabulary);
                                         }));
    }
    return arrow::Status::OK();
  }

 private:
  arrow::Result<json> ModelJson() const {
    ARROW_ASSIGN_OR_RAISE(const std::string path, internal::ModelFile(dir_, "model.json"));
    return ParseModelJson(path);
  }

  static const json& Member(const json& object, const std::string& key) {
    static const json kNothing;
    if (!object.is_object()) return kNothing;
    const auto found = object.find(key);
    return found == object.end() ? kNothing : *found;
  }

  static arrow::Status AboutVocabulary(const arrow::Status& status, const std::string& column) {
    if (!status.IsOutOfMemory()) return status;
    return status.WithMessage("the vocabulary of column ", Quoted(column), ": ", status.message());
  }

  // Integers above 2^53 stand as strings (base::CanonicalJson).
  static std::optional<int64_t> IntegerOf(const json& value) {
    if (value.is_number_integer() && !value.is_number_unsigned()) return value.get<int64_t>();
    if (value.is_number_unsigned() && value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX))
      return value.get<int64_t>();
    if (!value.is_string()) return std::nullopt;
    const std::string& text = value.get_ref<const std::string&>();
    int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
  }

  // The vocabulary's file is never taken from the text: it must be the one that the step's position
  // gives. `restore` gets what was learned and the vocabulary, if there is one.
  template <typename F>
  arrow::Status RestoreLearned(const std::string& column, int64_t position, json learned,
                               F&& restore) {
    ARROW_ASSIGN_OR_RAISE(const std::string path, TakeVocabularyPath(position, &learned));
    std::optional<base::Activity> activity;
    if (!path.empty()) activity.emplace("reading of the vocabulary", column);
    return AboutVocabulary(RestoreInMemory(path, learned, restore), column);
  }

  // The path of the vocabulary that belongs to a step; empty when it has none.
  arrow::Result<std::string> TakeVocabularyPath(int64_t position, json* learned) const {
    const json& file = Member(*learned, "vocabulary_file");
    if (file.is_null()) return std::string();
    const std::string expected = internal::VocabularyFileName(position);
    if (file != json(expected)) return Damaged("vocabulary_file must be " + expected);
    learned->erase("vocabulary_file");
    return internal::ModelFile(dir_, expected);
  }

  template <typename F>
  arrow::Status RestoreInMemory(const std::string& path, const json& learned, F&& restore) {
    std::shared_ptr<arrow::RecordBatch> vocabulary;
    if (!path.empty()) {
      ARROW_ASSIGN_OR_RAISE(vocabulary, internal::ReadVocabulary(path, pool_));
    }
    return OfTheModel(restore(learned, vocabulary));
  }

  // What a model gets wrong is not its user's mistake.
  static arrow::Status OfTheModel(const arrow::Status& status) {
    if (status.ok() || base::KindOf(status) != base::ErrorKind::kUsage) return status;
    return base::DataError(status.message());
  }

  // In memory where there is room, else on disk, if the step can have it there.
  arrow::Status RestoreStep(feature::Pipeline* pipeline, int step, int64_t position, json learned) {
    const std::string& column = pipeline->source_column();
    ARROW_ASSIGN_OR_RAISE(const std::string path, TakeVocabularyPath(position, &learned));
    std::optional<base::Activity> activity;
    if (!path.empty()) activity.emplace("reading of the vocabulary", column);
    const bool may_lie_on_disk =
        !path.empty() && !memory_.spill_dir.empty() && pipeline->step(step).traits().on_disk;
    const auto on_disk = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto vocabulary, internal::OpenVocabulary(path, pool_));
      return OfTheModel(pipeline->RestoreOnDisk(step, learned, vocabulary.get(), memory_));
    };
    if (may_lie_on_disk) {
      ARROW_ASSIGN_OR_RAISE(const bool is_too_large, TakesTooMuch(path));
      if (is_too_large) return AboutVocabulary(on_disk(), column);
    }
    const auto restore = [&](const json& facts, const auto& vocabulary) {
      return pipeline->Restore(step, facts, vocabulary);
    };
    arrow::Status status = RestoreInMemory(path, learned, restore);
    if (status.IsOutOfMemory() && may_lie_on_disk) status = on_disk();
    return AboutVocabulary(status, column);
  }

  arrow::Result<bool> TakesTooMuch(const std::string& path) const {
    if (memory_.learned_bytes_max == 0) return false;
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, internal::VocabularyBytes(path, pool_));
    return bytes > memory_.learned_bytes_max - pool_->bytes_allocated();
  }

  static arrow::MemoryPool* PoolOf(const feature::StateOptions& memory) {
    if (memory.pool != nullptr) return memory.pool;
    return memory.budget != nullptr ? memory.budget : arrow::default_memory_pool();
  }

  fs::path dir_;
  const feature::StateOptions memory_;
  arrow::MemoryPool* const pool_;
  json model_;
};

}  // namespace

arrow::Status FittedPlan::Save(const std::string& dir) const {
  const base::Activity activity("writing of the model");
  fs::path final_path = fs::path(dir).lexically_normal();
  if (!final_path.has_filename()) final_path = final_path.parent_path();
  ARROW_RETURN_NOT_OK(CheckFree(final_path));
  const std::string plan_text = WritePlan(plan_);
  if (plan_text.size() > internal::kPlanBytesMax) {
    return base::UsageError(
        fmt::format("a plan may have at most {} bytes, this one has {}; select fewer columns",
                    internal::kPlanBytesMax, plan_text.size()));
  }
  WorkingFolder folder(final_path.string() + ".tmp-model");
  ARROW_RETURN_NOT_OK(folder.Create());
  json model = {
      {"version", kVersion}, {"plan_sha256", PlanHash(plan_)}, {"columns", json::object()}};
  ARROW_ASSIGN_OR_RAISE(model["input"], InputJson(*input_schema_));
  if (time_cuts_.has_value()) {
    const arrow::DataType& type = *input_schema_->GetFieldByName(plan_.split.time_column)->type();
    model["split"] = {{"validation_from", CutJson(time_cuts_->validation_from, type)},
                      {"test_from", CutJson(time_cuts_->test_from, type)}};
  }
  fs::path vocabulary_folder;
  // What a step says of itself; its vocabulary becomes a file.
  const auto describe = [&](const auto& step, int64_t position) -> arrow::Result<json> {
    json described = step.Describe();
    const std::shared_ptr<arrow::RecordBatchReader> vocabulary = ReadVocabularyOf(step);
    if (vocabulary == nullptr) return described;
    const fs::path file = folder.path() / internal::VocabularyFileName(position);
    std::error_code error;
    fs::create_directory(file.parent_path(), error);
    if (error) return FileError("create folder", file.parent_path(), error);
    ARROW_RETURN_NOT_OK(internal::WriteVocabulary(file.string(), vocabulary.get()));
    vocabulary_folder = file.parent_path();
    described["vocabulary_file"] = internal::VocabularyFileName(position);
    return described;
  };
  int64_t position = 0;
  ARROW_RETURN_NOT_OK(ForEachStep(
      pipelines_, &position,
      [&](feature::Pipeline* pipeline, int step, int64_t at) -> arrow::Status {
        if (!pipeline->learned(step)) {
          model["columns"][pipeline->source_column()].push_back(NoValuesJson(pipeline->step(step)));
          return arrow::Status::OK();
        }
        ARROW_ASSIGN_OR_RAISE(json described, describe(pipeline->step(step), at));
        model["columns"][pipeline->source_column()].push_back(std::move(described));
        return arrow::Status::OK();
      }));
  for (const BoundRowStep& row_step : row_steps_) {
    json inputs = json::array();
    ARROW_RETURN_NOT_OK(
        ForEachStep(row_step.inputs, &position,
                    [&](feature::Pipeline* pipeline, int step, int64_t at) -> arrow::Status {
                      if (!pipeline->learned(step)) {
                        inputs.push_back(NoValuesJson(pipeline->step(step)));
                        return arrow::Status::OK();
                      }
                      ARROW_ASSIGN_OR_RAISE(json described, describe(pipeline->step(step), at));
                      inputs.push_back(std::move(described));
                      return arrow::Status::OK();
                    }));
    json learned = NoValuesJson(*row_step.step);
    if (row_step.step->learned()) {
      ARROW_ASSIGN_OR_RAISE(learned, describe(*row_step.step, position));
    }
    ++position;
    model["row_steps"].push_back({{"inputs", std::move(inputs)}, {"learned", std::move(learned)}});
  }
  if (!vocabulary_folder.empty()) {
    ARROW_RETURN_NOT_OK(base::SyncFolder(vocabulary_folder.string()));
  }
  if (!states_.empty()) {
    const fs::path file = folder.path() / kStatesFile;
    std::error_code error;
    fs::create_directory(file.parent_path(), error);
    if (error) return FileError("create folder", file.parent_path(), error);
    ARROW_ASSIGN_OR_RAISE(const auto written, base::AtomicFile::Create(file.string()));
    ARROW_RETURN_NOT_OK(internal::WriteSavedStates(states_, *input_schema_, written->stream()));
    ARROW_RETURN_NOT_OK(written->Commit());
  }
  ARROW_RETURN_NOT_OK(base::WriteFileAtomically((folder.path() / "plan.yaml").string(), plan_text));
  ARROW_RETURN_NOT_OK(base::WriteFileAtomically((folder.path() / "model.json").string(),
                                                base::CanonicalJson(model)));
  return folder.RenameTo(final_path);
}

arrow::Result<std::shared_ptr<FittedPlan>> FittedPlan::Load(const std::string& dir,
                                                            bool with_states,
                                                            const feature::StateOptions& memory) {
  const base::Activity activity("reading of the model");
  std::error_code ignored;
  if (!fs::exists(fs::path(dir) / "plan.yaml", ignored)) {
    // As extract writes it.
    const fs::path within = fs::path(dir) / "model";
    if (fs::exists(within / "plan.yaml", ignored)) {
      return base::DataError(
          fmt::format("'{}' is not a model directory, since it has no plan.yaml: its model is '{}'",
                      dir, within.string()));
    }
    return base::DataError("'" + dir +
                           "' is not a model directory, since it has no plan.yaml; make one with "
                           "`ember fit PLAN SOURCE -o MODEL`");
  }
  ModelReader reader(dir, memory);
  ARROW_ASSIGN_OR_RAISE(Plan plan, reader.ReadPlan());
  ARROW_RETURN_NOT_OK(reader.ReadJson(plan));
  ARROW_ASSIGN_OR_RAISE(const auto schema, reader.ReadInput());
  auto bound =
      BindPlan(plan, *schema, (fs::path(dir) / "plan.yaml").string(), /*require_target=*/false);
  if (!bound.ok()) {
    if (base::KindOf(bound.status()) != base::ErrorKind::kUsage) return bound.status();
    return reader.Damaged("its columns do not fit the plan: " + bound.status().message());
  }
  ARROW_RETURN_NOT_OK(reader.RestoreRowSteps(*bound));
  ARROW_RETURN_NOT_OK(reader.Restore(bound->pipelines));
  ARROW_ASSIGN_OR_RAISE(const auto cuts, reader.ReadCuts(plan, *schema));
  auto model = Make(std::move(plan), schema, std::move(*bound), cuts);
  if (!model.ok()) return reader.Damaged(model.status().message());
  if (!(*model)->input_schema()->Equals(*schema))
    return reader.Damaged("'input' has columns that the plan does not use");
  ARROW_ASSIGN_OR_RAISE(const fs::path states_file, internal::ModelFile(dir, kStatesFile));
  std::error_code error;
  if (with_states && fs::exists(states_file, error)) {
    ARROW_ASSIGN_OR_RAISE(
        (*model)->states_,
        internal::ReadSavedStates(states_file.string(), *schema, (*model)->derived_.size()));
  }
  return model;
}

}  // namespace emberharmony::plan

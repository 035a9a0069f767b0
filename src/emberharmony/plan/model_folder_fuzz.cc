#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <xxhash.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/plan/fitted_plan.h"
#include "emberharmony/plan/vocabulary_file_internal.h"

// The input is a model: plan.yaml, model.json and state/states.bin without its checksum, in this
// order, with a byte 0x1e between them; the vocabularies are those of the seed. The plan's hash and
// the checksum are made to fit, since no mutation would find them. Whatever it is, loading ends in
// a model or an error, within 256 MiB; a model can be applied, and saved so that it loads again.

namespace {

using namespace emberharmony;  // NOLINT: a fuzz target has no namespace of its own
using base::FuzzFolder;
using base::FuzzSeeds;
namespace fs = std::filesystem;

constexpr char kBetween = '\x1e';
constexpr int64_t kFileBytesMax = int64_t{1} << 26;

constexpr std::string_view kPlan = R"(version: 1
target: delay
features:
  - columns: [distance]
    steps: [{impute: {indicator: true, strategy: median}}, {scale: standard}]
  - columns: [origin]
    steps: [{vocabulary: {oov_buckets: 3}}]
  - columns: [carrier]
    steps: [one_hot]
  - columns: [speed]
    steps: [{impute: mean}, {clip: {min: 0}}, log1p, {scale: robust}]
  - columns: [ok]
    steps: [{impute: most_frequent}]
  - columns: [date]
    steps: [{cyclical: [month]}]
split: {method: hash, key: [carrier], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
)";

struct Column {
  std::shared_ptr<arrow::Field> field;
  std::shared_ptr<arrow::Array> values;
};

const std::vector<Column>& Table() {
  static const std::vector<Column> table = [] {
    std::vector<Column> columns;
    const auto add = [&](const char* name, std::shared_ptr<arrow::DataType> type,
                         const char* json) {
      columns.push_back({arrow::field(name, type), *arrow::json::ArrayFromJSONString(type, json)});
    };
    add("delay", arrow::int64(), "[1, -2, 3, null]");
    add("distance", arrow::int32(), "[100, 200, 1000, 300]");
    add("origin", arrow::utf8(), R"(["SEA", "", "SEA", "a name of some length"])");
    add("carrier", arrow::utf8(), R"(["AA", "UA", "caf\u00e9", "AA"])");
    add("speed", arrow::float64(), "[1.5, -1, 1e9, 0.1]");
    add("ok", arrow::boolean(), "[true, false, true, true]");
    add("date", arrow::timestamp(arrow::TimeUnit::MICRO), "[0, 1600000000000000, -1, 5]");
    return columns;
  }();
  return table;
}

std::shared_ptr<arrow::Schema> TableSchema() {
  arrow::FieldVector fields;
  for (const Column& column : Table()) fields.push_back(column.field);
  return arrow::schema(std::move(fields));
}

void Require(bool condition, const char* what) { FuzzSeeds::FuzzRequire(condition, what); }

// As a fit does, with the table's values and as many nulls.
void Learn(feature::Pipeline* pipeline, int column, std::vector<plan::SavedState>* states) {
  const auto& values = Table()[static_cast<size_t>(column)].values;
  while (!pipeline->learned()) {
    const auto probes = pipeline->NextProbes();
    Require(!probes.empty(), "something can be learned");
    // Only the first: what follows a fill would need it joined in.
    const feature::Probe& probe = probes.front();
    const auto block = *pipeline->ApplyPath(probe, {values, false}, arrow::default_memory_pool());
    std::vector<std::shared_ptr<const feature::Statistic>> statistics;
    for (const auto& analyzer : probe.analyzers) {
      auto state = *analyzer->MakeState(*block.values->type(), {});
      Require(analyzer->Update(state.get(), {*block.values, nullptr, 2}).ok(), "a seed's values");
      statistics.push_back(*analyzer->Finalize(*state));
      states->push_back({column, probe.path_key, analyzer->state_key(),
                         feature::EncodedState(*analyzer->Encode(*state))});
    }
    Require(pipeline->Learn(probe.step, statistics).ok(), "a seed can be learned");
  }
}

std::shared_ptr<plan::FittedPlan> SeedModel() {
  auto plan = *plan::ParsePlan(kPlan, "seed");
  const auto schema = TableSchema();
  auto bound = *plan::BindPlan(plan, *schema, "seed", true);
  std::vector<plan::SavedState> states;
  for (size_t i = 0; i < bound.pipelines.size(); ++i) {
    Learn(bound.pipelines[i].get(), bound.source_columns[i], &states);
  }
  auto model = *plan::FittedPlan::Make(std::move(plan), schema, std::move(bound));
  model->set_states(std::move(states));
  return model;
}

const FuzzFolder& Folder() {
  static const FuzzFolder folder;
  return folder;
}

std::string File(const fs::path& path) { return *base::ReadFile(path.string(), kFileBytesMax); }

std::map<std::string, std::string> Files(const fs::path& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), dir).string()] = File(entry);
  }
  return files;
}

// plan_sha256 and the checksum are replaced by what fits.
void WriteModel(std::string_view plan_text, std::string model_json, std::string states) {
  const auto plan = plan::ParsePlan(plan_text, "fuzz");
  constexpr std::string_view kKey = "\"plan_sha256\":\"";
  const size_t key = model_json.find(kKey);
  constexpr size_t kHashDigits = 64;
  if (plan.ok() && key != std::string::npos &&
      key + kKey.size() + kHashDigits <= model_json.size()) {
    model_json.replace(key + kKey.size(), kHashDigits, plan::PlanHash(*plan));
  }
  const uint64_t checksum = XXH3_64bits(states.data(), states.size());
  states.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  Folder().Write("model/plan.yaml", plan_text);
  Folder().Write("model/model.json", model_json);
  Folder().Write("model/state/states.bin", states);
}

void Apply(const plan::FittedPlan& model) {
  const auto binding = model.Bind(*TableSchema());
  if (!binding.ok()) return;
  for (size_t i = 0; i < model.pipelines().size(); ++i) {
    const auto& values = Table()[static_cast<size_t>(binding->pipeline_columns[i])].values;
    const feature::Pipeline& pipeline = *model.pipelines()[i];
    const auto outputs = pipeline.Apply({values, true}, arrow::default_memory_pool());
    if (!outputs.ok()) continue;
    Require(outputs->size() == pipeline.outputs().size(), "an array for each output");
    for (const auto& output : *outputs) {
      Require(output->length() == values->length() || output->length() == values->length() + 1,
              "outputs are as long as the input");
      Require(output->ValidateFull().ok(), "outputs are sound");
    }
  }
}

void DecodeStates(const plan::FittedPlan& model, base::MemoryBudget* budget) {
  for (const plan::SavedState& state : model.states()) {
    const auto analyzer = feature::AnalyzerForStateKey(state.state_key);
    if (!analyzer.ok()) continue;
    const auto& type = *model.input_schema()->field(state.source_column)->type();
    auto merged = (*analyzer)->MakeState(type, {budget, ""});
    if (!merged.ok()) continue;
    (void)(*analyzer)->MergeEncoded(merged->get(), state.bytes, type, {budget, ""});
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const FuzzSeeds seeds(*argc, *argv);
  const fs::path model = Folder().path() / "model";
  const auto seed = SeedModel();
  Require(seed->Save(model.string()).ok(), "the seed can be saved");
  Require(plan::FittedPlan::Load(model.string()).ok(), "the seed can be loaded");
  std::string states = File(model / "state/states.bin");
  states.resize(states.size() - sizeof(uint64_t));
  seeds.Add("model",
            File(model / "plan.yaml") + kBetween + File(model / "model.json") + kBetween + states);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t plan_end = input.find(kBetween);
  if (plan_end == std::string_view::npos) return 0;
  const size_t model_end = input.find(kBetween, plan_end + 1);
  if (model_end == std::string_view::npos) return 0;
  WriteModel(input.substr(0, plan_end),
             std::string(input.substr(plan_end + 1, model_end - plan_end - 1)),
             std::string(input.substr(model_end + 1)));
  const std::string dir = (Folder().path() / "model").string();
  const auto budget = base::MemoryBudget::MakeRoot("fuzz", int64_t{256} << 20);
  const auto model = plan::FittedPlan::Load(dir, true, {.budget = budget.get(), .spill_dir = ""});
  if (!model.ok()) return 0;
  Apply(**model);
  DecodeStates(**model, budget.get());
  const fs::path saved = Folder().path() / "saved";
  const fs::path again = Folder().path() / "again";
  fs::remove_all(saved);
  fs::remove_all(again);
  const arrow::Status status = (*model)->Save(saved.string());
  Require(status.ok(), "a loaded model can be saved");
  const auto loaded = plan::FittedPlan::Load(saved.string());
  Require(loaded.ok(), "a saved model can be loaded");
  Require((*loaded)->Save(again.string()).ok(), "it can be saved again");
  Require(Files(saved) == Files(again), "equal models give equal bytes");
  return 0;
}

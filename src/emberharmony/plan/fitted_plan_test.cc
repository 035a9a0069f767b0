#include "emberharmony/plan/fitted_plan.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/feature/vocabulary_batches.h"
#include "emberharmony/plan/vocabulary_file_internal.h"

namespace emberharmony::plan {
namespace {

namespace fs = std::filesystem;
using arrow::json::ArrayFromJSONString;

constexpr const char* kPlan = R"(version: 1
target: delay
split: {method: hash, key: [tail], train: 0.8, validation: 0.1, test: 0.1, seed: 42}
# dropped 'id': an identifier
features:
  - columns: [distance]
    steps: [{impute: {indicator: true, strategy: median}}, {scale: standard}]
  - columns: [origin, destination]
    steps: [vocabulary]
  - columns: [carrier]
    steps: [one_hot]
  - columns: [date]
    steps: [{cyclical: [month]}]
  - columns: [carrier]
    steps: [{vocabulary: {oov_buckets: 3}}]
output: {dtype: float32, layout: columns}
)";

std::shared_ptr<arrow::Schema> FlightsSchema() {
  return arrow::schema(
      {arrow::field("id", arrow::int64()),
       arrow::field("date", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("delay", arrow::int64(), false), arrow::field("distance", arrow::int32()),
       arrow::field("origin", arrow::utf8(), false), arrow::field("destination", arrow::utf8()),
       arrow::field("carrier", arrow::dictionary(arrow::int32(), arrow::utf8())),
       arrow::field("tail", arrow::utf8())});
}

// 25 values of 100 to 200 with their middle at 150.5.
struct Distances : feature::QuantileStatistic {
  int64_t count() const override { return 25; }
  int64_t null_count() const override { return 5; }
  int64_t infinity_count() const override { return 0; }
  feature::QuantileEstimate Quantile(double) const override { return {150.5, 0}; }
  feature::QuantileEstimate Median() const override { return {150.5, 0}; }
  double MostFrequent() const override { return 100; }
  int bits() const override { return 53; }
  bool exact() const override { return true; }
  int64_t num_keys() const override { return 25; }
  double min() const override { return 100; }
  double max() const override { return 200; }
};

std::shared_ptr<const feature::Statistic> StatisticFor(const std::string& state_key,
                                                       const std::string& column) {
  if (state_key == "moments") {
    auto moments = std::make_shared<feature::MomentsStatistic>();
    moments->count = 30;
    moments->sum = 4500;
    moments->mean = 150;
    moments->variance = 0.1 + 0.2;
    moments->standard_deviation = std::sqrt(moments->variance);
    moments->min = 100;
    moments->max = 200;
    return moments;
  }
  if (state_key.starts_with("value_histogram")) return std::make_shared<Distances>();
  EXPECT_EQ(state_key, "value_counts");
  auto counts = std::make_shared<feature::ValueCountsStatistic>();
  arrow::StringBuilder values;
  const std::vector<std::string> texts = {column + "-b", column + "-a", "", "caf\xc3\xa9", "b\xff"};
  EXPECT_TRUE(values.AppendValues(texts).ok());
  counts->values = values.Finish().ValueOrDie();
  counts->counts = std::static_pointer_cast<arrow::Int64Array>(
      ArrayFromJSONString(arrow::int64(), "[9007199254740993, 7, 5, 2, 1]").ValueOrDie());
  counts->count = 9007199254740993 + 15;
  counts->kept_count = counts->count;
  counts->distinct_count = 5;
  return counts;
}

std::shared_ptr<FittedPlan> Fitted(const std::shared_ptr<arrow::Schema>& schema = FlightsSchema()) {
  auto plan = ParsePlan(kPlan, "plan.yaml");
  EXPECT_TRUE(plan.ok()) << plan.status();
  auto bound = BindPlan(*plan, *schema, "plan.yaml", true);
  EXPECT_TRUE(bound.ok()) << bound.status();
  for (auto& pipeline : bound->pipelines) {
    while (!pipeline->learned()) {
      for (const feature::Probe& probe : pipeline->NextProbes()) {
        std::vector<std::shared_ptr<const feature::Statistic>> statistics;
        for (const auto& analyzer : probe.analyzers) {
          statistics.push_back(StatisticFor(analyzer->state_key(), pipeline->source_column()));
        }
        const auto status = pipeline->Learn(probe.step, statistics);
        EXPECT_TRUE(status.ok()) << status;
        if (!status.ok()) return nullptr;
      }
    }
  }
  auto model = FittedPlan::Make(*plan, schema, std::move(*bound));
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *model : nullptr;
}

class FittedPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            (std::string("fitted_plan_") +
             testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string Path(const std::string& name) const { return (root_ / name).string(); }

  static std::map<std::string, std::string> Files(const std::string& dir) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      std::stringstream content;
      content << stream.rdbuf();
      files[fs::relative(entry.path(), dir).string()] = content.str();
    }
    return files;
  }
  static void Put(const std::string& path, const std::string& content) {
    std::ofstream stream(path, std::ios::binary);
    stream << content;
  }

  fs::path root_;
};

std::vector<SavedState> States() {
  return {{3, "[[\"clip\"]]", "moments", feature::EncodedState(std::string("\0\1\2", 3))},
          {3, "", "value_counts", feature::EncodedState(std::string(1000000, 'x'))},
          {3, "", "moments", {}},
          {0, "", "distinct_count", feature::EncodedState("abc")},
          {-1, "", "moments", feature::EncodedState("of a column that the model does not use")}};
}

TEST_F(FittedPlanTest, Schemas) {
  const auto model = Fitted();
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->input_schema()->field_names(),
            (std::vector<std::string>{"date", "delay", "distance", "origin", "destination",
                                      "carrier", "tail"}));
  EXPECT_TRUE(model->input_schema()->field(5)->type()->Equals(arrow::utf8()));
  EXPECT_TRUE(model->input_schema()->field(1)->nullable());
  EXPECT_EQ(model->output_schema(true)->field_names(),
            (std::vector<std::string>{"distance", "distance_missing", "origin", "destination",
                                      "carrier=", "carrier=0x62ff", "carrier=caf\xc3\xa9",
                                      "carrier=carrier-a", "carrier=carrier-b", "date_sin_month",
                                      "date_cos_month", "carrier", "delay"}));
  EXPECT_EQ(model->output_schema(false)->num_fields(), 12);
  EXPECT_TRUE(model->output_schema(true)->field(12)->type()->Equals(arrow::int64()));
}

TEST_F(FittedPlanTest, SavedLoadedAndSavedAgainIsTheSame) {
  const auto model = Fitted();
  ASSERT_NE(model, nullptr);
  model->set_states(States());
  ASSERT_TRUE(model->Save(Path("a")).ok());
  auto loaded = FittedPlan::Load(Path("a"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_TRUE((*loaded)->Save(Path("b/c") + "/").ok());
  const auto first = Files(Path("a"));
  EXPECT_EQ(first, Files(Path("b/c")));
  std::vector<std::string> names;
  for (const auto& [name, content] : first) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"model.json", "plan.yaml", "state/states.bin",
                                             "vocabulary/00002.parquet", "vocabulary/00003.parquet",
                                             "vocabulary/00006.parquet"}));
  EXPECT_EQ(first.at("plan.yaml"), kPlan);
  EXPECT_TRUE((*loaded)->output_schema(true)->Equals(*model->output_schema(true), true));
  EXPECT_TRUE((*loaded)->input_schema()->Equals(*model->input_schema(), true));
  ASSERT_EQ((*loaded)->states().size(), 4u);
  EXPECT_EQ((*loaded)->states()[1].bytes.size(), 0);
  EXPECT_EQ((*loaded)->states()[2].bytes.ReadAll(), std::string(1000000, 'x'));
  char middle[3] = {};
  ASSERT_TRUE((*loaded)->states()[0].bytes.Read(1, 2, middle).ok());
  EXPECT_STREQ(middle, "bc");
  EXPECT_FALSE((*loaded)->states()[0].bytes.Read(1, 3, middle).ok());
  EXPECT_EQ((*loaded)->states()[3].path_key, "[[\"clip\"]]");
  auto without = FittedPlan::Load(Path("a"), false);
  ASSERT_TRUE(without.ok());
  EXPECT_TRUE((*without)->states().empty());
  // Nothing but the two folders is left.
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), fs::directory_iterator()), 2);
}

TEST_F(FittedPlanTest, SourcesThatDifferInFormOnlyGiveEqualModels) {
  ASSERT_TRUE(Fitted()->Save(Path("a")).ok());
  arrow::FieldVector fields;
  const auto flights = FlightsSchema();
  for (const auto& field : flights->fields()) {
    fields.push_back(arrow::field(field->name(),
                                  field->name() == "carrier" ? arrow::utf8() : field->type(),
                                  !field->nullable(), arrow::key_value_metadata({"k"}, {"v"})));
  }
  std::swap(fields[0], fields[7]);
  fields.push_back(arrow::field("more", arrow::list(arrow::int8())));
  std::swap(fields[0], fields[7]);
  ASSERT_TRUE(Fitted(arrow::schema(fields))->Save(Path("b")).ok());
  EXPECT_EQ(Files(Path("a")), Files(Path("b")));
}

TEST_F(FittedPlanTest, ModelJson) {
  ASSERT_TRUE(Fitted()->Save(Path("m")).ok());
  const std::string text = Files(Path("m")).at("model.json");
  const auto model = nlohmann::json::parse(text);
  EXPECT_EQ(model["version"], 1);
  EXPECT_EQ(model["plan_sha256"], PlanHash(*ParsePlan(kPlan, "p")));
  EXPECT_EQ(model["input"]["columns"][0],
            (nlohmann::json{{"name", "date"}, {"type", "timestamp[us]"}}));
  EXPECT_EQ(model["columns"].size(), 5u);
  EXPECT_EQ(model["columns"]["distance"][0]["step"], "impute");
  EXPECT_EQ(model["columns"]["distance"][0]["fill"], 150.5);
  EXPECT_EQ(model["columns"]["distance"][1]["variance"], 0.30000000000000004);
  EXPECT_EQ(model["columns"]["destination"][0]["vocabulary_file"], "vocabulary/00003.parquet");
  EXPECT_EQ(model["columns"]["carrier"].size(), 2u);
  EXPECT_EQ(model["columns"]["carrier"][0]["step"], "one_hot");
  EXPECT_EQ(model["columns"]["carrier"][1]["vocabulary_file"], "vocabulary/00006.parquet");
  EXPECT_EQ(model["columns"]["carrier"][1]["count"], "9007199254741008");
  EXPECT_EQ(text.find(root_.string()), std::string::npos);
}

TEST_F(FittedPlanTest, LoadedModelsTransformAlike) {
  const auto model = Fitted();
  ASSERT_TRUE(model->Save(Path("m")).ok());
  const auto loaded = FittedPlan::Load(Path("m"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const std::map<std::string, std::shared_ptr<arrow::Array>> inputs = {
      {"distance", ArrayFromJSONString(arrow::int32(), "[1, null, 200]").ValueOrDie()},
      {"origin", ArrayFromJSONString(arrow::utf8(), R"(["origin-a", null, "new"])").ValueOrDie()},
      {"destination",
       ArrayFromJSONString(arrow::utf8(), R"(["", null, "destination-b"])").ValueOrDie()},
      {"carrier", ArrayFromJSONString(arrow::utf8(), R"(["carrier-a", null, ""])").ValueOrDie()},
      {"date",
       ArrayFromJSONString(arrow::timestamp(arrow::TimeUnit::MICRO), "[0, null, 1]").ValueOrDie()}};
  for (size_t i = 0; i < model->pipelines().size(); ++i) {
    const feature::ValueBlock block{inputs.at(model->pipelines()[i]->source_column()), false};
    const auto expected = model->pipelines()[i]->Apply(block, arrow::default_memory_pool());
    const auto found = (*loaded)->pipelines()[i]->Apply(block, arrow::default_memory_pool());
    ASSERT_TRUE(expected.ok() && found.ok());
    ASSERT_EQ(expected->size(), found->size());
    for (size_t k = 0; k < expected->size(); ++k) EXPECT_TRUE((*expected)[k]->Equals(*(*found)[k]));
  }
}

TEST_F(FittedPlanTest, SaveKeepsWhatIsThere) {
  const auto model = Fitted();
  fs::create_directories(Path("full"));
  Put(Path("full/precious"), "x");
  const auto refused = model->Save(Path("full"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage);
  EXPECT_EQ(Files(Path("full")).size(), 1u);
  Put(Path("file"), "x");
  EXPECT_EQ(base::KindOf(model->Save(Path("file"))), base::ErrorKind::kUsage);
  fs::create_directories(Path("empty"));
  EXPECT_TRUE(model->Save(Path("empty")).ok());
  const auto unwritable = model->Save(Path("file/model"));
  EXPECT_FALSE(unwritable.ok());
}

TEST_F(FittedPlanTest, BindReportsEveryMisfit) {
  const auto model = Fitted();
  const arrow::Schema other(
      {arrow::field("destination", arrow::large_utf8()), arrow::field("distance", arrow::int64()),
       arrow::field("orign", arrow::utf8()), arrow::field("delay", arrow::float64()),
       arrow::field("date", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("date", arrow::int8()), arrow::field("carrier", arrow::utf8())});
  const auto misfit = model->Bind(other);
  ASSERT_FALSE(misfit.ok());
  EXPECT_EQ(base::KindOf(misfit.status()), base::ErrorKind::kUsage);
  EXPECT_EQ(misfit.status().message(),
            "the table does not fit the model:\n"
            "  column 'distance' is of type int64, but the model was fitted on int32\n"
            "  column 'origin' is absent; did you mean 'orign'?\n"
            "  column 'date' appears 2 times\n"
            "  column 'delay' is of type double, but the model was fitted on int64\n"
            "give a table with the columns that the model was fitted on, cast to its types, or fit "
            "the plan again on this one");
}

TEST_F(FittedPlanTest, BindFindsColumnsAnywhere) {
  const auto model = Fitted();
  // Neither the split's key nor the target is needed to transform; strings may be large or encoded.
  const arrow::Schema other(
      {arrow::field("carrier", arrow::large_utf8()),
       arrow::field("origin", arrow::dictionary(arrow::int32(), arrow::utf8())),
       arrow::field("date", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("destination", arrow::utf8()), arrow::field("distance", arrow::int32())});
  const auto binding = model->Bind(other);
  ASSERT_TRUE(binding.ok()) << binding.status();
  EXPECT_EQ(binding->pipeline_columns, (std::vector<int>{4, 1, 3, 0, 2, 0}));
  EXPECT_EQ(binding->target_column, -1);
  const auto full = model->Bind(*FlightsSchema());
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full->target_column, 2);
}

// Every change of a file must give an error, or leave the model as good as it was; never crash.
TEST_F(FittedPlanTest, DamagedFoldersAreRefused) {
  const auto model = Fitted();
  model->set_states({{0, "", "moments", feature::EncodedState("some bytes")}});
  ASSERT_TRUE(model->Save(Path("m")).ok());
  const auto files = Files(Path("m"));
  for (const auto& [name, content] : files) {
    fs::remove(Path("m/" + name));
    if (name != "state/states.bin") {
      const auto missing = FittedPlan::Load(Path("m"));
      EXPECT_FALSE(missing.ok()) << name;
      EXPECT_EQ(base::KindOf(missing.status()), base::ErrorKind::kData) << name;
    }
    std::mt19937 random(static_cast<unsigned>(content.size()));
    for (int round = 0; round < 150; ++round) {
      std::string damaged = content;
      switch (random() % 3) {
        case 0:
          damaged.resize(random() % damaged.size());
          break;
        case 1:
          damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
          break;
        default:
          damaged.insert(random() % damaged.size(),
                         damaged.substr(random() % damaged.size(), random() % 30));
          break;
      }
      if (damaged == content) continue;
      Put(Path("m/" + name), damaged);
      const auto loaded = FittedPlan::Load(Path("m"));
      if (!loaded.ok()) {
        EXPECT_EQ(base::KindOf(loaded.status()), base::ErrorKind::kData) << name << loaded.status();
      }
      if (name == "state/states.bin") {
        EXPECT_FALSE(loaded.ok());
      }
    }
    Put(Path("m/" + name), content);
    ASSERT_TRUE(FittedPlan::Load(Path("m")).ok());
  }
}

TEST_F(FittedPlanTest, StrangersModelsAreBounded) {
  ASSERT_TRUE(Fitted()->Save(Path("m")).ok());
  const std::string text = Files(Path("m")).at("model.json");
  const auto message = [&](const std::string& json) {
    Put(Path("m/model.json"), json);
    const auto loaded = FittedPlan::Load(Path("m"));
    EXPECT_FALSE(loaded.ok());
    return loaded.ok() ? "" : loaded.status().message();
  };
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    EXPECT_NE(changed.find(from), std::string::npos);
    return changed.replace(changed.find(from), from.size(), to);
  };
  EXPECT_NE(message(replaced("vocabulary/00003.parquet", "../../etc/passwd"))
                .find("vocabulary_file must be"),
            std::string::npos);
  EXPECT_NE(message(replaced("vocabulary/00003.parquet", "vocabulary/00002.parquet"))
                .find("vocabulary_file must be"),
            std::string::npos);
  EXPECT_NE(message(std::string(1000000, '[')).find("nested too deeply"), std::string::npos);
  EXPECT_NE(message("[]").find("not a JSON object"), std::string::npos);
  EXPECT_NE(message(replaced("\"version\": 1", "\"version\": 2")).find("version must be 1"),
            std::string::npos);
  EXPECT_NE(
      message(replaced("\"timestamp[us]\"", "\"timestamp[us\"")).find("expected a type such as"),
      std::string::npos);
  EXPECT_NE(message(replaced("\"distance\": [", "\"distence\": [")).find("fewer steps"),
            std::string::npos);
  EXPECT_FALSE(message(replaced("\"name\": \"tail\"", "\"name\": \"tale\"")).empty());
  EXPECT_FALSE(
      message(replaced("\"variance\": 0.30000000000000004", "\"variance\": -1.0")).empty());
}

arrow::Status WriteWhole(const std::string& path,
                         const std::shared_ptr<arrow::RecordBatch>& vocabulary) {
  return internal::WriteVocabulary(path, feature::CutVocabulary(vocabulary).get());
}

TEST_F(FittedPlanTest, VocabulariesOfEveryType) {
  using arrow::TimeUnit;
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> cases = {
      {arrow::utf8(), R"(["b", "", "a"])"},
      {arrow::large_utf8(), R"(["b", "", "a"])"},
      {arrow::binary(), R"(["b", "", "a"])"},
      {arrow::int8(), "[3, -1, 2]"},
      {arrow::uint64(), "[18446744073709551615, 0, 1]"},
      {arrow::float64(), "[0.1, 1e300, -5]"},
      {arrow::boolean(), "[true, false, true]"},
      {arrow::date32(), "[-1, 0, 1]"},
      {arrow::date64(), "[-86400000, 0, 1]"},
      {arrow::utf8_view(), R"(["b", "", "a value that is longer"])"},
      {arrow::decimal32(5, 2), R"(["1.50", "-0.01", "7.00"])"},
      {arrow::decimal64(12, 2), R"(["1.50", "-0.01", "7.00"])"},
      {arrow::decimal256(60, 2), R"(["1.50", "-0.01", "7.00"])"},
      {arrow::float16(), "[1, 2, 3]"},
      {arrow::float32(), "[0.1, 1e30, -5]"},
      {arrow::timestamp(TimeUnit::SECOND, "UTC"), "[-1, 0, 1]"},
      {arrow::timestamp(TimeUnit::NANO), "[-1, 0, 1]"},
      {arrow::time32(TimeUnit::SECOND), "[1, 0, 2]"},
      {arrow::duration(TimeUnit::MILLI), "[1, 0, 2]"},
      {arrow::decimal128(10, 2), R"(["1.50", "-0.01", "7.00"])"},
      {arrow::fixed_size_binary(2), R"(["ab", "cd", "ef"])"}};
  for (const auto& [type, json] : cases) {
    for (const auto& id_type : {arrow::int32(), arrow::int64()}) {
      const auto batch = arrow::RecordBatch::Make(
          arrow::schema({arrow::field("value", type, false), arrow::field("id", id_type, false),
                         arrow::field("count", arrow::int64(), false)}),
          3,
          {ArrayFromJSONString(type, json).ValueOrDie(),
           ArrayFromJSONString(id_type, "[3, 4, 5]").ValueOrDie(),
           ArrayFromJSONString(arrow::int64(), "[7, 7, 1]").ValueOrDie()});
      ASSERT_TRUE(WriteWhole(Path("v.parquet"), batch).ok()) << type->ToString();
      const auto read = internal::ReadVocabulary(Path("v.parquet"));
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_TRUE((*read)->Equals(*batch)) << type->ToString() << (*read)->ToString();
      const auto pieces = internal::OpenVocabulary(Path("v.parquet"), arrow::default_memory_pool());
      ASSERT_TRUE(pieces.ok()) << pieces.status();
      const auto first = (*pieces)->Next();
      ASSERT_TRUE(first.ok()) << first.status();
      EXPECT_TRUE((*first)->Equals(*batch)) << type->ToString();
      ASSERT_TRUE(WriteWhole(Path("w.parquet"), *read).ok());
      EXPECT_TRUE(Files(root_.string()).at("v.parquet") == Files(root_.string()).at("w.parquet"))
          << type->ToString();
      // An empty vocabulary is one, too.
      ASSERT_TRUE(WriteWhole(Path("v.parquet"), batch->Slice(0, 0)).ok());
      const auto empty = internal::ReadVocabulary(Path("v.parquet"));
      ASSERT_TRUE(empty.ok()) << empty.status();
      EXPECT_EQ((*empty)->num_rows(), 0);
    }
  }
}

TEST_F(FittedPlanTest, OtherParquetFilesAreNoVocabularies) {
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("value", arrow::utf8()), arrow::field("id", arrow::int32()),
                     arrow::field("count", arrow::int32())}),
      1,
      {ArrayFromJSONString(arrow::utf8(), R"(["a"])").ValueOrDie(),
       ArrayFromJSONString(arrow::int32(), "[3]").ValueOrDie(),
       ArrayFromJSONString(arrow::int32(), "[1]").ValueOrDie()});
  ASSERT_TRUE(WriteWhole(Path("v.parquet"), batch).ok());
  auto read = internal::ReadVocabulary(Path("v.parquet"));
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.status().message().find("its columns are not value, id and count"),
            std::string::npos);
  const auto nulls = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("value", arrow::utf8()), arrow::field("id", arrow::int32()),
                     arrow::field("count", arrow::int64())}),
      1,
      {ArrayFromJSONString(arrow::utf8(), "[null]").ValueOrDie(),
       ArrayFromJSONString(arrow::int32(), "[3]").ValueOrDie(),
       ArrayFromJSONString(arrow::int64(), "[1]").ValueOrDie()});
  ASSERT_TRUE(WriteWhole(Path("v.parquet"), nulls).ok());
  read = internal::ReadVocabulary(Path("v.parquet"));
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.status().message().find("it has nulls"), std::string::npos);
}

}  // namespace
}  // namespace emberharmony::plan

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/yaml_document_internal.h"

namespace emberharmony::plan {
namespace {

// The plan of the design document, with every kind of step's notation.
constexpr std::string_view kExample = R"(version: 1
target: delay
split: {method: hash, key: [date, origin], train: 0.8, validation: 0.1, test: 0.1, seed: 7}
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {max_size: 100000, min_count: 15}}]
  - columns: [carrier]
    steps: [one_hot]
  - columns: [date]
    steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]
  - columns: [I1, I2]
    steps: [{impute: {constant: 0}}, {clip: {min: 0}}, log1p]
output: {dtype: float32, layout: columns}
)";

Plan Parsed(std::string_view text) {
  auto plan = ParsePlan(text, "plan.yaml");
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : Plan();
}

std::string Refusal(std::string_view text) {
  auto plan = ParsePlan(text, "plan.yaml");
  EXPECT_FALSE(plan.ok()) << text;
  if (plan.ok()) return "";
  EXPECT_EQ(base::KindOf(plan.status()), base::ErrorKind::kUsage);
  return plan.status().message();
}

TEST(ParsePlan, ReadsTheExample) {
  const Plan plan = Parsed(kExample);
  ASSERT_TRUE(plan.target.has_value());
  EXPECT_EQ(plan.target->column, "delay");
  EXPECT_FALSE(plan.target->drop_null);
  EXPECT_EQ(plan.split.method, SplitMethod::kHash);
  EXPECT_EQ(plan.split.key, (std::vector<std::string>{"date", "origin"}));
  EXPECT_EQ(plan.split.train, "0.8");
  EXPECT_EQ(plan.split.seed, 7);
  ASSERT_EQ(plan.features.size(), 5u);
  EXPECT_EQ(plan.features[0].steps[0].name, "impute");
  EXPECT_EQ(plan.features[0].steps[0].options, "median");
  EXPECT_EQ(plan.features[1].columns, (std::vector<std::string>{"origin", "destination"}));
  EXPECT_EQ(plan.features[1].steps[0].options,
            (nlohmann::json{{"min_count", 15}, {"max_size", 100000}}));
  EXPECT_EQ(plan.features[2].steps[0].name, "one_hot");
  EXPECT_TRUE(plan.features[2].steps[0].options.is_null());
  EXPECT_EQ(plan.features[3].steps[0].options,
            (nlohmann::json{"hour", "day_of_week", "day_of_month", "month"}));
  EXPECT_EQ(plan.features[4].steps[0].options, (nlohmann::json{{"constant", 0}}));
  EXPECT_EQ(plan.features[4].steps[2].name, "log1p");
  EXPECT_EQ(plan.output_dtype, "float32");
  EXPECT_EQ(plan.layout, Layout::kColumns);
}

TEST(ParsePlan, MarksPointAtNames) {
  const Plan plan = Parsed(kExample);
  EXPECT_EQ(plan.target->mark, (Mark{2, 9}));
  EXPECT_EQ(plan.features[1].column_marks[1], (Mark{7, 23}));
  EXPECT_EQ(plan.features[4].step_marks[0], (Mark{14, 14}));
  EXPECT_EQ(plan.features[4].step_marks[2], (Mark{14, 56}));
  EXPECT_EQ(plan.split.key_marks[1], (Mark{3, 35}));
}

TEST(ParsePlan, DefaultsAreTheAutomaticPlans) {
  const Plan plan = Parsed("version: 1\nfeatures: [{columns: a, steps: [passthrough]}]\n");
  EXPECT_FALSE(plan.target.has_value());
  EXPECT_EQ(plan.split.method, SplitMethod::kHash);
  EXPECT_TRUE(plan.split.key.empty());
  EXPECT_EQ(plan.split.train + plan.split.validation + plan.split.test, "0.80.10.1");
  EXPECT_EQ(plan.split.seed, 42);
  EXPECT_EQ(plan.output_dtype, "float32");
  EXPECT_EQ(plan.layout, Layout::kColumns);
  EXPECT_EQ(plan.quantile_keys, 65536);
  EXPECT_EQ(plan.features[0].columns, (std::vector<std::string>{"a"}));
}

TEST(ParsePlan, TypesOfOptions) {
  const Plan plan = Parsed(R"(version: 1
features:
  - columns: [a]
    steps:
      - s: [1, -2, +3, 007, 0x1F, 1.5, .5, 1e3, -1.5e-3, "1", '1.5', true, "true", yes, .inf, 1_000, 2001-01-31, ~]
      - t: {}
      - u:
)");
  const auto& options = plan.features[0].steps[0].options;
  const nlohmann::json expected = {1,      -2,     3,        7,       31,           1.5,
                                   0.5,    1000.0, -0.0015,  "1",     "1.5",        true,
                                   "true", "yes",  INFINITY, "1_000", "2001-01-31", nullptr};
  EXPECT_EQ(options, expected);
  EXPECT_TRUE(options[0].is_number_integer());
  EXPECT_TRUE(options[7].is_number_float());
  EXPECT_TRUE(plan.features[0].steps[1].options.is_null());
  EXPECT_TRUE(plan.features[0].steps[2].options.is_null());
}

TEST(ParsePlan, OtherSplits) {
  const Plan time = Parsed(R"(version: 1
split: {method: time, column: date, validation_from: 2001-03-01, test_from: 2001-04-01}
features: []
)");
  EXPECT_EQ(time.split.method, SplitMethod::kTime);
  EXPECT_EQ(time.split.time_column, "date");
  EXPECT_EQ(time.split.validation_from, "2001-03-01");
  EXPECT_EQ(time.split.test_from, "2001-04-01");
  const Plan random =
      Parsed("version: 1\nsplit: {method: random, train: .75, test: .25}\nfeatures: []\n");
  EXPECT_EQ(random.split.method, SplitMethod::kRandom);
  EXPECT_EQ(random.split.validation, "0");
}

TEST(ParsePlan, InstantsOfATimeSplit) {
  const auto refusal = [](const std::string& split) {
    return Refusal("version: 1\nsplit: {method: time, column: date, " + split +
                   "}\nfeatures: []\n");
  };
  EXPECT_EQ(refusal("validation_from: 2001-02-30, test_from: [1]"),
            "plan.yaml:2:54: split.validation_from: expected an instant such as 2001-01-31 or "
            "2001-01-31 05:06:07.25, found '2001-02-30'\n"
            "plan.yaml:2:77: split.test_from: expected an instant such as 2001-01-31 or "
            "2001-01-31 05:06:07.25, found a list");
  EXPECT_EQ(refusal("validation_from: 2001-02-01, test_from: 2001-02-01 00:00:00"),
            "plan.yaml:2:77: split.test_from must be after validation_from, found '2001-02-01 "
            "00:00:00' and '2001-02-01'");
  EXPECT_EQ(refusal("test_from: 2001-02-01, train: 1"),
            "plan.yaml:2:8: a time split takes either instants (validation_from, test_from) or "
            "shares, not both");
  EXPECT_EQ(Refusal("version: 1\nsplit: {method: time}\nfeatures: []\n"),
            "plan.yaml:2:8: a time split lacks the key 'column'");
}

TEST(ParsePlan, OptionalKeys) {
  const Plan plan = Parsed(R"(version: 1
target: {column: delay, drop_null: true}
unit_column: day
quantile_keys: 8192
exact_quantiles: true
compute: float32
features: []
output: {dtype: float64, layout: matrix}
)");
  EXPECT_TRUE(plan.target->drop_null);
  EXPECT_EQ(plan.unit_column, "day");
  EXPECT_EQ(plan.quantile_keys, 8192);
  EXPECT_TRUE(plan.exact_quantiles);
  EXPECT_EQ(plan.compute, "float32");
  EXPECT_EQ(plan.output_dtype, "float64");
  EXPECT_EQ(plan.layout, Layout::kMatrix);
}

TEST(ParsePlan, AllFaultsTogetherInTheTextsOrder) {
  EXPECT_EQ(
      Refusal(R"(verison: 1
target: [delay]
split: {method: hsah, train: 0.8, validation: 0.1, test: 0.2, sede: 1}
features:
  - colums: [distance]
    steps: [{impute: median, scale: standard}]
  - columns: [a, [b]]
    steps: one_hot
output: {dtype: flot32}
quantile_keys: 12
)"),
      "plan.yaml:1:1: unknown key 'verison'; did you mean 'version'?\n"
      "plan.yaml:1:1: the key 'version' is missing; add 'version: 1'\n"
      "plan.yaml:2:9: target must be the name of a column, found a list\n"
      "plan.yaml:3:8: train, validation and test must sum to 1 exactly, but 0.8 + 0.1 + 0.2 = 1.1\n"
      "plan.yaml:3:17: split.method must be hash, time or random, found 'hsah'; did you mean "
      "'hash'?\n"
      "plan.yaml:3:63: unknown key of a hash split 'sede'; did you mean 'seed'?\n"
      "plan.yaml:5:5: unknown key of a feature 'colums'; did you mean 'columns'?\n"
      "plan.yaml:5:5: this feature lacks the key 'columns'\n"
      "plan.yaml:6:13: a step is a map with one key, {step: options}; found the keys 'impute', "
      "'scale'\n"
      "plan.yaml:7:18: columns must be the name of a column, found a list\n"
      "plan.yaml:8:12: steps must be a list, such as [one_hot], found 'one_hot'\n"
      "plan.yaml:9:17: output.dtype must be float32 or float64, found 'flot32'; did you mean "
      "'float32'?\n"
      "plan.yaml:10:16: quantile_keys must be an integer from 8192 to 16777216, found '12'");
}

TEST(ParsePlan, RefusesWhatStrangersMaySend) {
  EXPECT_EQ(Refusal(""),
            "plan.yaml: the plan is empty; `ember plan SOURCE` writes one to start from");
  EXPECT_EQ(Refusal("# nothing\n"),
            "plan.yaml: the plan is empty; `ember plan SOURCE` writes one to start from");
  EXPECT_EQ(Refusal("- a\n"), "plan.yaml:1:1: a plan must be a map (key: value), found a list");
  EXPECT_EQ(Refusal("version: 1\nfeatures: []\nversion: 1\n"),
            "plan.yaml:3:1: the key 'version' appears twice; keep one");
  EXPECT_EQ(Refusal("version: &v 1\nfeatures: []\n"),
            "plan.yaml:1:10: anchors (&name) are not allowed in a plan; write the value out");
  EXPECT_EQ(Refusal("version: !!int 1\nfeatures: []\n"),
            "plan.yaml:1:10: tags are not allowed in a plan, found 'tag:yaml.org,2002:int'; leave "
            "the tag out");
  EXPECT_NE(Refusal("version: 1\nfeatures: [").find("plan.yaml:2:"), std::string::npos);
  EXPECT_NE(
      Refusal("version: 1\nfeatures: []\n---\nversion: 1\n").find("found another after '---'"),
      std::string::npos);
  EXPECT_EQ(Refusal(std::string_view("version: 1\n\0features: []\n", 24)),
            "plan.yaml:2:1: control characters are not allowed in a plan; is this a text file?");
  EXPECT_EQ(Refusal(std::string((1 << 20) + 1, ' ')),
            "plan.yaml: a plan may have at most 1048576 bytes, found 1048577");
}

TEST(ParsePlan, OptionsAreUtf8) {
  EXPECT_EQ(
      Refusal("version: 1\nfeatures: [{columns: [a], steps: [{impute: {constant: \"\xff\"}}]}]\n"),
      "plan.yaml:2:55: options must be UTF-8, found '\\xff'");
}

TEST(ParsePlan, BillionLaughsEndAtOnce) {
  std::string text = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + ", " + last + "]\n";
  }
  EXPECT_NE(Refusal(text).find("aliases (*name) are not allowed"), std::string::npos);
}

TEST(ParsePlan, DepthAndNumberOfValuesAreBounded) {
  EXPECT_NE(Refusal("version: 1\nfeatures: " + std::string(17, '[') + std::string(17, ']'))
                .find("16 levels"),
            std::string::npos);
  EXPECT_FALSE(ParsePlan("version: 1\nfeatures: " + std::string(300000, '['), "p").ok());
  std::string many = "version: 1\nfeatures: [";
  for (int i = 0; i < 300000; ++i) many += "a,";
  EXPECT_NE(Refusal(many + "]").find("at most 200000 values"), std::string::npos);
}

TEST(ParsePlan, MutatedTextNeverCrashes) {
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {
      "[",    "]", "{", "}", ":",  "- ", "\n",   "  ",          "#",     "\"",    "'",  "&a ", "*a",
      "!!x ", "|", ">", "~", "? ", ",",  "\xff", "%YAML 1.2\n", "---\n", "...\n", "\t", "\\x0"};
  int accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string text(kExample);
    const int edits = 1 + static_cast<int>(random() % 6);
    for (int edit = 0; edit < edits; ++edit) {
      const size_t at = random() % (text.size() + 1);
      switch (random() % 4) {
        case 0:
          text.insert(at, pieces[random() % pieces.size()]);
          break;
        case 1:
          text.erase(at, random() % 12);
          break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(random());
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
      }
    }
    const auto plan = ParsePlan(text, "p");
    if (!plan.ok()) {
      EXPECT_EQ(base::KindOf(plan.status()), base::ErrorKind::kUsage);
      continue;
    }
    ++accepted;
    const std::string written = WritePlan(*plan);
    const auto again = ParsePlan(written, "p");
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << written;
    EXPECT_EQ(WritePlan(*again), written);
    EXPECT_EQ(PlanHash(*again), PlanHash(*plan));
  }
  EXPECT_GT(accepted, 100);
}

TEST(WritePlan, IsTheShortForm) {
  Plan plan = Parsed(kExample);
  EXPECT_EQ(WritePlan(plan), kExample);
  plan.comments = {"dropped 'id': an identifier", "two\nlines"};
  const std::string text = WritePlan(plan);
  EXPECT_NE(text.find("# dropped 'id': an identifier\n# two\\nlines\nfeatures:\n"),
            std::string::npos);
  const Plan again = Parsed(text);
  EXPECT_EQ(again.comments,
            (std::vector<std::string>{"dropped 'id': an identifier", "two\\nlines"}));
  EXPECT_EQ(WritePlan(again), text);
}

TEST(WritePlan, NamesOfAnyBytesSurvive) {
  std::mt19937 random(5);
  std::vector<std::string> names = {"",
                                    " ",
                                    "null",
                                    "~",
                                    "yes",
                                    "No",
                                    "1",
                                    "1.5",
                                    "-",
                                    "- a",
                                    "a: b",
                                    "a #b",
                                    "#",
                                    "'",
                                    "\"",
                                    "\\",
                                    "\n",
                                    "\r\n",
                                    "\t",
                                    "\xc2\x85",
                                    "\xe2\x80\xa8",
                                    "\xef\xbb\xbf",
                                    "\xff\xfe",
                                    "caf\xc3\xa9",
                                    "[a]",
                                    "{a: b}",
                                    "*a",
                                    "&a",
                                    "!a",
                                    "%a",
                                    "@a",
                                    "`a",
                                    "a,b",
                                    "?",
                                    "=",
                                    "<<",
                                    "nan",
                                    ".nan",
                                    "0x1F",
                                    "2001-01-31",
                                    "true",
                                    "a\x04z",
                                    std::string("a\0b", 3)};
  for (int i = 0; i < 3000; ++i) {
    std::string name(random() % 12, ' ');
    for (char& c : name) c = static_cast<char>(random());
    names.push_back(name);
  }
  Plan plan;
  plan.target = TargetSpec{"tar\nget: x", true, {}};
  plan.split.key = names;
  feature::StepSpec step{"impute", {{"constant", "x"}}};
  for (const std::string& name : names) {
    step.options["constant"] = base::IsUtf8(name) ? name : "";
    plan.features.push_back({{name, "b"}, {step}, {}, {}, {}});
  }
  const Plan again = Parsed(WritePlan(plan));
  ASSERT_EQ(again.features.size(), names.size());
  EXPECT_EQ(again.split.key, names);
  EXPECT_EQ(again.target->column, plan.target->column);
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(again.features[i].columns[0], names[i]);
    EXPECT_EQ(again.features[i].steps[0].options["constant"],
              plan.features[i].steps[0].options["constant"]);
  }
}

TEST(WritePlan, OptionsKeepTheirTypes) {
  std::mt19937_64 random(6);
  Plan plan;
  nlohmann::json list = {0,
                         -1,
                         INT64_MIN,
                         INT64_MAX,
                         0.1,
                         1.0,
                         -0.0,
                         1e300,
                         5e-324,
                         INFINITY,
                         -INFINITY,
                         "1",
                         "1.0",
                         true,
                         "true",
                         nullptr,
                         "null",
                         "a b",
                         nlohmann::json::array(),
                         nlohmann::json::object()};
  for (int i = 0; i < 1000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, 8);
    if (!std::isnan(value)) list.push_back(value);
  }
  plan.features.push_back({{"a"}, {{"s", {{"list", list}}}}, {}, {}, {}});
  const nlohmann::json again = Parsed(WritePlan(plan)).features[0].steps[0].options["list"];
  ASSERT_EQ(again.size(), list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(again[i], list[i]);
    EXPECT_EQ(again[i].is_number_float(), list[i].is_number_float()) << list[i];
  }
}

TEST(PlanHash, DependsOnMeaningAlone) {
  const Plan plan = Parsed(kExample);
  const std::string hash = PlanHash(plan);
  EXPECT_EQ(hash.size(), 64u);
  EXPECT_EQ(PlanHash(Parsed(R"(
# The same plan in other words.
output:
  layout: columns
split:
  seed: 7
  key: ['date', "origin"]
  method: hash
  train: .80
  validation: 0.10
  test: 0.1
features:
- {columns: distance, steps: [{impute: {strategy: median, indicator: false}}, {scale: standard}]}
- {columns: origin, steps: [{vocabulary: {max_size: 100000, min_count: 15}}]}
- {columns: destination, steps: [{vocabulary: {max_size: 100000, min_count: 15, oov_buckets: 1}}]}
- {columns: carrier, steps: [{one_hot: {}}]}
- {columns: date, steps: [{cyclical: [hour, day_of_week, day_of_month, month]}]}
- columns: [I1, I2]
  steps:
    - impute: {constant: 0}
    - clip: {min: 0}
    - log1p
target: {column: delay}
quantile_keys: 65536
version: 1
)")),
            hash);
  Plan other = plan;
  other.split.seed = 8;
  EXPECT_NE(PlanHash(other), hash);
  other = plan;
  other.features[0].steps.pop_back();
  EXPECT_NE(PlanHash(other), hash);
  other = plan;
  std::swap(other.features[0], other.features[2]);
  EXPECT_NE(PlanHash(other), hash);
  other = plan;
  other.comments.push_back("a remark");
  EXPECT_EQ(PlanHash(other), hash);
}

TEST(ThresholdsOf, RoundsSharesOfTwoToTheTwentieth) {
  SplitSpec split;
  auto thresholds = ThresholdsOf(split);
  ASSERT_TRUE(thresholds.ok());
  EXPECT_EQ(thresholds->train, 838861u);                 // 838860.8
  EXPECT_EQ(thresholds->train_and_validation, 943718u);  // 943718.4
  split.train = "1";
  split.validation = split.test = "0";
  thresholds = ThresholdsOf(split);
  ASSERT_TRUE(thresholds.ok());
  EXPECT_EQ(thresholds->train, 1048576u);
  EXPECT_EQ(thresholds->train_and_validation, 1048576u);
  split.train = "0.0000004768371582031";  // just below half a bucket
  split.validation = "0";
  split.test = "0.9999995231628417969";
  EXPECT_FALSE(ThresholdsOf(split).ok());  // 19 places
  split.train = "0.000000476837158203";
  split.test = "0.999999523162841797";
  thresholds = ThresholdsOf(split);
  ASSERT_TRUE(thresholds.ok());
  EXPECT_EQ(thresholds->train, 0u);
  split.train = "0.000000476837158204";
  split.test = "0.999999523162841796";
  EXPECT_EQ(ThresholdsOf(split)->train, 1u);
}

TEST(ThresholdsOf, SharesSumToOneExactly) {
  const auto message = [](const char* train, const char* validation, const char* test) {
    SplitSpec split;
    split.train = train;
    split.validation = validation;
    split.test = test;
    const auto result = ThresholdsOf(split);
    if (result.ok()) return std::string("fine");
    EXPECT_EQ(base::KindOf(result.status()), base::ErrorKind::kUsage);
    return result.status().message();
  };
  EXPECT_EQ(message("0.7", "0.2", "0.1"), "fine");  // in doubles the sum is 0.9999999999999999
  EXPECT_EQ(message("1.000", ".0", "0."), "fine");
  EXPECT_EQ(message("0.99998", "1e-05", "0.01E-3"), "fine");  // as Python writes small numbers
  EXPECT_EQ(message("0.1e1", "0e-100", "00.0e+5"), "fine");
  EXPECT_EQ(message("0.8", "0.1", "0.1000000000000001"),
            "split: train, validation and test must sum to 1 exactly, but 0.8 + 0.1 + "
            "0.1000000000000001 = "
            "1.0000000000000001");
  for (const char* bad :
       {"-0.1", "1.1", "8e-19", "", ".", "0,8", "0x1", "nan", " 0.8", "11", "8e", "e-1", "8e-1.0",
        "8e--1", "1e1", "1e99", "8e-999", "99999999999999999999"}) {
    EXPECT_NE(message(bad, "0.1", "0.1").find("train must be a decimal"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace emberharmony::plan

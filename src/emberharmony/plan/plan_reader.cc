#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "emberharmony/base/spelling.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/instant_internal.h"
#include "emberharmony/plan/plan.h"
#include "emberharmony/plan/shares_internal.h"
#include "emberharmony/plan/yaml_document_internal.h"

namespace emberharmony::plan {
namespace {

using internal::Quoted;
using internal::YamlNode;
using Kind = YamlNode::Kind;

constexpr int64_t kQuantileKeysMin = 8192;
constexpr int64_t kQuantileKeysMax = int64_t{1} << 24;

std::string Listed(std::span<const std::string> words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

// Reads one document; every function adds what is wrong to faults_ and goes on.
class PlanReader {
 public:
  explicit PlanReader(internal::Faults* faults) : faults_(faults) {}

  Plan Read(const YamlNode& root) {
    const std::vector<std::string> known = {"version",       "target",          "split",
                                            "features",      "output",          "unit_column",
                                            "quantile_keys", "exact_quantiles", "compute"};
    if (!ExpectMap(root, "a plan")) return {};
    CheckKeys(root, known, "key");
    ReadVersion(root);
    ReadTarget(Find(root, "target"));
    ReadSplit(Find(root, "split"));
    ReadFeatures(root);
    ReadOutput(Find(root, "output"));
    if (const YamlNode* node = Find(root, "unit_column")) {
      std::string column;
      if (ReadName(*node, "unit_column", &column)) plan_.unit_column = column;
    }
    if (const YamlNode* node = Find(root, "quantile_keys")) {
      ReadInteger(*node, "quantile_keys", kQuantileKeysMin, kQuantileKeysMax, &plan_.quantile_keys);
    }
    ReadBool(Find(root, "exact_quantiles"), "exact_quantiles", &plan_.exact_quantiles);
    ReadChoice(Find(root, "compute"), "compute", {"auto", "float32"}, &plan_.compute);
    return std::move(plan_);
  }

  /// Where the key `features` stands; its line bounds the comments.
  int features_line() const { return features_line_; }

 private:
  static const YamlNode* Find(const YamlNode& map, std::string_view key) {
    for (size_t i = 0; i < map.keys.size(); ++i) {
      if (map.keys[i].first == key) return &map.items[i];
    }
    return nullptr;
  }

  bool ExpectMap(const YamlNode& node, std::string_view what) {
    if (node.kind == Kind::kMap) return true;
    faults_->Add(node.mark,
                 fmt::format("{} must be a map (key: value), found {}", what, node.Describe()));
    return false;
  }

  void CheckKeys(const YamlNode& map, const std::vector<std::string>& known,
                 std::string_view what) {
    for (const auto& [key, mark] : map.keys) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      std::string message = fmt::format("unknown {} {}", what, Quoted(key));
      const std::string meant = base::DidYouMean(key, known);
      message += meant.empty() ? "; expected " + Listed(known) : meant;
      faults_->Add(mark, std::move(message));
    }
  }

  // A name of a column: any scalar but null, as written.
  bool ReadName(const YamlNode& node, std::string_view what, std::string* out) {
    if (node.kind == Kind::kScalar) {
      *out = node.text;
      return true;
    }
    std::string message =
        fmt::format("{} must be the name of a column, found {}", what, node.Describe());
    if (node.kind == Kind::kNull) message += "; put the name in quotes if it is null or ~";
    faults_->Add(node.mark, std::move(message));
    return false;
  }

  void ReadNames(const YamlNode& node, std::string_view what, std::vector<std::string>* names,
                 std::vector<Mark>* marks) {
    const std::span<const YamlNode> items = node.kind == Kind::kSequence
                                                ? std::span<const YamlNode>(node.items)
                                                : std::span<const YamlNode>(&node, 1);
    if (items.empty())
      faults_->Add(node.mark, fmt::format("{} must name at least one column", what));
    for (const YamlNode& item : items) {
      std::string name;
      if (!ReadName(item, what, &name)) continue;
      names->push_back(std::move(name));
      marks->push_back(item.mark);
    }
  }

  void ReadInteger(const YamlNode& node, std::string_view what, int64_t min, int64_t max,
                   int64_t* out) {
    const auto value = node.AsInteger();
    if (value.has_value() && *value >= min && *value <= max) {
      *out = *value;
      return;
    }
    std::string message = fmt::format("{} must be an integer", what);
    if (min != INT64_MIN) message += fmt::format(" from {} to {}", min, max);
    faults_->Add(node.mark, message + ", found " + node.Describe());
  }

  void ReadBool(const YamlNode* node, std::string_view what, bool* out) {
    if (node == nullptr) return;
    if (const auto value = node->AsBool()) {
      *out = *value;
    } else {
      faults_->Add(node->mark,
                   fmt::format("{} must be true or false, found {}", what, node->Describe()));
    }
  }

  void ReadChoice(const YamlNode* node, std::string_view what,
                  const std::vector<std::string>& choices, std::string* out) {
    if (node == nullptr) return;
    if (node->kind == Kind::kScalar &&
        std::find(choices.begin(), choices.end(), node->text) != choices.end()) {
      *out = node->text;
      return;
    }
    std::string message =
        fmt::format("{} must be {}, found {}", what, Listed(choices), node->Describe());
    if (node->kind == Kind::kScalar) message += base::DidYouMean(node->text, choices);
    faults_->Add(node->mark, std::move(message));
  }

  void ReadVersion(const YamlNode& root) {
    const YamlNode* node = Find(root, "version");
    if (node == nullptr) {
      faults_->Add(root.mark, "the key 'version' is missing; add 'version: 1'");
    } else if (node->AsInteger() != 1) {
      faults_->Add(node->mark,
                   "version must be 1, found " + node->Describe() +
                       "; plans of other versions need another version of emberharmony");
    }
  }

  void ReadTarget(const YamlNode* node) {
    if (node == nullptr || node->kind == Kind::kNull) return;
    TargetSpec target;
    target.mark = node->mark;
    if (node->kind == Kind::kMap) {
      CheckKeys(*node, {"column", "drop_null"}, "key of target");
      const YamlNode* column = Find(*node, "column");
      if (column == nullptr) {
        faults_->Add(node->mark, "target lacks the key 'column'");
        return;
      }
      target.mark = column->mark;
      if (!ReadName(*column, "target.column", &target.column)) return;
      ReadBool(Find(*node, "drop_null"), "target.drop_null", &target.drop_null);
    } else if (!ReadName(*node, "target", &target.column)) {
      return;
    }
    plan_.target = std::move(target);
  }

  void ReadSplit(const YamlNode* node) {
    if (node == nullptr) return;
    SplitSpec& split = plan_.split;
    split.mark = node->mark;
    if (!ExpectMap(*node, "split")) return;
    std::string method = "hash";
    ReadChoice(Find(*node, "method"), "split.method", {"hash", "time", "random"}, &method);
    std::vector<std::string> known = {"method", "train", "validation", "test"};
    if (method == "hash") {
      split.method = SplitMethod::kHash;
      known.insert(known.end(), {"key", "seed"});
    } else if (method == "time") {
      split.method = SplitMethod::kTime;
      known.insert(known.end(), {"column", "validation_from", "test_from"});
    } else {
      split.method = SplitMethod::kRandom;
      known.push_back("seed");
    }
    CheckKeys(*node, known, "key of a " + method + " split");
    if (const YamlNode* key = Find(*node, "key"); key != nullptr && method == "hash") {
      ReadNames(*key, "split.key", &split.key, &split.key_marks);
    }
    if (const YamlNode* seed = Find(*node, "seed")) {
      ReadInteger(*seed, "split.seed", INT64_MIN, INT64_MAX, &split.seed);
    }
    if (split.method == SplitMethod::kTime) ReadTimeSplit(*node);
    ReadShares(*node);
  }

  void ReadTimeSplit(const YamlNode& node) {
    SplitSpec& split = plan_.split;
    const YamlNode* column = Find(node, "column");
    if (column == nullptr) {
      faults_->Add(node.mark, "a time split lacks the key 'column'");
    } else if (ReadName(*column, "split.column", &split.time_column)) {
      split.key_marks.push_back(column->mark);
    }
    const auto validation = ReadInstant(Find(node, "validation_from"), "validation_from",
                                        &split.validation_from, &split.validation_from_mark);
    const auto test =
        ReadInstant(Find(node, "test_from"), "test_from", &split.test_from, &split.test_from_mark);
    if (validation.has_value() && test.has_value() && !(*validation < *test)) {
      faults_->Add(split.test_from_mark, "split.test_from must be after validation_from, found " +
                                             Quoted(*split.test_from) + " and " +
                                             Quoted(*split.validation_from));
    }
    const bool by_share = Find(node, "train") != nullptr || Find(node, "validation") != nullptr ||
                          Find(node, "test") != nullptr;
    if (by_share && split.by_instants()) {
      faults_->Add(
          node.mark,
          "a time split takes either instants (validation_from, test_from) or shares, not both");
    }
  }

  std::optional<internal::Instant> ReadInstant(const YamlNode* node, std::string_view what,
                                               std::optional<std::string>* text, Mark* mark) {
    if (node == nullptr) return std::nullopt;
    *mark = node->mark;
    *text = node->kind == Kind::kScalar ? node->text : "";
    auto instant = internal::ParseInstant(**text);
    if (instant.ok()) return *instant;
    faults_->Add(node->mark, fmt::format("split.{}: {}, found {}", what, instant.status().message(),
                                         node->Describe()));
    return std::nullopt;
  }

  // Without any share the automatic plan's hold; as soon as one is given, those left out are 0.
  void ReadShares(const YamlNode& node) {
    SplitSpec& split = plan_.split;
    const YamlNode* train = Find(node, "train");
    const YamlNode* validation = Find(node, "validation");
    const YamlNode* test = Find(node, "test");
    if (train == nullptr && validation == nullptr && test == nullptr) return;
    bool sound = true;
    const auto read = [&](const YamlNode* share, std::string_view what, std::string* out) {
      *out = "0";
      if (share == nullptr) return;
      if (share->kind == Kind::kScalar && internal::ParseShare(share->text).has_value()) {
        *out = share->text;
        return;
      }
      sound = false;
      faults_->Add(share->mark, fmt::format("split.{} must be a decimal from 0 to 1 with at most "
                                            "18 places, such as 0.8; found {}",
                                            what, share->Describe()));
    };
    read(train, "train", &split.train);
    read(validation, "validation", &split.validation);
    read(test, "test", &split.test);
    if (!sound) return;
    const std::string fault = internal::ShareFault(split);
    if (!fault.empty()) faults_->Add(node.mark, fault);
  }

  void ReadFeatures(const YamlNode& root) {
    const YamlNode* node = Find(root, "features");
    if (node == nullptr) {
      faults_->Add(root.mark, "the key 'features' is missing; it lists columns and their steps");
      return;
    }
    for (const auto& [key, mark] : root.keys) {
      if (key == "features") features_line_ = mark.line;
    }
    if (node->kind != Kind::kSequence) {
      faults_->Add(node->mark, "features must be a list of entries '- columns: [...]', found " +
                                   node->Describe());
      return;
    }
    for (const YamlNode& item : node->items) ReadFeature(item);
  }

  void ReadFeature(const YamlNode& node) {
    if (!ExpectMap(node, "an entry of features")) return;
    CheckKeys(node, {"columns", "steps"}, "key of a feature");
    FeatureSpec feature;
    feature.mark = node.mark;
    if (const YamlNode* columns = Find(node, "columns")) {
      ReadNames(*columns, "columns", &feature.columns, &feature.column_marks);
    } else {
      faults_->Add(node.mark, "this feature lacks the key 'columns'");
    }
    const YamlNode* steps = Find(node, "steps");
    if (steps == nullptr) {
      faults_->Add(
          node.mark,
          "this feature lacks the key 'steps'; 'steps: [passthrough]' keeps a column as it is");
    } else if (steps->kind != Kind::kSequence) {
      faults_->Add(steps->mark,
                   "steps must be a list, such as [one_hot], found " + steps->Describe());
    } else {
      if (steps->items.empty()) {
        faults_->Add(steps->mark,
                     "steps is empty; [passthrough] keeps a column as it is, [drop] leaves it out");
      }
      for (const YamlNode& step : steps->items) ReadStep(step, &feature);
    }
    plan_.features.push_back(std::move(feature));
  }

  // Options become JSON, which knows UTF-8 only.
  void CheckUtf8(const YamlNode& node) {
    if (!base::IsUtf8(node.text))
      faults_->Add(node.mark, "options must be UTF-8, found " + node.Describe());
    for (const auto& [key, mark] : node.keys) {
      if (!base::IsUtf8(key)) faults_->Add(mark, "options must be UTF-8, found " + Quoted(key));
    }
    for (const YamlNode& item : node.items) CheckUtf8(item);
  }

  void ReadStep(const YamlNode& node, FeatureSpec* feature) {
    feature::StepSpec step;
    Mark mark = node.mark;
    if (node.kind == Kind::kScalar) {
      step.name = node.text;
    } else if (node.kind == Kind::kMap && node.items.size() == 1) {
      CheckUtf8(node.items[0]);
      step.name = node.keys[0].first;
      mark = node.keys[0].second;
      step.options = node.items[0].AsJson();
      // {vocabulary: {}} says as much as vocabulary.
      if (step.options.is_object() && step.options.empty()) step.options = nullptr;
    } else if (node.kind == Kind::kMap) {
      std::string message = "a step is a map with one key, {step: options}; found ";
      message += node.items.empty() ? "an empty map" : "the keys";
      for (size_t i = 0; i < node.keys.size(); ++i)
        message += (i == 0 ? " " : ", ") + Quoted(node.keys[i].first);
      faults_->Add(mark, std::move(message));
      return;
    } else {
      faults_->Add(mark, "a step is a name or {name: options}, found " + node.Describe());
      return;
    }
    feature->steps.push_back(std::move(step));
    feature->step_marks.push_back(mark);
  }

  void ReadOutput(const YamlNode* node) {
    if (node == nullptr || !ExpectMap(*node, "output")) return;
    CheckKeys(*node, {"dtype", "layout", "format"}, "key of output");
    ReadChoice(Find(*node, "dtype"), "output.dtype", {"float32", "float64"}, &plan_.output_dtype);
    std::string layout = "columns";
    ReadChoice(Find(*node, "layout"), "output.layout", {"columns", "matrix"}, &layout);
    plan_.layout = layout == "matrix" ? Layout::kMatrix : Layout::kColumns;
    std::string format = "parquet";
    ReadChoice(Find(*node, "format"), "output.format", {"parquet", "arrow"}, &format);
    plan_.output_format = format == "arrow" ? OutputFormat::kArrow : OutputFormat::kParquet;
  }

  internal::Faults* faults_;
  Plan plan_;
  int features_line_ = 0;
};

// The lines "# ..." right above line `line` (1-based), in order.
std::vector<std::string> CommentsAbove(std::string_view text, int line) {
  std::vector<std::string_view> lines;
  while (static_cast<int>(lines.size()) + 1 < line && !text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    if (content.ends_with('\r')) content.remove_suffix(1);
    lines.push_back(content);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::vector<std::string> comments;
  while (!lines.empty() && lines.back().starts_with("# ")) {
    comments.emplace_back(lines.back().substr(2));
    lines.pop_back();
  }
  std::reverse(comments.begin(), comments.end());
  return comments;
}

}  // namespace

arrow::Result<Plan> ParsePlan(std::string_view text, const std::string& name) {
  internal::Faults faults(name);
  Plan plan;
  const auto root = internal::ReadYaml(text, &faults);
  if (root.has_value()) {
    PlanReader reader(&faults);
    plan = reader.Read(*root);
    plan.comments = CommentsAbove(text, reader.features_line());
  }
  ARROW_RETURN_NOT_OK(faults.ToStatus());
  return plan;
}

}  // namespace emberharmony::plan

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/plural.h"
#include "emberharmony/base/unknown_column.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/feature/distinct_count.h"
#include "emberharmony/feature/moments.h"
#include "emberharmony/feature/value_counts.h"
#include "emberharmony/feature/value_histogram.h"
#include "emberharmony/io/declared_category.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/fitted_plan.h"
#include "emberharmony/plan/meant_column.h"

namespace emberharmony::plan {
namespace {

using internal::Quoted;

// DESIGN section 5, "Automatic plan".
constexpr int64_t kOneHotValuesMax = 32;
constexpr int64_t kIdentifierRowsMin = 1000;
constexpr double kIdentifierShare = 0.95;

// What detection makes of a type.
enum class Role { kNumber, kInteger, kBool, kCategory, kTimestamp, kDate, kUnsupported };

Role RoleOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return Role::kBool;
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return Role::kCategory;
    case arrow::Type::DICTIONARY: {
      const Role values = RoleOf(*static_cast<const arrow::DictionaryType&>(type).value_type());
      return values == Role::kUnsupported ? values : Role::kCategory;
    }
    case arrow::Type::TIMESTAMP:
      return Role::kTimestamp;
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return Role::kDate;
    default:
      break;
  }
  if (arrow::is_integer(type.id())) return Role::kInteger;
  if (arrow::is_floating(type.id()) || arrow::is_decimal(type.id())) return Role::kNumber;
  return Role::kUnsupported;
}

// A column that is called a category, here or where it comes from, is one if its type can be.
Role RoleOf(const arrow::Field& field, const AutomaticPlanOptions& options) {
  const Role role = RoleOf(*field.type());
  const bool can_be = role == Role::kNumber || role == Role::kInteger || role == Role::kBool;
  const bool is_called_one = options.is_categorical(field.name()) || io::IsDeclaredCategory(field);
  return can_be && is_called_one ? Role::kCategory : role;
}

std::string TypeReason(const arrow::DataType& type) {
  if (type.id() == arrow::Type::NA) return "it has no values";
  return fmt::format("there is no automatic step for type {}", type.ToString());
}

// Integers are identifiers only when they also fill their range: prices and codes that rarely
// repeat are spread out.
bool IsIdentifier(Role role, const ColumnProfile& profile) {
  if (profile.count < kIdentifierRowsMin) return false;
  const auto count = static_cast<double>(profile.count);
  const auto distinct = static_cast<double>(profile.distinct_count);
  if (role == Role::kCategory) return distinct > kIdentifierShare * count;
  if (role != Role::kInteger) return false;
  return distinct >= kIdentifierShare * count && distinct >= 0.5 * (profile.max - profile.min + 1);
}

// Without the infinities, which the steps take for missing values.
int64_t FiniteDistinct(const ColumnProfile& profile) {
  if (profile.infinity_count == 0) return profile.distinct_count;
  return profile.distinct_count - static_cast<int64_t>(std::isinf(profile.min)) -
         static_cast<int64_t>(std::isinf(profile.max));
}

// Why the column is left out, or "".
std::string DropReason(const arrow::Field& field, const ColumnProfile& profile,
                       const AutomaticPlanOptions& options) {
  const double high_null_threshold = options.high_null_threshold;
  const Role role = RoleOf(field, options);
  if (const std::string* why = options.why_left_out(field.name())) return *why;
  if (role == Role::kUnsupported) return TypeReason(*field.type());
  if (profile.count == 0) {
    if (profile.null_count == 0) return "there are no training rows to learn from";
    return profile.null_count == 1
               ? "its only training row is null"
               : fmt::format("all {} training rows are null", profile.null_count);
  }
  const double rows = static_cast<double>(profile.count) + static_cast<double>(profile.null_count);
  const int64_t num_missing = profile.null_count + profile.infinity_count;
  const double missing_share = static_cast<double>(num_missing) / rows;
  if (missing_share > high_null_threshold) {
    return fmt::format("{:.1f} % of its rows are {}, more than {:.1f} %", 100 * missing_share,
                       profile.infinity_count > 0 ? "null or infinite" : "null",
                       100 * high_null_threshold);
  }
  if (profile.distinct_count <= 1) return "it has one value in the training rows";
  if (FiniteDistinct(profile) <= 1) return "it has one finite value in the training rows, or none";
  // Who calls a column a category knows what it is.
  if (!options.is_categorical(field.name()) && IsIdentifier(role, profile)) {
    return fmt::format("it looks like an identifier ({}{} distinct values in {} rows)",
                       profile.distinct_exact ? "" : "about ", profile.distinct_count,
                       profile.count);
  }
  return "";
}

std::vector<feature::StepSpec> StepsFor(Role role, const ColumnProfile& profile) {
  switch (role) {
    case Role::kNumber:
    case Role::kInteger:
      if (profile.infinity_count > 0) {
        return {{"finite", nullptr}, {"impute", "median"}, {"scale", "standard"}};
      }
      return {{"impute", "median"}, {"scale", "standard"}};
    case Role::kBool:
      return {{"impute", "most_frequent"}};
    case Role::kCategory:
      if (profile.distinct_count <= kOneHotValuesMax) return {{"one_hot", nullptr}};
      return {{"vocabulary", nullptr}};
    case Role::kTimestamp:
      return {{"cyclical", {"hour", "day_of_week", "day_of_month", "month"}}};
    case Role::kDate:
      return {{"cyclical", {"day_of_week", "day_of_month", "month"}}};
    case Role::kUnsupported:
      break;
  }
  return {{"drop", nullptr}};
}

// The output names that are known before learning. A one-hot's are not; a clash of those is found
// when the model is made.
std::vector<std::string> OutputNames(const std::string& column, const feature::StepSpec& last) {
  if (last.name == "one_hot") return {};
  if (last.name != "cyclical") return {column};
  std::vector<std::string> names;
  for (const auto& part : last.options) {
    names.push_back(column + "_sin_" + part.get<std::string>());
    names.push_back(column + "_cos_" + part.get<std::string>());
  }
  return names;
}

bool IsMemberOf(const std::string& column, const std::string& parent) {
  return column.size() > parent.size() && column.starts_with(parent) &&
         column[parent.size()] == '.';
}

arrow::Status NoSuchColumn(const arrow::Schema& schema, const std::string& name,
                           const std::string& wish) {
  return base::UnknownColumnError("the table has no column " + Quoted(name) + " " + wish +
                                  MeantColumn(name, schema.field_names()));
}

arrow::Status CheckTarget(const arrow::Schema& schema, const std::string& target) {
  if (schema.GetFieldIndex(target) >= 0 || !schema.GetAllFieldsByName(target).empty())
    return arrow::Status::OK();
  return NoSuchColumn(schema, target, "to be the target");
}

// The target is no feature, so what is asked of features cannot be asked of it.
arrow::Status CheckTargetAlone(const std::string& target, const AutomaticPlanOptions& options) {
  if (const auto found = options.left_out.find(target); found != options.left_out.end()) {
    return base::UsageError("the column " + Quoted(target) + " cannot be the target, since " +
                            found->second + "; take it out of one of the two");
  }
  if (options.is_categorical(target)) {
    return base::UsageError("the target " + Quoted(target) +
                            " cannot be categorical: it is written as it is; take it out of the "
                            "categorical columns");
  }
  return arrow::Status::OK();
}

}  // namespace

bool AutomaticPlanOptions::is_categorical(const std::string& column) const {
  return std::find(categorical.begin(), categorical.end(), column) != categorical.end();
}

const std::string* AutomaticPlanOptions::why_left_out(const std::string& column) const {
  for (const auto& [name, why] : left_out) {
    if (column == name || IsMemberOf(column, name)) return &why;
  }
  return nullptr;
}

arrow::Status CheckAutomaticPlanOptions(const arrow::Schema& schema,
                                        const AutomaticPlanOptions& options) {
  const std::vector<std::string> names = schema.field_names();
  if (!(options.high_null_threshold >= 0 && options.high_null_threshold <= 1)) {
    return base::UsageError(
        fmt::format("the threshold of nulls must be a share, from 0 to 1; found {}",
                    options.high_null_threshold));
  }
  if (options.target) ARROW_RETURN_NOT_OK(CheckTargetAlone(*options.target, options));
  if (options.split) {
    Plan only_split;
    only_split.split = *options.split;
    ARROW_RETURN_NOT_OK(BindPlan(only_split, schema, "plan", /*require_target=*/false).status());
  }
  for (const auto& [name, why] : options.left_out) {
    const auto is_meant = [&name = name](const std::string& column) {
      return column == name || IsMemberOf(column, name);
    };
    if (std::none_of(names.begin(), names.end(), is_meant)) {
      return NoSuchColumn(schema, name, "to be left out");
    }
  }
  for (const std::string& name : options.categorical) {
    const auto field = schema.GetFieldByName(name);
    if (field == nullptr) return NoSuchColumn(schema, name, "to be categorical");
    if (const std::string* why = options.why_left_out(name)) {
      return base::UsageError("the column " + Quoted(name) + " cannot be categorical: it is no " +
                              "feature, since " + *why + "; take it out of one of the two");
    }
    if (RoleOf(*field, options) != Role::kCategory) {
      return base::UsageError("the column " + Quoted(name) +
                              " cannot be categorical: expected numbers, booleans or text, found " +
                              field->type()->ToString());
    }
  }
  return arrow::Status::OK();
}

std::vector<std::shared_ptr<const feature::Analyzer>> DetectionAnalyzers(
    const arrow::DataType& type, bool categorical) {
  const Role role = RoleOf(type);
  if (categorical && role != Role::kUnsupported) return {feature::MakeValueCountsAnalyzer()};
  switch (role) {
    case Role::kNumber:
    case Role::kInteger:
      // The first two are what impute and scale learn from: detection's states become the fit's.
      return {feature::MakeMomentsAnalyzer(),
              feature::MakeValueHistogramAnalyzer(Plan().quantile_keys),
              feature::MakeDistinctCountAnalyzer()};
    case Role::kBool:
    case Role::kCategory:
      return {feature::MakeValueCountsAnalyzer()};
    case Role::kTimestamp:
    case Role::kDate:
      return {feature::MakeDistinctCountAnalyzer()};
    case Role::kUnsupported:
      break;
  }
  return {};
}

std::string DetectedKind(const arrow::DataType& type) {
  switch (RoleOf(type)) {
    case Role::kNumber:
    case Role::kInteger:
      return "numeric";
    case Role::kBool:
      return "boolean";
    case Role::kCategory:
      return "categorical";
    case Role::kTimestamp:
    case Role::kDate:
      return "datetime";
    case Role::kUnsupported:
      break;
  }
  return "other";
}

arrow::Result<Plan> MakeAutomaticPlan(const arrow::Schema& schema,
                                      const std::vector<ColumnProfile>& profiles,
                                      const AutomaticPlanOptions& options) {
  if (profiles.size() != static_cast<size_t>(schema.num_fields())) {
    return arrow::Status::Invalid("expected a profile for each of ", schema.num_fields(),
                                  " columns, found ", profiles.size());
  }
  Plan plan;
  if (options.target.has_value()) {
    ARROW_RETURN_NOT_OK(CheckTarget(schema, *options.target));
    plan.target = TargetSpec{*options.target, false, {}};
  }
  if (options.split.has_value()) plan.split = *options.split;
  if (options.seed.has_value()) plan.split.seed = *options.seed;
  std::set<std::string> outputs;
  if (options.target.has_value()) outputs.insert(*options.target);
  for (int i = 0; i < schema.num_fields(); ++i) {
    const arrow::Field& field = *schema.field(i);
    const std::string& name = field.name();
    if (options.target == name) continue;
    const ColumnProfile& profile = profiles[i];
    std::string reason = DropReason(field, profile, options);
    if (schema.GetAllFieldsByName(name).size() > 1)
      reason = "the table has several columns of this name";
    if (!base::IsUtf8(name)) reason = "its name is not UTF-8";
    FeatureSpec feature{{name}, StepsFor(RoleOf(field, options), profile), {}, {}, {}};
    if (reason.empty()) {
      for (const std::string& output : OutputNames(name, feature.steps.back())) {
        if (!outputs.insert(output).second)
          reason = "its output " + Quoted(output) + " would have another one's name";
      }
    }
    if (!reason.empty()) {
      plan.comments.push_back("dropped " + Quoted(name) + ": " + reason);
      continue;
    }
    if (profile.infinity_count > 0) {
      plan.comments.push_back(fmt::format("{} holds {}, which finite makes missing", Quoted(name),
                                          base::Counted(profile.infinity_count, "infinite value")));
    }
    plan.features.push_back(std::move(feature));
  }
  return plan;
}

}  // namespace emberharmony::plan

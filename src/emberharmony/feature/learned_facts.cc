#include "emberharmony/feature/learned_facts.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "emberharmony/base/canonical_json.h"
#include "emberharmony/base/error_kind.h"

namespace emberharmony::feature {
namespace {

const nlohmann::json kNull;

bool ReadLearnedInteger(const nlohmann::json& value, int64_t* out) {
  if (value.is_number_unsigned()) {
    if (value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) return false;
    *out = value.get<int64_t>();
    return true;
  }
  if (value.is_number_integer()) {
    *out = value.get<int64_t>();
    return true;
  }
  if (!value.is_string()) return false;
  const std::string& text = value.get_ref<const std::string&>();
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && stop == end && !text.empty();
}

}  // namespace

nlohmann::json DescribeOptions(const Transform& step) {
  return DescribeOptions(step.name(), step.options());
}

nlohmann::json DescribeOptions(const std::string& step, nlohmann::json options) {
  if (options.is_null()) options = nlohmann::json::object();
  options["step"] = step;
  return options;
}

LearnedFacts::LearnedFacts(const Transform& step, std::string column, const nlohmann::json& learned)
    : LearnedFacts(step.name(), step.options(), std::move(column), learned) {}

LearnedFacts::LearnedFacts(const std::string& step, nlohmann::json options, std::string column,
                           const nlohmann::json& learned)
    : step_(step), column_(std::move(column)), learned_(learned) {
  if (!learned_.is_object()) {
    Check(false, "expected an object of what was learned");
    return;
  }
  // Options are compared in the form in which a model file holds them.
  const nlohmann::json described = DescribeOptions(step, std::move(options));
  for (const auto& [key, expected] : described.items()) {
    known_.insert(key);
    const auto found = learned_.find(key);
    if (found == learned_.end() || base::CanonicalJson(*found) != base::CanonicalJson(expected)) {
      Check(false, "'" + key + "' is not what the plan says");
    }
  }
}

void LearnedFacts::Check(bool holds, const std::string& fault) {
  if (!holds && fault_.empty()) fault_ = fault;
}

const nlohmann::json& LearnedFacts::Value(const std::string& key) {
  known_.insert(key);
  if (!learned_.is_object()) return kNull;
  const auto found = learned_.find(key);
  Check(found != learned_.end(), "'" + key + "' is missing");
  return found == learned_.end() ? kNull : *found;
}

int64_t LearnedFacts::Integer(const std::string& key, int64_t min) {
  int64_t value = min;
  const bool fits = ReadLearnedInteger(Value(key), &value) && value >= min;
  Check(fits, "'" + key + "' must be an integer of at least " + std::to_string(min));
  return fits ? value : min;
}

double LearnedFacts::Number(const std::string& key, double min) {
  const nlohmann::json& value = Value(key);
  const double number =
      value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
  const bool fits = std::isfinite(number) && number >= min;
  Check(fits, "'" + key + "' must be a finite number" +
                  (min == 0 ? std::string(" of at least 0") : std::string()));
  return fits ? number : 0;
}

double LearnedFacts::NumberOrInfinity(const std::string& key) {
  const nlohmann::json& value = Value(key);
  if (value == "Infinity") return std::numeric_limits<double>::infinity();
  return Number(key, 0);
}

arrow::Status LearnedFacts::Finish() {
  if (learned_.is_object()) {
    for (const auto& [key, value] : learned_.items()) {
      Check(known_.contains(key), "'" + key + "' is not something this step learns");
    }
  }
  if (fault_.empty()) return arrow::Status::OK();
  const std::string of_column = column_.empty() ? "" : " of column '" + column_ + "'";
  return base::DataError("model: step '" + step_ + "'" + of_column + ": " + fault_ +
                         "; the model is damaged or from another version: fit again");
}

}  // namespace emberharmony::feature

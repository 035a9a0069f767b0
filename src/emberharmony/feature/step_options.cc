#include "emberharmony/feature/step_options.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/spelling.h"

namespace emberharmony::feature {
namespace {

std::string JoinWords(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

}  // namespace

std::string OptionText(const nlohmann::json& value) {
  constexpr size_t kLengthMax = 60;
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    // JSON would call them null.
    const auto number = value.get<double>();
    return std::isnan(number) ? ".nan" : number > 0 ? ".inf" : "-.inf";
  }
  std::string text = value.is_string()
                         ? "'" + value.get<std::string>() + "'"
                         : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kLengthMax) text = text.substr(0, kLengthMax) + "...";
  return text;
}

StepOptions::StepOptions(std::string step, const nlohmann::json& options,
                         const std::string& shorthand)
    : step_(std::move(step)) {
  if (options.is_null()) return;
  if (options.is_object()) {
    values_ = options;
  } else if (!shorthand.empty()) {
    values_[shorthand] = options;
  } else {
    AddFault("takes its options by name; found " + OptionText(options));
  }
}

const nlohmann::json* StepOptions::Find(const std::string& key) {
  known_.insert(key);
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &*found;
}

void StepOptions::AddFault(std::string fault) { faults_.push_back(std::move(fault)); }

void StepOptions::AddMismatch(const std::string& key, const std::string& expected,
                              const nlohmann::json& found) {
  AddFault("option '" + key + "' must be " + expected + "; found " + OptionText(found));
}

std::string StepOptions::Choice(const std::string& key, const std::vector<std::string>& choices,
                                const std::optional<std::string>& fallback) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    if (!fallback.has_value()) {
      AddFault("option '" + key + "' is missing: one of " + JoinWords(choices));
    }
    return fallback.value_or(choices.front());
  }
  if (!value->is_string() || !std::ranges::count(choices, value->get<std::string>())) {
    AddMismatch(key, "one of " + JoinWords(choices), *value);
    if (value->is_string()) faults_.back() += base::DidYouMean(value->get<std::string>(), choices);
    return fallback.value_or(choices.front());
  }
  return value->get<std::string>();
}

std::vector<std::string> StepOptions::Choices(const std::string& key,
                                              const std::vector<std::string>& choices) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) {
    AddFault("option '" + key + "' is missing: a list of some of " + JoinWords(choices));
    return {};
  }
  const nlohmann::json list = value->is_string() ? nlohmann::json::array({*value}) : *value;
  if (!list.is_array() || list.empty()) {
    AddMismatch(key, "a list of some of " + JoinWords(choices), *value);
    return {};
  }
  std::vector<std::string> chosen;
  for (const nlohmann::json& each : list) {
    if (!each.is_string() || !std::ranges::count(choices, each.get<std::string>())) {
      AddMismatch(key, "a list of some of " + JoinWords(choices), each);
      if (each.is_string()) faults_.back() += base::DidYouMean(each.get<std::string>(), choices);
    } else if (std::ranges::count(chosen, each.get<std::string>())) {
      AddFault("option '" + key + "' names " + OptionText(each) + " twice");
    } else {
      chosen.push_back(each.get<std::string>());
    }
  }
  return chosen;
}

int64_t StepOptions::Integer(const std::string& key, int64_t fallback, int64_t min, int64_t max) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr || value->is_null()) return fallback;
  const bool fits =
      value->is_number_integer() &&
      (!value->is_number_unsigned() || value->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
  if (!fits || value->get<int64_t>() < min || value->get<int64_t>() > max) {
    AddMismatch(key, "an integer from " + std::to_string(min) + " to " + std::to_string(max),
                *value);
    return fallback;
  }
  return value->get<int64_t>();
}

std::optional<double> StepOptions::Number(const std::string& key) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number() || !std::isfinite(value->get<double>())) {
    AddMismatch(key, "a finite number", *value);
    return std::nullopt;
  }
  return value->get<double>();
}

bool StepOptions::Boolean(const std::string& key, bool fallback) {
  const nlohmann::json* value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    AddMismatch(key, "true or false", *value);
    return fallback;
  }
  return value->get<bool>();
}

const nlohmann::json* StepOptions::Value(const std::string& key) {
  const nlohmann::json* value = Find(key);
  if (value != nullptr && value->is_null()) {
    AddMismatch(key, "a value", *value);
    return nullptr;
  }
  return value;
}

arrow::Status StepOptions::Finish() {
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : values_.items()) {
    if (known_.contains(key)) continue;
    AddFault(known.empty() ? "takes no options; found '" + key + "'"
                           : "unknown option '" + key + "'" + base::DidYouMean(key, known) +
                                 " (the options are " + JoinWords(known) + ")");
  }
  if (faults_.empty()) return arrow::Status::OK();
  std::string message = step_ + ": ";
  for (size_t i = 0; i < faults_.size(); ++i) message += (i == 0 ? "" : "; ") + faults_[i];
  return base::UsageError(std::move(message));
}

}  // namespace emberharmony::feature

#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace emberharmony::feature {

/// A value as a plan would show it, for messages: .nan, 'text', [1, 2]; cut short where it is long.
std::string OptionText(const nlohmann::json& value);

/// Reads the options of one step as a plan gives them.
///
/// The getters note what is wrong and return the default meanwhile; Finish reports all of it at
/// once, unknown options (with the nearest known one) included, as one UsageError. Not thread-safe;
/// lives as long as the step is being made.
class StepOptions {
 public:
  /// `shorthand` names the option that a bare value stands for (`scale: standard` is {method:
  /// standard}); empty: none does.
  StepOptions(std::string step, const nlohmann::json& options, const std::string& shorthand = "");

  bool Has(const std::string& key) const { return values_.contains(key); }
  /// One of `choices`; required where there is no default.
  std::string Choice(const std::string& key, const std::vector<std::string>& choices,
                     const std::optional<std::string>& fallback = std::nullopt);
  /// Some of `choices`, at least one, none twice, in the order given; one alone may stand without a
  /// list. Required.
  std::vector<std::string> Choices(const std::string& key, const std::vector<std::string>& choices);
  /// An integer in [min, max].
  int64_t Integer(const std::string& key, int64_t fallback, int64_t min, int64_t max);
  /// A finite number.
  std::optional<double> Number(const std::string& key);
  bool Boolean(const std::string& key, bool fallback);
  /// Any value but null; nullptr when absent.
  const nlohmann::json* Value(const std::string& key);

  /// Notes a fault that the caller found.
  void AddFault(std::string fault);
  arrow::Status Finish();

 private:
  const nlohmann::json* Find(const std::string& key);
  void AddMismatch(const std::string& key, const std::string& expected,
                   const nlohmann::json& found);

  std::string step_;
  nlohmann::json values_ = nlohmann::json::object();
  std::set<std::string> known_;
  std::vector<std::string> faults_;
};

}  // namespace emberharmony::feature

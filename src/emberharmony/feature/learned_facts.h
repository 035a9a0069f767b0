#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "emberharmony/feature/transform.h"

namespace emberharmony::feature {

/// {"step": name} and the step's options: what every Describe starts from.
nlohmann::json DescribeOptions(const Transform& step);
nlohmann::json DescribeOptions(const std::string& step, nlohmann::json options);

/// Reads what a model says a step has learned (the inverse of Describe).
///
/// Models may come from strangers: every getter checks, notes the first fault and returns a
/// harmless value; Finish reports it, and what else does not fit (another step, other options,
/// unknown facts), as a DataError that names step and column.
class LearnedFacts {
 public:
  LearnedFacts(const Transform& step, std::string column, const nlohmann::json& learned);
  /// Of a step of this name with these options, defaults filled in.
  LearnedFacts(const std::string& step, nlohmann::json options, std::string column,
               const nlohmann::json& learned);

  bool Has(const std::string& key) const { return learned_.contains(key); }
  /// An integer of at least `min`; one beyond 2^53 stands as a decimal string
  /// (base::CanonicalJson).
  int64_t Integer(const std::string& key, int64_t min = 0);
  /// A finite number of at least `min`.
  double Number(const std::string& key, double min = -1.7976931348623157e308);
  /// A number of at least 0, or the "Infinity" of base::CanonicalJson.
  double NumberOrInfinity(const std::string& key);
  /// Any value; null when absent, which is a fault.
  const nlohmann::json& Value(const std::string& key);
  /// Leaves a fact to others (the vocabulary's file).
  void Ignore(const std::string& key) { known_.insert(key); }

  /// Notes a fault that the caller found, unless `holds`.
  void Check(bool holds, const std::string& fault);
  arrow::Status Finish();

 private:
  std::string step_;
  std::string column_;
  const nlohmann::json& learned_;
  std::set<std::string> known_;
  std::string fault_;
};

}  // namespace emberharmony::feature

#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "emberharmony/feature/step_options.h"

namespace emberharmony::feature {

/// How many rows of an entity a step may look back.
inline constexpr int64_t kPeriodMax = 10000;

/// What the option `periods` (nullptr without it: 1) says: how many rows back, a number or a list
/// of different ones; faults are noted.
inline std::vector<int64_t> ReadPeriods(const nlohmann::json* value, StepOptions* reader) {
  if (value == nullptr) return {1};
  const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
  std::vector<int64_t> periods;
  for (const nlohmann::json& each : list) {
    const bool fits = each.is_number_integer() && each.get<int64_t>() >= 1 &&
                      each.get<int64_t>() <= kPeriodMax &&
                      std::ranges::count(periods, each.get<int64_t>()) == 0;
    if (!fits) {
      reader->AddFault("option 'periods' must be different integers from 1 to " +
                       std::to_string(kPeriodMax) + "; found " + OptionText(*value));
      return {1};
    }
    periods.push_back(each.get<int64_t>());
  }
  if (periods.empty()) {
    reader->AddFault("option 'periods' must name at least one number of rows");
    return {1};
  }
  return periods;
}

/// How many rows back the furthest is.
inline int64_t LagDepth(const std::vector<int64_t>& periods) {
  return *std::max_element(periods.begin(), periods.end());
}

}  // namespace emberharmony::feature

#include "emberharmony/feature/window_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::feature {
namespace {

constexpr int64_t kWindowRowsMax = int64_t{1} << 31;
constexpr size_t kWindowStridesMax = 64;
/// With more residues the sums of a group do not stay in a cache.
constexpr int64_t kSharedPeriodMax = 64;
constexpr int64_t kSharedSumsMax = int64_t{1} << 22;  // 64 MiB

/// How far the windows of a stride reach from rows of this residue, in rows; 0: not at all. Only
/// products with one of a window's first `stride` rows are added up; the others follow from them.
int64_t LagsOf(const WindowLayout& layout, int64_t stride, int64_t residue) {
  return std::max<int64_t>(0, layout.window_size - residue % stride);
}

LagGroup MakeGroup(const WindowLayout& layout, int64_t period, std::vector<int64_t> strides) {
  LagGroup group{period, std::move(strides), {}, 0};
  const int64_t num_residues =
      group.strides.size() == 1 ? std::min(period, layout.window_size) : period;
  for (int64_t residue = 0; residue < num_residues; ++residue) {
    int64_t num_lags = 0;
    for (int64_t stride : group.strides) {
      num_lags = std::max(num_lags, LagsOf(layout, stride, residue));
    }
    if (num_lags == 0) continue;
    group.residues.push_back({residue, num_lags, group.num_lags});
    group.num_lags += num_lags;
  }
  return group;
}

}  // namespace

arrow::Status CheckWindowLayout(const WindowLayout& layout) {
  const auto is_count = [](int64_t value) { return value >= 1 && value <= kWindowRowsMax; };
  if (!is_count(layout.window_size)) {
    return base::UsageError(
        fmt::format("window_size: expected 1 or more rows, found {}", layout.window_size));
  }
  if (layout.strides.empty() || layout.strides.size() > kWindowStridesMax) {
    return base::UsageError(fmt::format("strides: expected 1 to {} of them, found {}",
                                        kWindowStridesMax, layout.strides.size()));
  }
  for (size_t i = 0; i < layout.strides.size(); ++i) {
    const int64_t stride = layout.strides[i];
    if (!is_count(stride)) {
      return base::UsageError(fmt::format("stride: expected 1 or more rows, found {}", stride));
    }
    if (std::count(layout.strides.begin(), layout.strides.end(), stride) > 1) {
      return base::UsageError(fmt::format("expected different strides, found {} twice", stride));
    }
  }
  if (layout.num_columns < 1) {
    return base::UsageError("expected rows of at least one column, found none");
  }
  if (layout.window_size > kWindowFeaturesMax || layout.num_columns > kWindowFeaturesMax ||
      layout.num_features() > kWindowFeaturesMax) {
    return base::UsageError(fmt::format(
        "expected windows of at most {} numbers, found {} rows of {} columns; take fewer columns "
        "or shorter windows",
        kWindowFeaturesMax, layout.window_size, layout.num_columns));
  }
  return arrow::Status::OK();
}

std::vector<LagGroup> LagGroupsOf(const WindowLayout& layout) {
  std::vector<std::pair<int64_t, std::vector<int64_t>>> shared;
  for (int64_t stride : layout.strides) {
    bool placed = false;
    for (auto& [period, strides] : shared) {
      const int64_t common =
          std::max(period, stride) > kSharedPeriodMax ? 0 : std::lcm(period, stride);
      const int64_t sums = common * layout.num_features() * layout.num_columns;
      if (common == 0 || common > kSharedPeriodMax || sums > kSharedSumsMax) continue;
      period = common;
      strides.push_back(stride);
      placed = true;
      break;
    }
    if (!placed) shared.emplace_back(stride, std::vector<int64_t>{stride});
  }
  std::vector<LagGroup> groups;
  for (auto& [period, strides] : shared) {
    groups.push_back(MakeGroup(layout, period, std::move(strides)));
  }
  return groups;
}

}  // namespace emberharmony::feature

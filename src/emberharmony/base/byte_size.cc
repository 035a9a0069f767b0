#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"

namespace emberharmony::base {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 11> kUnits = {{{"", 1},
                                                                         {"B", 1},
                                                                         {"kB", 1e3},
                                                                         {"KB", 1e3},
                                                                         {"MB", 1e6},
                                                                         {"GB", 1e9},
                                                                         {"TB", 1e12},
                                                                         {"KiB", 0x1p10},
                                                                         {"MiB", 0x1p20},
                                                                         {"GiB", 0x1p30},
                                                                         {"TiB", 0x1p40}}};

}  // namespace

arrow::Result<int64_t> ParseByteSize(std::string_view text) {
  const auto error = [&](std::string_view why) {
    return UsageError(
        fmt::format("expected a size such as 512MiB, 1.5GiB, 2GB or 100000 (bytes), found '{}': {}",
                    text, why));
  };
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (code != std::errc() || !std::isfinite(number))
    return error("it does not start with a number");
  if (std::signbit(number)) return error("it is negative");
  std::string_view unit(stop, static_cast<size_t>(end - stop));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const auto& [name, factor] : kUnits) {
    if (unit != name) continue;
    const double bytes = std::round(number * factor);
    if (!(bytes < 0x1p63)) return error("it is too large");
    return static_cast<int64_t>(bytes);
  }
  return error("the unit is none of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB");
}

std::string FormatByteSize(int64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (std::fabs(value) >= 1024 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  // Beyond TiB the fixed form is as short as any; fmt ignores the locale.
  if (std::fabs(value) >= 10000) return fmt::format("{:.0f} {}", value, kNames[unit]);
  return fmt::format("{:.4g} {}", value, kNames[unit]);
}

}  // namespace emberharmony::base

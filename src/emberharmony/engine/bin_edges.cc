#include "emberharmony/engine/bin_edges.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "emberharmony/engine/shown_text.h"

namespace emberharmony::engine {

namespace {

constexpr double kBinsMax = 40;
constexpr int64_t kDiscreteMax = 20;
constexpr double kSecondsPerDay = 86400;
// The widths of bins of times that are not tenths, hundredths ... of a second, and not months.
constexpr std::array<double, 21> kTimeWidths = {
    1,    2,    5,    10,    15,    30,    60,    120,    300,        600,        900,
    1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 7 * 86400., 14 * 86400.};
constexpr std::array<int, 3> kMonthWidths = {1, 3, 6};
// Days from 1970-01-01, a Thursday, to a Monday: weeks begin there.
constexpr double kMondayOffsetDays = 4;

double TicksPerSecond(arrow::TimeUnit::type unit) {
  constexpr std::array<double, 4> kTicks = {1, 1e3, 1e6, 1e9};
  return kTicks.at(static_cast<size_t>(unit));
}

// The part of the numbers that the bins cover.
struct Range {
  double from = 0;
  double to = 0;
  // Halved, so that the widest range of doubles is a number.
  double half() const { return to / 2 - from / 2; }
};

int64_t RowsOf(const ValueBins::Bin& bin) { return bin.rows[0] + bin.rows[1] + bin.rows[2]; }

// All numbers, or, where they lie far outside the middle 98 % of the rows, those and some more.
Range ChooseRange(const ValueBins& bins, const std::vector<ValueBins::Bin>& sorted, Range all) {
  int64_t total = 0;
  for (const auto& bin : sorted) total += RowsOf(bin);
  const int64_t tail = total / 100;
  int64_t seen = 0;
  Range core = all;
  for (const auto& bin : sorted) {
    const int64_t before = seen;
    seen += RowsOf(bin);
    if (before <= tail && seen > tail) core.from = std::max(all.from, bins.LowerEdge(bin.key));
    if (before < total - tail && seen >= total - tail) {
      core.to = std::clamp(bins.LowerEdge(bin.key + 1), core.from, all.to);
    }
  }
  if (core.half() <= 0 || all.half() <= 2.5 * core.half()) return all;
  const double margin = core.half() / 2;
  return {std::max(all.from, core.from - margin), std::min(all.to, core.to + margin)};
}

// Edges at multiples of a width of 1, 2 or 5 times a power of ten.
std::vector<double> DecimalEdges(const Range& range, bool whole) {
  const double wanted = std::max(range.half() / (kBinsMax / 2), 4e-308);
  auto exponent = static_cast<int>(std::floor(std::log10(wanted)));
  double digit = 1;
  for (const double candidate : {1., 2., 5., 10.}) {
    digit = candidate;
    if (candidate * std::pow(10, exponent) >= wanted) break;
  }
  if (whole && exponent < 0) {
    exponent = 0;
    digit = 1;
  }
  // Where ten to a negative power is not a double's, dividing by the positive one is exact to the
  // last bit.
  const double power = std::pow(10, std::abs(exponent));
  const double width = exponent >= 0 ? digit * power : digit / power;
  const double first = std::floor(range.from / width);
  std::vector<double> edges;
  for (int i = 0; i <= static_cast<int>(kBinsMax) + 2; ++i) {
    const double multiple = (first + i) * digit;
    double edge = exponent >= 0 ? multiple * power : multiple / power;
    edge =
        std::clamp(edge, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
    edges.push_back(edge);
    if (edge > range.to) break;
  }
  return edges;
}

std::vector<double> EvenEdges(const Range& range, double width, double offset) {
  std::vector<double> edges;
  const double first = std::floor((range.from - offset) / width);
  for (int i = 0; i <= static_cast<int>(kBinsMax) + 2; ++i) {
    edges.push_back((first + i) * width + offset);
    if (edges.back() > range.to) break;
  }
  return edges;
}

std::chrono::sys_days DayOf(double ticks, const Measure& measure) {
  const double days = std::floor(ticks / (kSecondsPerDay * measure.ticks_per_second));
  return std::chrono::sys_days(std::chrono::days(static_cast<int>(std::clamp(days, -4e6, 4e6))));
}

std::vector<double> MonthEdges(const Range& range, int width_months, const Measure& measure) {
  const std::chrono::year_month_day from(DayOf(range.from, measure));
  const int month = static_cast<int>(from.year()) * 12 +
                    static_cast<int>(static_cast<unsigned>(from.month())) - 1;
  int at = static_cast<int>(std::floor(static_cast<double>(month) / width_months)) * width_months;
  std::vector<double> edges;
  for (int i = 0; i <= static_cast<int>(kBinsMax) + 2; ++i, at += width_months) {
    const int year = static_cast<int>(std::floor(at / 12.));
    const std::chrono::year_month_day first{
        std::chrono::year(year), std::chrono::month(static_cast<unsigned>(at - year * 12 + 1)),
        std::chrono::day(1)};
    const auto days = std::chrono::sys_days(first).time_since_epoch().count();
    edges.push_back(static_cast<double>(days) * kSecondsPerDay * measure.ticks_per_second);
    if (edges.back() > range.to) break;
  }
  return edges;
}

std::vector<double> TimeEdges(const Range& range, const Measure& measure) {
  const double seconds = 2 * range.half() / measure.ticks_per_second;
  const double wanted = seconds / kBinsMax;
  const double tick_seconds = 1 / measure.ticks_per_second;
  if (wanted < 1 && tick_seconds < 1) return DecimalEdges(range, /*whole=*/true);
  for (const double width : kTimeWidths) {
    if (width < wanted || width < tick_seconds) continue;
    const bool weeks = width >= 7 * kSecondsPerDay;
    return EvenEdges(range, width * measure.ticks_per_second,
                     weeks ? kMondayOffsetDays * kSecondsPerDay * measure.ticks_per_second : 0);
  }
  constexpr double kSecondsPerMonth = 365.2425 / 12 * kSecondsPerDay;
  if (measure.kind != Measure::Kind::kInstant || std::abs(range.from * tick_seconds) > 3e11 ||
      std::abs(range.to * tick_seconds) > 3e11) {
    return DecimalEdges(range, /*whole=*/true);
  }
  for (const int months : kMonthWidths) {
    if (months * kSecondsPerMonth >= wanted) return MonthEdges(range, months, measure);
  }
  for (int years = 1;; years *= 10) {
    for (const int digit : {1, 2, 5}) {
      const int months = 12 * years * digit;
      if (months * kSecondsPerMonth >= wanted) return MonthEdges(range, months, measure);
    }
  }
}

void AddSplitRows(const SplitCounts& rows, SplitCounts* into) {
  for (int s = 0; s < kNumSplits; ++s) (*into)[s] += rows[s];
}

}  // namespace

std::optional<Measure> Measure::Of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::DATE32:
      return Measure{Kind::kInstant, 1 / kSecondsPerDay};
    case arrow::Type::DATE64:
      return Measure{Kind::kInstant, 1e3};
    case arrow::Type::TIMESTAMP:
      return Measure{Kind::kInstant,
                     TicksPerSecond(static_cast<const arrow::TimestampType&>(type).unit())};
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return Measure{Kind::kTimeOfDay,
                     TicksPerSecond(static_cast<const arrow::TimeType&>(type).unit())};
    case arrow::Type::DURATION:
      return Measure{Kind::kInteger};
    default:
      if (arrow::is_integer(type.id())) return Measure{Kind::kInteger};
      if (arrow::is_floating(type.id()) || arrow::is_decimal(type.id())) return Measure{};
      return std::nullopt;
  }
}

DisplayBins ChooseBins(const ValueBins& bins, const Measure& measure) {
  DisplayBins display;
  if (std::isnan(bins.min())) return display;
  const Range all{bins.min(), bins.max()};
  const std::vector<ValueBins::Bin> sorted = bins.Sorted();
  const bool time = measure.is_time();
  if (!time && bins.exact() && bins.num_keys() <= kDiscreteMax) {
    display.discrete = true;
    for (const auto& bin : sorted) {
      display.edges.push_back(bins.LowerEdge(bin.key));
      display.rows.push_back(bin.rows);
    }
    return display;
  }
  const Range range = ChooseRange(bins, sorted, all);
  const std::vector<double> wanted =
      time ? TimeEdges(range, measure)
           : DecimalEdges(range, measure.kind == Measure::Kind::kInteger);
  std::vector<int64_t> keys;
  keys.reserve(wanted.size());
  for (const double edge : wanted) keys.push_back(bins.NearestKey(edge));
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  // A first edge that has moved into the range would leave rows out.
  if (wanted.front() <= all.from) keys.front() = std::min(keys.front(), sorted.front().key);
  if (keys.size() < 2 || wanted.back() > all.to) {
    const int64_t last = sorted.back().key + 1;
    if (keys.size() < 2 || keys.back() < last) keys.push_back(last);
  }
  for (const int64_t key : keys) {
    // A last edge beyond all doubles is shown as the last of them.
    display.edges.push_back(std::clamp(bins.LowerEdge(key), std::numeric_limits<double>::lowest(),
                                       std::numeric_limits<double>::max()));
  }
  display.rows.resize(keys.size() - 1);
  for (const auto& bin : sorted) {
    const auto above = std::upper_bound(keys.begin(), keys.end(), bin.key);
    if (above == keys.begin()) {
      AddSplitRows(bin.rows, &display.below);
    } else if (above == keys.end()) {
      AddSplitRows(bin.rows, &display.above);
    } else {
      AddSplitRows(bin.rows, &display.rows[above - keys.begin() - 1]);
    }
  }
  return display;
}

std::string InstantText(double ticks, const Measure& measure) {
  const double seconds = ticks / measure.ticks_per_second;
  // The years 0 to 9999.
  if (!(seconds >= -62167219200.0 && seconds < 253402300800.0)) return ShownNumber(ticks);
  const std::chrono::sys_days day = DayOf(ticks, measure);
  const double of_day =
      seconds - static_cast<double>(day.time_since_epoch().count()) * kSecondsPerDay;
  const auto whole = static_cast<int>(std::min(std::floor(of_day), kSecondsPerDay - 1));
  std::string time = fmt::format("{:02}:{:02}", whole / 3600, whole / 60 % 60);
  if (whole % 60 != 0 || of_day != whole) time += fmt::format(":{:02}", whole % 60);
  if (of_day != whole) {
    const std::string fraction = fmt::format("{:.6f}", of_day - whole);
    time += fraction.substr(1, fraction.find_last_not_of('0'));
  }
  if (measure.kind == Measure::Kind::kTimeOfDay) return time;
  const std::chrono::year_month_day date(day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (of_day != 0) text += " " + time;
  return text;
}

}  // namespace emberharmony::engine

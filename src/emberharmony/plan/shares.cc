#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/shares_internal.h"

namespace emberharmony::plan {
namespace internal {

std::optional<int64_t> ParseShare(std::string_view text) {
  if (text.empty() || text.size() > 64) return std::nullopt;
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction = point < text.size() ? text.substr(point + 1) : std::string_view();
  if (whole.empty() && fraction.empty()) return std::nullopt;
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  if (fraction.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (const char c : whole) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
    if (value > 1) return std::nullopt;
  }
  for (size_t i = 0; i < 18; ++i) {
    const char c = i < fraction.size() ? fraction[i] : '0';
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > kShareOne) return std::nullopt;
  return value;
}

std::string CanonicalShare(int64_t share) {
  std::string text = fmt::format("{}.{:018}", share / kShareOne, share % kShareOne);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string ShareFault(const SplitSpec& split) {
  // The largest sum of three shares, 3 * 10^18, is below 2^63.
  int64_t sum = 0;
  for (const auto& [name, text] :
       {std::pair("train", &split.train), std::pair("validation", &split.validation),
        std::pair("test", &split.test)}) {
    const auto share = ParseShare(*text);
    if (!share.has_value()) {
      return fmt::format(
          "{} must be a decimal from 0 to 1 with at most 18 places, such as 0.8; found {}", name,
          Quoted(*text));
    }
    sum += *share;
  }
  if (sum == kShareOne) return "";
  return fmt::format("train, validation and test must sum to 1 exactly, but {} + {} + {} = {}",
                     split.train, split.validation, split.test, CanonicalShare(sum));
}

}  // namespace internal

namespace {

// round(share * 2^20), halves up.
uint32_t Threshold(int64_t share) {
  const auto scaled = static_cast<unsigned __int128>(share) * SplitThresholds::kBuckets;
  return static_cast<uint32_t>((scaled * 2 + internal::kShareOne) /
                               (2 * static_cast<unsigned __int128>(internal::kShareOne)));
}

}  // namespace

arrow::Result<SplitThresholds> ThresholdsOf(const SplitSpec& split) {
  const std::string fault = internal::ShareFault(split);
  if (!fault.empty()) return base::UsageError("split: " + fault);
  const int64_t train = *internal::ParseShare(split.train);
  const int64_t validation = *internal::ParseShare(split.validation);
  return SplitThresholds{Threshold(train), Threshold(train + validation)};
}

arrow::Result<SplitRanks> RanksOf(const SplitSpec& split, int64_t num_rows) {
  const std::string fault = internal::ShareFault(split);
  if (!fault.empty()) return base::UsageError("split: " + fault);
  const auto rank = [&](int64_t share) {
    return static_cast<int64_t>(static_cast<unsigned __int128>(share) *
                                static_cast<unsigned __int128>(num_rows) / internal::kShareOne);
  };
  const int64_t train = *internal::ParseShare(split.train);
  return SplitRanks{rank(train), rank(train + *internal::ParseShare(split.validation))};
}

arrow::Result<std::array<bool, 3>> PresentSplits(const SplitSpec& split) {
  if (split.method == SplitMethod::kTime && split.by_instants()) {
    return std::array<bool, 3>{true, split.validation_from.has_value(),
                               split.test_from.has_value()};
  }
  if (split.method == SplitMethod::kTime) {
    const std::string fault = internal::ShareFault(split);
    if (!fault.empty()) return base::UsageError("split: " + fault);
    return std::array<bool, 3>{*internal::ParseShare(split.train) > 0,
                               *internal::ParseShare(split.validation) > 0,
                               *internal::ParseShare(split.test) > 0};
  }
  // A share so small that it rounds to no bucket has no rows.
  ARROW_ASSIGN_OR_RAISE(const SplitThresholds thresholds, ThresholdsOf(split));
  return std::array<bool, 3>{thresholds.train > 0,
                             thresholds.train_and_validation > thresholds.train,
                             thresholds.train_and_validation < SplitThresholds::kBuckets};
}

}  // namespace emberharmony::plan

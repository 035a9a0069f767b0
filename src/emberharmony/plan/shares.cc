#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/faults_internal.h"
#include "emberharmony/plan/shares_internal.h"

namespace emberharmony::plan {
namespace internal {

namespace {

// 18, of kShareOne.
constexpr int64_t kSharePlaces = 18;

// Takes "e-3" off a number's text; absent when what follows the e is no small whole number.
std::optional<int64_t> TakeExponent(std::string_view* text) {
  const size_t mark = text->find_first_of("eE");
  if (mark == std::string_view::npos) return 0;
  std::string_view digits = text->substr(mark + 1);
  text->remove_suffix(text->size() - mark);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int8_t exponent = 0;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
  return exponent;
}

}  // namespace

// The digits are read as 0.digits * 10^point: with an exponent, as Python writes 0.00001, the point
// may stand outside of them.
std::optional<int64_t> ParseShare(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  const std::optional<int64_t> exponent = TakeExponent(&text);
  if (!exponent.has_value()) return std::nullopt;
  const size_t whole = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, whole));
  if (whole < text.size()) digits += text.substr(whole + 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const int64_t places = static_cast<int64_t>(whole) + *exponent + kSharePlaces;
  int64_t value = 0;
  for (int64_t i = 0; i < std::max(places, static_cast<int64_t>(digits.size())); ++i) {
    const int64_t digit = i < static_cast<int64_t>(digits.size()) ? digits[i] - '0' : 0;
    if (i >= places && digit != 0) return std::nullopt;  // not exact in 18 places
    if (i >= places) continue;
    if (value > kShareOne / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value <= kShareOne ? std::optional(value) : std::nullopt;
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
  const std::string fault = internal::ShareFault(split);
  if (!fault.empty()) return base::UsageError("split: " + fault);
  return std::array<bool, 3>{*internal::ParseShare(split.train) > 0,
                             *internal::ParseShare(split.validation) > 0,
                             *internal::ParseShare(split.test) > 0};
}

}  // namespace emberharmony::plan

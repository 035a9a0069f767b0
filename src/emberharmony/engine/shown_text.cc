#include "emberharmony/engine/shown_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "emberharmony/base/printable_text.h"
#include "emberharmony/base/utf8.h"

namespace emberharmony::engine {

namespace {

constexpr int kDigits = 6;

// "-1234.5" as "-1,234.5".
std::string GroupThousands(std::string digits) {
  size_t end = std::min(digits.find('.'), digits.size());
  const size_t begin = digits.starts_with('-') ? 1 : 0;
  while (end > begin + 3) {
    end -= 3;
    digits.insert(end, 1, ',');
  }
  return digits;
}

std::string WithoutTrailingZeros(std::string digits) {
  if (digits.find('.') == std::string::npos) return digits;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

// fmt's "1.50000e-09" as "1.5e-9".
std::string Scientific(double number) {
  const std::string text = fmt::format("{:.{}e}", number, kDigits - 1);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  return fmt::format("{}e{}", WithoutTrailingZeros(text.substr(0, e)), exponent);
}

}  // namespace

std::string ShownText(std::string_view text, size_t bytes_max) {
  std::string out;
  size_t taken = 0;
  while (!text.empty()) {
    const size_t length = base::Utf8SequenceLength(text);
    const std::string_view sequence = text.substr(0, std::max<size_t>(length, 1));
    taken += sequence.size();
    if (taken > bytes_max) return out + "\u2026";
    if (sequence == "\n") {
      out += "\\n";
    } else if (length == 0 || base::ChangesDisplay(sequence)) {
      for (const char c : sequence) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string ShownCount(int64_t count) { return GroupThousands(fmt::format("{}", count)); }

std::string ShownNumber(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";
  const double magnitude = std::fabs(number);
  if (magnitude < 1e-4 || magnitude >= 1e15) return Scientific(number);
  const int leading = static_cast<int>(std::floor(std::log10(magnitude)));
  const int decimals = std::max(0, kDigits - 1 - leading);
  return GroupThousands(WithoutTrailingZeros(fmt::format("{:.{}f}", number, decimals)));
}

std::string FullNumber(double number) {
  if (!std::isfinite(number)) return ShownNumber(number);
  return fmt::format("{}", number == std::trunc(number) && std::fabs(number) < 1e15
                               ? fmt::format("{:.0f}", number)
                               : fmt::format("{}", number));
}

std::string ShownMagnitude(double number) {
  constexpr std::array<std::string_view, 5> kSuffixes = {"", " k", " M", " G", " T"};
  size_t suffix = 0;
  // From 999.5 on, three digits would round to 1000.
  while (std::fabs(number) >= 999.5 && suffix + 1 < kSuffixes.size()) {
    number /= 1000;
    ++suffix;
  }
  const double magnitude = std::fabs(number);
  const int decimals = magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
  return WithoutTrailingZeros(fmt::format("{:.{}f}", number, decimals)) +
         std::string(kSuffixes[suffix]);
}

std::string ShownDuration(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", ShownCount(whole / 3600), whole % 3600 / 60);
}

std::string ShownShare(double share) {
  const double percent = 100 * share;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  if (percent < 100 && percent > 99.9) return "> 99.9 %";
  return WithoutTrailingZeros(fmt::format("{:.1f}", percent)) + " %";
}

}  // namespace emberharmony::engine

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace emberharmony::engine {

/// How values stand in reports and messages for people. All functions are pure, independent of the
/// locale, and thread-safe.

/// Text from data on one line: control characters, marks that change the direction of writing, and
/// bytes that are not UTF-8 appear as \xNN, a line feed as \n. Beyond `bytes_max` bytes of input
/// it is cut between two characters and ends with an ellipsis. Applying it again changes nothing.
std::string ShownText(std::string_view text, size_t bytes_max = std::string_view::npos);

/// 1234567 as "1,234,567".
std::string ShownCount(int64_t count);

/// Six significant digits, thousands apart: "0.0416667", "1,234.57"; very large and very small ones
/// as "1.5e-9".
std::string ShownNumber(double number);
/// Every digit that distinguishes the double from its neighbours: "0.041666666666666664".
std::string FullNumber(double number);

/// Three significant digits with k, M, G or T: "1.56 M".
std::string ShownMagnitude(double number);

/// "430 ms", "1.92 s", "3 min 12 s", "2 h 5 min".
std::string ShownDuration(double seconds);

/// A share of 0 to 1 as "12.3 %". What is not all or nothing never looks so: "< 0.1 %", "> 99.9 %".
std::string ShownShare(double share);

}  // namespace emberharmony::engine

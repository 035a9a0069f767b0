#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "emberharmony/plan/plan.h"

namespace emberharmony::plan::internal {

/// One share is this many units; decimals of up to 18 places are exact in it.
inline constexpr int64_t kShareOne = 1000000000000000000;

/// The value of a decimal ("0.8", ".8", "1", "8e-1") in [0, 1] in units of 10^-18; absent when it
/// is not one, or not exact.
std::optional<int64_t> ParseShare(std::string_view text);
/// "0.8" for ".80": equal shares give equal text.
std::string CanonicalShare(int64_t share);
/// What is wrong with the shares, or "".
std::string ShareFault(const SplitSpec& split);

}  // namespace emberharmony::plan::internal

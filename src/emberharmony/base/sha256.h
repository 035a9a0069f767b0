#pragma once

#include <string>
#include <string_view>

namespace emberharmony::base {

/// The SHA-256 digest (FIPS 180-4) of `bytes` in lower-case hexadecimal. For names of plans and
/// models, which are small; it is written for brevity and not for speed.
std::string Sha256Hex(std::string_view bytes);

}  // namespace emberharmony::base

#pragma once

#include <cstdint>
#include <string_view>

namespace emberharmony::base {

/// FarmHash Fingerprint64, the function behind BigQuery's FARM_FINGERPRINT: stable over platforms
/// and versions for ever.
uint64_t Fingerprint64(std::string_view bytes);

}  // namespace emberharmony::base

#pragma once

#include <string_view>

namespace emberharmony::bigquery {

/// The library and the plugin must agree on it, since C++ objects pass between them. Both are built
/// together; the number rises with each change of what passes.
inline constexpr std::string_view kPluginVersion = "0.1.0/5";

}  // namespace emberharmony::bigquery

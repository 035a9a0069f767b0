#pragma once

#include <arrow/type_fwd.h>

namespace emberharmony::io {

/// Whether a field of numbers or booleans is a dictionary in its file or table: a Categorical of
/// pandas, an Arrow array of type dictionary. Sources show it in the type of its values, since
/// steps work on those; that somebody declared them a category only automatic plans ask. Strings
/// are categories anyway, and times none.
bool IsDeclaredCategory(const arrow::Field& field);

}  // namespace emberharmony::io

#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "emberharmony/plan/fitted_plan.h"

namespace emberharmony::plan::internal {

/// Writes states, in canonical order, as the content of a file: "EMBRSTAT", version and count
/// (uint32 LE); for each state the column's name, path_key and state_key (uint32 LE length, bytes)
/// and its bytes (uint64 LE length, bytes); at the end the XXH3 64-bit hash of all before it
/// (uint64 LE). A derived column, whose name others may have, stands as the byte 0xff, which no
/// name has, and its number in decimal.
arrow::Status WriteSavedStates(const std::vector<SavedState>& states, const arrow::Schema& schema,
                               arrow::io::OutputStream* stream);
/// Reads the file back and checks everything: DataError when the file is not what WriteSavedStates
/// wrote for this schema and so many derived columns.
arrow::Result<std::vector<SavedState>> ReadSavedStates(const std::string& path,
                                                       const arrow::Schema& schema,
                                                       size_t num_derived);

}  // namespace emberharmony::plan::internal

#include "emberharmony/plan/state_file.h"

#include <arrow/type.h>

#include <algorithm>
#include <tuple>

#include "emberharmony/plan/saved_states_internal.h"

namespace emberharmony::plan {

namespace {

// Files of states name columns; here there is one, whose name is its place.
std::shared_ptr<arrow::Schema> SchemaOfStateFile() {
  return arrow::schema({arrow::field("states", arrow::null())});
}

}  // namespace

arrow::Status WriteStateFile(std::vector<SavedState> states, arrow::io::OutputStream* stream) {
  for (SavedState& state : states) state.source_column = 0;
  std::sort(states.begin(), states.end(), [](const SavedState& a, const SavedState& b) {
    return std::tie(a.path_key, a.state_key) < std::tie(b.path_key, b.state_key);
  });
  return internal::WriteSavedStates(states, *SchemaOfStateFile(), stream);
}

arrow::Result<std::vector<SavedState>> ReadStateFile(const std::string& path, int source_column) {
  ARROW_ASSIGN_OR_RAISE(auto states,
                        internal::ReadSavedStates(path, *SchemaOfStateFile(), /*num_derived=*/0));
  for (SavedState& state : states) state.source_column = source_column;
  return states;
}

}  // namespace emberharmony::plan

#pragma once

#include <string>

#include "emberharmony/engine/inspect.h"

namespace emberharmony::cli {

/// An inspection for people: a line for each column, then the most frequent values, then what an
/// automatic plan would do. Estimates carry a "~".
std::string InspectionTable(const engine::Inspection& inspection);

}  // namespace emberharmony::cli

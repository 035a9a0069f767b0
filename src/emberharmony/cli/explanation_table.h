#pragma once

#include <string>

#include "emberharmony/engine/explanation.h"

namespace emberharmony::cli {

/// An explanation for people: the passes with what each reads, the features with what they put out,
/// the splits, the memory, and warnings. Estimates carry a "~".
std::string ExplanationTable(const engine::Explanation& explanation);

}  // namespace emberharmony::cli

#pragma once

#include <string>
#include <vector>

namespace emberharmony::engine {

struct RunReport;

/// What a user should look at before trusting a run's output: splits without rows, columns of which
/// most was filled in, vocabularies that miss most rows, one-hots too wide to be useful, and the
/// like. Taken from what the run has learned and counted, in a fixed order: the run, its splits,
/// then the columns in the source's order. At most 100, then how many more there are. Column names
/// are safe for terminals (engine/shown_text.h).
///
/// What concerns learning is said by the runs that learn (fit, extract, merge), not by transform.
std::vector<std::string> DeriveWarnings(const RunReport& report);

}  // namespace emberharmony::engine

#pragma once

#include <cstdint>
#include <string>

namespace emberharmony::bigquery::client {

/// What to warn of after all rows of a table have been asked for and have come; "": nothing.
/// `estimate`: of the session, 0: none. `has_proof`: every stream has told an exact progress
/// (ProgressLedger::is_proof).
///
/// A service that tells no exact progress may leave out rows, or send some twice, without anything
/// in its responses that shows it. Then the session's estimate is the only other number there is.
/// BigQuery makes it of metadata "which might be incomplete or stale" (stream.proto), so that a
/// difference is a reason to look, and no error.
std::string DoubtOfRows(int64_t estimate, int64_t rows, bool has_proof);

}  // namespace emberharmony::bigquery::client

#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <span>

namespace emberharmony::io {

/// Cell fingerprints of DESIGN section 5 (row fingerprint): Fingerprint64(type byte + canonical
/// bytes), null = 0. out has values.length() entries. Equal values give equal fingerprints whatever
/// the width or unit of their type (int32 and int64, timestamp[ms] and timestamp[us]). Durations
/// count as time; intervals as their months, days and nanoseconds; dictionary arrays give their
/// values' fingerprints, extension arrays those of their storage; structs, lists and maps are
/// hashed as canonical JSON (docs/reference/plan.md). A union type: UsageError. Thread-safe.
arrow::Status CellFingerprints(const arrow::Array& values, uint64_t* out);

/// Fingerprint64(seed as int64 LE, then the cells as uint64 LE).
uint64_t RowFingerprint(int64_t seed, std::span<const uint64_t> cells);

/// RowFingerprint of num_rows rows: columns[c][row] is a cell. Faster than a call a row, because it
/// transposes by blocks.
void RowFingerprints(int64_t seed, std::span<const uint64_t* const> columns, int64_t num_rows,
                     uint64_t* out);

}  // namespace emberharmony::io

#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>

namespace emberharmony::cli {

/// The column to predict of the synthetic table.
inline constexpr char kBenchTarget[] = "delay";

/// Writes a synthetic table of trips as Parquet: a time, numbers with few and with many distinct
/// values, texts with few and with thousands, a boolean, some nulls. Equal numbers of rows give
/// equal bytes on every machine. Cancelled when the process is interrupted (interrupt_flag.h).
arrow::Status WriteBenchTable(const std::string& path, int64_t num_rows);

}  // namespace emberharmony::cli

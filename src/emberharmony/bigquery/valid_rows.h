#pragma once

#include <arrow/record_batch.h>
#include <arrow/status.h>

namespace emberharmony::bigquery {

/// What arrow::RecordBatch::ValidateFull finds, and nothing else: offsets that do not ascend or lie
/// outside of their bytes, texts that are not UTF-8, wrong counts of nulls, values that their type
/// does not have. Texts in ASCII, which are most of what takes time there, are gone through as a
/// whole and not one by one.
arrow::Status ValidateRows(const arrow::RecordBatch& rows);

}  // namespace emberharmony::bigquery

#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "emberharmony/engine/run_context.h"
#include "emberharmony/engine/split_vectors.h"
#include "emberharmony/io/source.h"
#include "emberharmony/plan/time_cuts.h"

namespace emberharmony::engine {

/// Gives a unit's rows that count as split 0; nullptr: all of them.
using CountedRows = std::function<std::shared_ptr<const SplitVector>(int64_t unit)>;

/// The cuts of a time split that the plan gives by shares: for n rows the (floor(f n) + 1)-th
/// smallest instants, none beyond n.
///
/// Found exactly, by radix refinement: each scan of the column counts, in at most 65,536 parts,
/// those ranges in which the cuts are known to lie; 64 bits take at most 4 scans, a column of dates
/// at most 2. Memory: a mebibyte for each thread. Rows without an instant are left out: who assigns
/// rows to splits refuses them.
arrow::Result<plan::TimeCuts> FindTimeCuts(const io::Source& source, const plan::SplitSpec& spec,
                                           const CountedRows& counted, RunContext* context);

/// The i-th value of an array of dates or timestamps, which is not null.
int64_t InstantAt(const arrow::Array& values, int64_t i);

}  // namespace emberharmony::engine

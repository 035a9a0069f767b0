#pragma once

#include <arrow/result.h>

#include <string>

namespace emberharmony::engine::internal {

/// The folder in an output that holds what a run in progress needs, under any name.
inline constexpr const char* kScratchName = ".ember";

/// In that folder: what the run that writes there holds a lock on, and the list of what it has done
/// (engine/run_ledger.h).
inline constexpr const char* kLockName = "lock";
inline constexpr const char* kLedgerName = "ledger";

/// The path, relative to `folder`, of the first thing in it that no run writes there; empty when
/// there is none. Links are never followed.
arrow::Result<std::string> FindForeign(const std::string& folder);

/// Whether the folder holds what every output holds, complete or not: manifest.json, model.json or
/// `.ember`.
bool HasMark(const std::string& folder);

/// Whether there is a folder `.ember` in the folder, not a link to one.
bool HasScratch(const std::string& folder);

/// The file that says that an output is complete: written, moved and removed after (before) all
/// others.
bool IsCompletionMark(const std::string& name);

/// Removes what runs write, `.ember` last, so that what a kill leaves still has its mark, and then
/// the folder itself. What others wrote stays, with the folders around it. False when anything is
/// left.
bool RemoveOutput(const std::string& folder);

}  // namespace emberharmony::engine::internal

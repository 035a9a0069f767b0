#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <string>

namespace emberharmony::engine::internal {

/// How a complete output takes the place of what is in its folder, so that a kill at any instant
/// leaves the old or the new.
///
/// The new output is built in DIR/.ember/output. Then `DIR/.ember/complete` is written, from where
/// on every step can be repeated: whoever comes next finishes what was begun.
///
/// Where the system can exchange two folders in one step (Linux, most local file systems), the new
/// output becomes DIR's hidden sibling `.NAME.ember-new` and is exchanged with DIR; then the
/// sibling holds the old output and is removed. DIR keeps its mode and owner. Else (no right to
/// write beside DIR, DIR is a mount point or the folder that the process is in) the old output's
/// entries are moved into DIR/.ember/replaced, manifest.json or model.json first, and the new
/// one's up, manifest.json or model.json last: a kill in these milliseconds leaves a folder that
/// does not look complete until the next run into it finishes the move.
std::string StagingPath(const std::string& dir);
std::string CompletePath(const std::string& dir);
std::string LedgerPath(const std::string& dir);

/// Whether DIR/.ember/complete speaks of an output that is nowhere: no run leaves that.
bool HasStrayCompletion(const std::string& dir);
/// What that means, and what to do.
std::string DescribeStrayCompletion(const std::string& dir);

/// Publishes what is in DIR/.ember/output. After an error DIR/.ember/complete tells whether the
/// next Recover will finish it.
arrow::Status Publish(const std::string& dir);

/// Finishes or cleans up what a killed run has left in DIR and beside it: its publication, the old
/// output that was replaced. An output that was not complete stays in DIR/.ember. Nothing
/// happens where nothing was left.
arrow::Status Recover(const std::string& dir);

}  // namespace emberharmony::engine::internal

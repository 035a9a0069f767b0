#pragma once

namespace emberharmony::cli {

/// Has SIGINT and SIGTERM set a flag, and end system calls that wait; a second one of a kind ends
/// the process at once. For commands that have no RunContext.
void CatchInterrupts();
/// Whether one has come.
bool Interrupted();

}  // namespace emberharmony::cli

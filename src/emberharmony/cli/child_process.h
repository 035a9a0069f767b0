#pragma once

#include <arrow/status.h>

#include <string>
#include <vector>

namespace emberharmony::cli {

/// Runs this program again with these arguments (without its name) and waits for its end. Its
/// standard output is discarded, its standard error is this process's. A status above 0 becomes an
/// error of the kind that it stands for; when this process is interrupted (interrupt_flag.h), the
/// other one is, too, and the error is InterruptedError.
arrow::Status RunThisProgram(const std::vector<std::string>& arguments);

}  // namespace emberharmony::cli

#pragma once

#include <string>

namespace CLI {
class App;
}

namespace emberharmony::cli {

/// What `ember backends` is asked for.
struct BackendsOptions {
  bool verbose = false;  ///< also every path that was tried, and what is computed natively
  bool json = false;
};

/// Adds the command and its options to the program.
void AddBackendsCommand(CLI::App* app, BackendsOptions* options);

/// Looks for every backend, loading what it finds, and returns what became of each: a table for
/// people, or JSON.
std::string DescribeAllBackends(const BackendsOptions& options);

}  // namespace emberharmony::cli

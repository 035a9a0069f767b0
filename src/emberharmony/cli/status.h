#pragma once

#include <string>

#include "emberharmony/engine/run_status.h"

namespace CLI {
class App;
}

namespace emberharmony::cli {

/// What `ember status` is asked for.
struct StatusOptions {
  std::string folder;
  bool json = false;
};

/// Adds the command and its options to the program.
void AddStatusCommand(CLI::App* app, StatusOptions* options);

/// For people: a line for each thing that is known.
std::string StatusText(const engine::RunStatus& status);

}  // namespace emberharmony::cli

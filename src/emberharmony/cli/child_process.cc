#include "emberharmony/cli/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/cli/interrupt_flag.h"

namespace emberharmony::cli {

namespace {

constexpr char kThisProgram[] = "/proc/self/exe";

arrow::Result<pid_t> Spawn(const std::vector<std::string>& arguments) {
  std::string name = "ember";
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv = {name.data()};
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, kThisProgram, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return arrow::Status::IOError("cannot run ", kThisProgram, ": ", std::strerror(error));
  }
  return pid;
}

arrow::Status StatusOfExit(int status, const std::vector<std::string>& arguments) {
  if (Interrupted()) return base::InterruptedError("interrupted");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return arrow::Status::OK();
  const std::string run = fmt::format("`ember {}`", fmt::join(arguments, " "));
  if (WIFSIGNALED(status)) {
    return base::DataError(fmt::format("{} was ended by signal {}", run, WTERMSIG(status)));
  }
  const int code = WEXITSTATUS(status);
  const std::string message =
      fmt::format("{} ended with status {}; its message is above", run, code);
  switch (static_cast<base::ErrorKind>(code)) {
    case base::ErrorKind::kUsage:
      return base::UsageError(message);
    case base::ErrorKind::kInterrupted:
      return base::InterruptedError(message);
    case base::ErrorKind::kMemory:
      return arrow::Status::OutOfMemory(message);
    default:
      return base::DataError(message);
  }
}

}  // namespace

arrow::Status RunThisProgram(const std::vector<std::string>& arguments) {
  ARROW_ASSIGN_OR_RAISE(const pid_t pid, Spawn(arguments));
  bool told = false;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return arrow::Status::IOError("waitpid: ", std::strerror(errno));
    // A terminal interrupts both; a signal to this process alone is handed on.
    if (Interrupted() && !told) kill(pid, SIGTERM);
    told = Interrupted();
  }
  return StatusOfExit(status, arguments);
}

}  // namespace emberharmony::cli

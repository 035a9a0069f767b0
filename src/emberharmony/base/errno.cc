#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "emberharmony/base/errno_internal.h"

namespace emberharmony::base::internal {
namespace {

// What to do about the errors that users meet.
std::string Advice(int error) {
  switch (error) {
    case ENOSPC:
      return "; free space or choose another folder";
    case EDQUOT:
      return "; free space, have the quota raised or choose another folder";
    case EROFS:
    case EACCES:
    case EPERM:
      return "; change the permissions or choose another folder";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

arrow::Status ErrnoStatus(const std::string& what, const std::string& path, int error) {
  std::string reason = std::generic_category().message(error);
  if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z' && reason.substr(0, 3) != "I/O" &&
      reason.substr(0, 3) != "RPC") {
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  }
  return arrow::Status::IOError(fmt::format("{} '{}': {}{}", what, path, reason, Advice(error)));
}

}  // namespace emberharmony::base::internal

#include "emberharmony/base/regular_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "emberharmony/base/errno_internal.h"

namespace emberharmony::base {
namespace {

const char* KindName(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "something else";
}

arrow::Status TooLarge(const std::string& path, int64_t max_bytes, int64_t found) {
  return arrow::Status::CapacityError(
      fmt::format("'{}': expected at most {} bytes, found {}; is it the right file?", path,
                  max_bytes, found > max_bytes ? std::to_string(found) : "more"));
}

}  // namespace

arrow::Result<int> OpenRegularDescriptor(const std::string& path) {
  // O_NONBLOCK: opening a FIFO waits for its other end. Of no effect on a file.
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return internal::ErrnoStatus("cannot open", path, errno);
  struct stat info{};
  if (fstat(fd, &info) != 0) {
    const int error = errno;
    close(fd);
    return internal::ErrnoStatus("cannot look at", path, error);
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    return arrow::Status::IOError(fmt::format(
        "'{}' is {}, and a file was expected; copy its content into a file, and give that", path,
        KindName(info.st_mode)));
  }
  return fd;
}

arrow::Result<std::shared_ptr<arrow::io::ReadableFile>> OpenRegularFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const int fd, OpenRegularDescriptor(path));
  auto file = arrow::io::ReadableFile::Open(fd);
  if (!file.ok()) close(fd);
  return file;
}

arrow::Result<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  ARROW_ASSIGN_OR_RAISE(const int fd, OpenRegularDescriptor(path));
  std::string content;
  arrow::Status status;
  struct stat info{};
  if (fstat(fd, &info) == 0) {
    if (info.st_size > max_bytes) {
      status = TooLarge(path, max_bytes, info.st_size);
    } else {
      content.reserve(static_cast<size_t>(info.st_size));
    }
  }
  char chunk[64 << 10];
  while (status.ok()) {
    const ssize_t length = ::read(fd, chunk, sizeof chunk);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) status = internal::ErrnoStatus("cannot read", path, errno);
    if (length <= 0) break;
    content.append(chunk, static_cast<size_t>(length));
    if (static_cast<int64_t>(content.size()) > max_bytes) status = TooLarge(path, max_bytes, 0);
  }
  close(fd);
  if (!status.ok()) return status;
  return content;
}

}  // namespace emberharmony::base

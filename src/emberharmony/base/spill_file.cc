#include "emberharmony/base/spill_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "emberharmony/base/errno_internal.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/regular_file.h"

namespace emberharmony::base {
namespace {

int OpenWithoutName(const std::string& folder) {
#ifdef O_TMPFILE
  const int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  // File systems (and kernels) without it answer in several ways; the way below tells real errors.
  if (fd >= 0) return fd;
#endif
  std::string path = folder + "/.ember-spill-XXXXXX";
  const int named = mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) unlink(path.c_str());
  return named;
}

}  // namespace

SpillFile::SpillFile(int fd, std::string folder) : fd_(fd), folder_(std::move(folder)) {}

SpillFile::~SpillFile() { close(fd_); }

arrow::Result<std::unique_ptr<SpillFile>> SpillFile::Create(std::string folder) {
  const int fd = OpenWithoutName(folder);
  if (fd < 0) return internal::ErrnoStatus("cannot create a temporary file in", folder, errno);
  Log(LogLevel::kInfo, "memory is short: a temporary file in '{}' takes what does not fit", folder);
  return std::unique_ptr<SpillFile>(new SpillFile(fd, std::move(folder)));
}

arrow::Result<std::unique_ptr<SpillFile>> SpillFile::CreateNamed(const std::string& path) {
  const int fd =
      open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (fd < 0) return internal::ErrnoStatus("cannot create", path, errno);
  return std::unique_ptr<SpillFile>(new SpillFile(fd, path));
}

arrow::Result<std::unique_ptr<SpillFile>> SpillFile::OpenNamed(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const int fd, OpenRegularDescriptor(path));
  std::unique_ptr<SpillFile> file(new SpillFile(fd, path));
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size < 0) return internal::ErrnoStatus("cannot read", path, errno);
  file->end_ = static_cast<int64_t>(size);
  return file;
}

arrow::Status SpillFile::Sync() {
  if (fdatasync(fd_) == 0) return arrow::Status::OK();
  return internal::ErrnoStatus("cannot sync the temporary file in", folder_, errno);
}

arrow::Result<int64_t> SpillFile::Append(std::string_view block) {
  const int64_t size = static_cast<int64_t>(block.size());
  const int64_t offset = end_.fetch_add(size, std::memory_order_relaxed);
  for (int64_t done = 0; done < size;) {
    const ssize_t written =
        pwrite(fd_, block.data() + done, static_cast<size_t>(size - done), offset + done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return internal::ErrnoStatus("cannot write to the temporary file in", folder_, errno);
    done += written;
  }
  return offset;
}

arrow::Status SpillFile::Read(int64_t offset, int64_t length, void* out) const {
  for (int64_t done = 0; done < length;) {
    const ssize_t got = pread(fd_, static_cast<char*>(out) + done,
                              static_cast<size_t>(length - done), offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return internal::ErrnoStatus("cannot read the temporary file in", folder_, errno);
    if (got == 0) {
      return arrow::Status::IOError(fmt::format(
          "the temporary file in '{}': expected {} bytes at offset {}, found {}; was it truncated?",
          folder_, length, offset, done));
    }
    done += got;
  }
  return arrow::Status::OK();
}

void SpillFile::Discard([[maybe_unused]] int64_t offset, [[maybe_unused]] int64_t length) {
#ifdef FALLOC_FL_PUNCH_HOLE
  if (length > 0) (void)fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
#endif
}

}  // namespace emberharmony::base

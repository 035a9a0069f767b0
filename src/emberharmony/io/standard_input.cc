#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/io/standard_input_internal.h"

namespace emberharmony::io::internal {
namespace {

constexpr int64_t kCopyBytes = int64_t{1} << 20;
constexpr int64_t kInputReadBytes = int64_t{256} << 10;

/// A descriptor that is closed in the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

/// The copy of standard input.
class SpooledStore : public FileStore {
 public:
  explicit SpooledStore(std::shared_ptr<const Descriptor> file) : file_(std::move(file)) {}

  arrow::Result<OpenedFile> Open(const ListedFile& listed) const override {
    const int fd = fcntl(file_->get(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
      return base::DataError(std::string("the copy of standard input can't be opened: ") +
                             strerror(errno));
    }
    ARROW_ASSIGN_OR_RAISE(auto opened, arrow::io::ReadableFile::Open(fd));
    return OpenedFile{std::move(opened), listed.version};
  }

  int64_t read_bytes() const override { return kInputReadBytes; }

 private:
  const std::shared_ptr<const Descriptor> file_;
};

std::string SpillFolder(const SourceOptions& options) {
  if (!options.spill_folder.empty()) return options.spill_folder;
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

arrow::Result<std::shared_ptr<const Descriptor>> CreateSpilled(const std::string& folder) {
  int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // A file system without unnamed files: a name for an instant.
    std::string name = folder + "/ember-standard-input-XXXXXX";
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) unlink(name.c_str());
  }
  if (fd < 0) {
    return base::DataError("standard input can't be copied to '" + folder +
                           "': " + strerror(errno) + "; name another folder with --spill-dir");
  }
  return std::make_shared<const Descriptor>(fd);
}

arrow::Status WriteAll(int fd, const uint8_t* data, int64_t size, const std::string& folder) {
  while (size > 0) {
    const ssize_t written = write(fd, data, static_cast<size_t>(size));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return base::DataError("standard input can't be copied to '" + folder + "': " +
                             strerror(errno) + "; name a folder with more space with --spill-dir");
    }
    data += written;
    size -= written;
  }
  return arrow::Status::OK();
}

/// Reads until the block is full or the input ends: a pipe hands out pieces of any size.
arrow::Result<int64_t> FillBlock(uint8_t* block, const SourceOptions& options) {
  int64_t filled = 0;
  while (filled < kCopyBytes) {
    if (options.check_stop) ARROW_RETURN_NOT_OK(options.check_stop());
    const ssize_t count =
        read(STDIN_FILENO, block + filled, static_cast<size_t>(kCopyBytes - filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return base::DataError(std::string("standard input can't be read: ") + strerror(errno));
    }
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace

arrow::Result<SourceFiles> SpoolStandardInput(const SourceOptions& options) {
  if (isatty(STDIN_FILENO)) {
    return base::UsageError(
        "the source '-' is standard input, which is a terminal here: pipe a table into it, as in "
        "`cat table.parquet | ember ... -`, or give a path");
  }
  const std::string folder = SpillFolder(options);
  ARROW_ASSIGN_OR_RAISE(auto file, CreateSpilled(folder));
  ARROW_ASSIGN_OR_RAISE(
      const auto block,
      arrow::AllocateBuffer(kCopyBytes,
                            options.pool != nullptr ? options.pool : arrow::default_memory_pool()));
  ListedFile listed;
  listed.path = "standard input";
  listed.relative_path = "standard input";
  listed.named = true;
  // What identifies the data, since there is no time of a file to go by.
  uint64_t hash = 0;
  for (int64_t filled = kCopyBytes; filled == kCopyBytes; listed.size += filled) {
    ARROW_ASSIGN_OR_RAISE(filled, FillBlock(block->mutable_data(), options));
    ARROW_RETURN_NOT_OK(WriteAll(file->get(), block->data(), filled, folder));
    const std::string_view bytes(reinterpret_cast<const char*>(block->data()),
                                 static_cast<size_t>(filled));
    hash = hash * 0x9E3779B97F4A7C15ULL + base::Fingerprint64(bytes);
  }
  if (listed.size == 0) {
    return base::DataError(
        "standard input is empty, expected a table (Parquet, Arrow or CSV): has the command before "
        "the pipe failed?");
  }
  listed.version = std::to_string(hash);
  SourceFiles files;
  files.location = "standard input";
  files.store = std::make_shared<SpooledStore>(std::move(file));
  files.files.push_back(std::move(listed));
  return files;
}

}  // namespace emberharmony::io::internal

#include "emberharmony/base/atomic_file.h"

#include <arrow/buffer.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "emberharmony/base/content_hash.h"
#include "emberharmony/base/errno_internal.h"

namespace emberharmony::base {
namespace {

// Small writes (page headers) are gathered up to this size; larger ones go to the file directly.
constexpr size_t kBufferBytes = 64 << 10;
// How much is written before the kernel is told to start sending it to the disk, so that the fsync
// of Commit finds little left to do.
constexpr int64_t kWritebackBytes = 8 << 20;

void StartWriteback([[maybe_unused]] int fd, [[maybe_unused]] int64_t offset,
                    [[maybe_unused]] int64_t length) {
#ifdef __linux__
  // Only a hint: file systems without it lose nothing but time.
  (void)sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE);
#endif
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The temporary file: hashes, buffers and writes. The first error sticks.
class HashingFileStream : public arrow::io::OutputStream {
 public:
  HashingFileStream(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
    if (!hash_.is_valid()) {
      status_ = arrow::Status::OutOfMemory("no memory for the hash of '", path_, "'");
    }
  }
  ~HashingFileStream() override {
    if (fd_ >= 0) ::close(fd_);
  }

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t nbytes) override {
    if (closed_) return arrow::Status::Invalid("write to '", path_, "' after it was closed");
    if (nbytes < 0)
      return arrow::Status::Invalid("expected 0 bytes or more to write, found ", nbytes);
    ARROW_RETURN_NOT_OK(status_);
    if (nbytes == 0) return arrow::Status::OK();
    const size_t size = static_cast<size_t>(nbytes);
    hash_.Add({static_cast<const char*>(data), size});
    bytes_written_ += nbytes;
    if (buffer_.size() + size > kBufferBytes) ARROW_RETURN_NOT_OK(WriteBuffer());
    if (size >= kBufferBytes) return WriteThrough(static_cast<const char*>(data), size);
    buffer_.reserve(kBufferBytes);
    buffer_.insert(buffer_.end(), static_cast<const char*>(data),
                   static_cast<const char*>(data) + size);
    return arrow::Status::OK();
  }
  arrow::Status Flush() override {
    ARROW_RETURN_NOT_OK(status_);
    return WriteBuffer();
  }
  arrow::Status Close() override {
    if (closed_) return status_;
    closed_ = true;
    return Flush();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return bytes_written_; }

  // Everything to the disk; the descriptor is closed then, error or not.
  arrow::Status SyncAndCloseFile() {
    arrow::Status status = Close();
    if (status.ok() && fsync(fd_) != 0) status = internal::ErrnoStatus("cannot sync", path_, errno);
    if (::close(fd_) != 0 && status.ok())
      status = internal::ErrnoStatus("cannot close", path_, errno);
    fd_ = -1;
    return status;
  }
  void CloseFile() {
    closed_ = true;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  std::string HashHex() const { return hash_.Hex(); }
  int64_t bytes_written() const { return bytes_written_; }

 private:
  arrow::Status WriteBuffer() {
    const arrow::Status status = WriteThrough(buffer_.data(), buffer_.size());
    buffer_.clear();
    return status;
  }
  arrow::Status WriteThrough(const char* data, size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(fd_, data, size);
      if (written < 0) {
        if (errno == EINTR) continue;
        return status_ = internal::ErrnoStatus("cannot write", path_, errno);
      }
      data += written;
      size -= static_cast<size_t>(written);
      file_bytes_ += written;
    }
    if (file_bytes_ - writeback_bytes_ >= kWritebackBytes) {
      StartWriteback(fd_, writeback_bytes_, file_bytes_ - writeback_bytes_);
      writeback_bytes_ = file_bytes_;
    }
    return arrow::Status::OK();
  }

  int fd_;
  const std::string path_;
  ContentHash hash_;
  std::vector<char> buffer_;
  int64_t bytes_written_ = 0;    // what callers wrote
  int64_t file_bytes_ = 0;       // what reached the file
  int64_t writeback_bytes_ = 0;  // what the kernel was told to send to the disk
  bool closed_ = false;
  arrow::Status status_;
};

class PosixAtomicFile : public AtomicFile {
 public:
  PosixAtomicFile(std::string path, std::string temporary_path, int fd)
      : path_(std::move(path)),
        temporary_path_(std::move(temporary_path)),
        stream_(fd, temporary_path_) {}
  ~PosixAtomicFile() override { Abort(); }

  arrow::io::OutputStream* stream() override { return &stream_; }
  std::string xxh3_128_hex() const override { return stream_.HashHex(); }
  int64_t bytes_written() const override { return stream_.bytes_written(); }

  arrow::Status Commit() override {
    ARROW_RETURN_NOT_OK(CommitBeforeSyncFolder());
    return SyncFolder(FolderOf(path_));
  }

  arrow::Status CommitBeforeSyncFolder() override {
    if (ended_) return arrow::Status::Invalid("'", path_, "' was already committed or aborted");
    arrow::Status status = stream_.SyncAndCloseFile();
    if (status.ok() && std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
      status = internal::ErrnoStatus("cannot rename '" + temporary_path_ + "' to", path_, errno);
    }
    if (!status.ok()) {
      Abort();
      return status;
    }
    ended_ = true;
    return arrow::Status::OK();
  }

  void Abort() override {
    if (ended_) return;
    ended_ = true;
    stream_.CloseFile();
    unlink(temporary_path_.c_str());
  }

 private:
  const std::string path_;
  const std::string temporary_path_;
  HashingFileStream stream_;
  bool ended_ = false;
};

}  // namespace

AtomicFile::~AtomicFile() = default;

arrow::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return internal::ErrnoStatus("cannot open folder", folder, errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  // Some network file systems cannot sync a folder and say so; they order renames themselves.
  if (error != 0 && error != EINVAL && error != ENOTSUP) {
    return internal::ErrnoStatus("cannot sync folder", folder, error);
  }
  return arrow::Status::OK();
}

namespace {

// Renaming a file over /dev/null would make an ordinary file of it: whatever is there and is no
// file must stay.
arrow::Status CheckReplaceable(const std::string& path) {
  struct stat found{};
  if (stat(path.c_str(), &found) != 0 || S_ISREG(found.st_mode)) return arrow::Status::OK();
  return arrow::Status::IOError("'", path, "' is ",
                                S_ISDIR(found.st_mode) ? "a folder" : "a device or a pipe",
                                ", and a file was expected; give the name of a file");
}

}  // namespace

arrow::Result<std::unique_ptr<AtomicFile>> AtomicFile::Create(std::string path) {
  ARROW_RETURN_NOT_OK(CheckReplaceable(path));
  std::string temporary_path = path + ".tmp";
  // A run that crashed may have left one. Removed rather than truncated: it may be a link to
  // elsewhere, and whoever still has it open keeps a file of his own.
  if (unlink(temporary_path.c_str()) != 0 && errno != ENOENT) {
    return internal::ErrnoStatus("cannot replace", temporary_path, errno);
  }
  const int fd = open(temporary_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return internal::ErrnoStatus("cannot create", temporary_path, errno);
  return std::make_unique<PosixAtomicFile>(std::move(path), std::move(temporary_path), fd);
}

arrow::Status WriteFileAtomically(const std::string& path, std::string_view content) {
  ARROW_ASSIGN_OR_RAISE(auto file, AtomicFile::Create(path));
  ARROW_RETURN_NOT_OK(file->stream()->Write(content.data(), static_cast<int64_t>(content.size())));
  return file->Commit();
}

}  // namespace emberharmony::base

#include "emberharmony/io/stream_spool.h"

#include <arrow/io/file.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/io/arrow_source_internal.h"
#include "emberharmony/io/file_store_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int64_t kSpoolReadBytes = int64_t{256} << 10;
constexpr std::array<char, 8> kZeros = {};
constexpr std::array<char, 8> kEndOfStream = {'\xff', '\xff', '\xff', '\xff', 0, 0, 0, 0};

/// writev takes no more pieces at a time (UIO_MAXIOV).
constexpr size_t kPiecesMax = 1024;

std::string SpoolFolder(const StreamSpoolOptions& options) {
  if (!options.folder.empty()) return options.folder;
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

Result<int> CreateSpoolFile(const std::string& folder) {
  int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // A file system without unnamed files: a name for an instant.
    std::string name = folder + "/.ember-download-XXXXXX";
    fd = mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) unlink(name.c_str());
  }
  if (fd < 0) {
    return base::DataError(
        fmt::format("there is no place for downloaded rows in '{}': {}; name another folder with "
                    "--spill-dir",
                    folder, std::generic_category().message(errno)));
  }
  return fd;
}

constexpr int64_t kKeptStreamsMax = 1 << 16;
constexpr int64_t kDownloadBytesMax = 64 << 10;

std::string KeptStreamName(int stream) { return fmt::format("{}-{:05d}", kDownloadName, stream); }

/// Gives a file without a name one, once its bytes are on disk. NotImplemented where that cannot
/// be.
Status NameFile(int fd, const std::string& path) {
  if (fsync(fd) != 0) {
    return Status::IOError(
        fmt::format("cannot sync '{}': {}", path, std::generic_category().message(errno)));
  }
  const std::string unnamed = fmt::format("/proc/self/fd/{}", fd);
  unlink(path.c_str());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return Status::NotImplemented(
        fmt::format("'{}' cannot be named: {}", path, std::generic_category().message(errno)));
  }
  return base::SyncFolder(std::filesystem::path(path).parent_path().string());
}

Status CheckSpace(const StreamSpoolOptions& options, const std::string& folder) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error || options.expected_bytes <= 0) return Status::OK();
  const auto available =
      static_cast<int64_t>(std::min<uint64_t>(space.available, static_cast<uint64_t>(INT64_MAX)));
  if (options.expected_bytes <= available) return Status::OK();
  return base::DataError(fmt::format(
      "{} needs about {} on disk while it is read, and '{}' has {} left; name a folder with more "
      "space with --spill-dir, or read fewer columns or rows",
      options.name, base::FormatByteSize(options.expected_bytes), folder,
      base::FormatByteSize(available)));
}

/// The rows of a spool, which a second download need not bring in the same order.
class DownloadedSource : public Source {
 public:
  DownloadedSource(std::shared_ptr<Source> source, std::vector<std::string> warnings)
      : source_(std::move(source)), warnings_(std::move(warnings)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return source_->schema(); }
  const std::vector<Unit>& units() const override { return source_->units(); }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return false; }
  ColumnHint Hint(const Unit& unit, int column) const override {
    return source_->Hint(unit, column);
  }
  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    return source_->Open(unit, columns, options, start);
  }
  Result<std::unique_ptr<BatchReader>> OpenSelected(const Unit& unit,
                                                    const std::vector<int>& columns,
                                                    const BatchOptions& options,
                                                    std::shared_ptr<const RowSelection> selection,
                                                    Cursor start) const override {
    return source_->OpenSelected(unit, columns, options, std::move(selection), start);
  }
  Result<std::vector<UnitPart>> Parts(const Unit& unit,
                                      const std::vector<int>& columns) const override {
    return source_->Parts(unit, columns);
  }
  void VisitPositions(const Unit& unit,
                      const std::function<void(int64_t, int64_t)>& visit) const override {
    source_->VisitPositions(unit, visit);
  }
  std::string identity() const override { return source_->identity(); }
  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = warnings_;
    for (std::string& warning : source_->warnings()) all.push_back(std::move(warning));
    return all;
  }

 private:
  const std::shared_ptr<Source> source_;
  const std::vector<std::string> warnings_;
};

}  // namespace

struct StreamSpool::Files : public internal::FileStore {
  struct File {
    int fd = -1;
    std::atomic<int64_t> size{0};
    bool has_ended = false;  ///< its end is written
    bool is_kept = false;
  };
  /// A stream, and those inserted after it.
  using Chain = std::vector<int>;

  ~Files() override {
    for (const File& file : files) {
      if (file.fd >= 0) close(file.fd);
    }
  }

  Result<internal::OpenedFile> Open(const internal::ListedFile& listed) const override {
    const int fd = fcntl(at(std::stoi(listed.path)).fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
      return base::DataError(fmt::format("downloaded rows can't be opened: {}",
                                         std::generic_category().message(errno)));
    }
    ARROW_ASSIGN_OR_RAISE(auto opened, arrow::io::ReadableFile::Open(fd));
    return internal::OpenedFile{std::move(opened), listed.version};
  }
  int64_t read_bytes() const override { return kSpoolReadBytes; }

  File& at(int stream) const {
    const std::lock_guard lock(mutex);
    return files.at(static_cast<size_t>(stream));
  }
  Status Fault(const std::string& what) const {
    return base::DataError(fmt::format(
        "downloaded rows can't be {} '{}': {}; name a folder with more space with --spill-dir",
        what, folder, std::generic_category().message(errno)));
  }
  Status Write(int stream, std::vector<iovec>* pieces);
  Status End(int stream);
  static Result<std::shared_ptr<Source>> Present(std::shared_ptr<Files> files);
  Status Truncate(File* file, int64_t size);
  /// Moves all bytes of one file to the end of another.
  Status Move(File* from, File* to);

  StreamSpoolOptions options;
  std::string folder;
  int64_t schema_bytes = 0;
  mutable std::mutex mutex;
  /// Guarded by the mutex where streams are looked up or added; a file stays where it is.
  mutable std::deque<File> files;
  std::vector<Chain> chains;  ///< one for each of the service's streams; guarded by the mutex
  std::vector<std::string> warnings;  ///< guarded by the mutex
};

Status StreamSpool::Files::Write(int stream, std::vector<iovec>* pieces) {
  File& file = at(stream);
  iovec* next = pieces->data();
  iovec* const end = next + pieces->size();
  while (next != end) {
    const auto count = std::min(static_cast<size_t>(end - next), kPiecesMax);
    ssize_t written = writev(file.fd, next, static_cast<int>(count));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fault("written to");
    file.size.fetch_add(written, std::memory_order_relaxed);
    while (next != end && static_cast<size_t>(written) >= next->iov_len) {
      written -= static_cast<ssize_t>(next->iov_len);
      ++next;
    }
    if (next != end) {
      next->iov_base = static_cast<char*>(next->iov_base) + written;
      next->iov_len -= static_cast<size_t>(written);
    }
  }
  return Status::OK();
}

Status StreamSpool::Files::End(int stream) {
  File& file = at(stream);
  if (file.has_ended) return Status::OK();
  file.has_ended = true;
  std::vector<iovec> pieces = {{const_cast<char*>(kEndOfStream.data()), kEndOfStream.size()}};
  return Write(stream, &pieces);
}

Status StreamSpool::Files::Truncate(File* file, int64_t size) {
  if (ftruncate(file->fd, size) != 0 || lseek(file->fd, size, SEEK_SET) != size) {
    return Fault("taken back from");
  }
  file->size.store(size, std::memory_order_relaxed);
  return Status::OK();
}

Status StreamSpool::Files::Move(File* from, File* to) {
  // In pieces, so that the disk holds little twice, and through memory: few file systems copy
  // among files without names by themselves.
  std::string buffer(size_t{4} << 20, '\0');
  for (int64_t done = 0; done < from->size.load();) {
    const ssize_t count = pread(from->fd, buffer.data(), buffer.size(), done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Fault("read from");
    for (ssize_t written = 0; written < count;) {
      const ssize_t step =
          write(to->fd, buffer.data() + written, static_cast<size_t>(count - written));
      if (step < 0 && errno == EINTR) continue;
      if (step < 0) return Fault("written to");
      written += step;
    }
    done += count;
    to->size.fetch_add(count, std::memory_order_relaxed);
  }
  close(from->fd);
  from->fd = -1;
  from->size.store(0);
  return Status::OK();
}

StreamSpool::StreamSpool(std::shared_ptr<Files> files) : files_(std::move(files)) {}
StreamSpool::~StreamSpool() = default;

Result<std::unique_ptr<StreamSpool>> StreamSpool::Make(const arrow::Schema& schema, int num_streams,
                                                       StreamSpoolOptions options) {
  auto files = std::make_shared<Files>();
  files->folder = SpoolFolder(options);
  ARROW_RETURN_NOT_OK(CheckSpace(options, files->folder));
  files->options = std::move(options);
  // A table without streams is still a table: one file holds its schema.
  ARROW_ASSIGN_OR_RAISE(const auto message, arrow::ipc::SerializeSchema(schema));
  files->schema_bytes = message->size();
  for (int i = 0; i < std::max(num_streams, 1); ++i) {
    files->chains.push_back({i});
    ARROW_ASSIGN_OR_RAISE(files->files.emplace_back().fd, CreateSpoolFile(files->folder));
    std::vector<iovec> pieces = {
        {const_cast<uint8_t*>(message->data()), static_cast<size_t>(message->size())}};
    ARROW_RETURN_NOT_OK(files->Write(i, &pieces));
  }
  return std::unique_ptr<StreamSpool>(new StreamSpool(std::move(files)));
}

Status StreamSpool::Append(int stream, std::string_view metadata,
                           const std::vector<std::string_view>& body) {
  const auto piece = [](std::string_view bytes) {
    return iovec{const_cast<char*>(bytes.data()), bytes.size()};
  };
  // The metadata are filled up so that the body begins at a multiple of 8 bytes, whatever the
  // framing in which the message came.
  const size_t padding = (8 - metadata.size() % 8) % 8;
  std::array<uint32_t, 2> prefix = {0xFFFFFFFF, static_cast<uint32_t>(metadata.size() + padding)};
  std::vector<iovec> pieces;
  pieces.reserve(body.size() + 4);
  pieces.push_back({prefix.data(), sizeof(prefix)});
  pieces.push_back(piece(metadata));
  pieces.push_back(piece({kZeros.data(), padding}));
  for (const std::string_view part : body) pieces.push_back(piece(part));
  return files_->Write(stream, &pieces);
}

Status StreamSpool::Discard(int stream) {
  return files_->Truncate(&files_->at(stream), files_->schema_bytes);
}

Status StreamSpool::Keep(int stream) {
  DownloadKeeper* const keeper = files_->options.keeper;
  Files::File& file = files_->at(stream);
  if (keeper == nullptr || file.is_kept) return Status::OK();
  ARROW_RETURN_NOT_OK(files_->End(stream));
  const Status kept = keeper->Keep(
      KeptStreamName(stream), [&](const std::string& path) { return NameFile(file.fd, path); });
  file.is_kept = kept.ok();
  if (!kept.IsNotImplemented()) return kept;
  base::Log(base::LogLevel::kInfo, "downloaded rows are not kept: {}", kept.message());
  return Status::OK();
}

Result<bool> StreamSpool::Adopt(int stream) {
  const DownloadKeeper* const keeper = files_->options.keeper;
  const auto path = keeper != nullptr ? keeper->FindKept(KeptStreamName(stream)) : std::nullopt;
  if (!path) return false;
  const int fd = open(path->c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  const int64_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
  if (size < 0) {
    if (fd >= 0) close(fd);
    return false;
  }
  Files::File& file = files_->at(stream);
  close(file.fd);
  file.fd = fd;
  file.size.store(size);
  file.has_ended = file.is_kept = true;
  return true;
}

Status StreamSpool::KeepAll() {
  bool all = files_->options.keeper != nullptr;
  for (size_t i = 0; all && i < files_->chains.size(); ++i) {
    ARROW_RETURN_NOT_OK(Keep(static_cast<int>(i)));
    all = files_->at(static_cast<int>(i)).is_kept;
  }
  if (!all) return Status::OK();
  const nlohmann::json json = {{"streams", files_->chains.size()},
                               {"name", files_->options.name},
                               {"unit_rows", files_->options.unit_rows}};
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return files_->options.keeper->Keep(kDownloadName, [&](const std::string& path) {
    return base::WriteFileAtomically(path, text);
  });
}

Result<int> StreamSpool::Insert(int after) {
  ARROW_ASSIGN_OR_RAISE(const int fd, CreateSpoolFile(files_->folder));
  const std::lock_guard lock(files_->mutex);
  const auto stream = static_cast<int>(files_->files.size());
  files_->files.emplace_back().fd = fd;
  for (Files::Chain& chain : files_->chains) {
    const auto found = std::find(chain.begin(), chain.end(), after);
    if (found != chain.end()) chain.insert(found + 1, stream);
  }
  return stream;
}

void StreamSpool::AddWarning(std::string warning) {
  const std::lock_guard lock(files_->mutex);
  files_->warnings.push_back(std::move(warning));
}

int64_t StreamSpool::size_bytes() const {
  const std::lock_guard lock(files_->mutex);
  int64_t bytes = 0;
  for (const Files::File& file : files_->files) bytes += file.size.load(std::memory_order_relaxed);
  return bytes;
}

Result<std::shared_ptr<Source>> StreamSpool::Finish() && {
  for (size_t i = 0; i < files_->chains.size(); ++i) {
    const Files::Chain& chain = files_->chains[i];
    for (size_t part = 1; part < chain.size(); ++part) {
      ARROW_RETURN_NOT_OK(files_->Move(&files_->at(chain[part]), &files_->at(chain[0])));
    }
    ARROW_RETURN_NOT_OK(files_->End(static_cast<int>(i)));
  }
  ARROW_RETURN_NOT_OK(KeepAll());
  return Files::Present(std::move(files_));
}

Result<std::shared_ptr<Source>> StreamSpool::Files::Present(std::shared_ptr<Files> files) {
  internal::SourceFiles found;
  found.location = files->options.name;
  for (size_t i = 0; i < files->chains.size(); ++i) {
    internal::ListedFile listed;
    listed.path = std::to_string(i);
    listed.relative_path = fmt::format("{}, stream {}", files->options.name, i);
    listed.named = true;
    listed.size = files->files[i].size.load();
    listed.version = files->options.version;
    found.files.push_back(std::move(listed));
  }
  const int64_t unit_rows = files->options.unit_rows;
  std::vector<std::string> warnings = std::move(files->warnings);
  found.store = std::move(files);
  ARROW_ASSIGN_OR_RAISE(auto source, internal::ArrowSource::Make(std::move(found), unit_rows));
  return std::make_shared<DownloadedSource>(std::move(source), std::move(warnings));
}

Result<std::shared_ptr<Source>> OpenKeptDownload(const DownloadKeeper& keeper) {
  const auto path = keeper.FindKept(kDownloadName);
  if (!path) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const std::string text, base::ReadFile(*path, kDownloadBytesMax));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto count = [&](const char* name) -> int64_t {
    if (!json.is_object() || !json.contains(name) || !json[name].is_number_integer()) return 0;
    return json[name].is_number_unsigned() && json[name].get<uint64_t>() > uint64_t{INT64_MAX}
               ? 0
               : json[name].get<int64_t>();
  };
  const int64_t streams = count("streams");
  StreamSpoolOptions options;
  options.unit_rows = count("unit_rows");
  if (streams < 1 || streams > kKeptStreamsMax || options.unit_rows < 1) return nullptr;
  if (json.contains("name") && json["name"].is_string())
    options.name = json["name"].get<std::string>();
  return StreamSpool::OpenKept(keeper, static_cast<int>(streams), std::move(options));
}

bool IsDownloadKept(const DownloadKeeper& keeper) {
  return keeper.FindKept(kDownloadName).has_value();
}

Result<std::shared_ptr<Source>> StreamSpool::OpenKept(const DownloadKeeper& keeper, int num_streams,
                                                      StreamSpoolOptions options) {
  auto files = std::make_shared<Files>();
  files->options = std::move(options);
  for (int i = 0; i < num_streams; ++i) {
    const auto path = keeper.FindKept(KeptStreamName(i));
    if (!path) return nullptr;
    files->chains.push_back({i});
    Files::File& file = files->files.emplace_back();
    file.fd = open(path->c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    const int64_t size = file.fd < 0 ? -1 : lseek(file.fd, 0, SEEK_END);
    if (size < 0) return files->Fault("read from");
    file.size.store(size);
  }
  return Files::Present(std::move(files));
}

Result<std::shared_ptr<arrow::RecordBatchReader>> StreamSpool::FinishBatches(
    arrow::MemoryPool* pool) && {
  std::vector<iovec> pieces = {{const_cast<char*>(kEndOfStream.data()), kEndOfStream.size()}};
  ARROW_RETURN_NOT_OK(files_->Write(0, &pieces));
  const int fd = files_->files[0].fd;
  if (lseek(fd, 0, SEEK_SET) != 0) return files_->Fault("read from");
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(fd, pool));
  files_->files[0].fd = -1;  // the reader's now
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  return arrow::ipc::RecordBatchStreamReader::Open(std::move(file), options);
}

}  // namespace emberharmony::io

#include "emberharmony/io/object_stores.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/util/config.h>
#include <arrow/util/key_value_metadata.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <mutex>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/object_stores_internal.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;
using internal::ListedFile;
using internal::OpenedFile;

// What waits longest for an object store's first byte is a small read.
constexpr int64_t kObjectReadBytes = int64_t{8} << 20;

/// "s3://key:secret@bucket/path/to?option=value" in its parts.
struct Address {
  std::string scheme;
  std::string user;  ///< before '@', with its colon
  std::string bucket;
  std::string key;  ///< without a leading or trailing '/'
  std::string options;
};

Address Parse(const std::string& location) {
  Address address;
  const size_t scheme = location.find("://");
  address.scheme = location.substr(0, scheme);
  std::string rest = location.substr(scheme + 3);
  if (const size_t options = rest.find('?'); options != std::string::npos) {
    address.options = rest.substr(options + 1);
    rest.resize(options);
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string authority = rest.substr(0, slash);
  if (const size_t at = authority.rfind('@'); at != std::string::npos) {
    address.user = authority.substr(0, at);
    authority.erase(0, at + 1);
  }
  address.bucket = std::move(authority);
  address.key = rest.substr(slash);
  while (address.key.starts_with('/')) address.key.erase(0, 1);
  while (address.key.ends_with('/')) address.key.pop_back();
  return address;
}

bool IsSecret(std::string_view option) {
  constexpr std::array<std::string_view, 4> kPublic = {"region", "scheme", "endpoint_override",
                                                       "retry_limit_seconds"};
  return std::find(kPublic.begin(), kPublic.end(), option) == kPublic.end();
}

/// Arrow's message without what it repeats of the address.
Status Unreadable(const std::string& what, const Status& status) {
  if (status.IsOutOfMemory()) return status;
  return base::DataError("'" + what + "' can't be read: " + status.message() +
                         "; check the address, the credentials and the network");
}

/// What follows the address's '?'. Google's client would go on for 15 minutes where there is no
/// network at all.
std::string OptionsOf(const Address& address) {
  constexpr std::string_view kRetryLimit = "retry_limit_seconds=";
  if (address.scheme == "s3" || address.options.find(kRetryLimit) != std::string::npos) {
    return address.options;
  }
  return address.options + (address.options.empty() ? "" : "&") + std::string(kRetryLimit) + "60";
}

std::atomic<bool> g_stores_used{false};

/// Arrow has S3 in a library of its own beside libarrow, which registers itself when it is loaded.
/// An Arrow without such a library has S3 built in, or not at all; opening an address tells.
Status LoadS3() {
  static std::mutex mutex;
  static bool loaded = false;
  std::lock_guard lock(mutex);
  if (loaded) return Status::OK();
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&arrow::fs::EnsureFinalized), &info) == 0) {
    return Status::OK();
  }
  const std::filesystem::path library =
      std::filesystem::path(info.dli_fname).parent_path() / "libarrow_s3.so." ARROW_SO_VERSION;
  std::error_code error;
  if (std::filesystem::exists(library, error)) {
    ARROW_RETURN_NOT_OK(arrow::fs::LoadFileSystemFactories(library.c_str()));
  }
  loaded = true;
  return Status::OK();
}

class ObjectStore : public internal::FileStore {
 public:
  ObjectStore(std::shared_ptr<arrow::fs::FileSystem> file_system, std::string scheme)
      : file_system_(std::move(file_system)), scheme_(std::move(scheme)) {}

  Result<OpenedFile> Open(const ListedFile& listed) const override {
    const std::string shown = scheme_ + "://" + listed.path;
    auto opened = file_system_->OpenInputFile(listed.path);
    if (!opened.ok()) return Unreadable(shown, opened.status());
    OpenedFile result{*std::move(opened), ""};
    const auto size = result.file->GetSize();
    if (!size.ok()) return Unreadable(shown, size.status());
    const auto metadata = result.file->ReadMetadata();
    if (!metadata.ok()) return Unreadable(shown, metadata.status());
    for (const char* name : {"ETag", "etag", "generation"}) {
      if (*metadata == nullptr || !result.version.empty()) break;
      const auto value = (*metadata)->Get(name);
      if (value.ok()) result.version = *value;
    }
    if (*size != listed.size || (!listed.version.empty() && listed.version != result.version)) {
      return base::DataError(
          "'" + shown +
          "' has changed since reading began: run again on files that stay as they are");
    }
    return result;
  }

  int64_t read_bytes() const override { return kObjectReadBytes; }

 private:
  const std::shared_ptr<arrow::fs::FileSystem> file_system_;
  const std::string scheme_;
};

ListedFile ToListed(const arrow::fs::FileInfo& info, const std::string& root, bool named) {
  ListedFile file;
  file.path = info.path();
  file.relative_path = info.path().substr(std::min(info.path().size(), root.size()));
  file.size = info.size();
  file.modified_ns =
      info.mtime() == arrow::fs::kNoTime ? 0 : info.mtime().time_since_epoch().count();
  file.named = named;
  return file;
}

bool HasHiddenPart(std::string_view path) {
  while (!path.empty()) {
    if (path.front() == '.' || path.front() == '_') return true;
    path.remove_prefix(std::min(path.find('/'), path.size() - 1) + 1);
  }
  return false;
}

Result<std::vector<arrow::fs::FileInfo>> FilesBelow(arrow::fs::FileSystem* file_system,
                                                    const std::string& folder) {
  arrow::fs::FileSelector selector;
  selector.base_dir = folder;
  selector.recursive = true;
  ARROW_ASSIGN_OR_RAISE(auto infos, file_system->GetFileInfo(selector));
  std::erase_if(infos, [](const auto& info) { return !info.IsFile(); });
  return infos;
}

Result<std::vector<ListedFile>> List(arrow::fs::FileSystem* file_system, const Address& address) {
  std::vector<ListedFile> files;
  const std::string path =
      address.key.empty() ? address.bucket : address.bucket + "/" + address.key;
  ARROW_ASSIGN_OR_RAISE(const auto info, file_system->GetFileInfo(path));
  if (info.IsFile()) {
    files.push_back(ToListed(info, path.substr(0, path.rfind('/') + 1), /*named=*/true));
    return files;
  }
  const bool is_glob = !info.IsDirectory() && internal::IsGlob(address.key);
  if (!info.IsDirectory() && !is_glob) return files;
  std::string folder = path;
  std::string pattern;
  if (is_glob) {
    // All below the last folder whose name is no pattern, and of these those that match.
    const size_t first = address.key.find_first_of("*?[");
    const size_t slash = address.key.rfind('/', first);
    pattern = slash == std::string::npos ? address.key : address.key.substr(slash + 1);
    folder = slash == std::string::npos ? address.bucket
                                        : address.bucket + "/" + address.key.substr(0, slash);
  }
  ARROW_ASSIGN_OR_RAISE(const auto infos, FilesBelow(file_system, folder));
  for (const arrow::fs::FileInfo& found : infos) {
    ListedFile file = ToListed(found, folder + "/", is_glob);
    const bool wanted = is_glob ? internal::MatchesGlobPath(pattern, file.relative_path)
                                : !HasHiddenPart(file.relative_path);
    if (wanted) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const ListedFile& a, const ListedFile& b) {
    return a.relative_path < b.relative_path;
  });
  return files;
}

}  // namespace

std::string ShownLocation(const std::string& location) {
  if (!internal::IsObjectStore(location)) return location;
  const Address address = Parse(location);
  std::string shown = address.scheme + "://" + address.bucket;
  if (!address.key.empty()) shown += "/" + address.key;
  std::string_view options = address.options;
  char before = '?';
  while (!options.empty()) {
    const size_t end = std::min(options.find('&'), options.size());
    const std::string_view option = options.substr(0, end);
    options.remove_prefix(std::min(end + 1, options.size()));
    if (IsSecret(option.substr(0, option.find('=')))) continue;
    shown += before;
    shown += option;
    before = '&';
  }
  return shown;
}

void CloseObjectStores() {
  if (g_stores_used.load()) arrow::fs::EnsureFinalized();
}

namespace internal {

bool IsObjectStore(const std::string& location) {
  return location.starts_with("s3://") || location.starts_with("gs://") ||
         location.starts_with("gcs://");
}

Result<SourceFiles> FindObjects(const std::string& location) {
  SourceFiles found;
  found.location = ShownLocation(location);
  const Address address = Parse(location);
  if (address.bucket.empty()) {
    return base::UsageError("'" + found.location + "' names no bucket: write " + address.scheme +
                            "://BUCKET/PATH");
  }
  std::string uri = address.scheme + "://";
  if (!address.user.empty()) uri += address.user + "@";
  uri += address.bucket + "/";
  if (const std::string options = OptionsOf(address); !options.empty()) uri += "?" + options;
  if (address.scheme == "s3") ARROW_RETURN_NOT_OK(LoadS3());
  g_stores_used.store(true);
  auto opened = arrow::fs::FileSystemFromUri(uri);
  // The message could repeat the address with its secrets.
  if (!opened.ok()) {
    const bool has_secrets = !address.user.empty() || found.location.find('?') == std::string::npos;
    // S3 is asked for the bucket's region, so that this may be the network's fault.
    if (opened.status().IsIOError()) {
      return has_secrets && !address.options.empty()
                 ? Unreadable(found.location, Status::IOError("the service can't be reached"))
                 : Unreadable(found.location, opened.status());
    }
    return base::UsageError("'" + found.location + "' can't be opened" +
                            (has_secrets && !address.options.empty()
                                 ? std::string(": its options are not understood")
                                 : ": " + opened.status().message()) +
                            "; the options after '?' are endpoint_override, scheme and region");
  }
  const std::shared_ptr<arrow::fs::FileSystem> file_system = *std::move(opened);
  auto files = List(file_system.get(), address);
  if (!files.ok()) return Unreadable(found.location, files.status());
  if (files->empty()) {
    return base::DataError("'" + found.location +
                           "' holds no files (names that start with '.' or '_' are skipped): give "
                           "the address of a file, of a folder of them, or a glob");
  }
  found.files = *std::move(files);
  found.store = std::make_shared<ObjectStore>(file_system, address.scheme);
  return found;
}

}  // namespace internal
}  // namespace emberharmony::io

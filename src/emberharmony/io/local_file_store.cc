#include <sys/stat.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/io/file_store_internal.h"

namespace emberharmony::io::internal {
namespace {

// Large enough to make few system calls, small enough for hundreds of columns at once.
constexpr int64_t kReadBytes = int64_t{256} << 10;

class LocalFileStore : public FileStore {
 public:
  arrow::Result<OpenedFile> Open(const ListedFile& listed) const override {
    struct stat info;
    if (stat(listed.path.c_str(), &info) == 0) {
      const int64_t modified_ns = int64_t{info.st_mtim.tv_sec} * 1000000000 + info.st_mtim.tv_nsec;
      if (info.st_size != listed.size || modified_ns != listed.modified_ns) {
        return base::DataError(
            "'" + listed.path +
            "' has changed since reading began: run again on files that stay as they are");
      }
    }
    auto opened = base::OpenRegularFile(listed.path);
    if (!opened.ok()) return base::DataError(opened.status().message());
    return OpenedFile{*std::move(opened), ""};
  }

  int64_t read_bytes() const override { return kReadBytes; }
};

}  // namespace

int64_t ReadBytesEach(const FileStore& store, size_t num_columns) {
  constexpr int64_t kTogetherMax = int64_t{32} << 20;
  constexpr int64_t kEachMin = int64_t{256} << 10;
  const int64_t share = kTogetherMax / static_cast<int64_t>(num_columns + 1);
  return std::min(store.read_bytes(), std::max(kEachMin, share));
}

arrow::Result<SourceFiles> FindLocalFiles(const std::string& location) {
  SourceFiles files;
  files.location = location;
  files.store = std::make_shared<LocalFileStore>();
  ARROW_ASSIGN_OR_RAISE(files.files, ListFiles(location));
  return files;
}

}  // namespace emberharmony::io::internal

#include "emberharmony/cli/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::cli {

arrow::Result<std::unique_ptr<TemporaryFolder>> TemporaryFolder::Make() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) {
    return base::DataError("there is no folder for temporary files (" + error.message() +
                           "); name one with TMPDIR");
  }
  std::string path = (parent / "ember-bench-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return base::DataError("cannot make a temporary folder in '" + parent.string() +
                           "': " + std::strerror(errno) + "; name another one with TMPDIR");
  }
  return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace emberharmony::cli

#include <fmt/format.h>

#include <system_error>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/plan/model_file_internal.h"

namespace emberharmony::plan::internal {

namespace fs = std::filesystem;

arrow::Result<std::string> ModelFile(const fs::path& dir, const std::string& name) {
  const fs::path path = dir / name;
  std::error_code error;
  const fs::path found = fs::canonical(path, error);
  if (error) return path.string();
  const fs::path root = fs::canonical(dir, error);
  if (!error) {
    const fs::path relative = found.lexically_relative(root);
    if (!relative.empty() && *relative.begin() != "..") return path.string();
  }
  return base::DataError(fmt::format(
      "'{}' leads out of the model's folder, to '{}': a model must hold its files itself; copy "
      "them into it (cp -rL)",
      path.string(), found.string()));
}

}  // namespace emberharmony::plan::internal

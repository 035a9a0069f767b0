#include "emberharmony/cli/plan_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <system_error>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/output_folder.h"

namespace emberharmony::cli {

namespace {

namespace fs = std::filesystem;

// Larger than any plan that is taken.
constexpr int64_t kPlanBytesMax = int64_t{16} << 20;

// Whether a file says that it is a plan, be it one with faults: a table or a text of another kind
// has no line that begins so.
bool LooksLikePlan(const std::string& path) {
  const auto text = base::ReadFile(path, kPlanBytesMax);
  if (!text.ok()) return false;
  constexpr std::string_view kKey = "version:";
  return text->empty() || text->starts_with(kKey) ||
         text->find("\n" + std::string(kKey)) != std::string::npos;
}

bool BelongsToModel(const fs::path& path) {
  std::error_code ignored;
  return path.filename() == "plan.yaml" && fs::exists(path.parent_path() / "model.json", ignored);
}

}  // namespace

arrow::Status CheckPlanFile(const std::string& path, const std::string& source, bool overwrite) {
  ARROW_RETURN_NOT_OK(engine::CheckOutsideSource(path, source));
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return arrow::Status::OK();
  if (!fs::is_regular_file(status)) {
    return base::UsageError(fmt::format("'{}' is not a file; name a file for the plan", path));
  }
  if (!overwrite) {
    return base::UsageError(fmt::format(
        "'{}' exists already; choose another name for the plan, or replace it with --overwrite",
        path));
  }
  if (BelongsToModel(fs::absolute(path, error))) {
    return base::UsageError(fmt::format(
        "'{}' is part of a model, which another plan would damage; choose another name", path));
  }
  if (!LooksLikePlan(path)) {
    return base::UsageError(fmt::format(
        "'{}' is not a plan, and --overwrite replaces nothing else; choose another name", path));
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::cli

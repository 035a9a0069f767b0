#include <fmt/format.h>

#include <semaphore>
#include <string>

#include "emberharmony/backend/native/openblas_internal.h"
#include "emberharmony/base/plugin_search.h"
#include "emberharmony/tensor/errors.h"

namespace emberharmony::backend::native {
namespace {

constexpr const char* kFileName = "libemberharmony_openblas.so";

/// Debian's OpenBLAS has 128 buffers; a routine holds at most two at a time.
constexpr int kTurns = 64;
std::counting_semaphore<kTurns> turns{kTurns};

const EmberOpenBlas* TableOf(void* entry) { return reinterpret_cast<EmberOpenBlasEntry>(entry)(); }

const base::PluginSearch& TheSearch() {
  static const base::PluginSearch search = base::FindPlugin(
      kFileName, EMBER_OPENBLAS_ENTRY, [](void* entry, const std::string& path) -> std::string {
        const EmberOpenBlas& table = *TableOf(entry);
        if (table.version == EMBER_OPENBLAS_VERSION && table.size >= sizeof(EmberOpenBlas)) {
          return "";
        }
        return fmt::format("{} is of version {}, expected {}", path, table.version,
                           EMBER_OPENBLAS_VERSION);
      });
  return search;
}

}  // namespace

const EmberOpenBlas* FindOpenBlas() {
  static const EmberOpenBlas* const table =
      TheSearch().entry == nullptr ? nullptr : TableOf(TheSearch().entry);
  return table;
}

const EmberOpenBlas& RequireOpenBlas(const char* function) {
  if (const EmberOpenBlas* const table = FindOpenBlas()) return *table;
  throw tensor::UnsupportedError(
      fmt::format("{}: needs the OpenBLAS plugin, {}, which was not found: put it beside the "
                  "library or set EMBERHARMONY_PLUGIN_DIR to its folder; tried: {}",
                  function, kFileName, TheSearch().tried));
}

std::string DescribeOpenBlas() {
  const EmberOpenBlas* const table = FindOpenBlas();
  if (table == nullptr) return "not found; tried: " + TheSearch().tried;
  return fmt::format("{}, kernels for {}, {}", table->config(), table->core_name(),
                     TheSearch().path);
}

OpenBlasTurn::OpenBlasTurn() { turns.acquire(); }
OpenBlasTurn::~OpenBlasTurn() { turns.release(); }

}  // namespace emberharmony::backend::native

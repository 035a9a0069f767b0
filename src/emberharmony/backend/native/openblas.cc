#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <semaphore>
#include <string>

#include "emberharmony/backend/native/openblas_internal.h"
#include "emberharmony/base/plugin_search.h"
#include "emberharmony/base/process_memory.h"
#include "emberharmony/tensor/errors.h"

namespace emberharmony::backend::native {
namespace {

constexpr const char* kFileName = "libemberharmony_openblas.so";

/// Debian's OpenBLAS has 128 buffers; a routine holds at most two at a time.
constexpr int kTurns = 64;
std::counting_semaphore<kTurns> turns{kTurns};

/// What OpenBLAS maps for each routine that runs at the same time, and keeps; the plugin has it map
/// shared memory where private memory is limited. Where the system refuses it, OpenBLAS asks for
/// ever: so it is looked first whether it would.
constexpr size_t kBufferBytes = size_t{128} << 20;
std::mutex buffers_mutex;
int num_turns_now = 0;  // guarded by buffers_mutex
int most_turns = 0;     // guarded by buffers_mutex: as many buffers are there

bool CanMapBuffer() {
  void* const buffer = mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (buffer == MAP_FAILED) return false;
  munmap(buffer, kBufferBytes);
  return true;
}

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

OpenBlasTurn::OpenBlasTurn() {
  turns.acquire();
  std::lock_guard lock(buffers_mutex);
  if (num_turns_now == most_turns && base::PrivateBytesAreLimited() && !CanMapBuffer()) {
    turns.release();
    throw tensor::OutOfMemoryError(fmt::format(
        "linear algebra: OpenBLAS works in {} MiB of memory, for which the limit leaves no room",
        kBufferBytes >> 20));
  }
  most_turns = std::max(most_turns, ++num_turns_now);
}

OpenBlasTurn::~OpenBlasTurn() {
  {
    std::lock_guard lock(buffers_mutex);
    --num_turns_now;
  }
  turns.release();
}

}  // namespace emberharmony::backend::native

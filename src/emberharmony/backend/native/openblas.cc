#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <semaphore>
#include <vector>

#include "emberharmony/backend/native/openblas_internal.h"
#include "emberharmony/tensor/errors.h"

namespace emberharmony::backend::native {
namespace {

constexpr const char* kFileName = "libemberharmony_openblas.so";

/// Debian's OpenBLAS has 128 buffers; a routine holds at most two at a time.
constexpr int kTurns = 64;
std::counting_semaphore<kTurns> turns{kTurns};

struct Search {
  const EmberOpenBlas* table = nullptr;
  std::string path;   ///< of what was found
  std::string tried;  ///< each path with what was wrong with it
};

/// The folder of the library this function is in, or "".
std::string OwnFolder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&FindOpenBlas), &info) == 0 || !info.dli_fname) {
    return "";
  }
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// Sets *fault to what is wrong if there is no usable plugin at `path`.
const EmberOpenBlas* Load(const std::string& path, std::string* fault) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    *fault = dlerror();
    return nullptr;
  }
  void* const entry = dlsym(library, EMBER_OPENBLAS_ENTRY);
  if (entry == nullptr) {
    *fault = fmt::format("{} has no function {}", path, EMBER_OPENBLAS_ENTRY);
    return nullptr;
  }
  const EmberOpenBlas* const table = reinterpret_cast<EmberOpenBlasEntry>(entry)();
  if (table->version != EMBER_OPENBLAS_VERSION || table->size < sizeof(EmberOpenBlas)) {
    *fault = fmt::format("{} is of version {}, expected {}", path, table->version,
                         EMBER_OPENBLAS_VERSION);
    return nullptr;
  }
  return table;
}

Search SearchPlugin() {
  std::vector<std::string> folders;
  if (const char* folder = std::getenv("EMBERHARMONY_PLUGIN_DIR"); folder && *folder) {
    folders.push_back(folder);
  }
  if (std::string own = OwnFolder(); !own.empty()) folders.push_back(std::move(own));
  Search search;
  for (const std::string& folder : folders) {
    std::string fault;
    search.path = folder + "/" + kFileName;
    search.table = Load(search.path, &fault);
    if (search.table != nullptr) return search;
    search.tried += (search.tried.empty() ? "" : "; ") + fault;
  }
  return search;
}

const Search& TheSearch() {
  static const Search search = SearchPlugin();
  return search;
}

}  // namespace

const EmberOpenBlas* FindOpenBlas() { return TheSearch().table; }

const EmberOpenBlas& RequireOpenBlas(const char* function) {
  const Search& search = TheSearch();
  if (search.table != nullptr) return *search.table;
  throw tensor::UnsupportedError(
      fmt::format("{}: needs the OpenBLAS plugin, {}, which was not found: put it beside the "
                  "library or set EMBERHARMONY_PLUGIN_DIR to its folder; tried: {}",
                  function, kFileName, search.tried));
}

std::string DescribeOpenBlas() {
  const Search& search = TheSearch();
  if (search.table == nullptr) return "not found; tried: " + search.tried;
  return fmt::format("{}, kernels for {}, {}", search.table->config(), search.table->core_name(),
                     search.path);
}

OpenBlasTurn::OpenBlasTurn() { turns.acquire(); }
OpenBlasTurn::~OpenBlasTurn() { turns.release(); }

}  // namespace emberharmony::backend::native

#include <dlfcn.h>
#include <fmt/format.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/jobs/libcurl_internal.h"

// The sanitizers' own definitions must come first, which RTLD_DEEPBIND would undo.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EMBER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define EMBER_SANITIZED 1
#endif
#endif

namespace emberharmony::bigquery::jobs {
namespace {

#ifdef EMBER_SANITIZED
constexpr int kOpenMode = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
#else
constexpr int kOpenMode = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | RTLD_DEEPBIND;
#endif

/// With GnuTLS first: it needs no OpenSSL of its own.
constexpr const char* kNames[] = {"libcurl-gnutls.so.4", "libcurl.so.4"};

template <class Function>
bool Find(void* library, const char* name, Function* out) {
  *out = reinterpret_cast<Function>(dlsym(library, name));
  return *out != nullptr;
}

/// The name of a function that is missing, or null.
const char* Fill(void* library, Libcurl* curl) {
#define EMBER_FIND(name) \
  if (!Find(library, "curl_" #name, &curl->name)) return "curl_" #name
  EMBER_FIND(global_init);
  EMBER_FIND(version);
  EMBER_FIND(easy_init);
  EMBER_FIND(easy_setopt);
  EMBER_FIND(easy_getinfo);
  EMBER_FIND(easy_cleanup);
  EMBER_FIND(easy_strerror);
  EMBER_FIND(slist_append);
  EMBER_FIND(slist_free_all);
  EMBER_FIND(multi_init);
  EMBER_FIND(multi_cleanup);
  EMBER_FIND(multi_add_handle);
  EMBER_FIND(multi_remove_handle);
  EMBER_FIND(multi_perform);
  EMBER_FIND(multi_poll);
  EMBER_FIND(multi_info_read);
#undef EMBER_FIND
  return nullptr;
}

struct Loaded {
  Libcurl curl;
  bool usable = false;
  std::string faults;
};

Loaded Load() {
  Loaded loaded;
  for (const char* name : kNames) {
    void* const library = dlopen(name, kOpenMode);
    std::string fault;
    if (library == nullptr) {
      fault = dlerror();
    } else if (const char* missing = Fill(library, &loaded.curl)) {
      fault = fmt::format("{} has no function {}", name, missing);
    } else if (loaded.curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      fault = fmt::format("{} could not be initialized", name);
    } else {
      loaded.usable = true;
      return loaded;
    }
    loaded.faults += (loaded.faults.empty() ? "" : "; ") + fault;
  }
  return loaded;
}

}  // namespace

arrow::Result<const Libcurl*> LoadLibcurl() {
  static const auto* const loaded = new Loaded(Load());
  if (loaded->usable) return &loaded->curl;
  return base::DataError(
      fmt::format("BigQuery's REST API (queries, views) needs libcurl, which could not be loaded: "
                  "install it (Debian: libcurl3-gnutls); tried: {}",
                  loaded->faults));
}

}  // namespace emberharmony::bigquery::jobs

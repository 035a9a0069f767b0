#pragma once

#include <arrow/result.h>
#include <curl/curl.h>

#include <string>

namespace emberharmony::bigquery::jobs {

/// The functions of libcurl that are used. Their names in the library are these behind `curl_`.
struct Libcurl {
  decltype(&curl_global_init) global_init;
  decltype(&curl_version) version;
  decltype(&curl_easy_init) easy_init;
  CURLcode (*easy_setopt)(CURL*, CURLoption, ...);
  CURLcode (*easy_getinfo)(CURL*, CURLINFO, ...);
  decltype(&curl_easy_cleanup) easy_cleanup;
  const char* (*easy_strerror)(CURLcode);
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_multi_init) multi_init;
  decltype(&curl_multi_cleanup) multi_cleanup;
  decltype(&curl_multi_add_handle) multi_add_handle;
  decltype(&curl_multi_remove_handle) multi_remove_handle;
  decltype(&curl_multi_perform) multi_perform;
  decltype(&curl_multi_poll) multi_poll;
  decltype(&curl_multi_info_read) multi_info_read;
};

/// Loads the library once, for good; the error names what was tried.
///
/// It is opened with RTLD_DEEPBIND, so that it and what it needs (GnuTLS or OpenSSL, libssh2) find
/// their own libcrypto before the OpenSSL that libparquet exports to the whole process: symbols of
/// two versions of OpenSSL must not mix.
arrow::Result<const Libcurl*> LoadLibcurl();

}  // namespace emberharmony::bigquery::jobs

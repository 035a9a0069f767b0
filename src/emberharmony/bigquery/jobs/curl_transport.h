#pragma once

#include <arrow/result.h>

#include <memory>

#include "emberharmony/bigquery/jobs/http.h"

namespace emberharmony::bigquery::jobs {

/// The largest answer that is taken: the schema of a table with 10,000 columns has some 2 MB.
inline constexpr size_t kAnswerBytesMax = size_t{16} << 20;

/// Sends requests with the system's libcurl, which is loaded when first asked for: a process that
/// never speaks REST needs none. Proxies are those of the environment, but never for loopback
/// hosts; the authorities are the system's, or $SSL_CERT_FILE.
arrow::Result<std::unique_ptr<HttpTransport>> MakeCurlTransport();

}  // namespace emberharmony::bigquery::jobs

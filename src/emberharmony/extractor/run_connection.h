#pragma once

#include "emberharmony/bigquery/remote_source.h"

namespace emberharmony::extractor {

/// Says how runs on this thread read bigquery:// while it lives. Who opens such locations is
/// registered once for the process, by the first of these; their options are each run's own.
class RunConnection {
 public:
  /// `options` must outlive it.
  explicit RunConnection(const bigquery::RemoteSourceOptions* options);
  ~RunConnection();
  RunConnection(const RunConnection&) = delete;
  RunConnection& operator=(const RunConnection&) = delete;

 private:
  const bigquery::RemoteSourceOptions* const earlier_;
};

}  // namespace emberharmony::extractor

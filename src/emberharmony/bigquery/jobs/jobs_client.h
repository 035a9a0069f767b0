#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/bigquery/jobs.h"
#include "emberharmony/bigquery/jobs/http.h"
#include "emberharmony/bigquery/jobs/rest_client.h"
#include "emberharmony/bigquery/jobs/token_source.h"

namespace emberharmony::bigquery::jobs {

/// What the client works with; tests put in their own. Transport and clock outlive the client.
struct JobsParts {
  HttpTransport* transport = nullptr;
  Clock* clock = nullptr;
  Environment environment;
  std::function<std::string()> new_job_id;
};

/// The client for the settings given. Makes no call, but for the universe of the credentials where
/// the machine's metadata server has to be asked.
arrow::Result<std::unique_ptr<Jobs>> MakeJobs(const JobOptions& options, const JobsParts& parts);

/// The same with libcurl, the system's clock and the process's environment.
arrow::Result<std::unique_ptr<Jobs>> ConnectJobs(const JobOptions& options);

/// Reads what tables.get answers.
TableInfo ReadTableInfo(const nlohmann::json& answer);
/// Reads a schema: {"fields": [{"name": ..., "type": ..., "mode": ..., "fields": ...}]}.
std::vector<TableField> ReadFields(const nlohmann::json& schema);

}  // namespace emberharmony::bigquery::jobs

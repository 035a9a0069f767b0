#pragma once

#include <arrow/memory_pool.h>
#include <google/cloud/bigquery/storage/v1/storage.pb.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "emberharmony/bigquery/server/fault_schedule.h"
#include "emberharmony/bigquery/server/read_plan.h"
#include "emberharmony/bigquery/server/served_table.h"
#include "emberharmony/bigquery/server/session_store.h"

namespace emberharmony::bigquery::server {

/// How sessions are made.
struct SessionRules {
  ResponseSize response;
  int64_t stream_bytes = int64_t{1} << 20;
  Clock clock;
  arrow::MemoryPool* pool = nullptr;
};

/// Rows that belong together: splits and samples fall between blocks.
inline constexpr int64_t kBlockRows = 1024;

/// Answers CreateReadSession. Thread-safe.
class SessionMaker {
 public:
  using Request = google::cloud::bigquery::storage::v1::CreateReadSessionRequest;
  using Response = google::cloud::bigquery::storage::v1::ReadSession;

  /// The store and the schedule must outlive it.
  SessionMaker(std::vector<std::shared_ptr<const Table>> tables, SessionRules rules,
               SessionStore* store, const FaultSchedule* faults);

  /// `check_stop` is asked while a restriction's columns are scanned; an error of it ends the call
  /// with CANCELLED.
  grpc::Status Make(const Request& request, const std::function<arrow::Status()>& check_stop,
                    Response* response);

 private:
  grpc::Status RowsOf(const std::shared_ptr<const Table>& table, const std::string& restriction,
                      const std::function<arrow::Status()>& check_stop,
                      std::shared_ptr<const TableRows>* rows, std::string* sql);
  grpc::Status PlanOf(const Response& session, const std::shared_ptr<const Table>& table,
                      const std::function<arrow::Status()>& check_stop,
                      std::shared_ptr<const ReadPlan>* plan);
  std::vector<StreamPtr> StreamsOf(const std::shared_ptr<const ReadPlan>& plan,
                                   const Request& request) const;
  void Answer(const Request& request, const ReadPlan& plan, const std::vector<StreamPtr>& streams,
              Response* response);

  std::map<std::string, std::shared_ptr<const Table>> tables_;  ///< by resource name
  const SessionRules rules_;
  SessionStore* const store_;
  const FaultSchedule* const faults_;
  std::mutex mutex_;
  /// Restricted rows that a session still uses, by table and restriction; guarded by mutex_.
  std::map<std::string, std::weak_ptr<const TableRows>> restricted_;
};

/// Whether what the client asks for makes sense in itself.
grpc::Status CheckRequest(const SessionMaker::Request& request, int64_t now_micros);

}  // namespace emberharmony::bigquery::server

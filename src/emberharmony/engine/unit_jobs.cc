#include "emberharmony/engine/unit_jobs.h"

#include <mutex>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/weighted_scan.h"

namespace emberharmony::engine {

namespace {

class UnitJobs {
 public:
  UnitJobs(const io::Source& source, const SplitVectors& splits, RunContext* context)
      : source_(source), splits_(splits), context_(context) {}

  arrow::Status Run(const std::vector<std::unique_ptr<ColumnJob>>& jobs) {
    std::vector<ColumnJob*> waiting;
    for (const auto& job : jobs) waiting.push_back(job.get());
    // Nobody has seen anything yet.
    ARROW_ASSIGN_OR_RAISE(auto scanning, InParallel(waiting, &UnitJobs::BeginPasses));
    while (!scanning.empty()) {
      ARROW_RETURN_NOT_OK(Scan(scanning));
      ARROW_RETURN_NOT_OK(splits_.Complete());
      ARROW_ASSIGN_OR_RAISE(scanning, InParallel(scanning, &UnitJobs::FinishPass));
    }
    return arrow::Status::OK();
  }

 private:
  /// The jobs, in their order, for which `step` says that they have something to scan.
  arrow::Result<std::vector<ColumnJob*>> InParallel(
      const std::vector<ColumnJob*>& jobs, arrow::Result<bool> (UnitJobs::*step)(ColumnJob*)) {
    std::vector<char> scans(jobs.size());
    ARROW_RETURN_NOT_OK(base::ParallelFor(context_->num_threads(),
                                          static_cast<int64_t>(jobs.size()),
                                          [&](int64_t i) -> arrow::Status {
                                            ARROW_ASSIGN_OR_RAISE(scans[i], (this->*step)(jobs[i]));
                                            return arrow::Status::OK();
                                          }));
    std::vector<ColumnJob*> scanning;
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (scans[i] != 0) scanning.push_back(jobs[i]);
    }
    return scanning;
  }

  /// Begins passes until one has something to scan; false when the job is done.
  arrow::Result<bool> BeginPasses(ColumnJob* job) {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool scan, job->BeginPass());
      if (scan && !source_.units().empty()) return true;
      ARROW_ASSIGN_OR_RAISE(const bool again, job->FinishPass());
      if (!again) break;
    }
    job->Release();
    return false;
  }

  arrow::Result<bool> FinishPass(ColumnJob* job) {
    ARROW_ASSIGN_OR_RAISE(const bool again, job->FinishPass());
    if (again) return BeginPasses(job);
    job->Release();
    return false;
  }

  arrow::Status Scan(const std::vector<ColumnJob*>& jobs) {
    std::vector<int> columns;
    for (const ColumnJob* job : jobs) columns.push_back(job->source_column());
    const auto& units = source_.units();
    return base::ParallelFor(
        context_->num_threads(), static_cast<int64_t>(units.size()),
        [&](int64_t u) -> arrow::Status {
          ARROW_RETURN_NOT_OK(ScanUnit(units[u], jobs, columns));
          context_->progress()->Advance(units[u].num_rows * static_cast<int64_t>(jobs.size()));
          return arrow::Status::OK();
        });
  }

  arrow::Status ScanUnit(const io::Unit& unit, const std::vector<ColumnJob*>& jobs,
                         const std::vector<int>& columns) {
    // Learning sees training rows only.
    if (splits_.uniform_split() > 0) return arrow::Status::OK();
    const base::Activity activity("reading of columns");
    const TaskGate::Pass pass =
        context_->gate()->Enter(unit.num_rows + ScanBatchesBytes(unit, columns.size(), context_));
    std::vector<std::unique_ptr<WeightedScan>> scans;
    for (ColumnJob* job : jobs) {
      scans.push_back(std::make_unique<WeightedScan>(
          [job](const auto& values, const int64_t* weights, int64_t null_weight) {
            return job->Consume(values, weights, null_weight);
          },
          context_->budget()));
    }
    if (splits_.pending()) {
      ARROW_RETURN_NOT_OK(ScanAndSplit(unit, columns, scans));
    } else {
      base::MemoryReservation reservation(context_->budget());
      ARROW_RETURN_NOT_OK(reservation.Resize(unit.num_rows));
      const auto splits = splits_.Unpack(unit.index);
      ARROW_RETURN_NOT_OK(
          ScanColumns(source_, unit, columns, context_,
                      [&](size_t column, const io::Piece& piece, int64_t first_row) {
                        return scans[column]->Add(
                            piece, splits != nullptr ? splits->data() + first_row : nullptr);
                      }));
    }
    for (const auto& scan : scans) ARROW_RETURN_NOT_OK(scan->Finish());
    return arrow::Status::OK();
  }

  /// The rows' splits are found in the same scan that learns from them.
  arrow::Status ScanAndSplit(const io::Unit& unit, const std::vector<int>& columns,
                             const std::vector<std::unique_ptr<WeightedScan>>& scans) {
    ARROW_ASSIGN_OR_RAISE(auto unit_splits, splits_.BeginUnit(unit.index));
    std::vector<int> asked = unit_splits->columns();
    const size_t num_key_columns = asked.size();
    asked.insert(asked.end(), columns.begin(), columns.end());
    ARROW_RETURN_NOT_OK(
        ScanBatches(source_, unit, asked, context_, [&](const io::Batch& batch) -> arrow::Status {
          ARROW_ASSIGN_OR_RAISE(const uint8_t* splits, unit_splits->Assign(batch));
          for (size_t i = 0; i < columns.size(); ++i) {
            const size_t column = (static_cast<size_t>(unit.index) + i) % columns.size();
            const uint8_t* of_piece = splits;
            for (const io::Piece& piece : batch.columns[num_key_columns + column].pieces) {
              ARROW_RETURN_NOT_OK(scans[column]->Add(piece, of_piece));
              of_piece += piece.num_rows;
            }
          }
          return arrow::Status::OK();
        }));
    unit_splits->Finish();
    return arrow::Status::OK();
  }

  const io::Source& source_;
  const SplitVectors& splits_;
  RunContext* const context_;
};

}  // namespace

arrow::Status RunUnitJobs(const std::vector<std::unique_ptr<ColumnJob>>& jobs,
                          const io::Source& source, const SplitVectors& splits,
                          RunContext* context) {
  return UnitJobs(source, splits, context).Run(jobs);
}

}  // namespace emberharmony::engine

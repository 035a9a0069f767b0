#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emberharmony/engine/row_spool.h"
#include "emberharmony/feature/fixed_point.h"
#include "emberharmony/feature/window_products.h"
#include "emberharmony/feature/windows.h"

namespace emberharmony::engine {

/// A data set of windows in a folder that outlives the process: its rows, once all of them have
/// come, and what was learned of them, once that is complete. Each file is on disk before another
/// says so, with its hash, which is compared before anything is taken; what does not fit counts as
/// not there. It may come from a stranger. One process at a time, by a lock; one thread.
class KeptDataSet {
 public:
  /// A folder that is absent or empty, or with `resume` one that holds a data set, or what a killed
  /// process has left of one. UsageError for any other, and for one that another process is at.
  static arrow::Result<std::unique_ptr<KeptDataSet>> Open(const std::string& folder, bool resume);
  ~KeptDataSet();
  KeptDataSet(const KeptDataSet&) = delete;
  KeptDataSet& operator=(const KeptDataSet&) = delete;

  struct Rows {
    std::shared_ptr<RowSpool> spool;
    feature::ColumnRanges ranges;
  };
  /// UsageError when they came as one table and are to be parts, or the other way round.
  arrow::Result<std::optional<Rows>> FindRows(bool is_one_table);
  /// Where rows are written that come.
  std::string rows_path() const { return folder_ + "/rows"; }
  arrow::Status NoteRows(const Rows& rows, bool is_one_table);

  struct Learned {
    feature::WindowProducts products;
    feature::SequenceWindows::Sequences sequences;  ///< behind the last row
  };
  /// Of the rows that were found or noted, for windows of this layout.
  arrow::Result<std::optional<Learned>> FindLearned(const feature::WindowLayout& layout) const;
  arrow::Status NoteLearned(const feature::WindowProducts& products,
                            const feature::SequenceWindows::Sequences& sequences) const;

 private:
  KeptDataSet(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}

  const std::string folder_;
  const int lock_;
  std::string rows_hash_;
};

}  // namespace emberharmony::engine

#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace emberharmony::io {

/// Rows [begin, end).
struct RowRun {
  int64_t begin = 0;
  int64_t end = 0;
};

/// Which rows of a unit are selected: all, none, or runs or a bitmap, whichever is smaller; never
/// more than a bit a row. Immutable and thread-safe.
class RowSelection {
 public:
  static std::shared_ptr<const RowSelection> All(int64_t num_rows);
  static std::shared_ptr<const RowSelection> None(int64_t num_rows);
  /// Ascending runs that do not overlap.
  static arrow::Result<std::shared_ptr<const RowSelection>> FromRuns(
      const std::vector<RowRun>& runs, int64_t num_rows, arrow::MemoryPool* pool);
  /// Bit i of the words, least significant first; bits from num_rows on are 0.
  static arrow::Result<std::shared_ptr<const RowSelection>> FromBits(
      std::shared_ptr<arrow::Buffer> words, int64_t num_rows, arrow::MemoryPool* pool);

  /// Writes it, in as few bytes.
  arrow::Status Write(arrow::io::OutputStream* stream) const;
  /// What Write wrote; checked, it may come from a stranger: nullptr for anything else than a
  /// selection of num_rows rows.
  static arrow::Result<std::shared_ptr<const RowSelection>> Read(arrow::io::InputStream* stream,
                                                                 int64_t num_rows,
                                                                 arrow::MemoryPool* pool);

  int64_t num_rows() const { return num_rows_; }
  int64_t num_selected() const { return num_selected_; }
  bool all() const { return num_selected_ == num_rows_; }
  bool none() const { return num_selected_ == 0; }
  /// How many rows of [begin, end) are selected.
  int64_t CountBetween(int64_t begin, int64_t end) const;
  /// The row that `rank` selected rows come before; num_rows() when there are no more.
  int64_t RowOf(int64_t rank) const;

 private:
  friend class RowWalker;
  struct StoredRun {
    uint32_t begin;
    uint32_t end;
  };

  RowSelection(int64_t num_rows, int64_t num_selected)
      : num_rows_(num_rows), num_selected_(num_selected) {}
  const StoredRun* runs() const { return reinterpret_cast<const StoredRun*>(runs_->data()); }
  int64_t num_runs() const { return runs_->size() / static_cast<int64_t>(sizeof(StoredRun)); }
  const uint64_t* words() const { return reinterpret_cast<const uint64_t*>(words_->data()); }

  int64_t num_rows_ = 0;
  int64_t num_selected_ = 0;
  // Neither where all or no rows are selected, else one of them.
  std::shared_ptr<arrow::Buffer> runs_;
  std::shared_ptr<arrow::Buffer> words_;
};

/// Goes through the selected rows in ascending order. One thread at a time.
class RowWalker {
 public:
  explicit RowWalker(std::shared_ptr<const RowSelection> selection);

  /// The next selected row; num_rows() after the last.
  int64_t next() const { return next_; }
  /// How many consecutive rows from next() on are selected, counting only those below `limit`.
  int64_t RunLength(int64_t limit) const;
  /// Passes over the rows below `row`.
  void Advance(int64_t row);
  /// Takes at most `max` selected rows below `end`: offsets[i] = row - base. Returns how many.
  int64_t Take(int64_t base, int64_t end, int64_t max, int32_t* offsets);

 private:
  void FindNext(int64_t row);

  std::shared_ptr<const RowSelection> selection_;
  int64_t next_ = 0;
  int64_t run_ = 0;  // runs: the one that holds next_
};

/// Collects the rows that pass out of candidates. One thread at a time.
class SelectionBuilder {
 public:
  /// No row is selected yet.
  static arrow::Result<SelectionBuilder> Make(int64_t num_rows, arrow::MemoryPool* pool);

  void Add(const RowRun& run);
  /// Of the next `count` rows of `candidates` those whose bit of `passes` is 1.
  void AddPassing(RowWalker* candidates, const std::vector<uint64_t>& passes, int64_t count);
  arrow::Result<std::shared_ptr<const RowSelection>> Finish();

 private:
  SelectionBuilder(std::shared_ptr<arrow::Buffer> words, int64_t num_rows, arrow::MemoryPool* pool)
      : words_(std::move(words)), num_rows_(num_rows), pool_(pool) {}

  std::shared_ptr<arrow::Buffer> words_;
  int64_t num_rows_;
  arrow::MemoryPool* pool_;
};

}  // namespace emberharmony::io

#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emberharmony/feature/window_layout.h"
#include "emberharmony/ops/operand.h"

namespace emberharmony::feature {

/// Rows of a batch, cut into stretches of one sequence each, in which every window that ends in the
/// batch lies as a whole: the rows of a sequence that came before are in front.
struct WindowRuns {
  struct Run {
    int64_t begin;        ///< its first row in `rows`
    int64_t num_rows;     ///< with those from before
    int64_t num_carried;  ///< of which so many are from before
    int64_t position;     ///< of the first row in its sequence
  };
  int64_t num_columns = 0;
  std::vector<double> rows;  ///< row-major
  std::vector<Run> runs;
  /// The batch's row for each row in `rows`, -1 for those from before; empty where there is one
  /// run, whose rows follow each other.
  std::vector<int64_t> batch_rows;

  const double* RowsOf(const Run& run) const { return rows.data() + run.begin * num_columns; }
};

/// Keeps the last rows of each sequence, so that no window is lost or doubled where batches meet.
///
/// A sequence is all rows of one number, in the order in which they come; without numbers all rows
/// are one sequence. What is cut depends on the rows so far alone, never on what comes later. Holds
/// window_size - 1 rows for each sequence. One thread at a time.
class SequenceWindows {
 public:
  explicit SequenceWindows(const WindowLayout& layout);

  /// Cuts rows (n, num_columns) of float32 or float64. `sequences` holds n numbers, or is null.
  void Cut(const ops::Tensor& rows, const int64_t* sequences, WindowRuns* out);
  /// How many windows of each of the layout's strides end in the next n rows of these sequences;
  /// nothing is changed.
  std::vector<int64_t> CountWindows(int64_t num_rows, const int64_t* sequences) const;
  /// Forgets all sequences.
  void Reset();

  /// From here on remembers what sequences were, so that Undo takes back every Cut since; Accept
  /// ends that.
  void BeginUndoable();
  void Undo();
  void Accept();

  /// What is known of a sequence.
  struct Sequence {
    int64_t num_rows = 0;      ///< so far
    std::vector<double> last;  ///< its last window_size - 1 rows, or all if there are fewer
  };
  using Sequences = std::unordered_map<int64_t, Sequence>;
  const Sequences& sequences() const { return sequences_; }
  /// The same, and forgets them.
  Sequences TakeSequences();
  /// In the place of those that there are.
  void set_sequences(Sequences sequences) { sequences_ = std::move(sequences); }
  const WindowLayout& layout() const { return layout_; }

 private:
  void CutOne(const ops::Tensor& rows, WindowRuns* out);
  void CutMany(const ops::Tensor& rows, const int64_t* sequences, WindowRuns* out);
  WindowRuns::Run BeginRun(const Sequence& sequence, WindowRuns* out) const;
  void Keep(const WindowRuns& runs, const WindowRuns::Run& run, Sequence* sequence) const;

  Sequence& SequenceOf(int64_t number);

  WindowLayout layout_;
  Sequences sequences_;
  /// What sequences were that have changed since; absent: nothing is remembered.
  std::optional<Sequences> before_;
};

/// How many windows of each of the layout's strides end in a batch.
std::vector<int64_t> CountWindows(const WindowRuns& runs, const WindowLayout& layout);

/// The windows of one stride that end in a batch, run by run.
struct StrideWindows {
  struct Part {
    int64_t first_row;  ///< of the run's first window, counted in the run; the others follow at the
                        ///< stride
    int64_t count;
    int64_t number;  ///< of the first window
  };
  std::vector<Part> parts;  ///< for each run
  int64_t count = 0;
  /// For each window its place among all, ordered by their last rows; empty where that is its
  /// number.
  std::vector<int64_t> places;

  int64_t PlaceOf(int64_t number) const { return places.empty() ? number : places[number]; }
};
StrideWindows WindowsOf(const WindowRuns& runs, const WindowLayout& layout, int64_t stride,
                        int64_t num_batch_rows);

}  // namespace emberharmony::feature

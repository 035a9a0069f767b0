#include "emberharmony/feature/windows.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "emberharmony/feature/row_kernels_internal.h"

namespace emberharmony::feature {
namespace {

using ops::Tensor;

/// Row `row` of a matrix of float32 or float64, as doubles.
template <class T>
void CopyMatrixRows(const Tensor& rows, int64_t first, int64_t count, double* out) {
  const int64_t num_columns = rows.shape()[1];
  const int64_t row_stride = rows.strides()[0];
  const int64_t column_stride = rows.strides()[1];
  const T* from = rows.data_as<T>() + first * row_stride;
  if (column_stride == 1 && row_stride == num_columns) {
    if constexpr (std::is_same_v<T, float>) {
      BestRowKernels().widen(from, count * num_columns, out);
    } else {
      std::copy_n(from, count * num_columns, out);
    }
    return;
  }
  for (int64_t row = 0; row < count; ++row, from += row_stride) {
    if (column_stride == 1) {
      out = std::copy_n(from, num_columns, out);
    } else {
      for (int64_t c = 0; c < num_columns; ++c) *out++ = from[c * column_stride];
    }
  }
}

void CopyMatrixRows(const Tensor& rows, int64_t first, int64_t count, double* out) {
  if (rows.dtype() == ops::DType::kFloat32) {
    CopyMatrixRows<float>(rows, first, count, out);
  } else {
    CopyMatrixRows<double>(rows, first, count, out);
  }
}

/// The rows of a batch, those of equal sequences behind each other, both in order; and where each
/// sequence begins among them.
struct GroupedRows {
  std::vector<int64_t> order;
  std::vector<int64_t> begins;
};

GroupedRows GroupRows(int64_t num_rows, const int64_t* sequences) {
  std::unordered_map<int64_t, int64_t> group_of;
  std::vector<int64_t> groups(num_rows);
  std::vector<int64_t> counts;
  for (int64_t row = 0; row < num_rows; ++row) {
    const auto [found, is_new] =
        group_of.try_emplace(sequences[row], static_cast<int64_t>(counts.size()));
    if (is_new) counts.push_back(0);
    groups[row] = found->second;
    ++counts[found->second];
  }
  GroupedRows grouped;
  grouped.order.resize(num_rows);
  int64_t begin = 0;
  for (int64_t count : counts) {
    grouped.begins.push_back(begin);
    begin += count;
  }
  std::vector<int64_t> next = grouped.begins;
  for (int64_t row = 0; row < num_rows; ++row) grouped.order[next[groups[row]]++] = row;
  grouped.begins.push_back(num_rows);
  return grouped;
}

}  // namespace

SequenceWindows::SequenceWindows(const WindowLayout& layout) : layout_(layout) {}

void SequenceWindows::Reset() { sequences_.clear(); }

SequenceWindows::Sequences SequenceWindows::TakeSequences() {
  return std::exchange(sequences_, Sequences());
}

void SequenceWindows::BeginUndoable() { before_.emplace(); }

void SequenceWindows::Undo() {
  if (!before_) return;
  for (auto& [number, sequence] : *before_) {
    if (sequence.num_rows == 0) {
      sequences_.erase(number);
    } else {
      sequences_[number] = std::move(sequence);
    }
  }
  before_.reset();
}

void SequenceWindows::Accept() { before_.reset(); }

SequenceWindows::Sequence& SequenceWindows::SequenceOf(int64_t number) {
  Sequence& sequence = sequences_[number];
  if (before_) before_->try_emplace(number, sequence);
  return sequence;
}

WindowRuns::Run SequenceWindows::BeginRun(const Sequence& sequence, WindowRuns* out) const {
  const auto carried = static_cast<int64_t>(sequence.last.size()) / layout_.num_columns;
  const auto begin = static_cast<int64_t>(out->rows.size()) / layout_.num_columns;
  out->rows.insert(out->rows.end(), sequence.last.begin(), sequence.last.end());
  return {begin, carried, carried, sequence.num_rows - carried};
}

void SequenceWindows::Keep(const WindowRuns& runs, const WindowRuns::Run& run,
                           Sequence* sequence) const {
  const int64_t kept = std::min(layout_.window_size - 1, run.num_rows);
  const double* end = runs.RowsOf(run) + run.num_rows * layout_.num_columns;
  sequence->last.assign(end - kept * layout_.num_columns, end);
  sequence->num_rows += run.num_rows - run.num_carried;
}

void SequenceWindows::CutOne(const Tensor& rows, WindowRuns* out) {
  Sequence& sequence = SequenceOf(0);
  const auto carried = static_cast<int64_t>(sequence.last.size()) / layout_.num_columns;
  const int64_t num_rows = rows.shape()[0];
  const WindowRuns::Run run{0, carried + num_rows, carried, sequence.num_rows - carried};
  // Not emptied first: what is written over needs no zeros.
  out->rows.resize(run.num_rows * layout_.num_columns);
  std::copy(sequence.last.begin(), sequence.last.end(), out->rows.begin());
  CopyMatrixRows(rows, 0, num_rows, out->rows.data() + sequence.last.size());
  Keep(*out, run, &sequence);
  out->runs.push_back(run);
}

void SequenceWindows::CutMany(const Tensor& rows, const int64_t* sequences, WindowRuns* out) {
  const int64_t num_columns = layout_.num_columns;
  const GroupedRows grouped = GroupRows(rows.shape()[0], sequences);
  out->rows.clear();
  for (size_t group = 0; group + 1 < grouped.begins.size(); ++group) {
    const int64_t begin = grouped.begins[group];
    const int64_t count = grouped.begins[group + 1] - begin;
    Sequence& sequence = SequenceOf(sequences[grouped.order[begin]]);
    WindowRuns::Run run = BeginRun(sequence, out);
    out->batch_rows.resize(run.begin + run.num_carried, -1);
    out->rows.resize((run.begin + run.num_carried + count) * num_columns);
    double* to = out->rows.data() + (run.begin + run.num_carried) * num_columns;
    for (int64_t i = 0; i < count; ++i, to += num_columns) {
      const int64_t row = grouped.order[begin + i];
      CopyMatrixRows(rows, row, 1, to);
      out->batch_rows.push_back(row);
    }
    run.num_rows += count;
    Keep(*out, run, &sequence);
    out->runs.push_back(run);
  }
}

void SequenceWindows::Cut(const Tensor& rows, const int64_t* sequences, WindowRuns* out) {
  out->num_columns = layout_.num_columns;
  out->runs.clear();
  out->batch_rows.clear();
  if (rows.shape()[0] == 0) {
    out->rows.clear();
    return;
  }
  if (sequences == nullptr) {
    CutOne(rows, out);
  } else {
    CutMany(rows, sequences, out);
  }
}

std::vector<int64_t> SequenceWindows::CountWindows(int64_t num_rows,
                                                   const int64_t* sequences) const {
  std::unordered_map<int64_t, int64_t> new_rows;
  if (sequences == nullptr) {
    new_rows[0] = num_rows;
  } else {
    for (int64_t row = 0; row < num_rows; ++row) ++new_rows[sequences[row]];
  }
  std::vector<int64_t> counts(layout_.strides.size());
  for (const auto& [number, count] : new_rows) {
    const auto known = sequences_.find(number);
    const int64_t before = known == sequences_.end() ? 0 : known->second.num_rows;
    for (size_t i = 0; i < counts.size(); ++i) {
      counts[i] += layout_.NumWindows(before + count, layout_.strides[i]) -
                   layout_.NumWindows(before, layout_.strides[i]);
    }
  }
  return counts;
}

namespace {

StrideWindows::Part PartOf(const WindowRuns::Run& run, const WindowLayout& layout, int64_t stride) {
  const int64_t past = run.position % stride;
  const int64_t first = past == 0 ? 0 : stride - past;
  const int64_t last = run.num_rows - layout.window_size;
  return {first, last < first ? 0 : (last - first) / stride + 1, 0};
}

}  // namespace

std::vector<int64_t> CountWindows(const WindowRuns& runs, const WindowLayout& layout) {
  std::vector<int64_t> counts;
  for (int64_t stride : layout.strides) {
    int64_t count = 0;
    for (const WindowRuns::Run& run : runs.runs) count += PartOf(run, layout, stride).count;
    counts.push_back(count);
  }
  return counts;
}

StrideWindows WindowsOf(const WindowRuns& runs, const WindowLayout& layout, int64_t stride,
                        int64_t num_batch_rows) {
  StrideWindows result;
  for (const WindowRuns::Run& run : runs.runs) {
    result.parts.push_back(PartOf(run, layout, stride));
    result.parts.back().number = result.count;
    result.count += result.parts.back().count;
  }
  if (runs.batch_rows.empty()) return result;

  std::vector<int64_t> place(num_batch_rows + 1);
  const auto last_row = [&](size_t i, int64_t window) {
    return runs.batch_rows[runs.runs[i].begin + result.parts[i].first_row + window * stride +
                           layout.window_size - 1];
  };
  for (size_t i = 0; i < runs.runs.size(); ++i) {
    for (int64_t w = 0; w < result.parts[i].count; ++w) place[last_row(i, w) + 1] = 1;
  }
  for (int64_t row = 0; row < num_batch_rows; ++row) place[row + 1] += place[row];
  result.places.resize(result.count);
  for (size_t i = 0; i < runs.runs.size(); ++i) {
    for (int64_t w = 0; w < result.parts[i].count; ++w) {
      result.places[result.parts[i].number + w] = place[last_row(i, w)];
    }
  }
  return result;
}

}  // namespace emberharmony::feature

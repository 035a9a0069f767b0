#include "emberharmony/io/filtered_source.h"

#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <string>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/io/row_selection.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;
using filter::Filter;
using filter::Verdict;
using SelectionPtr = std::shared_ptr<const RowSelection>;

arrow::MemoryPool* Pool(const FilterOptions& options) {
  return options.pool != nullptr ? options.pool : arrow::default_memory_pool();
}

/// Finds the passing rows of units. Thread-safe.
class RowFinder {
 public:
  RowFinder(const Source& source, std::shared_ptr<const Filter> filter,
            const FilterOptions& options)
      : source_(source), filter_(std::move(filter)), options_(options), pool_(Pool(options)) {
    // Reading columns of such a source one by one would read it several times.
    if (source.columns_independent()) {
      conjuncts_ = filter_->Conjuncts();
    } else {
      conjuncts_ = {filter_};
    }
  }

  Result<SelectionPtr> Find(const Unit& unit) const {
    std::vector<RowRun> passing;
    std::vector<RowRun> open;
    ARROW_RETURN_NOT_OK(Judge(unit, &passing, &open));
    int64_t num_open = 0;
    for (const RowRun& run : open) num_open += run.end - run.begin;
    if (options_.progress) ARROW_RETURN_NOT_OK(options_.progress(unit.num_rows - num_open));
    if (open.empty()) return RowSelection::FromRuns(passing, unit.num_rows, pool_);
    ARROW_ASSIGN_OR_RAISE(SelectionPtr selection,
                          RowSelection::FromRuns(open, unit.num_rows, pool_));
    // The cheapest condition first; those that may fail see only what the others leave.
    auto conjuncts = conjuncts_;
    std::stable_sort(conjuncts.begin(), conjuncts.end(), [&](const auto& a, const auto& b) {
      if (a->may_fail() != b->may_fail()) return b->may_fail();
      return BytesOf(unit, *a) < BytesOf(unit, *b);
    });
    for (size_t i = 0; i < conjuncts.size() && !selection->none(); ++i) {
      const bool last = i + 1 == conjuncts.size();
      ARROW_ASSIGN_OR_RAISE(
          selection, Narrow(unit, conjuncts[i], selection, last ? passing : std::vector<RowRun>()));
      if (last) return Reported(selection, num_open);
    }
    // A condition left nothing; what needed no look is all there is.
    ARROW_ASSIGN_OR_RAISE(selection, RowSelection::FromRuns(passing, unit.num_rows, pool_));
    return Reported(selection, num_open);
  }

 private:
  Result<SelectionPtr> Reported(SelectionPtr selection, int64_t rows) const {
    if (options_.progress) ARROW_RETURN_NOT_OK(options_.progress(rows));
    return selection;
  }

  /// Sorts the parts of a unit into those that pass whole, those that are open, and the rest.
  Status Judge(const Unit& unit, std::vector<RowRun>* passing, std::vector<RowRun>* open) const {
    std::vector<UnitPart> parts;
    if (options_.prune) {
      ARROW_ASSIGN_OR_RAISE(parts, source_.Parts(unit, filter_->columns()));
    }
    int64_t rows = 0;
    for (const UnitPart& part : parts) rows += part.num_rows;
    if (rows != unit.num_rows) parts = {UnitPart{unit.num_rows, {}}};
    int64_t begin = 0;
    for (const UnitPart& part : parts) {
      const int64_t end = begin + part.num_rows;
      const Verdict verdict = filter_->Judge(part.columns, part.num_rows);
      std::vector<RowRun>* runs = verdict == Verdict::kAll    ? passing
                                  : verdict == Verdict::kSome ? open
                                                              : nullptr;
      if (runs != nullptr) runs->push_back({begin, end});
      begin = end;
    }
    return Status::OK();
  }

  int64_t BytesOf(const Unit& unit, const Filter& filter) const {
    int64_t bytes = 0;
    for (const int column : filter.columns()) bytes += source_.Hint(unit, column).compressed_bytes;
    return bytes;
  }

  /// Few rows at a time where values are long.
  int64_t BatchRows(const Unit& unit, const Filter& filter) const {
    constexpr int64_t kMinBatchRows = 64;
    constexpr int64_t kExpansion = 4;
    const int64_t row_bytes = std::max<int64_t>(
        1, BytesOf(unit, filter) * kExpansion / std::max<int64_t>(1, unit.num_rows));
    return std::min(options_.batch_rows, std::max(kMinBatchRows, options_.batch_bytes / row_bytes));
  }

  /// The candidates that pass a condition, and the rows of `also`.
  Result<SelectionPtr> Narrow(const Unit& unit, const std::shared_ptr<const Filter>& condition,
                              const SelectionPtr& candidates,
                              const std::vector<RowRun>& also) const {
    ARROW_ASSIGN_OR_RAISE(SelectionBuilder builder, SelectionBuilder::Make(unit.num_rows, pool_));
    for (const RowRun& run : also) builder.Add(run);
    RowWalker walker(candidates);
    BatchOptions batches;
    batches.batch_rows = BatchRows(unit, *condition);
    batches.pool = pool_;
    ARROW_ASSIGN_OR_RAISE(auto reader, source_.OpenSelected(unit, condition->columns(), batches,
                                                            candidates, Cursor()));
    filter::FilterEvaluator evaluator(condition, pool_);
    std::vector<uint64_t> passes;
    int64_t rows = 0;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch.has_value()) break;
      rows += batch->num_rows;
      if (rows > candidates->num_selected()) break;
      ARROW_RETURN_NOT_OK(evaluator.Evaluate(*batch, &passes).status());
      builder.AddPassing(&walker, passes, batch->num_rows);
      if (options_.progress) ARROW_RETURN_NOT_OK(options_.progress(0));
    }
    if (rows != candidates->num_selected()) {
      return base::DataError("'" + unit.file_name + "' holds " +
                             (rows < candidates->num_selected() ? "fewer" : "more") +
                             " rows than its footer states; write the file anew");
    }
    return builder.Finish();
  }

  const Source& source_;
  const std::shared_ptr<const Filter> filter_;
  const FilterOptions& options_;
  arrow::MemoryPool* const pool_;
  std::vector<std::shared_ptr<const Filter>> conjuncts_;
};

class EmptyReader : public BatchReader {
 public:
  Result<std::optional<Batch>> Next() override { return std::optional<Batch>(); }
  Cursor cursor() const override { return {}; }
};

int64_t Share(int64_t bytes, int64_t part, int64_t whole) {
  return static_cast<int64_t>(static_cast<double>(bytes) * static_cast<double>(part) /
                              static_cast<double>(std::max<int64_t>(1, whole)));
}

class FilteredSource : public Source {
 public:
  FilteredSource(std::shared_ptr<Source> source, std::string identity,
                 std::vector<SelectionPtr> selections)
      : source_(std::move(source)),
        identity_(std::move(identity)),
        selections_(std::move(selections)) {
    for (size_t i = 0; i < selections_.size(); ++i) {
      Unit unit = source_->units()[i];
      unit.bytes = Share(unit.bytes, selections_[i]->num_selected(), unit.num_rows);
      unit.num_rows = selections_[i]->num_selected();
      units_.push_back(std::move(unit));
    }
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return source_->schema(); }
  const std::vector<Unit>& units() const override { return units_; }
  bool columns_independent() const override { return source_->columns_independent(); }
  bool rows_are_numbered() const override { return source_->rows_are_numbered(); }

  ColumnHint Hint(const Unit& unit, int column) const override {
    const Unit& whole = WholeOf(unit);
    ColumnHint hint = source_->Hint(whole, column);
    const int64_t selected = SelectionOf(unit)->num_selected();
    if (selected == whole.num_rows) return hint;
    hint.compressed_bytes = Share(hint.compressed_bytes, selected, whole.num_rows);
    if (hint.null_count != 0) hint.null_count = selected == 0 ? 0 : -1;
    return hint;
  }

  Result<std::unique_ptr<BatchReader>> Open(const Unit& unit, const std::vector<int>& columns,
                                            const BatchOptions& options,
                                            Cursor start) const override {
    if (SelectionOf(unit)->none()) return std::make_unique<EmptyReader>();
    return source_->OpenSelected(WholeOf(unit), columns, options, SelectionOf(unit), start);
  }

  void VisitPositions(const Unit& unit,
                      const std::function<void(int64_t, int64_t)>& visit) const override {
    // The source's own runs of positions, cut to what is selected.
    RowWalker walker(SelectionOf(unit));
    int64_t row = 0;
    source_->VisitPositions(WholeOf(unit), [&](int64_t first, int64_t count) {
      const int64_t end = row + count;
      while (walker.next() < end) {
        const int64_t length = walker.RunLength(end);
        visit(first + walker.next() - row, length);
        walker.Advance(walker.next() + length);
      }
      row = end;
    });
  }

  std::vector<std::string> warnings() const override { return source_->warnings(); }
  std::string identity() const override { return identity_; }

 private:
  const Unit& WholeOf(const Unit& unit) const {
    return source_->units().at(static_cast<size_t>(unit.index));
  }
  const SelectionPtr& SelectionOf(const Unit& unit) const {
    return selections_.at(static_cast<size_t>(unit.index));
  }

  const std::shared_ptr<Source> source_;
  const std::string identity_;
  const std::vector<SelectionPtr> selections_;
  std::vector<Unit> units_;
};

std::string KeptName(int64_t first_unit) { return "filter-" + std::to_string(first_unit); }

// The selections of the units from `begin` on, which are all that there are of these.
Status KeepSelections(const std::vector<SelectionPtr>& selections, int64_t begin,
                      const FilterOptions& options) {
  if (options.keeper == nullptr) return Status::OK();
  return options.keeper->Keep(KeptName(begin), [&](const std::string& path) -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(path));
    const int64_t count = static_cast<int64_t>(selections.size()) - begin;
    ARROW_RETURN_NOT_OK(file->stream()->Write(&count, sizeof(count)));
    for (int64_t i = begin; i < begin + count; ++i)
      ARROW_RETURN_NOT_OK(selections[static_cast<size_t>(i)]->Write(file->stream()));
    return file->Commit();
  });
}

// Appends what was kept of the units from `begin` on; of how many that is, 0: nothing is.
Result<int64_t> TakeKeptSelections(const Source& source, int64_t begin,
                                   const FilterOptions& options,
                                   std::vector<SelectionPtr>* selections) {
  const auto path =
      options.keeper == nullptr ? std::nullopt : options.keeper->FindKept(KeptName(begin));
  if (!path) return 0;
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(*path));
  int64_t count = 0;
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->Read(sizeof(count), &count));
  const auto num_units = static_cast<int64_t>(source.units().size());
  if (read != sizeof(count) || count < 1 || count > num_units - begin) return 0;
  std::vector<SelectionPtr> found;
  for (int64_t i = begin; i < begin + count; ++i) {
    const int64_t num_rows = source.units()[static_cast<size_t>(i)].num_rows;
    ARROW_ASSIGN_OR_RAISE(auto selection, RowSelection::Read(file.get(), num_rows, Pool(options)));
    if (selection == nullptr) return 0;
    if (options.progress) ARROW_RETURN_NOT_OK(options.progress(num_rows));
    found.push_back(std::move(selection));
  }
  selections->insert(selections->end(), found.begin(), found.end());
  return count;
}

}  // namespace

Result<std::shared_ptr<Source>> FilterRows(std::shared_ptr<Source> source,
                                           std::shared_ptr<const Filter> filter,
                                           const FilterOptions& options) {
  const RowFinder finder(*source, filter, options);
  const auto num_units = static_cast<int64_t>(source->units().size());
  std::vector<SelectionPtr> selections;
  // A few units at a time until there are rows enough; or so many that what is kept of them is
  // worth a file.
  constexpr int64_t kUnitsKept = 256;
  const int64_t wave = options.rows_wanted.has_value() ? int64_t{options.num_threads} * 2
                       : options.keeper != nullptr     ? kUnitsKept
                                                       : num_units;
  int64_t rows = 0;
  const int64_t wanted = options.rows_wanted.value_or(std::numeric_limits<int64_t>::max());
  int64_t count = 0;
  for (int64_t begin = 0; begin < num_units && rows < wanted; begin += count) {
    ARROW_ASSIGN_OR_RAISE(count, TakeKeptSelections(*source, begin, options, &selections));
    if (count == 0) {
      count = std::min(wave, num_units - begin);
      selections.resize(static_cast<size_t>(begin + count));
      ARROW_RETURN_NOT_OK(base::ParallelFor(options.num_threads, count, [&](int64_t i) -> Status {
        const auto unit = static_cast<size_t>(begin + i);
        ARROW_ASSIGN_OR_RAISE(selections[unit], finder.Find(source->units()[unit]));
        return Status::OK();
      }));
      ARROW_RETURN_NOT_OK(KeepSelections(selections, begin, options));
    }
    for (int64_t i = begin; i < begin + count; ++i) {
      rows += selections[static_cast<size_t>(i)]->num_selected();
      if (rows < wanted) continue;
      // Which units are left must not depend on how many were looked at together.
      selections.resize(static_cast<size_t>(i + 1));
      break;
    }
  }
  if (wanted == 0) selections.clear();
  std::string identity = source->identity() + "-where-" + std::to_string(filter->hash());
  return std::make_shared<FilteredSource>(std::move(source), std::move(identity),
                                          std::move(selections));
}

}  // namespace emberharmony::io

#include "emberharmony/engine/memory_forecast.h"

#include <arrow/type.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <vector>

#include "emberharmony/base/saturating.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/transform_memory.h"
#include "emberharmony/engine/unit_fingerprints.h"

namespace emberharmony::engine {

namespace {

using base::SaturatingAdd;
using base::SaturatingMultiply;

// The program, its libraries and its tables, and what malloc keeps beside: resident before data
// are. A run over 40 rows peaks at 36.5 MiB.
constexpr int64_t kProgramBytes = int64_t{37} << 20;
// Of a state that grows with values of which no sample was taken.
constexpr int64_t kUnsampledStateBytes = int64_t{2} << 20;
// What some tasks take: how many bytes each, in descending order, at most `count` of them.
int64_t LargestSum(std::vector<int64_t> bytes, size_t count) {
  std::sort(bytes.begin(), bytes.end(), std::greater<>());
  int64_t sum = 0;
  for (size_t i = 0; i < std::min(count, bytes.size()); ++i) sum = SaturatingAdd(sum, bytes[i]);
  return sum;
}

struct Needs {
  int64_t wanted = 0;  // with all threads at work
  int64_t least = 0;   // with one task at a time, and all spilled that can be
};

class MemoryForecast {
 public:
  MemoryForecast(const PlannedRun& run, Explanation* explanation)
      : run_(run),
        source_(run.source()),
        context_(run.context),
        threads_(static_cast<size_t>(run.context->num_threads())),
        explanation_(explanation) {}

  void Fill() {
    MeasureStates();
    for (ExplainedPass& pass : explanation_->passes) {
      const Needs needs = NeedsOf(pass);
      pass.memory_bytes = needs.wanted;
      // What a task asks for is the most that it may take, and one task is always let in.
      pass.least_memory_bytes = needs.least / 2;
      if (LooksAtWholeRows(pass)) {
        const int64_t remembered = RowStepBytes();
        pass.memory_bytes = SaturatingAdd(pass.memory_bytes, remembered);
        pass.least_memory_bytes = SaturatingAdd(pass.least_memory_bytes, remembered);
      }
      if (pass.writes) {
        const int64_t wide = WideOneHotBytes();
        pass.memory_bytes = SaturatingAdd(pass.memory_bytes, wide);
        pass.least_memory_bytes = SaturatingAdd(pass.least_memory_bytes, wide);
      }
      if (pass.phase != "fit") continue;
      for (const std::string& name : pass.columns) {
        const auto found = states_.find(ColumnOf(name));
        if (found == states_.end()) continue;
        pass.least_memory_bytes = std::max(pass.least_memory_bytes, found->second.learned);
      }
    }
    Sum();
  }

 private:
  // By column: what the states of its steps take, and what is learned from them.
  struct ColumnStates {
    int64_t bytes = 0;
    int64_t spillable = 0;  // of bytes
    int64_t learned = 0;    // while a step learns its statistic is held beside what it makes of it
  };

  void MeasureStates() {
    const plan::BoundPlan& bound = run_.given.bound;
    for (size_t i = 0; i < bound.pipelines.size(); ++i) {
      const auto& pipeline = *bound.pipelines[i];
      for (int s = 0; s < pipeline.num_steps(); ++s) {
        for (const auto& analyzer : pipeline.step(s).analyzers()) {
          const int64_t bound_bytes = analyzer->traits().state_bytes_max;
          ColumnStates& states = states_[bound.source_columns[i]];
          const int64_t bytes = bound_bytes >= 0 ? bound_bytes : GrowingBytes(i, s);
          states.bytes = SaturatingAdd(states.bytes, bytes);
          if (bound_bytes < 0) states.spillable = SaturatingAdd(states.spillable, bytes);
        }
        const Needs learned = LearnedBytes(i, s);
        kept_.wanted = SaturatingAdd(kept_.wanted, learned.wanted);
        kept_.least = SaturatingAdd(kept_.least, learned.least);
        int64_t& largest = states_[bound.source_columns[i]].learned;
        largest = std::max(largest, learned.least);
      }
    }
    int64_t notes = 0;  // of rows: splits, and which of them pass
    if (run_.reading.only_split < 0 || run_.given.required_column().has_value())
      notes = source_.num_rows() / 4 + explanation_->num_units;
    if (run_.requested.filter != nullptr) notes += run_.requested.whole->num_rows() / 8;
    kept_ = {SaturatingAdd(kept_.wanted, notes), SaturatingAdd(kept_.least, notes)};
  }

  // What row-wise steps remember of all rows, which is never spilled.
  int64_t RowStepBytes() const {
    const CategorySample& sample = run_.sample;
    const double times = sample.is_whole_source
                             ? 1
                             : static_cast<double>(source_.num_rows()) /
                                   static_cast<double>(std::max<int64_t>(1, sample.num_rows));
    int64_t bytes = 0;
    for (const RowStepMemory& step : sample.row_steps)
      bytes = SaturatingAdd(bytes, step.measured ? step.After(times) : kUnsampledStateBytes);
    return bytes;
  }

  bool LooksAtWholeRows(const ExplainedPass& pass) const {
    return !run_.given.bound.row_steps.empty() &&
           (pass.phase == "rows" || pass.purpose.ends_with("from whole rows"));
  }

  // Each column of a one_hot has a value for each entry of the dictionary that it is made from, of
  // which there are as many as columns: in each split's shard, and while they are made.
  int64_t WideOneHotBytes() const {
    constexpr int64_t kCellBytes = 64;
    int64_t bytes = 0;
    for (const ExplainedFeature& feature : explanation_->features) {
      // A multi_hot makes its columns of rows, not of a dictionary.
      if (!feature.categories || feature.categories->step != "one_hot") continue;
      const int64_t wide = feature.categories->expected;
      bytes = std::max(bytes, SaturatingMultiply(kCellBytes, SaturatingMultiply(wide, wide)));
    }
    return bytes;
  }

  int64_t GrowingBytes(size_t pipeline, int step) const {
    const SampledValues* seen = run_.sample.Find(pipeline, step);
    if (seen == nullptr) return kUnsampledStateBytes;
    return Scaled(seen->state_bytes, run_.growth(*seen));
  }

  // What a vocabulary, or the categories of a one_hot, take once they are learned: the values, an
  // index of them, and their counts, as much as counting them took.
  Needs LearnedBytes(size_t pipeline, int step) const {
    const auto& transform = run_.given.bound.pipelines[pipeline]->step(step);
    const SampledValues* seen = run_.sample.Find(pipeline, step);
    if (seen == nullptr || seen->num_distinct == 0 || !transform.traits().last) return {};
    const double growth = run_.growth(*seen);
    double most = static_cast<double>(seen->num_distinct) * growth;
    double least = static_cast<double>(seen->num_kept);
    if (PlannedRun::KeepsGrowing(*seen)) least *= growth;
    const nlohmann::json options = transform.options();
    if (options.contains("min_count")) {
      const double rows = static_cast<double>(seen->count) * std::max(1.0, growth);
      most = std::min(most, std::max(rows / options["min_count"].get<double>(), least));
    }
    for (const char* limit : {"max_size", "max_categories"}) {
      if (!options.contains(limit)) continue;
      most = std::min(most, options[limit].get<double>());
      least = std::min(least, most);
    }
    const int64_t each = seen->state_bytes / seen->num_distinct;
    const int64_t least_bytes = Scaled(each, least);
    // What can lie on disk leaves in memory where things are there, and what is read and written.
    constexpr int64_t kOnDiskBytes = int64_t{8} << 20;
    return {Scaled(each, most),
            transform.traits().on_disk ? std::min(least_bytes, kOnDiskBytes) : least_bytes};
  }

  static int64_t Scaled(int64_t bytes, double factor) {
    const double scaled = static_cast<double>(bytes) * factor;
    return scaled < 9e18 ? static_cast<int64_t>(scaled) : std::numeric_limits<int64_t>::max();
  }

  // The largest of what a task on any unit takes.
  int64_t LargestUnit(const io::Source& source,
                      const std::function<int64_t(const io::Unit&)>& bytes_of) const {
    int64_t largest = 0;
    for (const io::Unit& unit : source.units()) largest = std::max(largest, bytes_of(unit));
    return largest;
  }

  // As many tasks at a time as there are threads and units, each of which takes so much.
  Needs PerUnit(const io::Source& source, int64_t bytes, int64_t beside = 0) const {
    const auto tasks = static_cast<int64_t>(std::min(threads_, source.units().size()));
    return {SaturatingAdd(SaturatingMultiply(tasks, bytes), beside), SaturatingAdd(bytes, beside)};
  }

  Needs NeedsOf(const ExplainedPass& pass) const {
    if (pass.phase == "filter") {
      const FilterMemory memory =
          FilterMemoryOf(*run_.requested.whole, *run_.requested.filter, context_);
      return {memory.num_threads * memory.bytes_each, memory.bytes_each};
    }
    if (pass.phase == "drop") return OfColumnScan(pass.columns);
    if (pass.phase == "cuts") {
      constexpr int64_t kCountsBytes = int64_t{1} << 20;  // of two ranges
      // These scans do not wait for each other.
      const int64_t counts = SaturatingMultiply(static_cast<int64_t>(threads_) + 1, kCountsBytes);
      const int64_t wanted = SaturatingAdd(OfColumnScan(pass.columns).wanted, counts);
      return {wanted, wanted};
    }
    if (pass.phase == "split") return OfSplit(pass);
    if (pass.phase == "fit") return OfLearning(pass);
    if (pass.phase == "rows") return OfRows(pass);
    if (pass.phase == "verify") return OfVerification();
    return OfTransform(pass);
  }

  // Row-wise steps of two features may yield columns of one name, which are alike.
  int ColumnOf(const std::string& name) const {
    const std::vector<int> found = source_.schema()->GetAllFieldIndices(name);
    return found.empty() ? -1 : found.front();
  }

  Needs OfColumnScan(const std::vector<std::string>& columns) const {
    if (columns.empty()) return {};
    const int column = ColumnOf(columns[0]);
    return PerUnit(source_, run_.facts.at(column).scan_bytes);
  }

  Needs OfSplit(const ExplainedPass& pass) const {
    const SplitReading& reading = run_.reading;
    const io::Source& read = reading.by_row ? *run_.requested.whole : source_;
    Needs needs = PerUnit(
        read, LargestUnit(read, [&](const io::Unit& unit) {
          int64_t bytes = unit.num_rows;
          if (pass.columns.empty()) return bytes;
          bytes += reading.by_row
                       ? DecideFingerprintReading(read, unit, reading.columns, context_).bytes
                       : SplitKeyBytes(read, unit, reading.columns, context_);
          return bytes;
        }));
    if (reading.by_row && read.columns_independent()) {
      // Column by column, where memory is short.
      needs.least =
          std::min(needs.least, LargestUnit(read, [&](const io::Unit& unit) {
                     int64_t largest = 0;
                     for (const int column : reading.columns)
                       largest = std::max(largest, ScanBytes(read, unit, column));
                     return SaturatingAdd(unit.num_rows, SaturatingAdd(largest, int64_t{4} << 20));
                   }));
    }
    return needs;
  }

  Needs OfLearning(const ExplainedPass& pass) const {
    std::vector<int> columns;
    columns.reserve(pass.columns.size());
    for (const std::string& name : pass.columns) columns.push_back(ColumnOf(name));
    std::vector<int64_t> states;
    int64_t all_states = 0;
    int64_t kept_states = 0;  // that cannot be spilled
    int64_t largest_state = 0;
    for (const int column : columns) {
      const auto found = states_.find(column);
      if (found == states_.end()) continue;
      // States that can be spilled leave a quarter of the memory to what cannot.
      const int64_t bytes = std::min(found->second.bytes, SpillableMax());
      const int64_t unspilled = found->second.bytes - found->second.spillable;
      states.push_back(bytes);
      all_states = SaturatingAdd(all_states, bytes);
      kept_states = SaturatingAdd(kept_states, unspilled);
      largest_state = std::max(largest_state, unspilled);
    }
    if (!source_.columns_independent()) {
      Needs needs = PerUnit(source_, LargestUnit(source_, [&](const io::Unit& unit) {
                              return SaturatingAdd(
                                  unit.num_rows, ScanBatchesBytes(unit, columns.size(), context_));
                            }));
      return {SaturatingAdd(needs.wanted, std::min(all_states, SpillableMax() + kept_states)),
              SaturatingAdd(needs.least, kept_states)};
    }
    // A thread stays with a column while there are others: a scan each, and as many states.
    std::vector<int64_t> scans;
    for (const int column : columns) {
      const int64_t scan = run_.facts.at(column).scan_bytes;
      const size_t helpers = columns.size() < threads_ ? threads_ / columns.size() + 1 : 1;
      scans.insert(scans.end(), std::min(helpers, source_.units().size()), scan);
    }
    return {SaturatingAdd(LargestSum(scans, threads_), LargestSum(states, threads_)),
            SaturatingAdd(LargestSum(scans, 1), largest_state)};
  }

  // Whole rows of some columns, and what is made of them.
  Needs OfRows(const ExplainedPass& pass) const {
    return PerUnit(source_, LargestUnit(source_, [&](const io::Unit& unit) {
                     return SaturatingAdd(
                         2 * unit.num_rows,
                         2 * ScanBatchesBytes(unit, pass.columns.size(), context_));
                   }));
  }

  int64_t SpillableMax() const { return context_->budget()->limit_bytes() / 4 * 3; }

  Needs OfTransform(const ExplainedPass& pass) const {
    const std::vector<int> columns = run_.transformed_columns();
    Needs needs;
    if (source_.columns_independent()) {
      std::vector<int64_t> tasks;
      tasks.reserve(columns.size());
      for (const int column : columns) tasks.push_back(run_.facts.at(column).write_bytes);
      const size_t per_column = columns.empty() ? 1 : threads_ / columns.size() + 1;
      std::vector<int64_t> all;
      for (const int64_t task : tasks)
        all.insert(all.end(), std::min(per_column, source_.units().size()), task);
      needs = {LargestSum(all, threads_), LargestSum(tasks, 1)};
    } else {
      needs = PerUnit(source_, LargestUnit(source_, [&](const io::Unit& unit) {
                        return UnitTaskBytes(unit, columns.size(), context_);
                      }));
    }
    const int64_t largest_unit =
        LargestUnit(source_, [](const io::Unit& unit) { return unit.num_rows; });
    if (!pass.writes) {
      // Measuring rows: nothing is written, but each row's size is held.
      return {SaturatingAdd(needs.wanted, SaturatingMultiply(8, largest_unit)),
              SaturatingAdd(needs.least, SaturatingMultiply(8, largest_unit))};
    }
    return {SaturatingAdd(needs.wanted, ShardsInFlight(columns.size())),
            SaturatingAdd(needs.least, largest_unit)};
  }

  // Encoded shards wait in memory until their unit is written: of the units at work, of one that
  // waits to be written and one that is.
  int64_t ShardsInFlight(size_t num_groups) const {
    const auto num_units = static_cast<int64_t>(std::max<size_t>(1, source_.units().size()));
    const size_t tasks_per_unit =
        source_.columns_independent() ? std::max<size_t>(1, num_groups) : 1;
    const auto at_work = static_cast<int64_t>((threads_ + tasks_per_unit - 1) / tasks_per_unit);
    const int64_t units = std::min(num_units, at_work + 2);
    // The rows of a matrix are put together, and encoded, beside what waits.
    const int64_t copies = explanation_->layout == "matrix" ? units + 1 : units;
    const int64_t bytes = SaturatingMultiply(OutputBytes() / num_units, copies);
    return std::min(bytes, context_->budget()->limit_bytes() / 3);
  }

  // Of all units. The values of a matrix wait as they are, all else encoded.
  int64_t OutputBytes() const {
    int64_t values = 0;
    bool expected = true;  // what is expected is as much as there may be
    for (const ExplainedFeature& feature : explanation_->features) {
      values += static_cast<int64_t>(feature.outputs.size());
      if (!feature.categories) continue;
      values += feature.categories->expected;
      expected = expected && feature.categories->expected == feature.categories->columns.max;
    }
    if (explanation_->layout == "matrix") {
      const int64_t value_bytes = explanation_->dtype == "float64" ? 8 : 4;
      return SaturatingMultiply(source_.num_rows(), SaturatingMultiply(values, value_bytes));
    }
    int64_t bytes = 0;
    for (const ExplainedSplit& split : explanation_->splits) {
      if (!split.bytes) continue;
      bytes = SaturatingAdd(
          bytes, expected ? split.bytes->max : split.bytes->min / 2 + split.bytes->max / 2);
    }
    return bytes;
  }

  // Shards are read whole rows at a time, some pages of each column.
  Needs OfVerification() const {
    constexpr int64_t kColumnBytes = int64_t{512} << 10;
    const int64_t width = explanation_->width.max;
    const int64_t each =
        std::min(SaturatingMultiply(width, kColumnBytes), context_->budget()->limit_bytes() / 2);
    return {SaturatingMultiply(
                std::min<int64_t>(static_cast<int64_t>(threads_), explanation_->num_shards), each),
            each};
  }

  void Sum() {
    ExplainedMemory& memory = explanation_->memory;
    memory.limit_bytes = context_->memory_limit_bytes();
    memory.num_threads = context_->num_threads();
    memory.program_bytes = kProgramBytes;
    memory.kept_bytes = kept_.wanted;
    Needs most;
    for (const ExplainedPass& pass : explanation_->passes) {
      most.wanted = std::max(most.wanted, pass.memory_bytes);
      most.least = std::max(most.least, pass.least_memory_bytes);
    }
    memory.wanted_bytes = SaturatingAdd(kProgramBytes, SaturatingAdd(kept_.wanted, most.wanted));
    memory.least_bytes = SaturatingAdd(kProgramBytes, SaturatingAdd(kept_.least, most.least));
    memory.estimate_bytes = std::min(memory.wanted_bytes, memory.limit_bytes);
  }

  const PlannedRun& run_;
  const io::Source& source_;
  RunContext* const context_;
  const size_t threads_;
  Explanation* const explanation_;
  std::map<int, ColumnStates> states_;
  Needs kept_;
};

}  // namespace

int64_t NominalBudgetBytes(int64_t memory_limit_bytes) {
  constexpr int64_t kUnaccountedBytes = int64_t{8} << 20;
  const int64_t taken = kProgramBytes + kUnaccountedBytes + memory_limit_bytes / 32;
  return std::max<int64_t>(memory_limit_bytes - taken, kMemoryBytesMin / 4);
}

void ForecastMemory(const PlannedRun& run, Explanation* explanation) {
  MemoryForecast(run, explanation).Fill();
}

}  // namespace emberharmony::engine

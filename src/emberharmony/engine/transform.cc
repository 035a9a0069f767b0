#include "emberharmony/engine/transform.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/bounded_queue.h"
#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/engine/column_scan.h"
#include "emberharmony/engine/column_status.h"
#include "emberharmony/engine/committed_shards.h"
#include "emberharmony/engine/index_partition_internal.h"
#include "emberharmony/engine/output_layout.h"
#include "emberharmony/engine/shard_layout.h"
#include "emberharmony/engine/transform_memory.h"
#include "emberharmony/io/cell_fingerprint.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::engine {

namespace {

using feature::Pipeline;
using ArrayVector = std::vector<std::shared_ptr<arrow::Array>>;

// What all units of a transform share.
struct TransformShared {
  const io::Source& source;
  const SplitVectors& splits;
  const ShardFolders& folders;
  RunContext* context;
  std::shared_ptr<arrow::Schema> output_schema = {};
  io::ShardFormat format = io::ShardFormat::kParquet;
  int num_features = 0;
  std::shared_ptr<arrow::DataType> matrix_type = {};  ///< of a matrix's values; null: no matrix
  std::vector<OutputGroup> groups = {};
  Checkpoint* checkpoint = nullptr;

  std::string_view ending() const { return io::FileEnding(format); }
  // A task is a group of a unit, or a whole unit where columns are read together.
  int64_t tasks_per_unit() const {
    return source.columns_independent() ? static_cast<int64_t>(groups.size()) : 1;
  }
};

arrow::Result<std::unique_ptr<io::Sink>> MakeShard(const TransformShared& shared, std::string path,
                                                   std::vector<int64_t> row_groups,
                                                   const io::SinkOptions& options) {
  io::ShardLayout layout{shared.output_schema, std::move(row_groups)};
  if (shared.matrix_type == nullptr) {
    return io::MakeSink(shared.format, std::move(path), std::move(layout), options);
  }
  return io::MakeMatrixSink(shared.format, std::move(path), std::move(layout), shared.num_features,
                            shared.matrix_type, options);
}

// Appends the rows of one source column to the sinks of the splits they belong to.
class GroupWriter {
 public:
  GroupWriter(const TransformShared& shared, const OutputGroup& group, const SplitVector* splits,
              int uniform_split)
      : shared_(shared),
        group_(group),
        splits_(splits),
        uniform_split_(uniform_split),
        counter_(group.distribution, shared.context->budget()),
        gathers_(group.num_outputs >= kManyOutputs) {}

  arrow::Status Open(std::array<std::unique_ptr<io::Sink>, kNumSplits>& sinks) {
    for (int s = 0; s < kNumSplits; ++s) {
      if (sinks[s] == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(columns_[s],
                            sinks[s]->OpenColumns(group_.first_output, group_.num_outputs));
    }
    return arrow::Status::OK();
  }

  arrow::Status Add(const io::Piece& piece, int64_t first_row) {
    const bool is_next = first_row == first_gathered_ + num_gathered_;
    if (num_gathered_ > 0 && (piece.encoded() || !is_next)) ARROW_RETURN_NOT_OK(AddGathered());
    if (!piece.encoded() && gathers_ && piece.num_rows < kShortRows) {
      return Gather(*piece.values, first_row);
    }
    ARROW_RETURN_NOT_OK(AddGathered());
    const uint8_t* splits = SplitsFrom(first_row);
    if (!piece.encoded()) return AddPlain(*piece.values, splits);
    if (outputs_.empty() || piece.dictionary_id == 0 || piece.dictionary_id != dictionary_id_) {
      ARROW_ASSIGN_OR_RAISE(
          outputs_, group_.pipeline->Apply({piece.values, true}, shared_.context->budget()));
      dictionary_id_ = piece.dictionary_id;
      ARROW_RETURN_NOT_OK(counter_.BeginDictionary(piece.values, outputs_));
    }
    if (splits == nullptr) {
      ARROW_RETURN_NOT_OK(counter_.Count(uniform_split_, piece.index_data(), piece.num_rows));
      return columns_[uniform_split_]->Append(outputs_, piece.index_data(), piece.num_rows,
                                              dictionary_id_);
    }
    Partition(piece.index_data(), splits, piece.num_rows);
    for (int s = 0; s < kNumSplits; ++s) {
      if (columns_[s] == nullptr || sizes_[s] == 0) continue;
      ARROW_RETURN_NOT_OK(counter_.Count(s, parts_[s].data(), sizes_[s]));
      ARROW_RETURN_NOT_OK(
          columns_[s]->Append(outputs_, parts_[s].data(), sizes_[s], dictionary_id_));
    }
    return arrow::Status::OK();
  }

  arrow::Status Close() {
    ARROW_RETURN_NOT_OK(AddGathered());
    ARROW_RETURN_NOT_OK(counter_.Finish());
    for (auto& column : columns_) {
      if (column != nullptr) ARROW_RETURN_NOT_OK(column->Close());
    }
    return arrow::Status::OK();
  }

 private:
  // What a step with many outputs does for a piece costs as much as some hundreds of its rows, so
  // the rows of shorter ones (of CSV with a small --batch-rows) are gathered first.
  static constexpr int kManyOutputs = 16;
  static constexpr int64_t kShortRows = 1024;
  static constexpr int64_t kGatheredBytesMax = int64_t{1} << 20;

  const uint8_t* SplitsFrom(int64_t row) const {
    return splits_ != nullptr ? splits_->data() + row : nullptr;
  }

  // A copy: a few rows that pass a filter must not keep the batch that they were in.
  arrow::Status Gather(const arrow::Array& values, int64_t first_row) {
    if (gathered_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(gathered_,
                            arrow::MakeBuilder(values.type(), shared_.context->budget()));
    }
    if (num_gathered_ == 0) first_gathered_ = first_row;
    ARROW_RETURN_NOT_OK(gathered_->AppendArraySlice(*values.data(), 0, values.length()));
    num_gathered_ += values.length();
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(values));
    gathered_bytes_ += bytes;
    const bool enough = num_gathered_ >= kShortRows || gathered_bytes_ >= kGatheredBytesMax;
    return enough ? AddGathered() : arrow::Status::OK();
  }

  arrow::Status AddGathered() {
    if (num_gathered_ == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto values, gathered_->Finish());
    num_gathered_ = gathered_bytes_ = 0;
    return AddPlain(*values, SplitsFrom(first_gathered_));
  }

  // So many rows at a time that a step with thousands of outputs takes some tens of megabytes.
  arrow::Status AddPlain(const arrow::Array& values, const uint8_t* splits) {
    constexpr int64_t kCellsMax = int64_t{8} << 20;
    const int64_t step = std::max<int64_t>(1, kCellsMax / std::max(group_.num_outputs, 1));
    for (int64_t begin = 0; begin < values.length(); begin += step) {
      ARROW_RETURN_NOT_OK(
          AddPlainRows(values.Slice(begin, step), splits != nullptr ? splits + begin : nullptr));
    }
    return arrow::Status::OK();
  }

  arrow::Status AddPlainRows(const std::shared_ptr<arrow::Array>& values, const uint8_t* splits) {
    arrow::MemoryPool* pool = shared_.context->budget();
    const int64_t num_rows = values->length();
    outputs_.clear();
    ARROW_ASSIGN_OR_RAISE(ArrayVector outputs, group_.pipeline->Apply({values, false}, pool));
    ARROW_RETURN_NOT_OK(counter_.AddPlain(*values, outputs, splits, uniform_split_));
    if (splits == nullptr) return columns_[uniform_split_]->Append(outputs, nullptr, num_rows, 0);
    if (row_numbers_.size() < static_cast<size_t>(num_rows)) {
      row_numbers_.resize(num_rows);
      for (size_t i = 0; i < row_numbers_.size(); ++i) row_numbers_[i] = static_cast<int32_t>(i);
    }
    Partition(row_numbers_.data(), splits, num_rows);
    for (int s = 0; s < kNumSplits; ++s) {
      if (columns_[s] == nullptr || sizes_[s] == 0) continue;
      arrow::Int32Array rows(sizes_[s], arrow::Buffer::Wrap(parts_[s].data(), sizes_[s]));
      ArrayVector selected;
      for (const auto& output : outputs) {
        arrow::compute::ExecContext exec(pool);
        ARROW_ASSIGN_OR_RAISE(
            auto taken, arrow::compute::Take(*output, rows,
                                             arrow::compute::TakeOptions::NoBoundsCheck(), &exec));
        selected.push_back(std::move(taken));
      }
      ARROW_RETURN_NOT_OK(columns_[s]->Append(selected, nullptr, sizes_[s], 0));
    }
    return arrow::Status::OK();
  }

  // Deals the indices out to the splits, keeping their order; those of dropped rows go nowhere.
  void Partition(const int32_t* indices, const uint8_t* splits, int64_t n) {
    for (auto& part : parts_) {
      const auto wanted = static_cast<size_t>(n + internal::kPartitionPadding);
      if (part.size() < wanted) part.resize(wanted);
    }
    int32_t* const parts[kNumSplits] = {parts_[0].data(), parts_[1].data(), parts_[2].data()};
    internal::PartitionIndices(indices, splits, n, parts, sizes_.data());
  }

  const TransformShared& shared_;
  const OutputGroup& group_;
  const SplitVector* const splits_;
  const int uniform_split_;
  DistributionCounter counter_;
  std::array<std::unique_ptr<io::ColumnSink>, kNumSplits> columns_;
  uint64_t dictionary_id_ = 0;
  ArrayVector outputs_;  // of the current dictionary
  std::array<std::vector<int32_t>, kNumSplits> parts_;
  std::array<int64_t, kNumSplits> sizes_{};
  std::vector<int32_t> row_numbers_;
  // Rows that wait for others: copies, and the place of the first.
  const bool gathers_;
  std::unique_ptr<arrow::ArrayBuilder> gathered_;
  int64_t first_gathered_ = 0;
  int64_t num_gathered_ = 0;
  int64_t gathered_bytes_ = 0;
};

// One unit in flight: its shards are visible only after Commit.
class UnitTransform {
 public:
  UnitTransform(const TransformShared& shared, int64_t unit)
      : shared_(shared), unit_(shared.source.units()[unit]), tasks_left_(shared.tasks_per_unit()) {}

  /// Fixes the layout and opens the sinks; the first caller does the work, others wait for it.
  arrow::Status Prepare() {
    std::lock_guard lock(mutex_);
    if (!prepared_) {
      prepared_ = true;
      prepare_status_ = base::CallGuarded([this] { return DoPrepare(); });
    }
    return prepare_status_;
  }

  /// True when this was the unit's last task.
  arrow::Result<bool> RunTask(size_t task) {
    if (shared_.source.columns_independent()) {
      const OutputGroup& group = shared_.groups[task];
      const base::Activity activity("transform", group.pipeline->source_column());
      const TaskGate::Pass pass = shared_.context->gate()->Enter(
          GroupTaskBytes(shared_.source, unit_, group.source_column));
      const arrow::Status written = base::CallGuarded([&] { return WriteGroup(group); });
      ARROW_RETURN_NOT_OK(WithColumn(
          WithDictionary(written, shared_.source, unit_, group.source_column, shared_.context),
          group));
      shared_.context->progress()->Advance(unit_.num_rows);
    } else {
      const base::Activity activity("transform");
      const TaskGate::Pass pass = shared_.context->gate()->Enter(
          UnitTaskBytes(unit_, shared_.groups.size(), shared_.context));
      ARROW_RETURN_NOT_OK(WriteGroupsTogether());
      shared_.context->progress()->Advance(unit_.num_rows *
                                           static_cast<int64_t>(shared_.groups.size()));
    }
    std::lock_guard lock(mutex_);
    return --tasks_left_ == 0;
  }

  arrow::Status Commit(std::vector<ShardEntry>* shards) {
    std::vector<LedgerShard> noted;
    for (int s = 0; s < kNumSplits; ++s) {
      if (sinks_[s] == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(io::ShardInfo info, sinks_[s]->Commit());
      sinks_[s].reset();
      std::string path = ShardPath(shared_.folders, s, unit_.index, shared_.ending());
      noted.push_back({s, info.num_rows, info.bytes, info.xxh3_128});
      base::Log(base::LogLevel::kDebug, "shard {}: {} rows, {} bytes", path, info.num_rows,
                info.bytes);
      shards->push_back(ShardEntry{shared_.folders.split_names[s], std::move(path), unit_.index,
                                   info.num_rows, info.bytes, info.xxh3_128});
    }
    if (shared_.checkpoint == nullptr) return arrow::Status::OK();
    return shared_.checkpoint->NoteUnit(unit_.index, noted);
  }

 private:
  arrow::Status DoPrepare() {
    reservation_ = base::MemoryReservation(shared_.context->budget());
    ARROW_RETURN_NOT_OK(reservation_.Resize(unit_.num_rows));
    splits_ = shared_.splits.Unpack(unit_.index);
    ARROW_ASSIGN_OR_RAISE(auto row_groups,
                          PlanRowGroups(shared_.source, unit_, shared_.groups, shared_.splits,
                                        splits_.get(), shared_.context));
    for (int s = 0; s < kNumSplits; ++s) {
      if (!shared_.splits.has_split(s)) continue;
      std::filesystem::path path(shared_.folders.root);
      path /= ShardPath(shared_.folders, s, unit_.index, shared_.ending());
      io::SinkOptions options;
      options.pool = shared_.context->budget();
      options.spill_threshold_bytes = ShardBytesMax(shared_.context);
      options.spill_folder = shared_.context->options().spill_dir;
      ARROW_ASSIGN_OR_RAISE(sinks_[s],
                            MakeShard(shared_, path.string(), std::move(row_groups[s]), options));
    }
    return arrow::Status::OK();
  }

  arrow::Status WriteGroup(const OutputGroup& group) {
    GroupWriter writer(shared_, group, splits_.get(), shared_.splits.uniform_split());
    ARROW_RETURN_NOT_OK(writer.Open(sinks_));
    ARROW_RETURN_NOT_OK(ScanColumn(
        shared_.source, unit_, group.source_column, shared_.context,
        [&](const io::Piece& piece, int64_t first_row) { return writer.Add(piece, first_row); }));
    return writer.Close();
  }

  static arrow::Status WithColumn(const arrow::Status& status, const OutputGroup& group) {
    return engine::WithColumn(status, group.pipeline->source_column());
  }

  arrow::Status WriteGroupsTogether() {
    std::vector<int> columns;
    std::vector<std::unique_ptr<GroupWriter>> writers;
    for (const OutputGroup& group : shared_.groups) {
      columns.push_back(group.source_column);
      writers.push_back(std::make_unique<GroupWriter>(shared_, group, splits_.get(),
                                                      shared_.splits.uniform_split()));
      ARROW_RETURN_NOT_OK(writers.back()->Open(sinks_));
    }
    ARROW_RETURN_NOT_OK(ScanColumns(shared_.source, unit_, columns, shared_.context,
                                    [&](size_t column, const io::Piece& piece, int64_t first_row) {
                                      return WithColumn(writers[column]->Add(piece, first_row),
                                                        shared_.groups[column]);
                                    }));
    for (size_t g = 0; g < writers.size(); ++g) {
      ARROW_RETURN_NOT_OK(WithColumn(writers[g]->Close(), shared_.groups[g]));
    }
    return arrow::Status::OK();
  }

  const TransformShared& shared_;
  const io::Unit& unit_;
  base::MemoryReservation reservation_;  // of splits_
  std::shared_ptr<const SplitVector> splits_;
  std::array<std::unique_ptr<io::Sink>, kNumSplits> sinks_;
  std::mutex mutex_;
  bool prepared_ = false;  // guarded by mutex_, like the two below
  arrow::Status prepare_status_;
  int64_t tasks_left_;
};

// How many units may be brought to the disk at a time. Each waits for it several times, with little
// data where units are small, and waits of several cost hardly more than those of one. Of large
// units, or wide ones, none but the one that is written is to be in memory; few units gain little.
int64_t NumCommitters(const TransformShared& shared, const std::vector<int64_t>& units) {
  constexpr int64_t kCommittersMax = 8;
  constexpr int64_t kUnitsEach = 8;
  constexpr int64_t kSmallUnitBytes = int64_t{1} << 20;
  // As many units are committed as wait for it; a chunk of few values has a kilobyte or two.
  constexpr int64_t kChunksMax = 8192;
  const bool small = std::all_of(units.begin(), units.end(), [&](int64_t unit) {
    return shared.source.units()[unit].bytes <= kSmallUnitBytes;
  });
  if (!small) return 1;
  const int64_t chunks = int64_t{kNumSplits} * std::max(1, shared.output_schema->num_fields());
  return std::clamp<int64_t>(std::min(std::ssize(units) / kUnitsEach, kChunksMax / (2 * chunks)), 1,
                             kCommittersMax);
}

// Hands out a unit's tasks in order, so that few units are in flight, and commits finished
// units on threads of their own: waiting for the disk costs the workers nothing.
class TransformRun {
 public:
  /// `units`: those that have yet to be written, in order.
  TransformRun(const TransformShared& shared, std::vector<int64_t> units)
      : shared_(shared),
        units_(std::move(units)),
        num_committers_(NumCommitters(shared, units_)),
        finished_(static_cast<size_t>(num_committers_)) {}

  arrow::Result<std::vector<ShardEntry>> Run() {
    std::vector<std::thread> committers;
    try {
      for (int64_t i = 0; i < num_committers_; ++i) {
        committers.emplace_back([this] { CommitFinished(); });
      }
    } catch (const std::system_error&) {
      // No thread to be had, be it for want of memory: the workers wait for the disk themselves.
    }
    has_committer_ = !committers.empty();
    // Guarded as a whole: whatever happens, the committers are waited for.
    arrow::Status status = base::CallGuarded([&] {
      return base::RunWorkers(shared_.context->num_threads(), [&](int) {
        arrow::Status worker = base::CallGuarded([this] { return Work(); });
        if (!worker.ok()) failed_.store(true);
        return worker;
      });
    });
    finished_.Close();
    for (std::thread& committer : committers) committer.join();
    ARROW_RETURN_NOT_OK(status);
    ARROW_RETURN_NOT_OK(commit_status_);
    return std::move(shards_);
  }

 private:
  arrow::Status Work() {
    const int64_t tasks_per_unit = shared_.tasks_per_unit();
    while (!failed_.load()) {
      const int64_t task = next_task_.fetch_add(1);
      const auto place = static_cast<size_t>(task / tasks_per_unit);
      if (place >= units_.size()) break;
      const int64_t unit = units_[place];
      std::shared_ptr<UnitTransform> work = InFlight(unit);
      ARROW_RETURN_NOT_OK(work->Prepare());
      ARROW_ASSIGN_OR_RAISE(bool last, work->RunTask(task % tasks_per_unit));
      if (!last) continue;
      {
        std::lock_guard lock(mutex_);
        in_flight_.erase(unit);
      }
      if (!has_committer_) {
        Commit(work.get());
      } else if (!finished_.Push(std::move(work))) {
        break;
      }
    }
    return arrow::Status::OK();
  }

  std::shared_ptr<UnitTransform> InFlight(int64_t unit) {
    std::lock_guard lock(mutex_);
    auto& work = in_flight_[unit];
    if (work == nullptr) work = std::make_shared<UnitTransform>(shared_, unit);
    return work;
  }

  void CommitFinished() {
    while (auto work = finished_.Pop()) Commit(work->get());
  }

  void Commit(UnitTransform* work) {
    if (failed_.load()) return;
    const base::Activity activity("writing of shards");
    const arrow::Status status = base::CallGuarded([&]() -> arrow::Status {
      std::vector<ShardEntry> shards;
      ARROW_RETURN_NOT_OK(work->Commit(&shards));
      std::lock_guard lock(commit_mutex_);
      shards_.insert(shards_.end(), shards.begin(), shards.end());
      return arrow::Status::OK();
    });
    if (status.ok()) return;
    failed_.store(true);
    std::lock_guard lock(commit_mutex_);
    if (commit_status_.ok()) commit_status_ = status;
  }

  const TransformShared& shared_;
  const std::vector<int64_t> units_;
  const int64_t num_committers_;
  std::atomic<int64_t> next_task_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<UnitTransform>> in_flight_;  // guarded by mutex_
  base::BoundedQueue<std::shared_ptr<UnitTransform>> finished_;
  bool has_committer_ = false;
  std::mutex commit_mutex_;
  arrow::Status commit_status_;     // guarded by commit_mutex_
  std::vector<ShardEntry> shards_;  // guarded by commit_mutex_
};

arrow::Status ChooseLayout(const plan::FittedPlan& model, bool with_target,
                           TransformShared* shared) {
  if (model.plan().output_format == plan::OutputFormat::kArrow) {
    shared->format = io::ShardFormat::kArrow;
  }
  ARROW_ASSIGN_OR_RAISE(OutputLayout layout, LayOutOutput(model, with_target));
  shared->output_schema = std::move(layout.columns);
  shared->num_features = layout.num_features;
  shared->matrix_type = std::move(layout.matrix_type);
  return arrow::Status::OK();
}

// Gives each group what its rows are counted in. A column's values are counted by its first group;
// the last one, the target's where there is one, always has a chart, and the others in their order
// as long as there is room.
arrow::Status MakeDistributions(const arrow::Schema& schema,
                                const std::vector<int>& group_of_pipeline, RunContext* context,
                                std::vector<OutputGroup>* groups,
                                SourceDistributions* distributions) {
  const auto num_groups = static_cast<int64_t>(groups->size());
  const int64_t charts = std::clamp<int64_t>(num_groups, 1, kChartedColumnsMax);
  ColumnDistribution::Options options;
  // Some megabytes for all charts together, whatever their number.
  options.keys_max = std::clamp<int64_t>(65536 / charts, 128, options.keys_max);
  options.texts_max = std::clamp<int64_t>(16384 / charts, 64, options.texts_max);
  std::set<int> seen;
  for (const int g : group_of_pipeline) {
    distributions->emplace_back();
    if (g < 0) continue;
    OutputGroup& group = (*groups)[g];
    options.values = seen.insert(group.source_column).second;
    options.chart = g < kChartedColumnsMax - 1 || g == num_groups - 1;
    auto& distribution = distributions->back();
    distribution = std::make_unique<ColumnDistribution>(
        *group.pipeline, *schema.field(group.source_column)->type(), options, context->budget());
    ARROW_RETURN_NOT_OK(distribution->Reserve());
    group.distribution = distribution.get();
  }
  return arrow::Status::OK();
}

// A source without rows still yields one, empty, shard in each split.
arrow::Status WriteEmptyShards(const TransformShared& shared, std::vector<ShardEntry>* shards) {
  for (int s = 0; s < kNumSplits; ++s) {
    if (!shared.splits.has_split(s)) continue;
    io::SinkOptions options;
    options.pool = shared.context->budget();
    std::string relative = ShardPath(shared.folders, s, 0, shared.ending());
    ARROW_ASSIGN_OR_RAISE(auto sink,
                          MakeShard(shared, shared.folders.root + "/" + relative, {}, options));
    for (const OutputGroup& group : shared.groups) {
      ARROW_ASSIGN_OR_RAISE(auto column, sink->OpenColumns(group.first_output, group.num_outputs));
      ARROW_RETURN_NOT_OK(column->Close());
    }
    ARROW_ASSIGN_OR_RAISE(io::ShardInfo info, sink->Commit());
    shards->push_back(ShardEntry{shared.folders.split_names[s], relative, 0, info.num_rows,
                                 info.bytes, info.xxh3_128});
  }
  return arrow::Status::OK();
}

// All units but those that an interrupted run has written, whose shards are appended to *shards.
arrow::Result<std::vector<int64_t>> UnitsToWrite(const TransformShared& shared,
                                                 std::vector<ShardEntry>* shards) {
  const auto num_units = static_cast<int64_t>(shared.source.units().size());
  std::map<int64_t, std::vector<ShardEntry>> committed;
  if (shared.checkpoint != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        committed, FindCommittedShards(*shared.checkpoint, shared.splits, num_units, shared.folders,
                                       shared.ending(), shared.context));
  }
  std::vector<int64_t> units;
  for (int64_t unit = 0; unit < num_units; ++unit) {
    const auto found = committed.find(unit);
    if (found == committed.end()) {
      units.push_back(unit);
      continue;
    }
    shared.context->progress()->Advance(shared.source.units()[unit].num_rows *
                                        static_cast<int64_t>(shared.groups.size()));
    std::move(found->second.begin(), found->second.end(), std::back_inserter(*shards));
  }
  return units;
}

}  // namespace

arrow::Result<std::vector<ShardEntry>> TransformSource(
    const io::Source& source, const plan::FittedPlan::Binding& binding, const SplitVectors& splits,
    const plan::FittedPlan& model, const ShardFolders& folders, RunContext* context,
    SourceDistributions* distributions, Checkpoint* checkpoint) {
  const NumericPlace& place = context->backends().elementwise();
  const backend::BackendScope scope(*place.backend, place.device, place.dtype);
  TransformShared shared{source, splits, folders, context};
  shared.checkpoint = checkpoint;
  ARROW_RETURN_NOT_OK(ChooseLayout(model, binding.target_column >= 0, &shared));
  const int64_t matrix_value_bytes =
      shared.matrix_type == nullptr ? 0 : shared.matrix_type->byte_width();
  int next_output = 0;
  std::vector<int> group_of_pipeline;  // -1: without output
  auto add_group = [&](const Pipeline* pipeline, int column) {
    const int num_outputs = static_cast<int>(pipeline->outputs().size());
    const bool in_matrix = next_output < shared.num_features;
    group_of_pipeline.push_back(num_outputs > 0 ? static_cast<int>(shared.groups.size()) : -1);
    if (num_outputs > 0)
      shared.groups.push_back(OutputGroup{pipeline, column, next_output, num_outputs,
                                          in_matrix ? matrix_value_bytes : 0});
    next_output += num_outputs;
  };
  for (size_t i = 0; i < model.pipelines().size(); ++i) {
    add_group(model.pipelines()[i].get(), binding.pipeline_columns[i]);
  }
  std::unique_ptr<Pipeline> target;
  if (binding.target_column >= 0) {
    ARROW_ASSIGN_OR_RAISE(
        target, MakeTargetPipeline(model, *source.schema()->field(binding.target_column)));
    add_group(target.get(), binding.target_column);
  }
  ARROW_RETURN_NOT_OK(MakeDistributions(*source.schema(), group_of_pipeline, context,
                                        &shared.groups, distributions));
  for (int s = 0; s < kNumSplits; ++s) {
    if (!splits.has_split(s)) continue;
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(folders.root) / folders.relative[s],
                                        error);
    if (error) {
      return arrow::Status::IOError("cannot create the folder '", folders.root, "/",
                                    folders.relative[s], "': ", error.message());
    }
  }
  std::vector<ShardEntry> shards;
  context->progress()->BeginPhase("transform",
                                  source.num_rows() * static_cast<int64_t>(shared.groups.size()),
                                  source.num_rows(), source.num_bytes());
  if (source.units().empty() || shared.groups.empty()) {
    ARROW_RETURN_NOT_OK(WriteEmptyShards(shared, &shards));
  } else {
    ARROW_ASSIGN_OR_RAISE(std::vector<int64_t> units, UnitsToWrite(shared, &shards));
    ARROW_ASSIGN_OR_RAISE(auto written, TransformRun(shared, std::move(units)).Run());
    std::move(written.begin(), written.end(), std::back_inserter(shards));
  }
  context->progress()->EndPhase();
  auto order = [&](const ShardEntry& shard) {
    return std::find(folders.split_names.begin(), folders.split_names.end(), shard.split);
  };
  std::sort(shards.begin(), shards.end(), [&](const ShardEntry& a, const ShardEntry& b) {
    return std::make_pair(order(a), a.unit) < std::make_pair(order(b), b.unit);
  });
  return shards;
}

}  // namespace emberharmony::engine

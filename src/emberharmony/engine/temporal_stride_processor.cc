#include "emberharmony/engine/temporal_stride_processor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/backend/threads.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/kept_data_set.h"
#include "emberharmony/engine/numeric_backends.h"
#include "emberharmony/engine/temporal_passes_internal.h"
#include "emberharmony/feature/pca.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::engine {
namespace {

using feature::PcaBasis;
using feature::SequenceWindows;
using feature::WindowLayout;
using ops::Tensor;

/// Checked: rows of float32 or float64, and numbers of sequences or none.
struct CheckedBatch {
  Tensor rows;
  Tensor sequences;

  const int64_t* numbers() const {
    return sequences.defined() ? sequences.data_as<int64_t>() : nullptr;
  }
};

arrow::Result<CheckedBatch> CheckBatch(const TemporalBatch& batch) {
  if (!batch.rows.defined() || batch.rows.rank() != 2) {
    return base::UsageError(
        fmt::format("expected rows as a tensor of shape (rows, columns), found {}",
                    batch.rows.defined() ? batch.rows.Describe() : std::string("nothing")));
  }
  if (tensor::IsComplex(batch.rows.dtype())) {
    return base::UsageError("expected rows of real numbers, found " + batch.rows.Describe());
  }
  return ops::Catch([&]() -> arrow::Result<CheckedBatch> {
    CheckedBatch checked;
    const bool single = batch.rows.dtype() == ops::DType::kFloat32;
    checked.rows = single ? batch.rows : ops::astype(batch.rows, ops::DType::kFloat64, false);
    if (!batch.sequences.defined()) return checked;
    const int64_t num_rows = batch.rows.shape()[0];
    if (batch.sequences.shape() != ops::Shape{num_rows} ||
        batch.sequences.dtype() != ops::DType::kInt64) {
      return base::UsageError(
          fmt::format("expected an int64 number of a sequence for each of {} "
                      "rows, found {}",
                      num_rows, batch.sequences.Describe()));
    }
    checked.sequences = batch.sequences.Contiguous();
    return checked;
  });
}

/// Where the rows go that a data set has.
arrow::Result<std::string> SpillFolder(const TemporalStrideOptions& options) {
  if (!options.spill_dir.empty()) return options.spill_dir;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) {
    return base::UsageError(
        "the system names no temporary folder for the rows of a data set; set spill_dir");
  }
  return folder.string();
}

/// While it lives: who projects windows, on the threads of a pass as well.
class ProjectingScope {
 public:
  explicit ProjectingScope(const NumericPlace& place)
      : scope_(*place.backend, place.device, place.dtype) {}

 private:
  const backend::BackendScope scope_;
};

PassOptions PassOptionsOf(const TemporalStrideOptions& options) {
  return {options.num_threads > 0 ? options.num_threads : backend::NumThreads(),
          options.keep_going};
}

Tensor VectorOf(const std::vector<double>& values) {
  return Tensor::FromValues(std::span<const double>(values));
}

arrow::Status RefuseStride(const std::vector<int64_t>& strides, int64_t stride) {
  return base::UsageError(
      fmt::format("expected one of the strides {}, found {}", fmt::join(strides, ", "), stride));
}

/// What has been learned: bases are in the order of the layout's strides. Immutable.
struct LearnedBases {
  WindowLayout layout;
  std::vector<PcaBasis> bases;
  std::vector<double> shift;  ///< of the projections: the same for all, so rows are shifted once
  std::vector<feature::Projection> projections;
  ops::DType dtype;  ///< of the rows
};

arrow::Result<size_t> StrideIndex(const std::vector<int64_t>& strides, int64_t stride) {
  const auto found = std::find(strides.begin(), strides.end(), stride);
  if (found == strides.end()) return RefuseStride(strides, stride);
  return static_cast<size_t>(found - strides.begin());
}

/// A tensor for the windows of each stride.
arrow::Result<std::vector<Tensor>> MakeOutputs(const std::vector<int64_t>& counts,
                                               const std::vector<feature::Projection>& projections,
                                               ops::DType dtype) {
  return ops::Catch([&] {
    std::vector<Tensor> outputs;
    outputs.reserve(counts.size());
    for (size_t i = 0; i < counts.size(); ++i) {
      outputs.push_back(Tensor::Empty({counts[i], projections[i].num_components()}, dtype));
    }
    return outputs;
  });
}

}  // namespace

struct TemporalResults::State {
  TemporalStrideOptions options;
  std::shared_ptr<const NumericBackends> backends;
  std::shared_ptr<const LearnedBases> learned;
  std::shared_ptr<const RowSpool> spool;

  arrow::Result<std::vector<Tensor>> Read(const std::vector<size_t>& indices) const;
};

arrow::Result<std::vector<Tensor>> TemporalResults::State::Read(
    const std::vector<size_t>& indices) const {
  WindowLayout layout = learned->layout;
  layout.strides.clear();
  std::vector<feature::Projection> projections;
  std::vector<int64_t> counts;
  for (size_t i : indices) {
    layout.strides.push_back(learned->layout.strides[i]);
    projections.push_back(learned->projections[i]);
    counts.push_back(learned->bases[i].num_samples);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<Tensor> outputs,
                        MakeOutputs(counts, projections, learned->dtype));
  SequenceWindows windows(layout);
  const ProjectingScope scope(backends->matrix());
  ARROW_RETURN_NOT_OK(
      ProjectWindows(BlocksOf(*spool), &windows, projections, outputs, PassOptionsOf(options)));
  return outputs;
}

const std::vector<int64_t>& TemporalResults::strides() const {
  return state_->learned->layout.strides;
}

arrow::Result<int64_t> TemporalResults::NumWindows(int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const size_t index, StrideIndex(strides(), stride));
  return state_->learned->bases[index].num_samples;
}

arrow::Result<int64_t> TemporalResults::NumComponents(int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const size_t index, StrideIndex(strides(), stride));
  return state_->learned->bases[index].num_components();
}

arrow::Result<Tensor> TemporalResults::Read(int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const size_t index, StrideIndex(strides(), stride));
  ARROW_ASSIGN_OR_RAISE(const std::vector<Tensor> outputs, state_->Read({index}));
  return outputs[0];
}

arrow::Result<std::map<int64_t, Tensor>> TemporalResults::ReadAll() const {
  std::vector<size_t> indices(strides().size());
  std::iota(indices.begin(), indices.end(), size_t{0});
  ARROW_ASSIGN_OR_RAISE(const std::vector<Tensor> outputs, state_->Read(indices));
  std::map<int64_t, Tensor> results;
  for (size_t i : indices) results[strides()[i]] = outputs[i];
  return results;
}

namespace {

/// Reads a few blocks at a time, projects them on as many threads, and cuts what comes out.
class BatchReader : public TemporalResults::Reader {
 public:
  BatchReader(const TemporalStrideOptions& options, std::shared_ptr<const NumericBackends> backends,
              std::shared_ptr<const LearnedBases> learned, std::shared_ptr<const RowSpool> spool,
              size_t index)
      : options_(options),
        backends_(std::move(backends)),
        learned_(std::move(learned)),
        spool_(std::move(spool)),
        layout_{learned_->layout.window_size,
                learned_->layout.num_columns,
                {learned_->layout.strides[index]}},
        projections_{learned_->projections[index]},
        windows_(layout_),
        feed_(BlocksOf(*spool_), &windows_) {}

  arrow::Result<Tensor> Next() override {
    std::vector<Tensor> parts;
    int64_t missing = options_.batch_size;
    while (missing > 0) {
      const int64_t ready = some_.defined() ? some_.shape()[0] - taken_ : 0;
      if (ready == 0) {
        if (ended_) break;
        ARROW_RETURN_NOT_OK(ProjectSome());
        continue;
      }
      const int64_t count = std::min(missing, ready);
      parts.push_back(some_.Slice(0, taken_, taken_ + count));
      taken_ += count;
      missing -= count;
    }
    if (parts.empty()) return Tensor();
    // Of memory of its own: a slice would keep all of it.
    return ops::Catch([&] { return ops::concat(parts, 0); });
  }

 private:
  arrow::Status ProjectSome();

  const TemporalStrideOptions options_;
  const std::shared_ptr<const NumericBackends> backends_;
  const std::shared_ptr<const LearnedBases> learned_;
  const std::shared_ptr<const RowSpool> spool_;
  const WindowLayout layout_;
  const std::vector<feature::Projection> projections_;
  SequenceWindows windows_;
  WindowFeed feed_;
  /// Of each thread; kept, as new memory costs more than what is done in it.
  std::vector<CutBlock> blocks_;
  std::vector<std::vector<double>> centred_;
  Tensor some_;  ///< projected windows
  int64_t taken_ = 0;
  bool ended_ = false;
};

arrow::Status BatchReader::ProjectSome() {
  const PassOptions pass = PassOptionsOf(options_);
  if (pass.keep_going) ARROW_RETURN_NOT_OK(pass.keep_going());
  blocks_.resize(pass.num_threads);
  centred_.resize(pass.num_threads);
  int64_t num_blocks = 0;
  int64_t count = 0;
  int64_t before = 0;
  while (num_blocks < pass.num_threads) {
    CutBlock& block = blocks_[num_blocks];
    ARROW_ASSIGN_OR_RAISE(const bool found, feed_.Next(&block));
    if (!found) {
      ended_ = true;
      break;
    }
    if (num_blocks == 0) before = block.first_places[0];
    block.first_places[0] -= before;
    count += feature::CountWindows(block.runs, layout_)[0];
    ++num_blocks;
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<Tensor> outputs,
                        MakeOutputs({count}, projections_, learned_->dtype));
  const ProjectingScope scope(backends_->matrix());
  ARROW_RETURN_NOT_OK(
      base::ParallelFor(pass.num_threads, num_blocks, [&](int64_t i) -> arrow::Status {
        return ops::Catch(
            [&] { ProjectBlock(blocks_[i], layout_, projections_, outputs, &centred_[i]); });
      }));
  some_ = outputs[0];
  taken_ = 0;
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<TemporalResults::Reader>> TemporalResults::Open(
    int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const size_t index, StrideIndex(strides(), stride));
  return std::make_unique<BatchReader>(state_->options, state_->backends, state_->learned,
                                       state_->spool, index);
}

struct TerabyteTemporalStrideProcessor::State {
  State(const TemporalStrideOptions& options, std::shared_ptr<const NumericBackends> backends)
      : options(options), backends(std::move(backends)) {}

  const TemporalStrideOptions options;
  const std::shared_ptr<const NumericBackends> backends;
  std::shared_ptr<const LearnedBases> learned;
  std::optional<SequenceWindows> windows;  ///< of the learned layout

  /// With `kept` the rows are there already, or go there.
  arrow::Result<KeptDataSet::Rows> Spool(const TemporalBatches& next, bool maintain_state,
                                         KeptDataSet* kept) const;
  arrow::Result<KeptDataSet::Rows> SpoolAnew(const TemporalBatches& next, bool maintain_state,
                                             const std::string& path) const;
  arrow::Result<feature::WindowProducts> ProductsOf(const KeptDataSet::Rows& rows,
                                                    KeptDataSet* kept,
                                                    SequenceWindows* windows) const;
  arrow::Result<std::shared_ptr<const LearnedBases>> Learn(const KeptDataSet::Rows& rows,
                                                           KeptDataSet* kept,
                                                           SequenceWindows* windows) const;
  arrow::Result<const PcaBasis*> BasisOf(int64_t stride) const;
};

namespace {

// For rows like those of the first batch; `path` empty: without a name.
arrow::Result<std::unique_ptr<RowSpool>> MakeSpool(const TemporalStrideOptions& options,
                                                   const CheckedBatch& batch,
                                                   const std::string& path) {
  const ops::DType dtype = batch.rows.dtype();
  const int64_t num_columns = batch.rows.shape()[1];
  const bool has_sequences = batch.sequences.defined();
  if (!path.empty()) return RowSpool::CreateNamed(path, dtype, num_columns, has_sequences);
  ARROW_ASSIGN_OR_RAISE(const std::string folder, SpillFolder(options));
  return RowSpool::Create(folder, dtype, num_columns, has_sequences);
}

arrow::Status CheckAlike(const RowSpool& spool, const CheckedBatch& batch, int64_t number) {
  if (batch.rows.shape()[1] != spool.num_columns()) {
    return base::UsageError(fmt::format("batch {}: expected {} columns as before, found {}", number,
                                        spool.num_columns(), batch.rows.shape()[1]));
  }
  if (batch.rows.dtype() != spool.dtype()) {
    return base::UsageError(fmt::format(
        "batch {}: expected {} as before, found {}; cast all batches to one dtype", number,
        tensor::DTypeName(spool.dtype()), tensor::DTypeName(batch.rows.dtype())));
  }
  if (batch.sequences.defined() != spool.has_sequences()) {
    return base::UsageError(fmt::format(
        "batch {}: expected numbers of sequences with all batches or with none", number));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<KeptDataSet::Rows> TerabyteTemporalStrideProcessor::State::Spool(
    const TemporalBatches& next, bool maintain_state, KeptDataSet* kept) const {
  if (kept == nullptr) return SpoolAnew(next, maintain_state, "");
  ARROW_ASSIGN_OR_RAISE(auto found, kept->FindRows(maintain_state));
  if (found) {
    ARROW_RETURN_NOT_OK(feature::CheckWindowLayout(
        {options.window_size, found->spool->num_columns(), options.stride_perspectives}));
    return *std::move(found);
  }
  ARROW_ASSIGN_OR_RAISE(KeptDataSet::Rows rows, SpoolAnew(next, maintain_state, kept->rows_path()));
  ARROW_RETURN_NOT_OK(kept->NoteRows(rows, maintain_state));
  return rows;
}

arrow::Result<KeptDataSet::Rows> TerabyteTemporalStrideProcessor::State::SpoolAnew(
    const TemporalBatches& next, bool maintain_state, const std::string& path) const {
  KeptDataSet::Rows rows;
  std::shared_ptr<RowSpool>& spool = rows.spool;
  feature::ColumnRanges& ranges = rows.ranges;
  for (int64_t number = 0;; ++number) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<TemporalBatch> given, next());
    if (!given) break;
    ARROW_ASSIGN_OR_RAISE(const CheckedBatch batch, CheckBatch(*given));
    if (spool == nullptr) {
      const int64_t num_columns = batch.rows.shape()[1];
      ARROW_RETURN_NOT_OK(feature::CheckWindowLayout(
          {options.window_size, num_columns, options.stride_perspectives}));
      ARROW_ASSIGN_OR_RAISE(spool, MakeSpool(options, batch, path));
      ranges = feature::ColumnRanges(num_columns);
    }
    ARROW_RETURN_NOT_OK(CheckAlike(*spool, batch, number));
    ARROW_RETURN_NOT_OK(ranges.Update(batch.rows, ranges.num_rows()));
    ARROW_RETURN_NOT_OK(spool->Append(batch.rows, batch.numbers()));
    if (!maintain_state) ARROW_RETURN_NOT_OK(spool->EndPart());
  }
  if (spool == nullptr) return base::DataError("expected rows to learn from, found no batch");
  ARROW_RETURN_NOT_OK(spool->EndPart());
  return rows;
}

arrow::Result<feature::WindowProducts> TerabyteTemporalStrideProcessor::State::ProductsOf(
    const KeptDataSet::Rows& rows, KeptDataSet* kept, SequenceWindows* windows) const {
  if (kept != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto found, kept->FindLearned(windows->layout()));
    if (found) {
      windows->set_sequences(std::move(found->sequences));
      return std::move(found->products);
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto products,
                        LearnProducts(*rows.spool, feature::FixedPointGrid(rows.ranges),
                                      PassOptionsOf(options), windows));
  if (kept != nullptr) ARROW_RETURN_NOT_OK(kept->NoteLearned(products, windows->sequences()));
  return products;
}

arrow::Result<std::shared_ptr<const LearnedBases>> TerabyteTemporalStrideProcessor::State::Learn(
    const KeptDataSet::Rows& rows, KeptDataSet* kept, SequenceWindows* windows) const {
  const WindowLayout& layout = windows->layout();
  ARROW_ASSIGN_OR_RAISE(const feature::WindowProducts products, ProductsOf(rows, kept, windows));
  auto result = std::make_shared<LearnedBases>();
  result->layout = layout;
  result->dtype = rows.spool->dtype();
  const int64_t num_components =
      options.pca_components.value_or(feature::DefaultComponents(layout.num_features()));
  for (int64_t stride : layout.strides) {
    ARROW_ASSIGN_OR_RAISE(const feature::WindowMoments moments, products.Finalize(stride));
    ARROW_ASSIGN_OR_RAISE(PcaBasis basis, feature::LearnPcaBasis(moments, num_components));
    if (result->bases.empty()) {
      result->shift.assign(basis.mean.begin(), basis.mean.begin() + layout.num_columns);
    }
    result->projections.emplace_back(basis, layout, result->shift);
    result->bases.push_back(std::move(basis));
  }
  return result;
}

arrow::Result<const PcaBasis*> TerabyteTemporalStrideProcessor::State::BasisOf(
    int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const size_t index, StrideIndex(options.stride_perspectives, stride));
  if (learned == nullptr) {
    return base::UsageError("no basis has been learned yet: process a large dataset first");
  }
  return &learned->bases[index];
}

TerabyteTemporalStrideProcessor::TerabyteTemporalStrideProcessor(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
TerabyteTemporalStrideProcessor::~TerabyteTemporalStrideProcessor() = default;

arrow::Result<std::unique_ptr<TerabyteTemporalStrideProcessor>>
TerabyteTemporalStrideProcessor::Make(const TemporalStrideOptions& options) {
  ARROW_RETURN_NOT_OK(
      feature::CheckWindowLayout({options.window_size, 1, options.stride_perspectives}));
  if (options.pca_components && *options.pca_components < 1) {
    return base::UsageError(
        fmt::format("pca_components: expected 1 or more, found {}", *options.pca_components));
  }
  if (options.batch_size < 1) {
    return base::UsageError(
        fmt::format("batch_size: expected 1 or more windows, found {}", options.batch_size));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const NumericBackends> backends,
                        NumericBackends::Make(options.backend));
  return std::unique_ptr<TerabyteTemporalStrideProcessor>(
      new TerabyteTemporalStrideProcessor(std::make_unique<State>(options, std::move(backends))));
}

arrow::Result<TemporalResults> TerabyteTemporalStrideProcessor::ProcessLargeDataset(
    const TemporalBatches& next, bool maintain_state, const TemporalKeeping& keeping) {
  // What is learned is the same whoever the process has chosen.
  const backend::BackendScope native(backend::Native());
  std::unique_ptr<KeptDataSet> kept;
  if (!keeping.folder.empty()) {
    ARROW_ASSIGN_OR_RAISE(kept, KeptDataSet::Open(keeping.folder, keeping.resume));
  } else if (keeping.resume) {
    return base::UsageError(
        "resume goes on with a data set in a folder that outlives the process: name it");
  }
  ARROW_ASSIGN_OR_RAISE(const KeptDataSet::Rows rows,
                        state_->Spool(next, maintain_state, kept.get()));
  SequenceWindows windows({state_->options.window_size, rows.spool->num_columns(),
                           state_->options.stride_perspectives});
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<const LearnedBases> learned,
                        ops::Catch([&] { return state_->Learn(rows, kept.get(), &windows); }));
  if (!maintain_state) windows.Reset();
  state_->learned = learned;
  state_->windows = std::move(windows);
  return TemporalResults(std::make_shared<TemporalResults::State>(
      TemporalResults::State{state_->options, state_->backends, learned, rows.spool}));
}

arrow::Result<std::map<int64_t, Tensor>> TerabyteTemporalStrideProcessor::ProcessBatch(
    const TemporalBatch& given) {
  if (state_->learned == nullptr) {
    return base::UsageError("no basis has been learned yet: process a large dataset first");
  }
  const LearnedBases& learned = *state_->learned;
  const backend::BackendScope native(backend::Native());
  ARROW_ASSIGN_OR_RAISE(const CheckedBatch batch, CheckBatch(given));
  if (batch.rows.shape()[1] != learned.layout.num_columns) {
    return base::UsageError(fmt::format("expected {} columns as were learned from, found {}",
                                        learned.layout.num_columns, batch.rows.shape()[1]));
  }
  feature::ColumnRanges ranges(learned.layout.num_columns);
  ARROW_RETURN_NOT_OK(ranges.Update(batch.rows, 0));

  SequenceWindows& windows = *state_->windows;
  const std::vector<int64_t> counts = windows.CountWindows(batch.rows.shape()[0], batch.numbers());
  ARROW_ASSIGN_OR_RAISE(const std::vector<Tensor> outputs,
                        MakeOutputs(counts, learned.projections, batch.rows.dtype()));
  const PassOptions pass = PassOptionsOf(state_->options);
  windows.BeginUndoable();
  const arrow::Status status = ops::Catch([&] {
    const ProjectingScope scope(state_->backends->matrix());
    return ProjectWindows(BlocksOf(batch.rows, batch.numbers(), pass.num_threads), &windows,
                          learned.projections, outputs, pass);
  });
  if (!status.ok()) {
    windows.Undo();
    return status;
  }
  windows.Accept();
  std::map<int64_t, Tensor> results;
  for (size_t i = 0; i < outputs.size(); ++i) results[learned.layout.strides[i]] = outputs[i];
  return results;
}

void TerabyteTemporalStrideProcessor::ResetState() {
  if (state_->windows) state_->windows->Reset();
}

bool TerabyteTemporalStrideProcessor::is_learned() const { return state_->learned != nullptr; }

arrow::Result<TemporalBasis> TerabyteTemporalStrideProcessor::Basis(int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const PcaBasis* basis, state_->BasisOf(stride));
  return ops::Catch([&] {
    return TemporalBasis{basis->num_samples, VectorOf(basis->mean), basis->components.ReadOnly(),
                         VectorOf(basis->explained_variance),
                         VectorOf(basis->explained_variance_ratio)};
  });
}

arrow::Result<double> TerabyteTemporalStrideProcessor::GetExplainedVariance(int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const PcaBasis* basis, state_->BasisOf(stride));
  return basis->ExplainedVariance();
}

arrow::Result<Tensor> TerabyteTemporalStrideProcessor::GetFeatureImportance(int64_t stride) const {
  ARROW_ASSIGN_OR_RAISE(const PcaBasis* basis, state_->BasisOf(stride));
  return ops::Catch([&] { return basis->FeatureImportance(); });
}

const TemporalStrideOptions& TerabyteTemporalStrideProcessor::options() const {
  return state_->options;
}

}  // namespace emberharmony::engine

#include <algorithm>
#include <atomic>
#include <utility>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/thread_pool.h"
#include "emberharmony/engine/temporal_passes_internal.h"
#include "emberharmony/ops/devices.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::engine {
namespace {

using feature::SequenceWindows;
using feature::WindowLayout;
using feature::WindowProducts;

constexpr int64_t kMemoryBlockRowsMin = 1024;
constexpr int64_t kMemoryBlockNumbers = int64_t{1} << 16;
/// The sums of all threads together, unless one thread's are larger.
constexpr int64_t kSumsBytesMax = int64_t{1} << 30;

/// Runs `work` on blocks of the feed, on threads with an index each, until there are no more.
arrow::Status ForEachBlock(WindowFeed* feed, const PassOptions& options,
                           const std::function<arrow::Status(int, const CutBlock&)>& work) {
  std::atomic<bool> stop = false;
  return base::RunWorkers(options.num_threads, [&](int worker) {
    CutBlock block;
    const arrow::Status status = base::CallGuarded([&]() -> arrow::Status {
      while (!stop.load(std::memory_order_relaxed)) {
        if (worker == 0 && options.keep_going) ARROW_RETURN_NOT_OK(options.keep_going());
        ARROW_ASSIGN_OR_RAISE(const bool found, feed->Next(&block));
        if (!found) break;
        ARROW_RETURN_NOT_OK(work(worker, block));
      }
      return arrow::Status::OK();
    });
    if (!status.ok()) stop = true;
    return status;
  });
}

/// What the ends of sequences add.
void AddEnds(const SequenceWindows::Sequences& sequences, WindowProducts* products) {
  const WindowLayout& layout = products->layout();
  std::vector<int64_t> rows;
  for (const auto& [number, sequence] : sequences) {
    if (sequence.num_rows < layout.window_size) continue;
    products->grid().Quantize(sequence.last, &rows);
    products->AddTail(rows.data(), sequence.num_rows);
  }
}

/// One thread's part in learning.
struct Learner {
  explicit Learner(WindowProducts products) : products(std::move(products)) {}

  void Add(const CutBlock& block) {
    const feature::WindowRuns& runs = block.runs;
    products.grid().Quantize(runs.rows, &rows);
    quantized.clear();
    for (const feature::WindowRuns::Run& run : runs.runs) {
      const int64_t* begin = rows.data() + run.begin * runs.num_columns;
      quantized.push_back({begin, run.num_rows, run.position});
      const bool is_first = run.position == 0 && run.num_rows >= products.layout().window_size;
      if (is_first) products.AddHead(begin);
    }
    products.AddRuns(quantized);
    AddEnds(block.ended, &products);
  }

  WindowProducts products;
  std::vector<int64_t> rows;
  std::vector<feature::QuantizedRun> quantized;
};

}  // namespace

RowBlocks BlocksOf(const RowSpool& spool) {
  return [&spool, next = size_t{0}](RowBlock* block) mutable -> arrow::Result<bool> {
    if (next == spool.blocks().size()) return false;
    const RowSpool::Block& stored = spool.blocks()[next++];
    block->has_sequences = spool.has_sequences();
    block->begins_anew = stored.begins_anew;
    ARROW_RETURN_NOT_OK(spool.Read(stored, &block->rows, &block->sequences));
    return true;
  };
}

RowBlocks BlocksOf(const ops::Tensor& rows, const int64_t* sequences, int num_threads) {
  const int64_t num_rows = rows.shape()[0];
  const int64_t most = std::max(kMemoryBlockRowsMin, kMemoryBlockNumbers / rows.shape()[1]);
  const int64_t rows_in_block =
      std::clamp((num_rows - 1) / num_threads + 1, kMemoryBlockRowsMin, most);
  return [=, first = int64_t{0}](RowBlock* block) mutable -> arrow::Result<bool> {
    if (first >= num_rows) return false;
    const int64_t last = std::min(first + rows_in_block, num_rows);
    block->rows = rows.Slice(0, first, last);
    block->has_sequences = sequences != nullptr;
    block->begins_anew = false;
    if (sequences != nullptr) block->sequences.assign(sequences + first, sequences + last);
    first = last;
    return true;
  };
}

WindowFeed::WindowFeed(RowBlocks blocks, SequenceWindows* windows)
    : blocks_(std::move(blocks)),
      windows_(windows),
      num_windows_(windows->layout().strides.size()) {}

arrow::Result<bool> WindowFeed::Next(CutBlock* out) {
  const std::lock_guard lock(mutex_);
  out->ended.clear();
  ARROW_ASSIGN_OR_RAISE(const bool found, blocks_(&out->block));
  if (!found) return false;
  if (out->block.begins_anew) out->ended = windows_->TakeSequences();
  windows_->Cut(out->block.rows, out->block.numbers(), &out->runs);
  out->first_places = num_windows_;
  const std::vector<int64_t> counts = feature::CountWindows(out->runs, windows_->layout());
  for (size_t i = 0; i < counts.size(); ++i) num_windows_[i] += counts[i];
  return true;
}

arrow::Result<WindowProducts> LearnProducts(const RowSpool& spool,
                                            const feature::FixedPointGrid& grid,
                                            const PassOptions& options, SequenceWindows* windows) {
  std::vector<Learner> learners;
  learners.emplace_back(WindowProducts(windows->layout(), grid));
  PassOptions pass = options;
  const int64_t bytes = std::max<int64_t>(learners[0].products.memory_bytes(), 1);
  pass.num_threads =
      static_cast<int>(std::clamp<int64_t>(kSumsBytesMax / bytes, 1, options.num_threads));
  while (static_cast<int>(learners.size()) < pass.num_threads) {
    learners.emplace_back(WindowProducts(windows->layout(), grid));
  }
  WindowFeed feed(BlocksOf(spool), windows);
  ARROW_RETURN_NOT_OK(ForEachBlock(&feed, pass, [&](int worker, const CutBlock& block) {
    learners[worker].Add(block);
    return arrow::Status::OK();
  }));
  WindowProducts& products = learners[0].products;
  AddEnds(windows->sequences(), &products);
  for (size_t i = 1; i < learners.size(); ++i) {
    ARROW_RETURN_NOT_OK(products.Merge(learners[i].products));
  }
  return std::move(products);
}

void ProjectBlock(const CutBlock& block, const WindowLayout& layout,
                  const std::vector<feature::Projection>& projections,
                  const std::vector<ops::Tensor>& outputs, std::vector<double>* centred) {
  const feature::WindowRuns& runs = block.runs;
  centred->resize(runs.rows.size());
  projections[0].Center(runs.rows.data(), static_cast<int64_t>(runs.rows.size()) / runs.num_columns,
                        centred->data());
  ops::Tensor there;
  if (&backend::CurrentBackend() != &backend::Native()) {
    const auto num_rows = static_cast<int64_t>(centred->size()) / runs.num_columns;
    there = ops::to_device(ops::Tensor::Wrap(centred->data(), {num_rows, runs.num_columns},
                                             ops::DType::kFloat64, nullptr),
                           backend::ScopeDevice());
  }
  for (size_t i = 0; i < layout.strides.size(); ++i) {
    const int64_t stride = layout.strides[i];
    const feature::StrideWindows windows =
        feature::WindowsOf(runs, layout, stride, block.block.rows.shape()[0]);
    if (windows.count == 0) continue;
    for (size_t r = 0; r < runs.runs.size(); ++r) {
      const feature::StrideWindows::Part& part = windows.parts[r];
      const int64_t first_row = runs.runs[r].begin + part.first_row;
      const auto place = [&, first = block.first_places[i]](int64_t window) {
        return first + windows.PlaceOf(part.number + window);
      };
      if (there.defined()) {
        projections[i].ProjectByOps(there, first_row, stride, part.count, outputs[i], place);
      } else {
        const double* const first = centred->data() + first_row * runs.num_columns;
        projections[i].Project(first, stride, part.count, outputs[i], place);
      }
    }
  }
}

arrow::Status ProjectWindows(RowBlocks blocks, SequenceWindows* windows,
                             const std::vector<feature::Projection>& projections,
                             const std::vector<ops::Tensor>& outputs, const PassOptions& options) {
  WindowFeed feed(std::move(blocks), windows);
  std::vector<std::vector<double>> centred(options.num_threads);
  return ForEachBlock(&feed, options, [&](int worker, const CutBlock& block) {
    return ops::Catch(
        [&] { ProjectBlock(block, windows->layout(), projections, outputs, &centred[worker]); });
  });
}

}  // namespace emberharmony::engine

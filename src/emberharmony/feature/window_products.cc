#include "emberharmony/feature/window_products.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/encoded_bytes_internal.h"
#include "emberharmony/feature/lag_sums_internal.h"
#include "emberharmony/ops/status.h"

namespace emberharmony::feature {
namespace {

constexpr std::string_view kWindowProductsMagic = "EHWP1";
/// Rows that a state can count: sums stay below 2^127.
constexpr int64_t kCountMax = int64_t{1} << 60;

/// Exact sums of one stride: what the covariance of its windows is made from.
struct StrideSums {
  int64_t count = 0;
  std::vector<ProductSum> row_sums;  ///< of each feature
};

/// Integers near the means, and how far off the sums then are: what is multiplied is small.
struct CentredSums {
  explicit CentredSums(const StrideSums& sums) {
    for (ProductSum sum : sums.row_sums) {
      const auto total = static_cast<__int128>(sum);
      // Means are of at most 2^30; what a stranger has saved may say otherwise.
      const double mean = static_cast<double>(total) / static_cast<double>(sums.count);
      const auto nearest = static_cast<int64_t>(std::nearbyint(std::clamp(mean, -0x1p30, 0x1p30)));
      middle.push_back(nearest);
      rest.push_back(static_cast<double>(total - __int128{nearest} * sums.count));
    }
  }
  std::vector<int64_t> middle;
  std::vector<double> rest;
};

}  // namespace

struct WindowProducts::Sums {
  Sums(const WindowLayout& layout, const FixedPointGrid& grid) : layout(layout), grid(grid) {
    for (LagGroup& group : LagGroupsOf(layout)) lags.emplace_back(layout, std::move(group));
    for (int64_t stride : layout.strides) edges.emplace_back(layout, stride);
  }

  size_t StrideIndex(int64_t stride) const {
    return std::find(layout.strides.begin(), layout.strides.end(), stride) - layout.strides.begin();
  }
  const LagSums& LagsOf(int64_t stride) const {
    return *std::find_if(lags.begin(), lags.end(), [stride](const LagSums& sums) {
      const std::vector<int64_t>& strides = sums.group().strides;
      return std::find(strides.begin(), strides.end(), stride) != strides.end();
    });
  }
  int64_t Count(int64_t stride) const;
  StrideSums SumsOf(int64_t stride) const;
  /// The sums of products of rows i and i + lag of a window, for i = first, first + stride, ...;
  /// `use` gets i and the sums.
  template <class Use>
  void ForEachRow(int64_t stride, int64_t first, int64_t lag, Use use) const;
  void FillCovariance(int64_t stride, const StrideSums& sums, double* covariance) const;

  WindowLayout layout;
  FixedPointGrid grid;
  std::vector<LagSums> lags;
  std::vector<EdgeSums> edges;  ///< for each stride
};

int64_t WindowProducts::Sums::Count(int64_t stride) const {
  const LagSums& sums = LagsOf(stride);
  int64_t count = 0;
  for (size_t i = 0; i < sums.group().residues.size(); ++i) {
    if (sums.group().residues[i].residue % stride == 0) count += sums.count(i);
  }
  return count;
}

StrideSums WindowProducts::Sums::SumsOf(int64_t stride) const {
  const LagSums& lag_sums = LagsOf(stride);
  const EdgeSums& edge = edges[StrideIndex(stride)];
  const int64_t columns = layout.num_columns;
  StrideSums result{Count(stride), std::vector<ProductSum>(layout.num_features())};
  for (int64_t i = 0; i < layout.window_size; ++i) {
    ProductSum* sums = result.row_sums.data() + i * columns;
    if (i >= stride) {
      std::copy_n(sums - stride * columns, columns, sums);
    } else {
      for (size_t k = 0; k < lag_sums.group().residues.size(); ++k) {
        if (lag_sums.group().residues[k].residue % stride != i) continue;
        for (int64_t c = 0; c < columns; ++c) sums[c] += lag_sums.row_sums(k)[c];
      }
    }
    if (layout.window_size == 1) continue;
    for (int64_t c = 0; c < columns; ++c) sums[c] += edge.row_sums(i)[c];
  }
  return result;
}

template <class Use>
void WindowProducts::Sums::ForEachRow(int64_t stride, int64_t first, int64_t lag, Use use) const {
  const LagSums& lag_sums = LagsOf(stride);
  const EdgeSums& edge = edges[StrideIndex(stride)];
  const int64_t area = layout.num_columns * layout.num_columns;
  std::vector<ProductSum> sums(area);
  for (const LagGroup::Residue& residue : lag_sums.group().residues) {
    if (residue.residue % stride != first) continue;
    const ProductSum* products = lag_sums.products(residue, lag);
    for (int64_t i = 0; i < area; ++i) sums[i] += products[i];
  }
  for (int64_t row = first; row + lag < layout.window_size; row += stride) {
    if (layout.window_size > 1) {
      const ProductSum* products = edge.products(row, row + lag);
      for (int64_t i = 0; i < area; ++i) sums[i] += products[i];
    }
    use(row, sums);
  }
}

void WindowProducts::Sums::FillCovariance(int64_t stride, const StrideSums& sums,
                                          double* covariance) const {
  const CentredSums centred(sums);
  const int64_t columns = layout.num_columns;
  const int64_t features = layout.num_features();
  const auto count = static_cast<double>(sums.count);
  for (int64_t first = 0; first < std::min(stride, layout.window_size); ++first) {
    for (int64_t lag = 0; first + lag < layout.window_size; ++lag) {
      ForEachRow(stride, first, lag, [&](int64_t row, const std::vector<ProductSum>& products) {
        for (int64_t c = 0; c < columns; ++c) {
          const int64_t a = row * columns + c;
          for (int64_t d = 0; d < columns; ++d) {
            const int64_t b = (row + lag) * columns + d;
            // Of numbers that are off their means by less than one step: exact.
            const ProductSum around =
                products[c * columns + d] -
                static_cast<ProductSum>(__int128{centred.middle[b]}) * sums.row_sums[a] -
                static_cast<ProductSum>(__int128{centred.middle[a]}) * sums.row_sums[b] +
                static_cast<ProductSum>(__int128{centred.middle[a]} * centred.middle[b]) *
                    static_cast<ProductSum>(sums.count);
            const double squares = static_cast<double>(static_cast<__int128>(around)) -
                                   centred.rest[a] * centred.rest[b] / count;
            const double value =
                std::ldexp(squares / (count - 1), grid.exponents()[c] + grid.exponents()[d]);
            covariance[a * features + b] = value;
            covariance[b * features + a] = value;
          }
        }
      });
    }
  }
}

WindowProducts::WindowProducts(const WindowLayout& layout, const FixedPointGrid& grid)
    : sums_(std::make_unique<Sums>(layout, grid)) {}
WindowProducts::WindowProducts(WindowProducts&&) noexcept = default;
WindowProducts& WindowProducts::operator=(WindowProducts&&) noexcept = default;
WindowProducts::~WindowProducts() = default;

const WindowLayout& WindowProducts::layout() const { return sums_->layout; }
const FixedPointGrid& WindowProducts::grid() const { return sums_->grid; }

void WindowProducts::AddRuns(std::span<const QuantizedRun> runs) {
  for (LagSums& lags : sums_->lags) lags.Add(runs);
}

void WindowProducts::AddHead(const int64_t* rows) {
  if (sums_->layout.window_size == 1) return;
  for (EdgeSums& edge : sums_->edges) edge.AddHead(rows);
}

void WindowProducts::AddTail(const int64_t* rows, int64_t num_rows) {
  if (sums_->layout.window_size == 1) return;
  for (EdgeSums& edge : sums_->edges) edge.AddTail(rows, num_rows);
}

arrow::Status WindowProducts::Merge(const WindowProducts& other) {
  if (!(layout() == other.layout())) {
    return base::UsageError("cannot merge sums of different windows or strides: fit them together");
  }
  if (!(grid() == other.grid())) {
    return base::UsageError(
        "cannot merge sums of components over tables whose columns have different ranges: fit the "
        "tables together");
  }
  for (size_t i = 0; i < sums_->lags.size(); ++i) sums_->lags[i].Merge(other.sums_->lags[i]);
  for (size_t i = 0; i < sums_->edges.size(); ++i) sums_->edges[i].Merge(other.sums_->edges[i]);
  return arrow::Status::OK();
}

int64_t WindowProducts::NumWindows(int64_t stride) const { return sums_->Count(stride); }

arrow::Result<WindowMoments> WindowProducts::Finalize(int64_t stride) const {
  const StrideSums sums = sums_->SumsOf(stride);
  if (sums.count < 2) {
    return base::DataError(fmt::format(
        "expected at least 2 windows of {} rows at stride {} to learn components from, found {}; "
        "give more rows or take a shorter window",
        layout().window_size, stride, sums.count));
  }
  return ops::Catch([&] {
    const int64_t features = layout().num_features();
    WindowMoments moments;
    moments.num_windows = sums.count;
    const CentredSums centred(sums);
    const auto count = static_cast<double>(sums.count);
    for (int64_t a = 0; a < features; ++a) {
      const int64_t column = a % layout().num_columns;
      const double steps = static_cast<double>(centred.middle[a]) + centred.rest[a] / count;
      moments.mean.push_back(grid().centres()[column] +
                             std::ldexp(steps, grid().exponents()[column]));
    }
    moments.covariance = ops::Tensor::Empty({features, features}, ops::DType::kFloat64);
    sums_->FillCovariance(stride, sums, moments.covariance.mutable_data_as<double>());
    return moments;
  });
}

namespace {

void PutSums(EncodedWriter& writer, const std::vector<ProductSum>& sums) {
  for (ProductSum sum : sums) {
    writer.Put(static_cast<uint64_t>(sum));
    writer.Put(static_cast<uint64_t>(sum >> 64));
  }
}

void TakeSums(EncodedReader& reader, std::vector<ProductSum>* sums) {
  // What is missing is seen before the loop, which might be long.
  if (reader.rest().size() / 16 < sums->size()) {
    reader.TakeBytes(reader.rest().size() + 1);
    return;
  }
  for (ProductSum& sum : *sums) {
    sum = reader.Take<uint64_t>();
    sum |= static_cast<ProductSum>(reader.Take<uint64_t>()) << 64;
  }
}

arrow::Status Damaged() { return base::DataError("the saved state of components is damaged"); }

arrow::Result<WindowLayout> TakeLayout(EncodedReader& reader) {
  WindowLayout layout;
  layout.window_size = reader.Take<int64_t>();
  layout.num_columns = reader.Take<int64_t>();
  const auto num_strides = reader.Take<int64_t>();
  if (!reader.ok() || num_strides < 1 || num_strides > 64) return Damaged();
  layout.strides.clear();
  for (int64_t i = 0; i < num_strides; ++i) layout.strides.push_back(reader.Take<int64_t>());
  if (!reader.ok() || !CheckWindowLayout(layout).ok()) return Damaged();
  return layout;
}

}  // namespace

std::string WindowProducts::Encode() const {
  EncodedWriter writer(kWindowProductsMagic);
  writer.Put(layout().window_size);
  writer.Put(layout().num_columns);
  writer.Put(static_cast<int64_t>(layout().strides.size()));
  for (int64_t stride : layout().strides) writer.Put(stride);
  for (double centre : grid().centres()) writer.Put(centre);
  for (int32_t exponent : grid().exponents()) writer.Put(exponent);
  for (const LagSums& lags : sums_->lags) {
    for (int64_t count : lags.all_counts()) writer.Put(count);
    PutSums(writer, lags.all_row_sums());
    PutSums(writer, lags.all_products());
  }
  for (const EdgeSums& edge : sums_->edges) {
    PutSums(writer, edge.all_row_sums());
    PutSums(writer, edge.all_products());
  }
  return writer.Finish();
}

arrow::Result<WindowProducts> WindowProducts::Decode(std::string_view bytes) {
  EncodedReader reader(bytes, kWindowProductsMagic);
  ARROW_ASSIGN_OR_RAISE(const WindowLayout layout, TakeLayout(reader));
  // A state is about as large as its encoded form: a few bytes must not ask for gigabytes.
  int64_t least = 0;
  for (const LagGroup& group : LagGroupsOf(layout)) {
    least += group.num_lags * layout.num_columns * layout.num_columns * 16;
  }
  if (static_cast<int64_t>(reader.rest().size()) < least) return Damaged();
  std::vector<double> centres(layout.num_columns);
  std::vector<int32_t> exponents(layout.num_columns);
  for (double& centre : centres) centre = reader.Take<double>();
  for (int32_t& exponent : exponents) exponent = reader.Take<int32_t>();
  ARROW_ASSIGN_OR_RAISE(const FixedPointGrid grid,
                        FixedPointGrid::Make(std::move(centres), std::move(exponents)));
  WindowProducts products(layout, grid);
  for (LagSums& lags : products.sums_->lags) {
    int64_t total = 0;
    for (int64_t& count : lags.all_counts()) {
      count = reader.Take<int64_t>();
      if (count < 0 || count > kCountMax - total) return Damaged();
      total += count;
    }
    TakeSums(reader, &lags.all_row_sums());
    TakeSums(reader, &lags.all_products());
  }
  for (EdgeSums& edge : products.sums_->edges) {
    TakeSums(reader, &edge.all_row_sums());
    TakeSums(reader, &edge.all_products());
  }
  if (!reader.done()) return Damaged();
  return products;
}

int64_t WindowProducts::memory_bytes() const {
  size_t sums = 0;
  for (const LagSums& lags : sums_->lags) {
    sums += lags.all_products().size() + lags.all_row_sums().size();
  }
  for (const EdgeSums& edge : sums_->edges) {
    sums += edge.all_products().size() + edge.all_row_sums().size();
  }
  return static_cast<int64_t>(sums * sizeof(ProductSum));
}

}  // namespace emberharmony::feature

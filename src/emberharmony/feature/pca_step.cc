#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emberharmony/backend/backend_scope.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/fixed_point.h"
#include "emberharmony/feature/learn_checks.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/numeric_compute.h"
#include "emberharmony/feature/numeric_form.h"
#include "emberharmony/feature/pca.h"
#include "emberharmony/feature/projection.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/ops.h"

namespace emberharmony::feature {
namespace {

/// The rows of a block as one matrix of doubles, NaN where a number is missing.
arrow::Result<std::vector<double>> PcaRows(const RowBlock& rows, arrow::MemoryPool* pool) {
  const size_t num_columns = rows.columns.size();
  std::vector<double> matrix(static_cast<size_t>(rows.num_rows) * num_columns);
  for (size_t c = 0; c < num_columns; ++c) {
    ARROW_ASSIGN_OR_RAISE(const auto numbers, ToNumeric({rows.columns[c], false}, pool));
    for (int64_t row = 0; row < rows.num_rows; ++row) {
      matrix[static_cast<size_t>(row) * num_columns + c] = numbers->Value(row);
    }
  }
  return matrix;
}

/// In a first pass the columns' ranges, in a second the sums of products.
class PcaLearner : public RowLearner {
 public:
  /// `skips_missing`: rows that miss a number are passed over; else they are an error.
  PcaLearner(std::vector<std::string> names, bool skips_missing, base::MemoryBudget* budget)
      : names_(std::move(names)),
        skips_missing_(skips_missing),
        ranges_(num_columns()),
        reservation_(budget) {}

  arrow::Status Update(const RowBlock& rows) override;
  arrow::Result<bool> FinishPass() override;
  /// The ranges: of each column the smallest value, then of each the largest.
  std::string EncodePasses() const override;
  arrow::Status RestorePasses(const std::string& encoded) override;
  const WindowProducts* products() const { return products_ ? &*products_ : nullptr; }

 private:
  int64_t num_columns() const { return static_cast<int64_t>(names_.size()); }
  /// What keeps rows from being learned from, with the column's name.
  arrow::Status CheckNumbers(const std::vector<double>& matrix) const;
  /// Leaves the rows that are learned from.
  void KeepRows(const RowBlock& rows, std::vector<double>* matrix) const;

  const std::vector<std::string> names_;
  const bool skips_missing_;
  ColumnRanges ranges_;
  std::optional<WindowProducts> products_;
  std::vector<int64_t> quantized_;
  base::MemoryReservation reservation_;
};

arrow::Status PcaLearner::CheckNumbers(const std::vector<double>& matrix) const {
  for (size_t i = 0; i < matrix.size(); ++i) {
    if (std::isfinite(matrix[i])) continue;
    const std::string& column = names_[i % names_.size()];
    if (std::isinf(matrix[i])) return CheckFinite(column, "pca", 1);
    return base::DataError("column '" + column +
                           "' has missing values, which pca cannot learn from; put an impute step "
                           "ahead of it");
  }
  return arrow::Status::OK();
}

void PcaLearner::KeepRows(const RowBlock& rows, std::vector<double>* matrix) const {
  if (rows.folds == nullptr && !skips_missing_) return;
  const int64_t width = num_columns();
  int64_t kept = 0;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    const double* numbers = matrix->data() + row * width;
    if (rows.folds != nullptr && rows.folds[row] == kNoFold) continue;
    const auto is_missing = [](double number) { return std::isnan(number); };
    if (skips_missing_ && std::any_of(numbers, numbers + width, is_missing)) continue;
    std::copy_n(numbers, width, matrix->data() + kept++ * width);
  }
  matrix->resize(static_cast<size_t>(kept * width));
}

arrow::Status PcaLearner::Update(const RowBlock& rows) {
  ARROW_ASSIGN_OR_RAISE(std::vector<double> matrix, PcaRows(rows, arrow::default_memory_pool()));
  KeepRows(rows, &matrix);
  const auto num_rows = static_cast<int64_t>(matrix.size()) / num_columns();
  if (products_) {
    products_->grid().Quantize(matrix, &quantized_);
    const QuantizedRun run{quantized_.data(), num_rows, 0};
    return ops::Catch([&] { products_->AddRuns({&run, 1}); });
  }
  ARROW_RETURN_NOT_OK(CheckNumbers(matrix));
  return ops::Catch([&] {
    return ranges_.Update(
        ops::Tensor::Wrap(matrix.data(), {num_rows, num_columns()}, ops::DType::kFloat64, nullptr),
        0);
  });
}

arrow::Result<bool> PcaLearner::FinishPass() {
  if (products_) return false;
  // The sums, and the covariance with what takes it apart.
  ARROW_RETURN_NOT_OK(reservation_.Resize(num_columns() * num_columns() * 64));
  ARROW_RETURN_NOT_OK(ops::Catch(
      [&] { products_.emplace(WindowLayout{1, num_columns(), {1}}, FixedPointGrid(ranges_)); }));
  return true;
}

std::string PcaLearner::EncodePasses() const {
  if (ranges_.num_rows() == 0) return "";
  std::string out;
  for (const std::vector<double>* values : {&ranges_.smallest(), &ranges_.largest()})
    out.append(reinterpret_cast<const char*>(values->data()), values->size() * sizeof(double));
  return out;
}

arrow::Status PcaLearner::RestorePasses(const std::string& encoded) {
  std::vector<double> bounds(2 * names_.size());
  const auto damaged = [] {
    return base::DataError("the saved ranges of pca are damaged, or from another version");
  };
  if (encoded.size() != bounds.size() * sizeof(double)) return damaged();
  std::memcpy(bounds.data(), encoded.data(), encoded.size());
  for (size_t i = 0; i < names_.size(); ++i) {
    const double smallest = bounds[i];
    const double largest = bounds[i + names_.size()];
    if (!std::isfinite(smallest) || !std::isfinite(largest) || smallest > largest) return damaged();
  }
  // Two rows that span the ranges give the grid that all rows gave.
  ARROW_RETURN_NOT_OK(ops::Catch([&] {
    return ranges_.Update(
        ops::Tensor::Wrap(bounds.data(), {2, num_columns()}, ops::DType::kFloat64, nullptr), 0);
  }));
  return FinishPass().status();
}

/// `pca: N`: the N principal components of the feature's columns together, learned from training
/// rows. Columns are centred and not scaled, as scikit-learn's PCA does; a scale step ahead does
/// that. A row in which a number is missing has none. Behind another row-wise step such rows are
/// the rule (no window ends there, nothing came before), so that it learns from the others.
class PcaStep : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context);

  const std::string& name() const override { return kName; }
  RowTraits traits() const override { return {.computes = true}; }
  std::vector<backend::Op> operations() const override {
    return {backend::Op::kSubtract, backend::Op::kMatmul};
  }
  nlohmann::json options() const override {
    return {{"components", num_components_}, {"name", output_name_}};
  }
  std::vector<ColumnInfo> outputs() const override;
  arrow::Result<std::unique_ptr<RowLearner>> MakeLearner(
      base::MemoryBudget* budget) const override {
    return std::make_unique<PcaLearner>(names_, derived_, budget);
  }
  arrow::Status Learn(const RowLearner& learner) override;
  bool learned() const override { return projection_.has_value(); }
  nlohmann::json Describe() const override;
  arrow::Status Restore(const nlohmann::json& learned,
                        const std::shared_ptr<arrow::RecordBatch>& vocabulary) override;
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  static inline const std::string kName = "pca";
  int64_t num_columns() const { return static_cast<int64_t>(names_.size()); }
  WindowLayout layout() const { return {1, num_columns(), {1}}; }
  /// The components of rows, (rows, components) on the CPU. Natively each depends on its row alone,
  /// to the last bit; by another backend it is one matrix product.
  ops::Tensor ProjectRows(const std::vector<double>& matrix, int64_t num_rows) const;
  ops::Tensor ProjectByBackend(const std::vector<double>& matrix, int64_t num_rows) const;
  void SetBasis(PcaBasis basis) {
    basis_ = std::move(basis);
    projection_.emplace(basis_, layout(), basis_.mean);
  }

  std::vector<std::string> names_;
  int64_t num_components_ = 1;
  std::string output_name_;
  bool derived_ = false;  ///< RowContext::derived
  PcaBasis basis_;
  std::optional<Projection> projection_;
};

arrow::Result<std::unique_ptr<RowTransform>> PcaStep::Make(const nlohmann::json& options,
                                                           const RowContext& context) {
  auto step = std::make_unique<PcaStep>();
  const auto num_columns = static_cast<int64_t>(context.num_columns);
  const int64_t usual = DefaultComponents(num_columns);
  StepOptions reader(kName, options, "components");
  step->num_components_ = reader.Integer("components", usual, 1, num_columns);
  step->output_name_ = "pca";
  if (const nlohmann::json* name = reader.Value("name")) {
    if (name->is_string() && !name->get<std::string>().empty()) {
      step->output_name_ = name->get<std::string>();
    } else {
      reader.AddFault("option 'name' must be the beginning of names; found " + OptionText(*name));
    }
  }
  if (num_columns > kWindowFeaturesMax) {
    reader.AddFault("takes at most " + std::to_string(kWindowFeaturesMax) + " columns together");
  }
  ARROW_RETURN_NOT_OK(reader.Finish());
  for (size_t c = 0; c < context.num_columns; ++c) {
    ARROW_RETURN_NOT_OK(CheckNumeric(kName, context.inputs[c]));
    step->names_.push_back(context.inputs[c].name);
  }
  step->derived_ = context.derived;
  return std::unique_ptr<RowTransform>(std::move(step));
}

std::vector<ColumnInfo> PcaStep::outputs() const {
  std::vector<ColumnInfo> outputs;
  for (int64_t k = 1; k <= num_components_; ++k) {
    ColumnInfo output;
    output.name = output_name_ + "_" + std::to_string(k);
    output.type = arrow::float64();
    outputs.push_back(std::move(output));
  }
  return outputs;
}

arrow::Status PcaStep::Learn(const RowLearner& learner) {
  const WindowProducts* products = static_cast<const PcaLearner&>(learner).products();
  if (products == nullptr) return WrongStatistics(kName);
  const int64_t num_rows = products->NumWindows(1);
  if (num_rows <= num_components_) {
    return base::DataError("pca of " + std::to_string(num_components_) +
                           " components needs more training rows than components; found " +
                           std::to_string(num_rows));
  }
  ARROW_ASSIGN_OR_RAISE(const WindowMoments moments, products->Finalize(1));
  ARROW_ASSIGN_OR_RAISE(PcaBasis basis, LearnPcaBasis(moments, num_components_));
  SetBasis(std::move(basis));
  return arrow::Status::OK();
}

nlohmann::json PcaStep::Describe() const {
  nlohmann::json described = DescribeOptions(kName, options());
  if (!learned()) return described;
  described["count"] = basis_.num_samples;
  described["mean"] = basis_.mean;
  described["explained_variance"] = basis_.explained_variance;
  described["explained_variance_ratio"] = basis_.explained_variance_ratio;
  const double* loadings = basis_.components.data_as<double>();
  nlohmann::json components = nlohmann::json::array();
  for (int64_t k = 0; k < num_components_; ++k, loadings += num_columns()) {
    components.push_back(std::vector<double>(loadings, loadings + num_columns()));
  }
  described["loadings"] = std::move(components);
  return described;
}

/// A list of finite numbers; empty, and a fault, for anything else.
std::vector<double> PcaNumbers(const nlohmann::json& value, int64_t length, LearnedFacts* facts) {
  std::vector<double> numbers;
  if (value.is_array() && static_cast<int64_t>(value.size()) == length) {
    for (const nlohmann::json& each : value) {
      if (each.is_number() && std::isfinite(each.get<double>())) {
        numbers.push_back(each.get<double>());
      }
    }
  }
  const bool fits = static_cast<int64_t>(numbers.size()) == length;
  facts->Check(fits, "a list is not one of " + std::to_string(length) + " finite numbers");
  return fits ? numbers : std::vector<double>(static_cast<size_t>(length));
}

arrow::Status PcaStep::Restore(const nlohmann::json& learned,
                               const std::shared_ptr<arrow::RecordBatch>& /*vocabulary*/) {
  LearnedFacts facts(kName, options(), names_[0], learned);
  PcaBasis basis;
  basis.num_samples = facts.Integer("count", 2);
  basis.mean = PcaNumbers(facts.Value("mean"), num_columns(), &facts);
  basis.explained_variance = PcaNumbers(facts.Value("explained_variance"), num_components_, &facts);
  basis.explained_variance_ratio =
      PcaNumbers(facts.Value("explained_variance_ratio"), num_components_, &facts);
  const nlohmann::json& loadings = facts.Value("loadings");
  const bool fits = loadings.is_array() && static_cast<int64_t>(loadings.size()) == num_components_;
  facts.Check(fits, "'loadings' is no list for each component");
  std::vector<double> components;
  for (int64_t k = 0; k < num_components_ && fits; ++k) {
    const std::vector<double> row =
        PcaNumbers(loadings[static_cast<size_t>(k)], num_columns(), &facts);
    components.insert(components.end(), row.begin(), row.end());
  }
  ARROW_RETURN_NOT_OK(facts.Finish());
  return ops::Catch([&] {
    basis.components = ops::Tensor::FromValues(std::span<const double>(components),
                                               {num_components_, num_columns()});
    SetBasis(std::move(basis));
  });
}

ops::Tensor PcaStep::ProjectByBackend(const std::vector<double>& matrix, int64_t num_rows) const {
  const auto there = [](const double* values, tensor::Shape shape) {
    return InScope(ops::Tensor::Wrap(values, shape, ops::DType::kFloat64, nullptr));
  };
  // Centred first, in float64: where float32 is what is computed in, large means cost no digits.
  const ops::Tensor rows =
      ops::Tensor::Wrap(matrix.data(), {num_rows, num_columns()}, ops::DType::kFloat64, nullptr);
  const ops::Tensor mean =
      ops::Tensor::Wrap(basis_.mean.data(), {num_columns()}, ops::DType::kFloat64, nullptr);
  const ops::Tensor components =
      there(basis_.components.data_as<double>(), {num_components_, num_columns()});
  const bool is_narrow = backend::ScopeDType() != ops::DType::kFloat64;
  const ops::Tensor centred =
      is_narrow ? InScope(ops::subtract(rows, mean)) : ops::subtract(InScope(rows), InScope(mean));
  return OutOfScope(ops::matmul(centred, ops::linalg::matrix_transpose(components))).Contiguous();
}

ops::Tensor PcaStep::ProjectRows(const std::vector<double>& matrix, int64_t num_rows) const {
  if (&backend::CurrentBackend() != &backend::Native()) return ProjectByBackend(matrix, num_rows);
  std::vector<double> centred(matrix.size());
  projection_->Center(matrix.data(), num_rows, centred.data());
  ops::Tensor projected = ops::Tensor::Empty({num_rows, num_components_}, ops::DType::kFloat64);
  // A missing number makes all components of its row missing.
  projection_->Project(centred.data(), 1, num_rows, projected, [](int64_t row) { return row; });
  return projected;
}

arrow::Status PcaStep::Apply(const RowBlock& rows, RowState* /*state*/, arrow::MemoryPool* pool,
                             arrow::ArrayVector* outputs) const {
  ARROW_ASSIGN_OR_RAISE(std::vector<double> matrix, PcaRows(rows, pool));
  return ops::Catch([&]() -> arrow::Status {
    const ops::Tensor projected = ProjectRows(matrix, rows.num_rows);
    const double* values = projected.data_as<double>();
    for (int64_t k = 0; k < num_components_; ++k) {
      ARROW_ASSIGN_OR_RAISE(
          std::shared_ptr<arrow::Buffer> buffer,
          arrow::AllocateBuffer(rows.num_rows * static_cast<int64_t>(sizeof(double)), pool));
      auto* to = reinterpret_cast<double*>(buffer->mutable_data());
      for (int64_t row = 0; row < rows.num_rows; ++row) {
        to[row] = values[row * num_components_ + k];
      }
      outputs->push_back(std::make_shared<arrow::DoubleArray>(rows.num_rows, std::move(buffer)));
    }
    return arrow::Status::OK();
  });
}

const RowStepRegistration kPcaRegistration("pca",
                                           {.takes_columns_together = true, .make = PcaStep::Make});

}  // namespace
}  // namespace emberharmony::feature

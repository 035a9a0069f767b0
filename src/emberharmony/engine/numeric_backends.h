#pragma once

#include <arrow/result.h>

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/feature/pipeline.h"
#include "emberharmony/plan/plan.h"

/// Who computes the numeric steps of a run. The choice is a rule and never a measurement, so that
/// runs repeat:
///
/// | --backend | elementwise steps | matrix steps (pca)                                      |
/// | native    | native            | native                                                  |
/// | auto      | native            | an accelerator's backend where its driver is, or native |
/// | NAME      | NAME              | NAME                                                    |
///
/// What is learned, splits, ids and counts are computed natively whatever is chosen: a step is left
/// to another backend only where no integer and nothing learned hangs on its last bits
/// (Pipeline::runs_on_backend, RunsOnBackend).
namespace emberharmony::engine {

/// A backend, and the one of its devices that steps run on.
struct NumericPlace {
  backend::Backend* backend;
  tensor::Device device = tensor::kCpuDevice;
};

/// The choice of one run. Thread-safe.
class NumericBackends {
 public:
  /// Loads the backend that is named, and its framework; nothing for "auto" and "native".
  /// UsageError, with what would help, where there is none of that name.
  static arrow::Result<std::unique_ptr<NumericBackends>> Make(const std::string& name);

  const NumericPlace& elementwise() const { return elementwise_; }
  /// Of "auto" the first call looks for an accelerator, and loads its framework where there is one:
  /// for runs that have such steps.
  const NumericPlace& matrix() const;

  /// Who computes, for the manifest: the name that was given; of "auto" who computes the matrix
  /// steps if the run has any that may be left to others, else native.
  std::string name_for(bool has_matrix_steps) const;
  /// For run_report.json: who computed what may be left to others, on which device, and of another
  /// backend than native what it was asked for meanwhile, by the whole process, and left to native:
  /// {name, device, operations: [{operation, ran, fell_back, reason}]}.
  nlohmann::json Use() const;

 private:
  explicit NumericBackends(NumericPlace place, bool is_automatic);

  const bool is_automatic_;
  const NumericPlace elementwise_;
  mutable std::once_flag matrix_once_;
  mutable NumericPlace matrix_;
  mutable std::vector<backend::OpCount> counts_before_;
};

/// Whether a row-wise step may be left to another backend than the native one: a matrix step,
/// behind which no other row-wise step stands, and those of the pipelines that take its outputs
/// learn nothing and are continuous.
bool RunsOnBackend(const plan::BoundRowStep& row_step,
                   const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines);

}  // namespace emberharmony::engine

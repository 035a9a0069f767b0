#pragma once

#include <arrow/result.h>

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/backend_report.h"
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

/// A backend, the one of its devices that steps run on, and what they compute in there.
struct NumericPlace {
  backend::Backend* backend;
  tensor::Device device = tensor::kCpuDevice;
  tensor::DType dtype = tensor::DType::kFloat64;
};

/// The choice of one run. Thread-safe.
class NumericBackends {
 public:
  /// Loads the backend that is named, and its framework; nothing for "auto" and "native".
  /// UsageError, with what would help, where there is none of that name.
  static arrow::Result<std::unique_ptr<NumericBackends>> Make(const std::string& name);
  /// A plan's `compute`. "float32": a device without float64 takes steps as well, and computes them
  /// in float32; "auto": it takes none. Before anything is asked for.
  void set_compute(const std::string& compute);

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
  NumericBackends(backend::Backend* backend, bool is_automatic);

  const bool is_automatic_;
  bool allows_float32_ = false;
  NumericPlace elementwise_;
  mutable std::once_flag matrix_once_;
  mutable NumericPlace matrix_;
  mutable std::vector<backend::OpCount> counts_before_;
};

/// Those of a step's operations that are computed natively all the same where the step runs, with
/// the reasons: what the place's backend refuses by operation, dtype and rank. What it refuses for
/// its values or their layout is found while running (NumericBackends::Use). Empty for native.
std::vector<backend::NativeOp> LeftToNative(const NumericPlace& place,
                                            const std::vector<backend::Op>& operations, int rank);

/// Whether a row-wise step may be left to another backend than the native one: a matrix step,
/// behind which no other row-wise step stands, and those of the pipelines that take its outputs
/// learn nothing and are continuous.
bool RunsOnBackend(const plan::BoundRowStep& row_step,
                   const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines);

}  // namespace emberharmony::engine

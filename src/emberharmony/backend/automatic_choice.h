#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "emberharmony/backend/backend.h"

/// The choice that is made where no backend has been named ("auto").
///
/// It is native unless there is more to choose from: where the driver of an accelerator is there,
/// or $EMBERHARMONY_CALIBRATION or CalibrateNow ask for it. Then each call of an operation goes to
/// who is estimated to be done first, by what was measured once on this machine
/// (backend/calibration.h); tensors of the CPU go to a device and back where even that pays. What
/// was not measured, and what native is estimated to take at most a twentieth longer for, is
/// native.
///
/// EMBERHARMONY_CALIBRATION:
/// - auto, or not set: as above; measurements are kept in a file and measured where there are none;
/// - on: the same also without an accelerator, among the backends that are loaded;
/// - read: only what the file has; nothing is measured, nothing written: native where it has none;
/// - off: native;
/// - an absolute path: those measurements, of whatever machine, and no others; where there are none
///   a warning, and native;
/// - anything else is taken as auto.
///
/// Measuring, and loading the frameworks of accelerators, waits for the first call that is worth
/// it (a million elements). What the time for measuring did not suffice for, or what was measured
/// while the machine was busy with other things, is gone on with by later processes, each for a
/// tenth of a second. All functions are thread-safe.
namespace emberharmony::backend {

/// Leaves the choice to costs: how a process begins. SetCurrentBackend ends it.
void ChooseAutomatically();
bool ChoosesAutomatically();
/// Whether there is something to choose from.
bool ChoosesByCost();

/// The same as BackendFor, for a call with these inputs and a result of this shape: while the
/// choice is automatic, the one that costs least.
Backend& ChooseFor(const OpQuery& query, Tensors inputs, const tensor::Shape& shape);

/// What CalibrateNow has done.
struct CalibrationSummary {
  std::vector<std::string> backends;  ///< that were measured
  int num_measured = 0;  ///< operations and dtypes, of all of them; one stands for those alike
  double settled = 0;    ///< the share of them that was seen twice alike, from 0 to 1
  double seconds = 0;
  std::string path;  ///< where the measurements are kept; empty: nowhere
};
/// Measures now, anew, all backends that are loaded, until all is settled or for ten seconds, and
/// uses that from now on in this process, and in others that ask for it. UsageError where
/// EMBERHARMONY_CALIBRATION says off.
arrow::Result<CalibrationSummary> CalibrateNow();

/// What is wrong with the file that EMBERHARMONY_CALIBRATION names, and what to do; else empty.
std::string CalibrationFault();
/// How the choice is made that nobody made, for people, in one line. Measures nothing.
std::string DescribeAutomaticChoice();

/// What a call is estimated to cost.
struct CostEstimate {
  std::string backend;
  tensor::Device device;
  double nanoseconds = -1;  ///< copies to and from the device with it; below 0: not measured
  bool is_chosen = false;
};
/// Of an operation whose result (of a matrix product, whose square inputs) has this shape: one for
/// each backend and device that there are measurements of, native first. Empty where the choice is
/// not made by costs; what is not read or measured yet is now.
std::vector<CostEstimate> EstimateCosts(Op op, tensor::DType dtype, const tensor::Shape& shape);

}  // namespace emberharmony::backend

#include "emberharmony/engine/numeric_backends.h"

#include <algorithm>
#include <set>
#include <utility>

#include "emberharmony/backend/cost_table.h"
#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"

namespace emberharmony::engine {
namespace {

/// The first device beside the CPU that has at least the products of a dtype; else the CPU.
tensor::Device DeviceWith(tensor::DType dtype, const backend::Backend& backend) {
  const tensor::DType dtypes[] = {dtype, dtype};
  for (const tensor::Device device : backend.devices()) {
    if (device.kind == tensor::DeviceKind::kCpu) continue;
    if (backend.Supports({backend::Op::kMatmul, dtypes, 2, device})) return device;
  }
  return tensor::kCpuDevice;
}

/// Steps compute in float64, and on a device without it only where the plan allows float32.
NumericPlace PlaceOn(backend::Backend* backend, bool allows_float32) {
  NumericPlace place{backend};
  place.device = DeviceWith(place.dtype, *backend);
  if (place.device != tensor::kCpuDevice || !allows_float32) return place;
  const tensor::Device narrow = DeviceWith(tensor::DType::kFloat32, *backend);
  return narrow == tensor::kCpuDevice ? place
                                      : NumericPlace{backend, narrow, tensor::DType::kFloat32};
}

NumericPlace AcceleratorPlace(bool allows_float32) {
  if (backend::HasAcceleratorDriver()) {
    for (const char* name : backend::kAcceleratorBackends) {
      backend::Backend* const found = backend::LoadBackendIfThere(name);
      if (found == nullptr) continue;
      const NumericPlace place = PlaceOn(found, allows_float32);
      if (place.device.kind != tensor::DeviceKind::kCpu) return place;
      base::Log(base::LogLevel::kInfo,
                "backend {} has no device that computes in float64; a plan with 'compute: float32' "
                "would do with one of float32",
                name);
    }
  }
  return {&backend::Native()};
}

}  // namespace

NumericBackends::NumericBackends(backend::Backend* backend, bool is_automatic)
    : is_automatic_(is_automatic),
      elementwise_(PlaceOn(backend, /*allows_float32=*/false)),
      matrix_(elementwise_),
      counts_before_(backend->Counts()) {}

arrow::Result<std::unique_ptr<NumericBackends>> NumericBackends::Make(const std::string& name) {
  backend::Backend* backend = &backend::Native();
  if (name != "auto" && name != "native") {
    auto loaded = backend::LoadBackend(name);
    if (!loaded.ok() && name == "numpy") {
      return base::UsageError(
          "the backend 'numpy' is there in Python only (backend=\"numpy\"); `ember backends` lists "
          "those that are there elsewhere");
    }
    ARROW_ASSIGN_OR_RAISE(backend, std::move(loaded));
  }
  return std::unique_ptr<NumericBackends>(new NumericBackends(backend, name == "auto"));
}

void NumericBackends::set_compute(const std::string& compute) {
  allows_float32_ = compute == "float32";
  elementwise_ = matrix_ = PlaceOn(elementwise_.backend, allows_float32_);
}

const NumericPlace& NumericBackends::matrix() const {
  std::call_once(matrix_once_, [this] {
    if (!is_automatic_) return;
    matrix_ = AcceleratorPlace(allows_float32_);
    counts_before_ = matrix_.backend->Counts();
  });
  return matrix_;
}

std::string NumericBackends::name_for(bool has_matrix_steps) const {
  return std::string((has_matrix_steps ? matrix() : elementwise_).backend->name());
}

nlohmann::json NumericBackends::Use() const {
  // Where an accelerator was never asked for, this is native still.
  const backend::Backend& used = *matrix_.backend;
  nlohmann::json operations = nlohmann::json::array();
  for (const backend::OpCount& count : used.Counts()) {
    const auto before = std::find_if(counts_before_.begin(), counts_before_.end(),
                                     [&](const auto& each) { return each.op == count.op; });
    const bool is_new = before == counts_before_.end();
    const int64_t ran = count.ran - (is_new ? 0 : before->ran);
    const int64_t fell_back = count.fell_back - (is_new ? 0 : before->fell_back);
    if (ran + fell_back == 0) continue;
    nlohmann::json entry = {
        {"operation", backend::InfoOf(count.op).name}, {"ran", ran}, {"fell_back", fell_back}};
    if (fell_back > 0) entry["reason"] = count.reason;
    operations.push_back(std::move(entry));
  }
  return {{"name", used.name()},
          {"device", tensor::DeviceName(matrix_.device)},
          {"dtype", tensor::DTypeName(matrix_.dtype)},
          {"operations", std::move(operations)}};
}

std::vector<backend::NativeOp> LeftToNative(const NumericPlace& place,
                                            const std::vector<backend::Op>& operations, int rank) {
  std::vector<backend::NativeOp> left;
  if (place.backend == &backend::Native()) return left;
  for (const backend::Op op : operations) {
    const std::vector<tensor::DType> dtypes = backend::UsualDTypes(op, place.dtype);
    const backend::OpQuery query{op, dtypes, rank, place.device};
    if (place.backend->Supports(query)) continue;
    left.push_back({std::string(backend::InfoOf(op).name), place.backend->WhyNot(query)});
  }
  return left;
}

bool RunsOnBackend(const plan::BoundRowStep& row_step,
                   const std::vector<std::unique_ptr<feature::Pipeline>>& pipelines) {
  // What another row-wise step makes of it may be an id.
  if (!row_step.step->traits().computes || row_step.feeds_next_stage) return false;
  std::set<std::string> yielded;
  for (const feature::ColumnInfo& output : row_step.step->outputs()) yielded.insert(output.name);
  return std::ranges::all_of(pipelines, [&](const auto& pipeline) {
    if (!yielded.contains(pipeline->source_column())) return true;
    for (int s = 0; s < pipeline->num_steps(); ++s) {
      const feature::Transform& each = pipeline->step(s);
      if (!each.traits().continuous || !each.analyzers().empty()) return false;
    }
    return true;
  });
}

}  // namespace emberharmony::engine

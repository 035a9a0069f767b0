#include "emberharmony/engine/numeric_backends.h"

#include <algorithm>
#include <set>
#include <utility>

#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/base/log.h"

namespace emberharmony::engine {
namespace {

/// Steps compute in float64: a device that has not even its products is passed over.
tensor::Device NumericDeviceOf(const backend::Backend& backend) {
  constexpr tensor::DType kDoubles[] = {tensor::DType::kFloat64, tensor::DType::kFloat64};
  for (const tensor::Device device : backend.devices()) {
    if (device.kind == tensor::DeviceKind::kCpu) continue;
    if (backend.Supports({backend::Op::kMatmul, kDoubles, 2, device})) return device;
  }
  return tensor::kCpuDevice;
}

NumericPlace AcceleratorPlace() {
  if (backend::HasAcceleratorDriver()) {
    for (const char* name : backend::kAcceleratorBackends) {
      backend::Backend* const found = backend::LoadBackendIfThere(name);
      if (found == nullptr) continue;
      const tensor::Device device = NumericDeviceOf(*found);
      if (device.kind != tensor::DeviceKind::kCpu) return {found, device};
      base::Log(base::LogLevel::kInfo, "backend {} has no device that computes in float64", name);
    }
  }
  return {&backend::Native()};
}

}  // namespace

NumericBackends::NumericBackends(NumericPlace place, bool is_automatic)
    : is_automatic_(is_automatic),
      elementwise_(place),
      matrix_(place),
      counts_before_(place.backend->Counts()) {}

arrow::Result<std::unique_ptr<NumericBackends>> NumericBackends::Make(const std::string& name) {
  NumericPlace place{&backend::Native()};
  if (name != "auto" && name != "native") {
    ARROW_ASSIGN_OR_RAISE(place.backend, backend::LoadBackend(name));
    place.device = NumericDeviceOf(*place.backend);
  }
  return std::unique_ptr<NumericBackends>(new NumericBackends(place, name == "auto"));
}

const NumericPlace& NumericBackends::matrix() const {
  std::call_once(matrix_once_, [this] {
    if (!is_automatic_) return;
    matrix_ = AcceleratorPlace();
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
          {"operations", std::move(operations)}};
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

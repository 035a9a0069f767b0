#include "emberharmony/backend/plugin_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <stdexcept>

#include "emberharmony/backend/device_memory.h"
#include "emberharmony/backend/plugin_call_internal.h"
#include "emberharmony/backend/plugin_table_internal.h"
#include "emberharmony/backend/threads.h"

namespace emberharmony::backend {
namespace {

using tensor::Device;
using tensor::Tensor;

/// Long enough for a sentence and a path.
constexpr size_t kMessageBytes = 1024;

bool IsCpu(Device device) { return device.kind == tensor::DeviceKind::kCpu; }

}  // namespace

/// What a plugin has answered, by operation, the first and last of at most two dtypes, rank and
/// whether on the CPU: 0 not asked yet, 1 no, 2 yes. Other queries are asked each time.
class PluginBackend::Answers {
 public:
  static constexpr int kRanks = 16;

  /// Where the answer is kept, or null.
  std::atomic<uint8_t>* Find(const OpQuery& query) {
    const size_t num_dtypes = query.dtypes.size();
    const int rank = query.rank + 1;
    if (num_dtypes == 0 || num_dtypes > 2 || rank < 0 || rank >= kRanks) return nullptr;
    const int last = num_dtypes == 1 ? 0 : 1 + static_cast<int>(query.dtypes[1]);
    size_t at = static_cast<size_t>(query.op);
    at = at * tensor::kNumDTypes + static_cast<size_t>(query.dtypes[0]);
    at = at * (tensor::kNumDTypes + 1) + last;
    at = at * kRanks + rank;
    return &answers_[at * 2 + (IsCpu(query.device) ? 0 : 1)];
  }

 private:
  static constexpr size_t kSize =
      size_t{kNumOps} * tensor::kNumDTypes * (tensor::kNumDTypes + 1) * kRanks * 2;
  // Zeroed pages that were never touched cost nothing.
  std::unique_ptr<std::atomic<uint8_t>[]> answers_ =
      std::make_unique<std::atomic<uint8_t>[]>(kSize);
};

PluginBackend::PluginBackend(const EmberBackend& table, std::string path)
    : table_(table),
      name_(table.name),
      version_(table.version),
      framework_(table.framework != nullptr ? table.framework : ""),
      path_(std::move(path)),
      device_infos_(DevicesOf(table)),
      answers_(std::make_shared<Answers>()) {
  for (const EmberDeviceInfo& info : device_infos_) {
    devices_.push_back({static_cast<tensor::DeviceKind>(info.device.kind), info.device.index});
  }
}

arrow::Result<std::unique_ptr<PluginBackend>> PluginBackend::Make(const EmberBackend* table,
                                                                  std::string path) {
  ARROW_ASSIGN_OR_RAISE(const EmberBackend checked, CheckTable(table));
  return std::unique_ptr<PluginBackend>(new PluginBackend(checked, std::move(path)));
}

bool PluginBackend::Ask(const OpQuery& query, std::string* reason) const {
  static_assert(sizeof(tensor::DType) == 1);
  if (query.rank > table_.rank_max) {
    *reason = fmt::format("at most {} dimensions, found {}", table_.rank_max, query.rank);
    return false;
  }
  EmberQuery asked{};
  asked.size = sizeof(asked);
  asked.op = static_cast<uint32_t>(query.op);
  asked.dtypes = reinterpret_cast<const uint8_t*>(query.dtypes.data());
  asked.num_dtypes = static_cast<int32_t>(query.dtypes.size());
  asked.rank = query.rank;
  asked.device = {static_cast<int32_t>(query.device.kind), query.device.index};
  char text[kMessageBytes] = "";
  const int32_t status =
      GuardedCall([&] { return table_.supports(&asked, text, sizeof(text)); }, text, sizeof(text));
  if (status == EMBER_OK) return true;
  *reason = text;
  return false;
}

bool PluginBackend::Supports(const OpQuery& query) const {
  std::atomic<uint8_t>* const answer = answers_->Find(query);
  if (answer != nullptr) {
    const uint8_t known = answer->load(std::memory_order_relaxed);
    if (known != 0) return known == 2;
  }
  std::string reason;
  const bool yes = Ask(query, &reason);
  if (answer != nullptr) answer->store(yes ? 2 : 1, std::memory_order_relaxed);
  return yes;
}

std::string PluginBackend::WhyNot(const OpQuery& query) const {
  std::string reason;
  if (Ask(query, &reason)) return "";
  return reason.empty() ? Backend::WhyNot(query) : reason;
}

std::string_view PluginBackend::LayoutFault(Tensors inputs, Tensors outputs) const {
  if ((table_.flags & EMBER_TAKES_NEGATIVE_STRIDES) != 0) return "";
  for (const Tensors tensors : {inputs, outputs}) {
    for (const Tensor* tensor : tensors) {
      if (!tensor->is_contiguous() && HasNegativeStrides(*tensor)) {
        return "negative strides, which the framework does not have";
      }
    }
  }
  return "";
}

void PluginBackend::Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) {
  const Device device = outputs[0]->device();
  if (const std::string_view fault = LayoutFault(inputs, outputs); !fault.empty()) {
    return FallBack(op, inputs, attributes, outputs, fault);
  }
  if (!IsCpu(device)) {
    // BackendFor gives a device's owner every operation.
    tensor::DType dtypes[kTensorsMax];
    const OpQuery query{op, DTypesOf(op, inputs, outputs, dtypes), RankOf(inputs, outputs), device};
    if (!Supports(query)) return FallBack(op, inputs, attributes, outputs, WhyNot(query));
  }
  PluginCall call(op, inputs, attributes, outputs, table_.flags);
  if (call.needs_copies_off_cpu()) {
    return FallBack(op, inputs, attributes, outputs,
                    "tensors on a device with gaps between their elements");
  }
  char error[kMessageBytes];
  error[0] = '\0';
  const int32_t status = GuardedCall(
      [&] { return table_.execute(call.get(), error, sizeof(error)); }, error, sizeof(error));
  if (status == EMBER_UNSUPPORTED) return FallBack(op, inputs, attributes, outputs, error);
  if (status != EMBER_OK) Throw(status, op, error);
  call.Finish();
  CountRan(op);
}

void PluginBackend::FallBack(Op op, Tensors inputs, Attributes attributes, Tensors outputs,
                             std::string_view reason) {
  CountFallback(op, reason.empty() ? "the plugin gave no reason" : reason);
  if (!IsCpu(outputs[0]->device())) return ExecuteOnHost(op, inputs, attributes, outputs);
  tensor::DType dtypes[kTensorsMax];
  const OpQuery query{op, DTypesOf(op, inputs, outputs, dtypes)};
  if (!Native().Supports(query)) {
    throw tensor::UnsupportedError(
        fmt::format("{}: no backend supports dtype {}", InfoOf(op).name,
                    tensor::DTypeName(query.dtypes.empty() ? outputs[0]->dtype() : dtypes[0])));
  }
  Native().Execute(op, inputs, attributes, outputs);
}

void PluginBackend::ExecuteOnHost(Op op, Tensors inputs, Attributes attributes, Tensors outputs) {
  std::vector<Tensor> held;
  held.reserve(inputs.size() + outputs.size());
  std::vector<const Tensor*> host_inputs;
  std::vector<const Tensor*> host_outputs;
  for (const Tensor* input : inputs) {
    held.push_back(CopyToHost(*input));
    host_inputs.push_back(&held.back());
  }
  for (const Tensor* output : outputs) {
    held.push_back(Tensor::Empty(output->shape(), output->dtype()));
    host_outputs.push_back(&held.back());
  }
  tensor::DType dtypes[kTensorsMax];
  const OpQuery query{op, DTypesOf(op, host_inputs, host_outputs, dtypes)};
  if (!Native().Supports(query)) {
    throw tensor::UnsupportedError(
        fmt::format("{}: neither {} nor the native backend supports dtype {}", InfoOf(op).name,
                    name_, tensor::DTypeName(dtypes[0])));
  }
  Native().Execute(op, host_inputs, attributes, host_outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    CopyFromHost(*host_outputs[i], *outputs[i]);
  }
}

void PluginBackend::Throw(int32_t status, Op op, const char* error) const {
  const std::string_view text = *error != '\0' ? error : "the plugin gave no reason";
  if (status == EMBER_OUT_OF_MEMORY) {
    throw tensor::OutOfMemoryError(fmt::format("{} on {}: {}", InfoOf(op).name, name_, text));
  }
  if (status == EMBER_NO_ANSWER) {
    throw tensor::LinAlgError(fmt::format("{}: {}", InfoOf(op).name, text));
  }
  throw std::runtime_error(
      fmt::format("{} failed on the backend {}: {}; set_backend(\"native\") computes it without",
                  InfoOf(op).name, name_, text));
}

std::shared_ptr<void> PluginBackend::Allocate(Device device, int64_t size_bytes) {
  if (IsCpu(device) || table_.allocate == nullptr) return Backend::Allocate(device, size_bytes);
  const EmberDevice where{static_cast<int32_t>(device.kind), device.index};
  void* data = nullptr;
  char error[kMessageBytes] = "";
  const int32_t status = GuardedCall(
      [&] {
        return table_.allocate(where, static_cast<uint64_t>(size_bytes), &data, error,
                               sizeof(error));
      },
      error, sizeof(error));
  if (status != EMBER_OK) {
    throw tensor::OutOfMemoryError(fmt::format("{} bytes on {} of the backend {}: {}", size_bytes,
                                               tensor::DeviceName(device), name_, error));
  }
  // Backends live for ever, so the function does.
  return std::shared_ptr<void>(data,
                               [where, release = table_.release](void* p) { release(where, p); });
}

void PluginBackend::CopyBytes(Device to_device, void* to, Device from_device, const void* from,
                              int64_t size_bytes) {
  if (size_bytes == 0) return;
  if (table_.copy == nullptr)
    return Backend::CopyBytes(to_device, to, from_device, from, size_bytes);
  char error[kMessageBytes] = "";
  const int32_t status = GuardedCall(
      [&] {
        return table_.copy({static_cast<int32_t>(to_device.kind), to_device.index}, to,
                           {static_cast<int32_t>(from_device.kind), from_device.index}, from,
                           static_cast<uint64_t>(size_bytes), error, sizeof(error));
      },
      error, sizeof(error));
  if (status != EMBER_OK)
    Throw(status == EMBER_UNSUPPORTED ? EMBER_FAILED : status, Op::kCopy, error);
}

void PluginBackend::Synchronize(Device device) {
  if (table_.synchronize == nullptr) return;
  char error[kMessageBytes] = "";
  const int32_t status = GuardedCall(
      [&] {
        return table_.synchronize({static_cast<int32_t>(device.kind), device.index}, error,
                                  sizeof(error));
      },
      error, sizeof(error));
  if (status != EMBER_OK) {
    throw std::runtime_error(fmt::format("waiting for {} of the backend {} failed: {}",
                                         tensor::DeviceName(device), name_, error));
  }
}

}  // namespace emberharmony::backend

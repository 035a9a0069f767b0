#include <arrow/status.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "emberharmony/backend/attributes.h"
#include "emberharmony/backend/op.h"
#include "emberharmony/backend/plugin_table_internal.h"
#include "emberharmony/tensor/device.h"

namespace emberharmony::backend {
namespace {

// The C header says anew what the library's own headers say.
static_assert(EMBER_NUM_OPS == kNumOps);
static_assert(EMBER_OP_kErf == static_cast<int>(Op::kErf));
static_assert(EMBER_COMPLEX128 == static_cast<int>(tensor::DType::kComplex128));
static_assert(EMBER_ATTRIBUTE_TOLERANCE == static_cast<int>(AttributeKey::kTolerance));
static_assert(EMBER_ATTRIBUTE_LENGTH == static_cast<int>(AttributeKey::kLength));
static_assert(sizeof(EmberAttribute) == sizeof(Attribute));
static_assert(offsetof(EmberAttribute, value) == offsetof(Attribute, integer));
static_assert(EMBER_CUDA == static_cast<int>(tensor::DeviceKind::kCuda));
static_assert(EMBER_METAL == static_cast<int>(tensor::DeviceKind::kMetal));

/// The table as its first version had it: no plugin has a smaller one.
constexpr size_t kTableBytesMin = offsetof(EmberBackend, synchronize) + sizeof(void*);

constexpr int kDevicesMax = 64;
constexpr size_t kNameBytesMax = 32;

bool IsName(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), fits);
}

arrow::Status CheckFunctions(const EmberBackend& table) {
  if (table.devices == nullptr || table.supports == nullptr || table.execute == nullptr) {
    return arrow::Status::Invalid(
        "the plugin's table lacks one of the functions devices, supports and execute");
  }
  const std::vector<EmberDeviceInfo> devices = DevicesOf(table);
  if (devices.empty()) return arrow::Status::Invalid("the plugin has no devices");
  const bool has_memory = table.allocate && table.release && table.copy && table.synchronize;
  for (const EmberDeviceInfo& info : devices) {
    if (info.device.kind != EMBER_CPU && !has_memory) {
      return arrow::Status::Invalid(
          "the plugin has devices beside the CPU, but lacks one of the functions allocate, "
          "release, "
          "copy and synchronize");
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<EmberBackend> CheckTable(const EmberBackend* table) {
  if (table == nullptr) return arrow::Status::Invalid("the plugin gave no table and no reason");
  if (table->abi_version != EMBER_BACKEND_ABI_VERSION) {
    return arrow::Status::Invalid(
        fmt::format("the plugin is made for version {} of the plugin interface, expected {}",
                    table->abi_version, EMBER_BACKEND_ABI_VERSION));
  }
  if (table->size < kTableBytesMin) {
    return arrow::Status::Invalid(fmt::format(
        "the plugin's table has {} bytes, expected at least {}", table->size, kTableBytesMin));
  }
  EmberBackend copy{};
  std::memcpy(&copy, table, std::min<size_t>(table->size, sizeof(copy)));
  const std::string_view name = copy.name != nullptr ? copy.name : "";
  if (!IsName(name) || name == "native" || name == "auto") {
    return arrow::Status::Invalid(fmt::format(
        "expected a backend's name of up to {} lower-case letters, digits and underscores, other "
        "than native and auto, found '{}'",
        kNameBytesMax, name.substr(0, 2 * kNameBytesMax)));
  }
  if (copy.version == nullptr) return arrow::Status::Invalid("the plugin's table has no version");
  if (copy.rank_max < 1) {
    return arrow::Status::Invalid(fmt::format(
        "expected a rank_max of at least 1 in the plugin's table, found {}", copy.rank_max));
  }
  ARROW_RETURN_NOT_OK(CheckFunctions(copy));
  return copy;
}

std::vector<EmberDeviceInfo> DevicesOf(const EmberBackend& table) {
  std::vector<EmberDeviceInfo> devices(kDevicesMax);
  char error[256];
  int32_t count = 0;
  const auto ask = [&]() -> int32_t {
    count = table.devices(devices.data(), kDevicesMax);
    return EMBER_OK;
  };
  if (GuardedCall(ask, error, sizeof(error)) != EMBER_OK) count = 0;
  devices.resize(std::clamp(count, 0, kDevicesMax));
  for (EmberDeviceInfo& info : devices) info.name[sizeof(info.name) - 1] = '\0';
  return devices;
}

}  // namespace emberharmony::backend

#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <vector>

#include "emberharmony/backend/backend.h"
#include "emberharmony/backend/backend_abi.h"

namespace emberharmony::backend {

/// A plugin's table of functions as a Backend: it describes tensors, remembers what the plugin
/// supports, and has computed natively what the plugin refuses.
///
/// Tensors on the CPU fall back on the same memory, those on another device by way of copies. A
/// plugin that takes only C-contiguous tensors is given copies; on the CPU negative strides that it
/// does not take fall back.
class PluginBackend : public Backend {
 public:
  /// Checks the table. A Status with what is wrong with it: another ABI version, missing functions,
  /// a bad name, no devices. `table` stays valid for ever; null is refused.
  static arrow::Result<std::unique_ptr<PluginBackend>> Make(const EmberBackend* table,
                                                            std::string path);

  std::string_view name() const override { return name_; }
  std::string version() const override { return version_; }
  std::string framework() const override { return framework_; }
  /// The plugin's file.
  const std::string& path() const { return path_; }
  std::vector<tensor::Device> devices() const override { return devices_; }
  /// More about each of them, in the same order.
  const std::vector<EmberDeviceInfo>& device_infos() const { return device_infos_; }

  bool Supports(const OpQuery& query) const override;
  std::string WhyNot(const OpQuery& query) const override;
  void Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) override;

  std::shared_ptr<void> Allocate(tensor::Device device, int64_t size_bytes) override;
  void CopyBytes(tensor::Device to_device, void* to, tensor::Device from_device, const void* from,
                 int64_t size_bytes) override;
  void Synchronize(tensor::Device device) override;

 private:
  PluginBackend(const EmberBackend& table, std::string path);

  /// The plugin's answer, and its reason for a no.
  bool Ask(const OpQuery& query, std::string* reason) const;
  /// Throws what a status other than EMBER_OK stands for.
  [[noreturn]] void Throw(int32_t status, Op op, const char* error) const;
  void ExecuteOnHost(Op op, Tensors inputs, Attributes attributes, Tensors outputs);
  void FallBack(Op op, Tensors inputs, Attributes attributes, Tensors outputs,
                std::string_view reason);
  /// What of the tensors the plugin cannot take though it computes the operation; empty for
  /// nothing.
  std::string_view LayoutFault(Tensors inputs, Tensors outputs) const;

  EmberBackend table_;
  std::string name_;
  std::string version_;
  std::string framework_;
  std::string path_;
  std::vector<tensor::Device> devices_;
  std::vector<EmberDeviceInfo> device_infos_;

  class Answers;
  std::shared_ptr<Answers> answers_;
};

}  // namespace emberharmony::backend

#pragma once

#include <string>
#include <vector>

#include "emberharmony/backend/backend.h"

namespace emberharmony::backend {

/// A backend's device for tensors on the CPU: they are copied there, and the result back. Where its
/// memory does not suffice, native computes.
class MovedBackend final : public Backend {
 public:
  MovedBackend(Backend& backend, tensor::Device device) : backend_(backend), device_(device) {}

  std::string_view name() const override { return backend_.name(); }
  std::string version() const override { return backend_.version(); }
  std::vector<tensor::Device> devices() const override { return {tensor::kCpuDevice}; }
  bool Supports(const OpQuery& query) const override;
  void Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) override;

 private:
  void ExecuteThere(Op op, Tensors inputs, Attributes attributes, Tensors outputs);

  Backend& backend_;
  const tensor::Device device_;
};

}  // namespace emberharmony::backend

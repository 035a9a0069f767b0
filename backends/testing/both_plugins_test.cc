// The plugins torch and mlx in one plain C++ program, without Python: each is loaded beside the
// other, in both orders (a process each, see CMakeLists.txt), and both compute, on threads too.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/ops.h"

namespace emberharmony::backend {
namespace {

using tensor::DType;
using tensor::Tensor;

Tensor RunOn(Backend* backend, Op op, const Tensor& x, const Tensor& y) {
  const Tensor result = Tensor::Empty(x.shape(), x.dtype());
  const Tensor* const inputs[] = {&x, &y};
  const Tensor* const outputs[] = {&result};
  backend->Execute(op, inputs, {}, outputs);
  return result;
}

/// How many results of the backend were wrong.
int NumFaults(Backend* backend) {
  int faults = 0;
  const Tensor x = ops::full({16, 16}, 1.5);
  const Tensor y = ops::full({16, 16}, 2.0);
  for (int i = 0; i < 50; ++i) {
    if (RunOn(backend, Op::kAdd, x, y).values<double>()[255] != 3.5) ++faults;
    if (RunOn(backend, Op::kMatmul, x, y).values<double>()[0] != 48.0) ++faults;
  }
  return faults;
}

void LoadAndUse(const std::vector<std::string>& names) {
  std::vector<Backend*> backends;
  for (const std::string& name : names) {
    auto loaded = LoadBackend(name);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    backends.push_back(*loaded);
    for (Backend* backend : backends) EXPECT_EQ(NumFaults(backend), 0) << backend->name();
  }
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    for (Backend* backend : backends) {
      threads.emplace_back([&faults, backend] { faults += NumFaults(backend); });
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(faults, 0);
  for (Backend* backend : backends) {
    for (const OpCount& count : backend->Counts()) {
      EXPECT_EQ(count.fell_back, 0) << backend->name() << ": " << count.reason;
    }
  }
}

TEST(BothPlugins, TorchThenMlx) { LoadAndUse({"torch", "mlx"}); }
TEST(BothPlugins, MlxThenTorch) { LoadAndUse({"mlx", "torch"}); }

}  // namespace
}  // namespace emberharmony::backend

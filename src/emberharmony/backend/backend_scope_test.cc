#include "emberharmony/backend/backend_scope.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "emberharmony/base/thread_pool.h"

namespace emberharmony::backend {
namespace {

using tensor::DType;

/// Adds natively, and counts.
class ScopedAdder : public Backend {
 public:
  explicit ScopedAdder(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  std::string version() const override { return "1"; }
  std::vector<tensor::Device> devices() const override { return {tensor::kCpuDevice}; }
  bool Supports(const OpQuery& query) const override { return query.op == Op::kAdd; }
  void Execute(Op op, Tensors inputs, Attributes attributes, Tensors outputs) override {
    Native().Execute(op, inputs, attributes, outputs);
    CountRan(op);
  }
  int64_t num_added() const {
    const std::vector<OpCount> counts = Counts();
    return counts.empty() ? 0 : counts[0].ran;
  }

 private:
  const std::string name_;
};

ScopedAdder& AdderOf(const std::string& name) {
  RegisterBackend(std::make_unique<ScopedAdder>(name));
  auto& adder = static_cast<ScopedAdder&>(*FindBackend(name));
  adder.ResetCounts();
  return adder;
}

/// As ops does it.
void AddOnce() {
  const tensor::Tensor x = tensor::Tensor::FromValues<double>({1, 2, 3, 4});
  const tensor::Tensor sum = tensor::Tensor::Empty({4}, DType::kFloat64);
  const tensor::Tensor* const inputs[] = {&x, &x};
  const tensor::Tensor* const outputs[] = {&sum};
  const DType dtypes[] = {DType::kFloat64};
  BackendFor({Op::kAdd, dtypes, 1}).Execute(Op::kAdd, inputs, {}, outputs);
}

TEST(BackendScope, IsWhoComputesOnThisThreadAndLeavesNoTrace) {
  ScopedAdder& adder = AdderOf("scoped_one");
  {
    const BackendScope scope(adder);
    EXPECT_EQ(&CurrentBackend(), &adder);
    AddOnce();
    std::thread other([] {
      EXPECT_EQ(&CurrentBackend(), &Native());
      AddOnce();
    });
    other.join();
  }
  EXPECT_EQ(&CurrentBackend(), &Native());
  AddOnce();
  EXPECT_EQ(adder.num_added(), 1);
}

TEST(BackendScope, WorkersTakeItOver) {
  ScopedAdder& adder = AdderOf("scoped_two");
  const BackendScope scope(adder);
  std::atomic<int> num_right{0};
  ASSERT_TRUE(base::RunWorkers(3, [&](int) {
                num_right += &CurrentBackend() == &adder;
                return base::ParallelFor(2, 2, [&](int64_t) {
                  num_right += &CurrentBackend() == &adder;
                  AddOnce();
                  return arrow::Status::OK();
                });
              }).ok());
  EXPECT_EQ(num_right, 3 + 3 * 2);
  EXPECT_EQ(adder.num_added(), 3 * 2);
}

TEST(BackendScope, TheInnermostCountsWhateverTheProcessHasChosen) {
  ScopedAdder& adder = AdderOf("scoped_three");
  ScopedAdder& chosen = AdderOf("scoped_four");
  SetCurrentBackend(&chosen);
  {
    const BackendScope native(Native());
    EXPECT_EQ(&CurrentBackend(), &Native());
    AddOnce();
    {
      const BackendScope scope(adder);
      EXPECT_EQ(&CurrentBackend(), &adder);
      SetCurrentBackend(nullptr);
      EXPECT_EQ(&CurrentBackend(), &adder);
      SetCurrentBackend(&chosen);
    }
    EXPECT_EQ(&CurrentBackend(), &Native());
  }
  EXPECT_EQ(&CurrentBackend(), &chosen);
  EXPECT_EQ(chosen.num_added(), 0);
  AddOnce();
  EXPECT_EQ(chosen.num_added(), 1);
  SetCurrentBackend(nullptr);
}

TEST(BackendScope, HasADevice) {
  EXPECT_EQ(ScopeDevice(), tensor::kCpuDevice);
  const tensor::Device device{tensor::DeviceKind::kRocm, 1};
  {
    const BackendScope scope(AdderOf("scoped_five"), device);
    EXPECT_EQ(ScopeDevice(), device);
    const BackendScope native(Native());
    EXPECT_EQ(ScopeDevice(), tensor::kCpuDevice);
  }
  EXPECT_EQ(ScopeDevice(), tensor::kCpuDevice);
}

}  // namespace
}  // namespace emberharmony::backend

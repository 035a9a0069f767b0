#include "emberharmony/engine/task_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace emberharmony::engine {
namespace {

TEST(TaskGateTest, OneTaskAlwaysEnters) {
  const auto budget = base::MemoryBudget::MakeRoot("test", 100);
  TaskGate gate(budget.get());
  const TaskGate::Pass pass = gate.Enter(1000000);
}

TEST(TaskGateTest, AsManyAsThereIsMemoryForRunAtATime) {
  const auto budget = base::MemoryBudget::MakeRoot("test", 100);
  for (const int64_t held : {0, 50, 100}) {
    ASSERT_TRUE(budget->Reserve(held).ok());
    TaskGate gate(budget.get());
    std::atomic<int> inside{0};
    std::mutex mutex;
    int most = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 50; ++k) {
          const TaskGate::Pass pass = gate.Enter(25);
          const int now = ++inside;
          {
            std::lock_guard lock(mutex);
            most = std::max(most, now);
          }
          std::this_thread::yield();
          --inside;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(most, std::max<int64_t>(1, (100 - held) / 25));
    EXPECT_GE(most, 1);
    budget->Release(held);
  }
}

}  // namespace
}  // namespace emberharmony::engine

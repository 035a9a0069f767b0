#include "emberharmony/backend/backend.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>

namespace emberharmony::backend {

class Backend::Counters {
 public:
  void CountRan(Op op) { At(op).ran.fetch_add(1, std::memory_order_relaxed); }

  void CountFallback(Op op, std::string_view reason) {
    Counter& counter = At(op);
    if (counter.fell_back.fetch_add(1, std::memory_order_relaxed) > 0) return;
    std::lock_guard lock(mutex_);
    counter.reason = reason;
  }

  std::vector<OpCount> Get() {
    std::lock_guard lock(mutex_);
    std::vector<OpCount> counts;
    for (int i = 0; i < kNumOps; ++i) {
      const Counter& counter = counters_[i];
      const int64_t ran = counter.ran.load(std::memory_order_relaxed);
      const int64_t fell_back = counter.fell_back.load(std::memory_order_relaxed);
      if (ran + fell_back == 0) continue;
      counts.push_back({static_cast<Op>(i), ran, fell_back, fell_back > 0 ? counter.reason : ""});
    }
    return counts;
  }

  void Reset() {
    std::lock_guard lock(mutex_);
    for (Counter& counter : counters_) {
      counter.ran.store(0, std::memory_order_relaxed);
      counter.fell_back.store(0, std::memory_order_relaxed);
    }
  }

 private:
  struct Counter {
    std::atomic<int64_t> ran{0};
    std::atomic<int64_t> fell_back{0};
    std::string reason;  // guarded by mutex_
  };

  Counter& At(Op op) { return counters_[static_cast<int>(op)]; }

  std::mutex mutex_;
  std::array<Counter, kNumOps> counters_;
};

Backend::Backend() : counters_(std::make_unique<Counters>()) {}
Backend::~Backend() = default;

std::string Backend::WhyNot(const OpQuery& query) const {
  if (Supports(query)) return "";
  const std::string_view dtype =
      query.dtypes.empty() ? "these dtypes" : tensor::DTypeName(query.dtypes[0]);
  return fmt::format("{} does not compute {} of {}", name(), InfoOf(query.op).name, dtype);
}

std::shared_ptr<void> Backend::Allocate(tensor::Device device, int64_t) {
  throw std::logic_error(
      fmt::format("the backend {} has no memory on {}", name(), tensor::DeviceName(device)));
}

void Backend::CopyBytes(tensor::Device to_device, void*, tensor::Device from_device, const void*,
                        int64_t) {
  throw std::logic_error(fmt::format("the backend {} does not copy from {} to {}", name(),
                                     tensor::DeviceName(from_device),
                                     tensor::DeviceName(to_device)));
}

void Backend::CountRan(Op op) { counters_->CountRan(op); }
void Backend::CountFallback(Op op, std::string_view reason) {
  counters_->CountFallback(op, reason);
}
std::vector<OpCount> Backend::Counts() const { return counters_->Get(); }
void Backend::ResetCounts() { counters_->Reset(); }

}  // namespace emberharmony::backend

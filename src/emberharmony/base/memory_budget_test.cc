#include "emberharmony/base/memory_budget.h"

#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::base {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = 1 << 20;

TEST(MemoryBudget, FailsAtTheLimitAndChangesNothing) {
  auto root = MemoryBudget::MakeRoot("process", 256 * kMiB);
  ASSERT_TRUE(root->Reserve(250 * kMiB).ok());
  EXPECT_EQ(root->available_bytes(), 6 * kMiB);
  const arrow::Status status = root->Reserve(12 * kMiB);
  ASSERT_TRUE(status.IsOutOfMemory());
  EXPECT_EQ(KindOf(status), ErrorKind::kMemory);
  EXPECT_THAT(status.message(),
              HasSubstr("process: asked for 12 MiB, 250 MiB of 256 MiB in use; raise --memory"));
  EXPECT_EQ(root->bytes_allocated(), 250 * kMiB);
  EXPECT_TRUE(root->Reserve(6 * kMiB).ok());
  EXPECT_EQ(root->available_bytes(), 0);
  root->Release(256 * kMiB);
  EXPECT_EQ(root->bytes_allocated(), 0);
  EXPECT_EQ(root->max_memory(), 256 * kMiB);
}

TEST(MemoryBudget, NamesTheConsumerAndWhoseLimitItIs) {
  auto root = MemoryBudget::MakeRoot("process", 100);
  auto fit = root->MakeChild("fit");
  auto vocabulary = fit->MakeChild("vocabulary(origin)", 60);
  EXPECT_EQ(vocabulary->path(), "process/fit/vocabulary(origin)");
  EXPECT_THAT(vocabulary->Reserve(61).message(),
              HasSubstr("process/fit/vocabulary(origin): asked for 61 B, 0 B of 60 B in use;"));
  ASSERT_TRUE(fit->Reserve(50).ok());
  EXPECT_THAT(
      vocabulary->Reserve(55).message(),
      HasSubstr(
          "process/fit/vocabulary(origin): asked for 55 B, 50 B of 100 B in use by process;"));
  EXPECT_EQ(vocabulary->bytes_allocated(), 0);
  EXPECT_EQ(fit->bytes_allocated(), 50);
  EXPECT_EQ(root->bytes_allocated(), 50);
  EXPECT_EQ(vocabulary->available_bytes(), 50);
  fit->Release(50);
}

TEST(MemoryBudget, ChildrenCountInAllAncestors) {
  auto root = MemoryBudget::MakeRoot("process", 0);
  EXPECT_EQ(root->available_bytes(), std::numeric_limits<int64_t>::max());
  {
    auto child = root->MakeChild("a", 1000);
    auto grandchild = child->MakeChild("b");
    EXPECT_EQ(grandchild->available_bytes(), 1000);
    ASSERT_TRUE(grandchild->Reserve(700).ok());
    EXPECT_EQ(child->bytes_allocated(), 700);
    EXPECT_EQ(root->bytes_allocated(), 700);
    grandchild->Release(300);
    EXPECT_EQ(root->bytes_allocated(), 400);
    // 400 bytes are never released: they leave with their budget.
  }
  EXPECT_EQ(root->bytes_allocated(), 0);
  EXPECT_EQ(root->max_memory(), 700);
}

TEST(MemoryBudget, RefusesNonsense) {
  auto root = MemoryBudget::MakeRoot("process", 0);
  EXPECT_TRUE(root->Reserve(-1).IsInvalid());
  ASSERT_TRUE(root->Reserve(10).ok());
  EXPECT_TRUE(root->Reserve(std::numeric_limits<int64_t>::max()).IsOutOfMemory());
  root->Release(10);
}

TEST(MemoryBudget, WhoCanSpillLeavesHeadroomToOthers) {
  auto root = MemoryBudget::MakeRoot("process", 10 * kMiB);
  auto spills = root->MakeChild("counts", 0, 4 * kMiB);
  ASSERT_TRUE(spills->Reserve(5 * kMiB).ok());
  ASSERT_TRUE(spills->Reserve(1 * kMiB).ok());
  const auto refused = spills->Reserve(1);
  EXPECT_TRUE(refused.IsOutOfMemory());
  EXPECT_THAT(refused.message(), testing::HasSubstr("process/counts"));
  EXPECT_EQ(root->bytes_allocated(), 6 * kMiB);
  // Others may have it, and small holders.
  auto small = root->MakeChild("small", 0, 4 * kMiB);
  EXPECT_TRUE(small->Reserve(1 * kMiB).ok());
  EXPECT_TRUE(small->Reserve(1).IsOutOfMemory());
  EXPECT_TRUE(root->Reserve(3 * kMiB).ok());
  EXPECT_TRUE(root->Reserve(1).IsOutOfMemory());
  root->Release(3 * kMiB);
}

TEST(MemoryBudget, ALimitMayChange) {
  auto root = MemoryBudget::MakeRoot("process", 10);
  ASSERT_TRUE(root->Reserve(8).ok());
  root->set_limit_bytes(5);
  EXPECT_EQ(root->available_bytes(), 0);
  EXPECT_TRUE(root->Reserve(1).IsOutOfMemory());
  root->Release(4);
  EXPECT_TRUE(root->Reserve(1).ok());
  root->Release(5);
}

TEST(MemoryBudget, ToShrinkNeverFails) {
  // Of a system that has no more blocks once there is one.
  class OneBlock : public arrow::MemoryPool {
   public:
    using arrow::MemoryPool::Allocate;
    using arrow::MemoryPool::Free;
    using arrow::MemoryPool::Reallocate;
    arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
      return arrow::system_memory_pool()->Allocate(size, alignment, out);
    }
    arrow::Status Reallocate(int64_t, int64_t, int64_t, uint8_t**) override {
      return arrow::Status::OutOfMemory("malloc failed");
    }
    void Free(uint8_t* buffer, int64_t size, int64_t alignment) override {
      arrow::system_memory_pool()->Free(buffer, size, alignment);
    }
    int64_t bytes_allocated() const override { return 0; }
    int64_t max_memory() const override { return 0; }
    int64_t total_bytes_allocated() const override { return 0; }
    int64_t num_allocations() const override { return 0; }
    std::string backend_name() const override { return "one"; }
  };
  OneBlock system;
  auto root = MemoryBudget::MakeRoot("process", 100, &system);
  auto allocated = arrow::AllocateResizableBuffer(32, root.get());
  ASSERT_TRUE(allocated.ok());
  std::unique_ptr<arrow::ResizableBuffer> buffer = std::move(*allocated);
  const auto grown = buffer->Resize(80);
  EXPECT_TRUE(grown.IsOutOfMemory());
  EXPECT_THAT(grown.message(), testing::HasSubstr("process: asked for"));
  EXPECT_TRUE(buffer->Resize(1, /*shrink_to_fit=*/true).ok());
  buffer.reset();
  EXPECT_EQ(root->bytes_allocated(), 0);
}

TEST(MemoryBudget, IsAnArrowMemoryPool) {
  auto root = MemoryBudget::MakeRoot("process", 10 * kMiB);
  auto child = root->MakeChild("buffers");
  {
    auto allocated = arrow::AllocateResizableBuffer(1 * kMiB, child.get());
    ASSERT_TRUE(allocated.ok());
    std::unique_ptr<arrow::ResizableBuffer> buffer = std::move(*allocated);
    buffer->mutable_data()[kMiB - 1] = 42;
    EXPECT_EQ(root->bytes_allocated(), 1 * kMiB);
    ASSERT_TRUE(buffer->Resize(4 * kMiB).ok());
    EXPECT_EQ(buffer->data()[kMiB - 1], 42);
    EXPECT_EQ(root->bytes_allocated(), 4 * kMiB);
    EXPECT_TRUE(buffer->Resize(7 * kMiB).IsOutOfMemory());
    EXPECT_EQ(root->bytes_allocated(), 4 * kMiB);
    EXPECT_EQ(buffer->data()[kMiB - 1], 42);
    ASSERT_TRUE(buffer->Resize(2 * kMiB, /*shrink_to_fit=*/true).ok());
    EXPECT_EQ(root->bytes_allocated(), 2 * kMiB);
    EXPECT_TRUE(arrow::AllocateBuffer(9 * kMiB, child.get()).status().IsOutOfMemory());
  }
  EXPECT_EQ(child->bytes_allocated(), 0);
  EXPECT_EQ(root->bytes_allocated(), 0);
  // While the buffer grew there were its 1 MiB and its 4 MiB.
  EXPECT_EQ(root->max_memory(), 5 * kMiB);
  EXPECT_GE(root->num_allocations(), 3);
  EXPECT_GE(root->total_bytes_allocated(), 4 * kMiB);
  EXPECT_EQ(root->backend_name(), "system");
}

TEST(MemoryBudget, CountsBalanceUnderThreads) {
  auto root = MemoryBudget::MakeRoot("process", 1000);
  auto child = root->MakeChild("a", 700);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      MemoryBudget* budget = t % 2 == 0 ? child.get() : root.get();
      for (int i = 0; i < 20000; ++i) {
        const int64_t bytes = 1 + (i * 37 + t * 101) % 400;
        if (budget->Reserve(bytes).ok()) budget->Release(bytes);
        uint8_t* memory = nullptr;
        if (budget->Allocate(bytes, &memory).ok()) budget->Free(memory, bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(root->bytes_allocated(), 0);
  EXPECT_EQ(child->bytes_allocated(), 0);
  EXPECT_LE(root->max_memory(), 1000);
  EXPECT_LE(child->max_memory(), 700);
}

TEST(MemoryReservation, ReleasesWhenItGoes) {
  auto root = MemoryBudget::MakeRoot("process", 100);
  {
    MemoryReservation reservation(root.get());
    ASSERT_TRUE(reservation.Resize(80).ok());
    EXPECT_TRUE(reservation.Resize(101).IsOutOfMemory());
    EXPECT_EQ(reservation.bytes(), 80);
    ASSERT_TRUE(reservation.Resize(30).ok());
    EXPECT_EQ(root->bytes_allocated(), 30);
    MemoryReservation moved(std::move(reservation));
    EXPECT_EQ(root->bytes_allocated(), 30);
    MemoryReservation other(root.get());
    ASSERT_TRUE(other.Resize(20).ok());
    other = std::move(moved);
    EXPECT_EQ(root->bytes_allocated(), 30);
    EXPECT_EQ(other.bytes(), 30);
  }
  EXPECT_EQ(root->bytes_allocated(), 0);
  MemoryReservation without_budget;
  ASSERT_TRUE(without_budget.Resize(5).ok());
  EXPECT_EQ(without_budget.bytes(), 5);
}

TEST(ResidentBytes, GrowsWithTouchedMemory) {
  const int64_t before = ResidentBytes();
  ASSERT_GT(before, 0);
  std::vector<char> memory(64 * kMiB, 1);
  EXPECT_GE(ResidentBytes(), before + 32 * kMiB);
  EXPECT_GE(PeakResidentBytes(), before + 32 * kMiB);
  EXPECT_EQ(memory[12345], 1);
}

TEST(ParseByteSize, KnowsItsUnits) {
  const std::vector<std::pair<std::string, int64_t>> cases = {{"100000", 100000},
                                                              {"0", 0},
                                                              {"17B", 17},
                                                              {"2kB", 2000},
                                                              {"2KB", 2000},
                                                              {"3MB", 3000000},
                                                              {"2GB", 2000000000},
                                                              {"1TB", 1000000000000},
                                                              {"4KiB", 4096},
                                                              {"512MiB", 512 * kMiB},
                                                              {"1.5GiB", 1536 * kMiB},
                                                              {"1TiB", kMiB * kMiB},
                                                              {"512 MiB", 512 * kMiB}};
  for (const auto& [text, bytes] : cases) {
    auto parsed = ParseByteSize(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status().ToString();
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(ParseByteSize, RefusesTheRestAsUsageErrors) {
  for (const char* text : {"", "MiB", "-1MiB", "1mib", "1G", "1 GiB free", "nan", "inf", "1e3",
                           "9999999TiB", "0x10"}) {
    auto parsed = ParseByteSize(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kUsage) << text;
    EXPECT_THAT(parsed.status().message(), HasSubstr("found '" + std::string(text) + "'"));
  }
}

TEST(FormatByteSize, IsForPeople) {
  EXPECT_EQ(FormatByteSize(0), "0 B");
  EXPECT_EQ(FormatByteSize(17), "17 B");
  EXPECT_EQ(FormatByteSize(1023), "1023 B");
  EXPECT_EQ(FormatByteSize(1536 * kMiB), "1.5 GiB");
  EXPECT_EQ(FormatByteSize(312 * kMiB), "312 MiB");
  EXPECT_EQ(FormatByteSize(1234567), "1.177 MiB");
  EXPECT_EQ(FormatByteSize(std::numeric_limits<int64_t>::max()), "8388608 TiB");
}

}  // namespace
}  // namespace emberharmony::base

// Fails the n-th allocation of a small extract, for every n: the run ends with OutOfMemory, leaves
// no output behind and hangs nowhere; with all allocations it gives the same bytes as before.

#include "emberharmony/base/allocation_failure.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>

#include "emberharmony/base/call_guarded.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/engine/runs.h"

// The sanitizers have operators of their own, and compare which one frees what another allocated.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define EMBER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define EMBER_SANITIZED 1
#endif
#endif

namespace {

// How many allocations are still to succeed; negative: all. One fails, and then all succeed again,
// so that whoever goes on as if nothing had happened is found out.
std::atomic<int64_t> allocations_left{-1};
std::atomic<int64_t> num_allocations{0};

bool MayAllocate() {
  num_allocations.fetch_add(1, std::memory_order_relaxed);
  int64_t left = allocations_left.load(std::memory_order_relaxed);
  while (left >= 0) {
    if (!allocations_left.compare_exchange_weak(left, left - 1)) continue;
    if (left > 0) return true;
    emberharmony::base::NoteAllocationFailure();
    return false;
  }
  return true;
}

[[maybe_unused]] void* AllocateOrThrow(std::size_t size) {
  void* memory = MayAllocate() ? std::malloc(size == 0 ? 1 : size) : nullptr;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

[[maybe_unused]] void* AllocateOrThrow(std::size_t size, std::align_val_t alignment) {
  const auto align = static_cast<std::size_t>(alignment);
  void* memory =
      MayAllocate() ? std::aligned_alloc(align, (size + align - 1) / align * align) : nullptr;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

#ifndef EMBER_SANITIZED
void* operator new(std::size_t size) { return AllocateOrThrow(size); }
void* operator new[](std::size_t size) { return AllocateOrThrow(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return AllocateOrThrow(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return AllocateOrThrow(size, alignment);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace emberharmony::engine {
namespace {

namespace fs = std::filesystem;

class AllocationFailureTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("allocation_failure_" + std::to_string(getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_);
    arrow::DoubleBuilder numbers;
    arrow::StringBuilder words;
    for (int i = 0; i < 40; ++i) {
      ASSERT_TRUE((i % 7 == 0 ? numbers.AppendNull() : numbers.Append(i * 0.5)).ok());
      ASSERT_TRUE(words.Append("word-number-" + std::to_string(i % 5)).ok());
    }
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("number", arrow::float64()),
                                                         arrow::field("word", arrow::utf8())}),
                                          {*numbers.Finish(), *words.Finish()});
    auto file = arrow::io::FileOutputStream::Open(source());
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), *file, 20).ok());
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string source() const { return (root_ / "table.parquet").string(); }
  std::string output() const { return (root_ / "out").string(); }

  // The status, with its context gone: nothing of the run is alive any more.
  arrow::Status Extract(int num_threads) const {
    return base::CallGuarded([&]() -> arrow::Status {
      RunOptions options;
      options.num_threads = num_threads;
      options.keep_state = true;
      ARROW_ASSIGN_OR_RAISE(auto context, RunContext::Make(options, nullptr));
      PlanRequest plan;
      plan.name = "plan.yaml";
      plan.text =
          "version: 1\nfeatures:\n"
          "  - {columns: [number], steps: [{impute: median}, {scale: standard}]}\n"
          "  - {columns: [word], steps: [vocabulary]}\n";
      return RunExtract({source(), {}, {}, {}}, plan, output(), context.get()).status();
    });
  }

  fs::path root_;
};

TEST_F(AllocationFailureTest, EveryOneIsACleanEnd) {
#ifdef EMBER_SANITIZED
  GTEST_SKIP() << "no allocation can be refused under a sanitizer";
#endif
  // libstdc++ 12 calls std::terminate when memory ends inside of directory_iterator, which listing
  // the output folder uses. The command turns that into status 4; a test program can't go on.
  if (std::getenv("EMBER_EVERY_ALLOCATION") == nullptr) {
    GTEST_SKIP() << "set EMBER_EVERY_ALLOCATION=1 to run it";
  }
  ASSERT_TRUE(Extract(1).ok());  // fills what is made once
  fs::remove_all(output());
  const int64_t before = num_allocations.load();
  ASSERT_TRUE(Extract(1).ok());
  const int64_t total = num_allocations.load() - before;
  fs::remove_all(output());
  ASSERT_GT(total, 1000);
  // All of them take a minute or more; EMBER_EVERY_ALLOCATION=1 asks for that.
  const int64_t runs = std::getenv("EMBER_EVERY_ALLOCATION") != nullptr ? total : 250;
  const int64_t step = std::max<int64_t>(1, total / runs);
  int64_t num_failed = 0;
  for (int64_t n = 0; n < total; n += step) {
    SCOPED_TRACE("allocation " + std::to_string(n) + " of " + std::to_string(total));
    allocations_left.store(n);
    const arrow::Status status = Extract(1 + static_cast<int>(n / step % 2));
    allocations_left.store(-1);
    if (status.ok()) {
      // What failed was not needed (a hint, a thread): the output is complete.
      EXPECT_TRUE(fs::exists(output() + "/manifest.json"));
    } else {
      ++num_failed;
      EXPECT_EQ(base::KindOf(status), base::ErrorKind::kMemory) << status.ToString();
      EXPECT_FALSE(fs::exists(output())) << status.ToString();
    }
    fs::remove_all(output());
  }
  EXPECT_GT(num_failed, runs / 2);
  EXPECT_TRUE(Extract(1).ok());
}

}  // namespace
}  // namespace emberharmony::engine

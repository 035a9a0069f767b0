#include "emberharmony/base/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "emberharmony/base/thread_pool_internal.h"

namespace emberharmony::base {
namespace {

TEST(AvailableCores, IsBetweenOneAndTheMachine) {
  EXPECT_GE(AvailableCores(), 1);
  EXPECT_LE(AvailableCores(), static_cast<int>(std::thread::hardware_concurrency()));
}

// A made-up /proc and /sys.
class CgroupCoresTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/cgroup_cores_XXXXXX";
    ASSERT_NE(mkdtemp(root_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& content) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << content;
  }

  std::string root_;
};

constexpr char kMountVersion2[] =
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST_F(CgroupCoresTest, NoneIsNoLimit) { EXPECT_EQ(internal::CgroupCores(root_), 0); }

TEST_F(CgroupCoresTest, Version2TakesTheSmallestOnThePathRoundedUp) {
  Write("/proc/self/mountinfo",
        std::string("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n") + kMountVersion2);
  Write("/proc/self/cgroup", "0::/user.slice/job.scope\n");
  Write("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 0);
  Write("/sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 3);
  Write("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "10000 100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 1);
  Write("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "400000 100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 3);
}

TEST_F(CgroupCoresTest, Version1ReadsTheCpuHierarchyOnly) {
  Write("/proc/self/mountinfo",
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n");
  Write("/proc/self/cgroup", "3:cpuset:/elsewhere\n2:cpu,cpuacct:/docker/abc\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "200000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 2);
}

TEST_F(CgroupCoresTest, ContainersSeeOnlyTheirPart) {
  Write("/proc/self/mountinfo",
        "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  Write("/proc/self/cgroup", "2:cpu:/docker/abc/inner\n");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "350000\n");
  Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 4);
  Write("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "100001\n");
  Write("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 2);
  Write("/proc/self/cgroup", "2:cpu:/../other\n");
  EXPECT_EQ(internal::CgroupCores(root_), 4);
}

TEST_F(CgroupCoresTest, IgnoresNonsense) {
  Write("/proc/self/mountinfo", kMountVersion2);
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/cpu.max", "lots 100000\n");
  EXPECT_EQ(internal::CgroupCores(root_), 0);
  Write("/sys/fs/cgroup/cpu.max", "100000 0\n");
  EXPECT_EQ(internal::CgroupCores(root_), 0);
}

TEST(RunWorkers, RunsAllAtTheSameTime) {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  // Every worker waits for the others, so this ends only if all run together.
  ASSERT_TRUE(RunWorkers(5, [&](int) {
                std::unique_lock lock(mutex);
                ++arrived;
                changed.notify_all();
                changed.wait(lock, [&] { return arrived == 5; });
                return arrow::Status::OK();
              }).ok());
  EXPECT_EQ(arrived, 5);
}

TEST(RunWorkers, ReturnsTheFirstErrorByIndexAfterAllEnded) {
  std::atomic<int> ended{0};
  const arrow::Status status = RunWorkers(4, [&](int i) {
    ++ended;
    return i >= 2 ? arrow::Status::Invalid("worker ", i) : arrow::Status::OK();
  });
  EXPECT_EQ(status.message(), "worker 2");
  EXPECT_EQ(ended, 4);
  EXPECT_TRUE(RunWorkers(0, [](int) { return arrow::Status::OK(); }).IsInvalid());
}

TEST(RunWorkers, TurnsExceptionsIntoErrors) {
  EXPECT_TRUE(RunWorkers(2, [](int) -> arrow::Status { throw std::bad_alloc(); }).IsOutOfMemory());
  EXPECT_THAT(
      RunWorkers(1, [](int) -> arrow::Status { throw std::runtime_error("boom"); }).message(),
      testing::HasSubstr("boom"));
}

TEST(ParallelFor, RunsEveryIndexOnce) {
  for (int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> runs(1000);
    ASSERT_TRUE(ParallelFor(threads, 1000, [&](int64_t i) {
                  ++runs[i];
                  return arrow::Status::OK();
                }).ok());
    for (auto& count : runs) EXPECT_EQ(count, 1);
  }
  EXPECT_TRUE(ParallelFor(3, 0, [](int64_t) { return arrow::Status::Invalid("never"); }).ok());
}

TEST(ParallelFor, StopsAfterAnErrorAndReturnsTheSmallestIndex) {
  // Indices are handed out in order, so index 10 has been started, and fails, before any later one.
  for (int threads : {1, 4}) {
    std::atomic<int64_t> started{0};
    const arrow::Status status = ParallelFor(threads, 1000000, [&](int64_t i) {
      ++started;
      return i >= 10 ? arrow::Status::Invalid("index ", i) : arrow::Status::OK();
    });
    EXPECT_EQ(status.message(), "index 10");
    EXPECT_LE(started, 10 + threads);
  }
}

}  // namespace
}  // namespace emberharmony::base

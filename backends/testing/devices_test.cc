#include "emberharmony/ops/devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/ops.h"

namespace emberharmony::ops {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// The device of the testing plugin (backends/testing). Its addresses are none that the processor
/// takes, so reading its memory from here would end the program.
const Device kDevice{tensor::DeviceKind::kRocm, 0};

class Devices : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
    const fs::path folder =
        fs::temp_directory_path() / ("ember_devices_" + std::to_string(getpid()));
    fs::create_directory(folder);
    const fs::path plugin = folder / "libemberharmony_backend_fake.so";
    fs::copy_file(build / "testing_plugins" / "libtesting_plugin.so", plugin);
    fake = backend::LoadBackendFile(plugin).ValueOrDie();
    fs::remove_all(folder);
  }
  void SetUp() override { fake->ResetCounts(); }

  static std::vector<double> Read(const Tensor& x) {
    const Tensor on_cpu = to_device(x, tensor::kCpuDevice).Contiguous();
    return {on_cpu.values<double>().begin(), on_cpu.values<double>().end()};
  }
  static int64_t FallbacksOf(backend::Op op) {
    for (const backend::OpCount& count : fake->Counts()) {
      if (count.op == op) return count.fell_back;
    }
    return 0;
  }

  static backend::Backend* fake;
};

backend::Backend* Devices::fake = nullptr;

TEST_F(Devices, TensorsGoThereAndBack) {
  EXPECT_EQ(parse_device("rocm"), kDevice);
  EXPECT_EQ(parse_device("rocm:0"), kDevice);
  EXPECT_EQ(parse_device("cpu"), tensor::kCpuDevice);
  EXPECT_THROW(parse_device("cuda:9"), std::invalid_argument);
  const Tensor x = reshape(arange(6.0), {2, 3});
  const Tensor there = to_device(x, kDevice);
  EXPECT_EQ(there.device(), kDevice);
  EXPECT_EQ(to_device(there, kDevice).storage_data(), there.storage_data());
  EXPECT_EQ(Read(there), (std::vector<double>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(Read(there.Slice(1, 2, -4, -1)), (std::vector<double>{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(Read(to_device(x.Slice(1, 0, 3, 2), kDevice)), (std::vector<double>{0, 2, 3, 5}));
  EXPECT_EQ(Read(to_device(zeros({0, 3}), kDevice)).size(), 0u);
  synchronize(kDevice);
  EXPECT_THROW(to_device(x, {tensor::DeviceKind::kCuda, 3}), std::invalid_argument);
  EXPECT_THROW(to_device(Tensor(), kDevice), std::invalid_argument);
}

TEST_F(Devices, OperationsRunThereAndStayThere) {
  const Tensor x = to_device(arange(3.0), kDevice);
  const Tensor sum = add(x, x);
  EXPECT_EQ(sum.device(), kDevice);
  EXPECT_EQ(Read(sum), (std::vector<double>{0.25, 2.25, 4.25}));  // the plugin's habit
  EXPECT_EQ(Read(add(x, 1.0)), (std::vector<double>{1.25, 2.25, 3.25}));
  EXPECT_EQ(Read(add(full({}, 1.0), x)), (std::vector<double>{1.25, 2.25, 3.25}));
  EXPECT_EQ(FallbacksOf(backend::Op::kAdd), 0);
  // Negative strides are not the plugin's, so the library adds.
  EXPECT_EQ(Read(add(x.Slice(0, 2, -4, -1), 1.0)), (std::vector<double>{3, 2, 1}));
  EXPECT_EQ(FallbacksOf(backend::Op::kAdd), 1);
}

TEST_F(Devices, WhatThePluginLacksRunsOnTheCpuAndComesBack) {
  const Tensor x = to_device(reshape(arange(6.0), {2, 3}), kDevice);
  const Tensor negated = negative(x);
  EXPECT_EQ(negated.device(), kDevice);
  EXPECT_EQ(Read(negated), (std::vector<double>{-0.0, -1, -2, -3, -4, -5}));
  EXPECT_EQ(FallbacksOf(backend::Op::kNegative), 1);
  const Tensor total = sum(x, {.axis = 0});
  EXPECT_EQ(total.device(), kDevice);
  EXPECT_EQ(Read(total), (std::vector<double>{3, 5, 7}));
  EXPECT_EQ(Read(sort(x, {.axis = 1, .descending = true})),
            (std::vector<double>{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(argmax(x, {.axis = 1}).device(), kDevice);
  EXPECT_EQ(Read(matmul(x, matrix_transpose(x))), (std::vector<double>{5, 14, 14, 50}));
  EXPECT_EQ(Read(cumulative_sum(x, {.axis = 1})), (std::vector<double>{0, 1, 3, 3, 7, 12}));
  EXPECT_EQ(real(fft::rfft(x)).device(), kDevice);
  EXPECT_EQ(linalg::det(matmul(x, matrix_transpose(x))).device(), kDevice);
  EXPECT_EQ(astype(x, DType::kFloat32).device(), kDevice);
  EXPECT_EQ(mean(x).device(), kDevice);
}

TEST_F(Devices, OutputsAreWrittenThere) {
  const Tensor x = to_device(arange(4.0), kDevice);
  Tensor out = to_device(zeros({4}), kDevice);
  const void* const memory = out.storage_data();
  add(x, 1.0, {.out = &out});
  EXPECT_EQ(out.storage_data(), memory);
  EXPECT_EQ(Read(out), (std::vector<double>{1.25, 2.25, 3.25, 4.25}));
  // An output that overlaps an input with another layout.
  Tensor tail = out.Slice(0, 1, 4);
  add(out.Slice(0, 0, 3), 1.0, {.out = &tail});
  EXPECT_EQ(Read(out), (std::vector<double>{1.25, 2.5, 3.5, 4.5}));
  // Between the elements of a strided output nothing changes.
  Tensor every_other = out.Slice(0, 0, 4, 2);
  negative(to_device(ones({2}), kDevice), {.out = &every_other});
  EXPECT_EQ(Read(out), (std::vector<double>{-1, 2.5, -1, 4.5}));
  Tensor on_cpu = zeros({4});
  EXPECT_THROW(add(x, 1.0, {.out = &on_cpu}), std::invalid_argument);
  EXPECT_THROW(add(arange(4.0), 1.0, {.out = &out}), std::invalid_argument);
}

TEST_F(Devices, MistakesAreErrorsThatSayWhatToDo) {
  const Tensor x = to_device(arange(3.0), kDevice);
  const auto message = [](auto&& function) -> std::string {
    try {
      function();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(message([&] { add(x, arange(3.0)); }), HasSubstr("expected tensors on one device"));
  EXPECT_THAT(message([&] { x.values<double>(); }), HasSubstr("copy it to the CPU with to_device"));
  EXPECT_THAT(message([&] { sum(x).item<double>(); }), HasSubstr("on rocm:0"));
  EXPECT_THAT(message([&] { x.Copy(); }), HasSubstr("to_device"));
  EXPECT_THAT(message([&] { x.mutable_data(); }), HasSubstr("to_device"));
  EXPECT_THAT(message([&] { tensor::CopyElements(x, zeros({3})); }), HasSubstr("to_device"));
}

}  // namespace
}  // namespace emberharmony::ops

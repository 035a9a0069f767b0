#include "emberharmony/backend/plugin_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::backend {
namespace {

namespace fs = std::filesystem;
using tensor::DType;
using tensor::Tensor;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// Where backends/testing/CMakeLists.txt leaves its plugins.
fs::path BuiltPlugin(const char* name) {
  const fs::path build = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  return build / "testing_plugins" / (std::string("lib") + name + ".so");
}

/// A folder with copies of the testing plugin under other names, in $EMBERHARMONY_BACKEND_PATH.
class PluginLoaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ember_plugins_" + std::to_string(getpid()));
    fs::create_directory(folder_);
    setenv("EMBERHARMONY_BACKEND_PATH", folder_.c_str(), 1);
  }
  void TearDown() override {
    SetCurrentBackend(nullptr);
    unsetenv("EMBERHARMONY_BACKEND_PATH");
    fs::remove_all(folder_);
  }

  /// Puts a plugin there.
  std::string Put(const std::string& name, const char* built = "testing_plugin") {
    const fs::path path = folder_ / ("libemberharmony_backend_" + name + ".so");
    fs::copy_file(BuiltPlugin(built), path, fs::copy_options::overwrite_existing);
    return path;
  }
  Backend* PutAndLoad(const std::string& name) {
    Put(name);
    return LoadBackend(name).ValueOr(nullptr);
  }
  /// The message of the error that loading it gives, which its report repeats.
  std::string Fault(const std::string& name) {
    const arrow::Result<Backend*> loaded = LoadBackend(name);
    if (loaded.ok()) return "loaded";
    EXPECT_EQ(base::KindOf(loaded.status()), base::ErrorKind::kUsage);
    EXPECT_EQ(FindBackend(name), nullptr);
    for (const PluginReport& report : PluginReports()) {
      if (report.name != name) continue;
      EXPECT_EQ(report.backend, nullptr);
      for (const PluginAttempt& attempt : report.attempts) {
        EXPECT_THAT(loaded.status().message(), HasSubstr(attempt.fault));
        EXPECT_THAT(loaded.status().message(), HasSubstr(attempt.path));
        EXPECT_FALSE(attempt.remedy.empty());
      }
    }
    return loaded.status().message();
  }
  std::string FaultOfCopy(const std::string& name) {
    Put(name);
    return Fault(name);
  }

  fs::path folder_;
};

TEST_F(PluginLoaderTest, LoadsAPluginThatIsFine) {
  EXPECT_THAT(Fault("fake"), HasSubstr("there is no such file"));
  const std::string path = Put("fake");
  EXPECT_THAT(KnownPlugins(), Contains("fake"));
  Backend* const fake = LoadBackend("fake").ValueOr(nullptr);
  ASSERT_NE(fake, nullptr);
  EXPECT_EQ(fake->framework(), "testing 1.0");
  ASSERT_EQ(fake->devices().size(), 2u);
  EXPECT_EQ(fake->devices()[1].kind, tensor::DeviceKind::kRocm);
  EXPECT_EQ(LoadBackend("fake").ValueOr(nullptr), fake);
  EXPECT_THAT(BackendNames(), Contains("fake"));
  for (const PluginReport& report : PluginReports()) {
    if (report.name != "fake") continue;
    ASSERT_NE(report.backend, nullptr);
    EXPECT_EQ(report.backend->path(), path);
  }
}

TEST_F(PluginLoaderTest, TellsWhatIsWrongWithEachAndGoesOn) {
  EXPECT_THAT(FaultOfCopy("throws_at_start"), HasSubstr("left the plugin: thrown at start"));
  EXPECT_THAT(FaultOfCopy("throws_a_number"), HasSubstr("an exception of an unknown type"));
  EXPECT_THAT(FaultOfCopy("no_table"), HasSubstr("no table and no reason"));
  EXPECT_THAT(FaultOfCopy("no_table_but_why"), HasSubstr("the licence has run out: renew it"));
  EXPECT_THAT(FaultOfCopy("short_table"), HasSubstr("table has 16 bytes"));
  EXPECT_THAT(FaultOfCopy("other_version"), HasSubstr("version 99 of the plugin interface"));
  EXPECT_THAT(FaultOfCopy("bad_name"), HasSubstr("found '../Bad'"));
  EXPECT_THAT(FaultOfCopy("other_name"), HasSubstr("it calls itself 'else'"));
  EXPECT_THAT(FaultOfCopy("no_version"), HasSubstr("no version"));
  EXPECT_THAT(FaultOfCopy("no_ranks"), HasSubstr("rank_max of at least 1"));
  EXPECT_THAT(FaultOfCopy("no_functions"), HasSubstr("lacks one of the functions"));
  EXPECT_THAT(FaultOfCopy("no_memory"), HasSubstr("lacks one of the functions allocate"));
  EXPECT_THAT(FaultOfCopy("no_devices"), HasSubstr("the plugin has no devices"));
  EXPECT_EQ(&CurrentBackend(), &Native());
}

TEST_F(PluginLoaderTest, TellsWhatTheSystemCannotLoad) {
  Put("unresolved", "testing_plugin_unresolved");
  EXPECT_THAT(Fault("unresolved"), HasSubstr("undefined symbol: ember_testing_framework"));
  // Under the name of a known framework's plugin the remedy names the framework.
  const auto fault_of_file = [&](const char* name, const char* built) {
    return LoadBackendFile(Put(name, built)).status().message();
  };
  EXPECT_THAT(fault_of_file("torch", "testing_plugin_unresolved"),
              HasSubstr("the torch found is of another version"));
  const std::string unlinked = fault_of_file("mlx", "testing_plugin_unlinked");
  EXPECT_THAT(unlinked, HasSubstr("libtesting_framework.so: cannot open shared object file"));
  EXPECT_THAT(unlinked, HasSubstr("set EMBERHARMONY_MLX_DIR"));
  fs::copy_file("/proc/self/exe", folder_ / "libemberharmony_backend_program.so");
  EXPECT_NE(Fault("program"), "loaded");
  std::ofstream(folder_ / "libemberharmony_backend_text.so") << "no library";
  EXPECT_THAT(Fault("text"), HasSubstr("libemberharmony_backend_text.so"));
  fs::copy_file(BuiltPlugin("testing_framework"), folder_ / "libemberharmony_backend_other.so");
  EXPECT_THAT(Fault("other"), HasSubstr("it has no function emberharmony_backend"));
}

TEST_F(PluginLoaderTest, NeverLooksInTheCurrentDirectory) {
  Put("relative");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  for (const char* path : {"", ":", ".", "./", "::.", "libemberharmony_backend_relative.so"}) {
    setenv("EMBERHARMONY_BACKEND_PATH", path, 1);
    EXPECT_NE(Fault("relative"), "loaded") << path;
    EXPECT_THAT(KnownPlugins(), Not(Contains("relative"))) << path;
  }
  EXPECT_FALSE(LoadBackendFile("libemberharmony_backend_relative.so").ok());
  fs::current_path(before);
  EXPECT_THAT(Fault("../relative"), HasSubstr("lower-case letters"));
}

TEST_F(PluginLoaderTest, TakesFilesAndAddedFolders) {
  const std::string by_file = Put("by_file");
  setenv("EMBERHARMONY_BACKEND_PATH", ("/no/such/folder:" + by_file).c_str(), 1);
  EXPECT_THAT(KnownPlugins(), Contains("by_file"));
  EXPECT_TRUE(LoadBackend("by_file").ok());
  unsetenv("EMBERHARMONY_BACKEND_PATH");
  const std::string by_path = Put("by_path");
  EXPECT_TRUE(LoadBackendFile(by_path).ok());
  EXPECT_THAT(LoadBackendFile(by_path).status().message(), HasSubstr("is there already"));
  Put("by_folder");
  EXPECT_FALSE(LoadBackend("by_folder").ok());
  AddPluginFolder(folder_);
  EXPECT_TRUE(LoadBackend("by_folder").ok());
}

TEST_F(PluginLoaderTest, FallsBackOnTheSameMemoryAndCounts) {
  Backend* const refuses = PutAndLoad("refuses");
  ASSERT_NE(refuses, nullptr);
  const Tensor x = Tensor::FromValues({1.0, 2.0});
  const Tensor result = Tensor::Empty({2}, DType::kFloat64);
  const Tensor* const inputs[] = {&x, &x};
  const Tensor* const outputs[] = {&result};
  const DType dtypes[] = {DType::kFloat64};
  EXPECT_TRUE(refuses->Supports({Op::kAdd, dtypes, 1}));
  refuses->Execute(Op::kAdd, inputs, {}, outputs);
  EXPECT_EQ(result.values<double>()[1], 4.0);
  ASSERT_EQ(refuses->Counts().size(), 1u);
  EXPECT_EQ(refuses->Counts()[0].fell_back, 1);
  EXPECT_EQ(refuses->Counts()[0].reason, "not on Fridays");
  EXPECT_FALSE(refuses->Supports({Op::kAdd, dtypes, 6}));
  EXPECT_EQ(refuses->WhyNot({Op::kAdd, dtypes, 6}), "at most 5 dimensions, found 6");
  EXPECT_EQ(refuses->WhyNot({Op::kSin, dtypes, 1}), "only copy and add");
}

TEST_F(PluginLoaderTest, ErrorsOfACallBecomeExceptions) {
  const Tensor x = Tensor::FromValues({1.0});
  const Tensor result = Tensor::Empty({1}, DType::kFloat64);
  const Tensor* const inputs[] = {&x, &x};
  const Tensor* const outputs[] = {&result};
  const auto message = [&](const char* name) -> std::string {
    try {
      PutAndLoad(name)->Execute(Op::kAdd, inputs, {}, outputs);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("fails"),
              HasSubstr("add failed on the backend fails: the device is on fire"));
  EXPECT_THAT(message("throws"), HasSubstr("an exception left the plugin: thrown at work"));
  EXPECT_THAT(message("runs_out"), HasSubstr("2 bytes are left"));
  EXPECT_THAT(message("no_answer"), HasSubstr("add: it is singular"));
  EXPECT_THROW(FindBackend("no_answer")->Execute(Op::kAdd, inputs, {}, outputs),
               tensor::LinAlgError);
  EXPECT_THROW(FindBackend("runs_out")->Execute(Op::kAdd, inputs, {}, outputs),
               tensor::OutOfMemoryError);
}

TEST_F(PluginLoaderTest, APluginWithoutStridesIsGivenCopies) {
  Backend* const contiguous = PutAndLoad("contiguous");
  ASSERT_NE(contiguous, nullptr);
  const Tensor x = Tensor::FromValues<double>(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor column = Tensor::FromValues<double>(std::vector<double>{10, 20}, {2, 1});
  const int swapped[] = {1, 0};
  const Tensor result = Tensor::Empty({3, 2}, DType::kFloat64).PermuteDims(swapped);
  const Tensor* const inputs[] = {&x, &column};
  const Tensor* const outputs[] = {&result};
  contiguous->Execute(Op::kAdd, inputs, {}, outputs);
  EXPECT_EQ(result.Copy().values<double>()[5], 26.25);
  EXPECT_EQ(result.Copy().values<double>()[1], 12.25);
  // Negative strides fall back.
  const Tensor reversed = x.Slice(1, 2, -4, -1);
  const Tensor* const others[] = {&reversed, &column};
  contiguous->Execute(Op::kAdd, others, {}, outputs);
  EXPECT_EQ(result.Copy().values<double>()[0], 13.0);
  EXPECT_EQ(contiguous->Counts()[0].ran, 1);
  EXPECT_THAT(contiguous->Counts()[0].reason, HasSubstr("negative strides"));
}

}  // namespace
}  // namespace emberharmony::backend

#include "emberharmony/base/plugin_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace emberharmony::base {
namespace {

using ::testing::HasSubstr;

TEST(PluginSearch, TellsEachPathThatWasTried) {
  setenv("EMBERHARMONY_PLUGIN_DIR", "/no/such/folder", 1);
  const PluginSearch search =
      FindPlugin("no_such_plugin.so", "entry", [](void*, const std::string&) { return ""; });
  unsetenv("EMBERHARMONY_PLUGIN_DIR");
  EXPECT_EQ(search.entry, nullptr);
  EXPECT_THAT(search.tried, HasSubstr("/no/such/folder/no_such_plugin.so"));
  EXPECT_THAT(search.tried, HasSubstr("; "));
}

TEST(PluginSearch, FindsALibraryWithTheFunctionThatIsNotAtFault) {
  // The system's mathematics stands for a plugin.
  setenv("EMBERHARMONY_PLUGIN_DIR", "/lib/x86_64-linux-gnu", 1);
  const auto good = FindPlugin("libm.so.6", "sin", [](void*, const std::string&) { return ""; });
  const auto absent =
      FindPlugin("libm.so.6", "no_sin", [](void*, const std::string&) { return ""; });
  const auto bad =
      FindPlugin("libm.so.6", "sin", [](void*, const std::string&) { return "of version 2"; });
  unsetenv("EMBERHARMONY_PLUGIN_DIR");
  if (good.path != "/lib/x86_64-linux-gnu/libm.so.6") GTEST_SKIP() << "libm is elsewhere here";
  EXPECT_NE(good.entry, nullptr);
  EXPECT_EQ(absent.entry, nullptr);
  EXPECT_THAT(absent.tried, HasSubstr("has no function no_sin"));
  EXPECT_EQ(bad.entry, nullptr);
  EXPECT_THAT(bad.tried, HasSubstr("of version 2"));
}

}  // namespace
}  // namespace emberharmony::base

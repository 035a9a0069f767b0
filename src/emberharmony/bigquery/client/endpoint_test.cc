#include "emberharmony/bigquery/client/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::client {
namespace {

using ::testing::HasSubstr;

/// The environment without what these functions read, until the test ends.
class EndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT",
                             "GOOGLE_CLOUD_UNIVERSE_DOMAIN", "GOOGLE_CLOUD_CPP_USER_PROJECT",
                             "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_CONFIG", "HOME"}) {
      const char* value = getenv(name);
      before_[name] = value != nullptr ? std::optional<std::string>(value) : std::nullopt;
      unsetenv(name);
    }
    folder_ =
        std::filesystem::temp_directory_path() /
        ("ember-endpoint-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
         "-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    std::filesystem::remove_all(folder_);
    for (const auto& [name, value] : before_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }

  std::string Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  std::filesystem::path folder_;
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(EndpointTest, OptionsThenEnvironmentThenDefaults) {
  EXPECT_EQ(ResolveEndpoint({})->target, "bigquerystorage.googleapis.com:443");
  EXPECT_FALSE(ResolveEndpoint({})->is_loopback);
  setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "cloud.example", 1);
  setenv("GOOGLE_CLOUD_CPP_USER_PROJECT", "payer", 1);
  EXPECT_EQ(ResolveEndpoint({})->target, "bigquerystorage.cloud.example:443");
  EXPECT_EQ(ResolveEndpoint({})->quota_project, "payer");
  Connection connection;
  connection.universe_domain = "other.example";
  connection.quota_project = "other";
  EXPECT_EQ(ResolveEndpoint(connection)->target, "bigquerystorage.other.example:443");
  EXPECT_EQ(ResolveEndpoint(connection)->quota_project, "other");
  setenv("GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT", "127.0.0.1:9060", 1);
  EXPECT_EQ(ResolveEndpoint(connection)->target, "127.0.0.1:9060");
  connection.storage_endpoint = "eu-bigquerystorage.googleapis.com";
  EXPECT_EQ(ResolveEndpoint(connection)->target, "eu-bigquerystorage.googleapis.com:443");
}

TEST_F(EndpointTest, OnlyThisMachineIsSpokenToInPlainText) {
  const auto loopback = [](const std::string& endpoint) {
    Connection connection;
    connection.storage_endpoint = endpoint;
    return ResolveEndpoint(connection)->is_loopback;
  };
  EXPECT_TRUE(loopback("localhost:1"));
  EXPECT_TRUE(loopback("127.0.0.1:1"));
  EXPECT_TRUE(loopback("127.8.9.1:1"));
  EXPECT_TRUE(loopback("[::1]:1"));
  EXPECT_FALSE(loopback("127.0.0.1.example.com:1"));
  EXPECT_FALSE(loopback("localhost.example.com:1"));
  EXPECT_FALSE(loopback("10.0.0.1:1"));
  EXPECT_FALSE(loopback("[fe80::1]:1"));
  EXPECT_FALSE(loopback("notlocalhost:1"));
}

TEST_F(EndpointTest, WhatIsNoEndpointIsRefused) {
  for (const char* text : {"host:", "host:0", "host:70000", "host:1x", ":443", "[::1", "[]:1",
                           "dns:///host:1", "http://host:1", "ho st:1", "unix:/tmp/socket"}) {
    Connection connection;
    connection.storage_endpoint = text;
    const auto status = ResolveEndpoint(connection).status();
    EXPECT_EQ(base::KindOf(status), base::ErrorKind::kUsage) << text;
    EXPECT_THAT(status.message(), HasSubstr("HOST:PORT")) << text;
  }
}

}  // namespace
}  // namespace emberharmony::bigquery::client

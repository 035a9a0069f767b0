#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/credentials_file_internal.h"

namespace emberharmony::bigquery {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "ember_credentials_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_ + "/home/.config/gcloud");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static arrow::Result<std::optional<CredentialsFile>> Find(
      std::map<std::string, std::string> variables) {
    return FindCredentialsFile([variables = std::move(variables)](const char* name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::string() : found->second;
    });
  }
  arrow::Result<std::optional<CredentialsFile>> Read(const std::string& text) {
    return Find({{"GOOGLE_APPLICATION_CREDENTIALS", Write("key.json", text)}});
  }

  std::string folder_;
};

constexpr const char* kUser = R"({"type": "authorized_user", "client_id": "a",
    "client_secret": "s3cret", "refresh_token": "s3cret", "quota_project_id": "q"})";

TEST_F(CredentialsFileTest, TheNamedFileComesBeforeGclouds) {
  EXPECT_FALSE(Find({})->has_value());
  const std::map<std::string, std::string> home = {{"HOME", folder_ + "/home"}};
  EXPECT_FALSE(Find(home)->has_value());
  Write("home/.config/gcloud/application_default_credentials.json", kUser);
  EXPECT_EQ((*Find(home))->type, "authorized_user");
  EXPECT_EQ((*Find(home))->quota_project, "q");
  auto elsewhere = home;
  elsewhere["CLOUDSDK_CONFIG"] = folder_;
  EXPECT_FALSE(Find(elsewhere)->has_value());
  auto named = home;
  named["GOOGLE_APPLICATION_CREDENTIALS"] =
      Write("key.json", R"({"type": "service_account", "client_email": "a@b", "private_key": "k",
                      "quota_project_id": 7})");
  EXPECT_EQ((*Find(named))->type, "service_account");
  EXPECT_EQ((*Find(named))->quota_project, "");
}

TEST_F(CredentialsFileTest, WhatCannotServeIsRefusedWithoutItsSecrets) {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {"", "should be a JSON object"},
      {"[\"s3cret\"]", "should be a JSON object"},
      {"{\"s3cret", "should be a JSON object"},
      {R"({"k": "s3cret"})", "found ''"},
      {R"({"type": 7, "k": "s3cret"})", "found ''"},
      {R"({"type": "s\u001bx"})", "found 's\\x1bx'"},
      {R"({"type": "gdch_service_account", "k": "s3cret"})", "found 'gdch_service_account'"},
      {R"({"type": "service_account", "private_key": "s3cret"})", "client_email, private_key"},
      {R"({"type": "service_account", "client_email": "a@b", "private_key": 7})", "private_key"},
      {R"({"type": "authorized_user", "client_secret": "s3cret"})", "refresh_token"},
      {R"({"type": "external_account", "k": "s3cret"})", "subject_token_type"},
      {R"({"type": "impersonated_service_account"})", "service_account_impersonation_url"},
  };
  for (const auto& each : kCases) {
    const auto found = Read(each.text);
    ASSERT_FALSE(found.ok()) << each.text;
    EXPECT_THAT(found.status().message(), HasSubstr(each.message)) << each.text;
    EXPECT_THAT(found.status().message(), HasSubstr("key.json"));
    EXPECT_THAT(found.status().message(), Not(HasSubstr("s3cret")));
    EXPECT_EQ(base::KindOf(found.status()), base::ErrorKind::kUsage);
  }
}

TEST_F(CredentialsFileTest, WhatIsNoFileIsNotReadForEver) {
  Write("large.json", std::string((1 << 20) + 1, ' '));
  for (const std::string& path :
       {folder_ + "/none.json", folder_, folder_ + "/large.json", std::string("/dev/zero")}) {
    const auto found = Find({{"GOOGLE_APPLICATION_CREDENTIALS", path}});
    ASSERT_FALSE(found.ok()) << path;
    EXPECT_THAT(found.status().message(), HasSubstr("GOOGLE_APPLICATION_CREDENTIALS"));
    EXPECT_THAT(found.status().message(), HasSubstr(path));
    EXPECT_EQ(base::KindOf(found.status()), base::ErrorKind::kUsage);
  }
}

}  // namespace
}  // namespace emberharmony::bigquery

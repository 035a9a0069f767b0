#include "emberharmony/bigquery/jobs/token_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/jobs/scripted_http_internal.h"

namespace emberharmony::bigquery::jobs {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kUser =
    R"({"type": "authorized_user", "client_id": "id+1", "client_secret": "s3cret",
        "refresh_token": "r3fresh/&", "quota_project_id": "payer",
        "token_uri": "http://127.0.0.1:1/token"})";

class TokenSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "ember_token_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  arrow::Result<std::unique_ptr<TokenSource>> Make(std::map<std::string, std::string> variables) {
    return MakeTokenSource(EnvironmentOf(std::move(variables)), &transport_, &clock_);
  }
  arrow::Result<std::unique_ptr<TokenSource>> MakeFrom(const std::string& text) {
    return Make({{"GOOGLE_APPLICATION_CREDENTIALS", Write("key.json", text)}});
  }

  std::string folder_;
  ScriptedTransport transport_;
  ScriptedClock clock_;
};

TEST_F(TokenSourceTest, RefreshesTheUsersTokenShortlyBeforeItEnds) {
  auto source = MakeFrom(kUser);
  ASSERT_TRUE(source.ok()) << source.status().message();
  EXPECT_EQ((*source)->quota_project(), "payer");
  EXPECT_EQ(*(*source)->UniverseDomain({}), "googleapis.com");
  transport_.Answer(200, R"({"access_token": "t1", "expires_in": 3600, "token_type": "Bearer"})");
  EXPECT_EQ(*(*source)->Token(false, {}), "t1");
  clock_.now_ms += 3200 * 1000;
  EXPECT_EQ(*(*source)->Token(false, {}), "t1");
  clock_.now_ms += 200 * 1000;
  transport_.Answer(200, R"({"access_token": "t2", "expires_in": 3600})");
  EXPECT_EQ(*(*source)->Token(false, {}), "t2");
  transport_.Answer(200, R"({"access_token": "t3", "expires_in": 3600})");
  EXPECT_EQ(*(*source)->Token(true, {}), "t3");
  ASSERT_EQ(transport_.requests.size(), 3u);
  EXPECT_EQ(transport_.requests[0].method, "POST");
  EXPECT_EQ(transport_.requests[0].url, "http://127.0.0.1:1/token");
  EXPECT_EQ(transport_.requests[0].body,
            "grant_type=refresh_token&client_id=id%2B1&client_secret=s3cret"
            "&refresh_token=r3fresh%2F%26");
}

TEST_F(TokenSourceTest, TriesAgainWhereThatMayHelp) {
  auto source = MakeFrom(kUser);
  ASSERT_TRUE(source.ok());
  transport_.Answer(0, "").Answer(503, "").Answer(200,
                                                  R"({"access_token": "t", "expires_in": 60})");
  EXPECT_EQ(*(*source)->Token(false, {}), "t");
  EXPECT_EQ(clock_.pauses.size(), 2u);
}

TEST_F(TokenSourceTest, ErrorsSayWhatToDoAndHoldNoSecret) {
  auto source = MakeFrom(kUser);
  ASSERT_TRUE(source.ok());
  for (const char* body :
       {R"({"error": "invalid_grant", "error_description": "Bad s3cret r3fresh"})",
        R"({"error": "other s3cret"})", "s3cret", "[1]"}) {
    transport_.Answer(400, body);
    const auto token = (*source)->Token(false, {});
    ASSERT_FALSE(token.ok());
    EXPECT_THAT(token.status().message(), HasSubstr("gcloud auth application-default login"));
    EXPECT_THAT(token.status().message(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(token.status().message(), Not(HasSubstr("r3fresh")));
  }
  for (const char* body : {"{}", R"({"access_token": "s3cret\r\nX: y"})", "s3cret", "null"}) {
    transport_.Answer(200, body);
    const auto token = (*source)->Token(false, {});
    ASSERT_FALSE(token.ok()) << body;
    EXPECT_THAT(token.status().message(), Not(HasSubstr("s3cret")));
  }
}

TEST_F(TokenSourceTest, FilesThatCannotServeAreRefusedByName) {
  const struct {
    const char* text;
    const char* message;
  } kCases[] = {
      {R"({"type": "external_account", "audience": "a", "subject_token_type": "b",
           "token_url": "https://sts.googleapis.com/v1/token"})",
       "type 'external_account'"},
      {R"({"type": "impersonated_service_account", "service_account_impersonation_url": "https://a"})",
       "type 'impersonated_service_account'"},
      {R"({"type": "authorized_user", "client_id": "a"})", "refresh_token"},
      {R"({"type": "authorized_user", "client_id": "a", "client_secret": "b",
           "refresh_token": "c", "token_uri": "http://tokens.example.com"})",
       "expected an https address"},
      {"[]", "JSON object"},
  };
  for (const auto& each : kCases) {
    const auto source = MakeFrom(each.text);
    ASSERT_FALSE(source.ok()) << each.text;
    EXPECT_THAT(source.status().message(), HasSubstr(each.message));
    EXPECT_EQ(base::KindOf(source.status()), base::ErrorKind::kUsage);
  }
}

TEST_F(TokenSourceTest, LooksInTheDocumentedOrder) {
  std::filesystem::create_directories(folder_ + "/home/.config/gcloud");
  Write("home/.config/gcloud/application_default_credentials.json",
        R"({"type": "authorized_user", "client_id": "a", "client_secret": "b",
            "refresh_token": "c", "quota_project_id": "home"})");
  const std::map<std::string, std::string> home = {{"HOME", folder_ + "/home"}};
  EXPECT_EQ((*Make(home))->quota_project(), "home");
  auto both = home;
  both["GOOGLE_APPLICATION_CREDENTIALS"] = Write("key.json", kUser);
  EXPECT_EQ((*Make(both))->quota_project(), "payer");
  // Without gcloud's file it is the metadata server.
  auto server = Make({{"HOME", folder_}, {"GCE_METADATA_HOST", "meta:81"}});
  ASSERT_TRUE(server.ok());
  transport_.Answer(200, R"({"access_token": "m1", "expires_in": 3599})",
                    {{"metadata-flavor", "Google"}});
  EXPECT_EQ(*(*server)->Token(false, {}), "m1");
  EXPECT_THAT(transport_.requests[0].url,
              HasSubstr("http://meta:81/computeMetadata/v1/instance/service-accounts/default/token"
                        "?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"));
  EXPECT_TRUE(HasHeader(transport_.requests[0], "Metadata-Flavor: Google"));
}

TEST_F(TokenSourceTest, AServerThatIsNoMetadataServerGetsNoTrust) {
  for (const bool reachable : {false, true}) {
    auto server = Make({{"HOME", folder_}});
    ASSERT_TRUE(server.ok());
    if (reachable) {
      transport_.Answer(200, R"({"access_token": "evil", "expires_in": 3599})");
    } else {
      transport_.Answer(0, "");
    }
    const auto token = (*server)->Token(false, {});
    ASSERT_FALSE(token.ok());
    EXPECT_THAT(token.status().message(), HasSubstr("no credentials for BigQuery were found"));
  }
}

TEST_F(TokenSourceTest, OldMetadataServersAreOfTheDefaultUniverse) {
  auto server = Make({{"HOME", folder_}});
  transport_.Answer(404, "not found", {{"metadata-flavor", "Google"}});
  EXPECT_EQ(*(*server)->UniverseDomain({}), "googleapis.com");
  EXPECT_EQ(*(*server)->UniverseDomain({}), "googleapis.com");
  EXPECT_EQ(transport_.requests.size(), 1u);
}

}  // namespace
}  // namespace emberharmony::bigquery::jobs

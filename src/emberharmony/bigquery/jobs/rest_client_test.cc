#include "emberharmony/bigquery/jobs/rest_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/jobs/scripted_http_internal.h"

namespace emberharmony::bigquery::jobs {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Gives "token1", "token2" and so on, a new one only when asked to renew.
class CountingTokens : public TokenSource {
 public:
  arrow::Result<std::string> Token(bool renew, const StopCheck&) override {
    count += renew ? 1 : 0;
    return "token" + std::to_string(count);
  }
  const std::string& quota_project() const override { return quota_; }
  arrow::Result<std::string> UniverseDomain(const StopCheck&) override { return "googleapis.com"; }

  int count = 1;

 private:
  std::string quota_;
};

std::string ErrorBody(const std::string& reason, const std::string& message = "why") {
  return R"({"error": {"code": 1, "message": ")" + message + R"(", "errors": [{"reason": ")" +
         reason + R"("}]}})";
}

class RestClientTest : public testing::Test {
 protected:
  ScriptedTransport transport_;
  ScriptedClock clock_;
  CountingTokens tokens_;
  RestClient client_{"https://bigquery.googleapis.com/bigquery/v2", "payer", &transport_, &tokens_,
                     &clock_};
};

TEST_F(RestClientTest, SendsWhatTheServiceWants) {
  transport_.Answer(200, R"({"a": 1})");
  RestCall call;
  call.method = "POST";
  call.path = "projects/p/jobs";
  call.body = {{"b", 2}};
  const auto answer = client_.Call(call, {});
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(answer->body["a"], 1);
  const HttpRequest& request = transport_.requests.at(0);
  EXPECT_EQ(request.url, "https://bigquery.googleapis.com/bigquery/v2/projects/p/jobs");
  EXPECT_EQ(request.body, R"({"b":2})");
  EXPECT_TRUE(HasHeader(request, "Authorization: Bearer token1"));
  EXPECT_TRUE(HasHeader(request, "x-goog-user-project: payer"));
  EXPECT_TRUE(HasHeader(request, "Content-Type: application/json"));
}

TEST_F(RestClientTest, TriesAgainForExactlyTheReasonsThatMayPass) {
  for (const char* reason : {"rateLimitExceeded", "backendError", "internalError", "badGateway"}) {
    transport_.Answer(403, ErrorBody(reason)).Answer(200, "{}");
    EXPECT_TRUE(client_.Call({}, {})->ok()) << reason;
  }
  for (const int status : {429, 500, 502, 503, 504}) {
    transport_.Answer(status, "<html>").Answer(200, "{}");
    EXPECT_TRUE(client_.Call({}, {})->ok()) << status;
  }
  transport_.Answer(0, "").Answer(200, "{}");
  EXPECT_TRUE(client_.Call({}, {})->ok());
  EXPECT_EQ(clock_.pauses.size(), 10u);
  for (const char* reason : {"notFound", "accessDenied", "invalidQuery", "quotaExceeded",
                             "responseTooLarge", "stopped", "duplicate"}) {
    // Even with a status that would be tried again without a reason.
    transport_.Answer(503, ErrorBody(reason));
    EXPECT_EQ(client_.Call({}, {})->reason, reason);
  }
  for (const int status : {301, 302, 400, 403, 404, 409, 501}) {
    transport_.Answer(status, "");
    EXPECT_EQ(client_.Call({}, {})->status, status);
  }
  EXPECT_EQ(clock_.pauses.size(), 10u);
  EXPECT_EQ(transport_.num_left(), 0u);
}

TEST_F(RestClientTest, GivesUpAfterTenMinutesAndSoonerWhereNobodyEverAnswered) {
  transport_.Answer(200, "{}");
  ASSERT_TRUE(client_.Call({}, {})->ok());
  for (int i = 0; i < 200; ++i) transport_.Answer(503, ErrorBody("backendError"));
  const auto answer = client_.Call({}, {});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 503);
  EXPECT_THAT(answer->message, HasSubstr("tries)"));
  EXPECT_GT(clock_.now_ms, 500000);
  EXPECT_LE(clock_.now_ms, 600000);
  EXPECT_LE(*std::max_element(clock_.pauses.begin(), clock_.pauses.end()), 32000);
  EXPECT_GE(clock_.pauses[0], 500);
  EXPECT_LE(clock_.pauses[0], 1000);

  ScriptedTransport dead;
  ScriptedClock clock;
  for (int i = 0; i < 200; ++i) dead.Answer(0, "");
  RestClient other("https://nowhere/bigquery/v2", "", &dead, nullptr, &clock);
  const auto unreached = other.Call({}, {});
  EXPECT_EQ(unreached->status, 0);
  EXPECT_LE(clock.now_ms, 30000);
  EXPECT_GT(clock.now_ms, 10000);
  EXPECT_THAT(unreached->ToStatus("a table").message(), HasSubstr("address of the REST API"));

  // A server of this machine is there, or is just being started.
  clock.now_ms = 0;
  RestClient local("http://localhost:1/bigquery/v2", "", &dead, nullptr, &clock);
  EXPECT_EQ(local.Call({}, {})->status, 0);
  EXPECT_LE(clock.now_ms, 1500);
  EXPECT_GT(clock.now_ms, 0);
}

TEST_F(RestClientTest, WaitsAsLongAsTheServiceAsks) {
  transport_.Answer(429, "", {{"retry-after", "77"}}).Answer(200, "{}");
  EXPECT_TRUE(client_.Call({}, {})->ok());
  EXPECT_EQ(clock_.pauses, std::vector<int64_t>{77000});
}

TEST_F(RestClientTest, RenewsARefusedTokenOnce) {
  transport_.Answer(401, ErrorBody("authError")).Answer(200, "{}");
  EXPECT_TRUE(client_.Call({}, {})->ok());
  EXPECT_TRUE(HasHeader(transport_.requests[1], "Authorization: Bearer token2"));
  transport_.Answer(401, ErrorBody("authError")).Answer(401, ErrorBody("authError"));
  const auto answer = client_.Call({}, {});
  EXPECT_EQ(answer->status, 401);
  EXPECT_THAT(answer->ToStatus("x").message(), HasSubstr("gcloud auth"));
  EXPECT_EQ(base::KindOf(answer->ToStatus("x")), base::ErrorKind::kUsage);
}

TEST_F(RestClientTest, NoMessageHoldsTheToken) {
  transport_.Answer(403, ErrorBody("accessDenied", "Bearer token1 may not"));
  const auto answer = client_.Call({}, {});
  EXPECT_THAT(answer->ToStatus("x").message(), Not(HasSubstr("token1")));
}

TEST_F(RestClientTest, StopsWhenAsked) {
  int left = 3;
  const StopCheck stop = [&left] {
    return --left > 0 ? arrow::Status::OK() : arrow::Status::Cancelled("stopped");
  };
  for (int i = 0; i < 9; ++i) transport_.Answer(503, "");
  EXPECT_TRUE(client_.Call({}, stop).status().IsCancelled());
  EXPECT_LT(transport_.requests.size(), 4u);
}

TEST_F(RestClientTest, AnAnswerThatIsNoJsonIsAnError) {
  for (const char* body : {"", "<html>", "[]", "{", "1"}) {
    transport_.Answer(200, body);
    const auto answer = client_.Call({}, {});
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_THAT(answer.status().message(), HasSubstr("check the REST endpoint"));
  }
  // Errors of any form are told all the same.
  for (const char* body :
       {"[]", R"({"error": 1})", R"({"error": {"errors": []}})", R"({"error": {"errors": [1]}})"}) {
    transport_.Answer(404, body);
    EXPECT_THAT(client_.Call({}, {})->ToStatus("table a.b.c").message(),
                HasSubstr("table a.b.c: HTTP status 404"));
  }
}

}  // namespace
}  // namespace emberharmony::bigquery::jobs

#include "emberharmony/bigquery/jobs/curl_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::jobs {
namespace {

// Answers are tried in tests/conformance/bigquery/test_rest_jobs.py, over connections.

TEST(CurlTransport, TellsWhatMayPassFromWhatWillNot) {
  const auto transport = MakeCurlTransport();
  ASSERT_TRUE(transport.ok()) << transport.status().message();
  HttpRequest request;
  request.url = "http://127.0.0.1:1/";  // nobody listens
  const auto refused = (*transport)->Send(request, {});
  EXPECT_TRUE(refused.status().IsIOError()) << refused.status().message();
  for (const char* url : {"http://", "file:///etc/passwd", "http://user@127.0.0.1/"}) {
    request.url = url;
    const auto bad = (*transport)->Send(request, {});
    EXPECT_EQ(base::KindOf(bad.status()), base::ErrorKind::kUsage) << url;
  }
  request.url = "http://127.0.0.1:1/";
  request.headers = {"X: y\r\nInjected: z"};
  EXPECT_THAT((*transport)->Send(request, {}).status().message(), testing::HasSubstr("line break"));
}

}  // namespace
}  // namespace emberharmony::bigquery::jobs

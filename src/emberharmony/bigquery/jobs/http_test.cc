#include "emberharmony/bigquery/jobs/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace emberharmony::bigquery::jobs {
namespace {

TEST(ParseUrl, ReadsPartsAndDefaults) {
  const struct {
    const char* text;
    const char* expected;
  } kCases[] = {
      {"https://bigquery.googleapis.com", "https://bigquery.googleapis.com"},
      {"https://bigquery.googleapis.com/bigquery/v2/",
       "https://bigquery.googleapis.com/bigquery/v2"},
      {"https://host:443", "https://host"},
      {"https://host:8443/a/b//", "https://host:8443/a/b"},
      {"http://localhost:9050", "http://localhost:9050"},
      {"localhost:9050", "http://localhost:9050"},
      {"127.0.0.1:80", "http://127.0.0.1"},
      {"[::1]:9050", "http://[::1]:9050"},
      {"bigquery.example.com", "https://bigquery.example.com"},
      {"bigquery.example.com:8443", "https://bigquery.example.com:8443"},
  };
  for (const auto& each : kCases) {
    const auto url = ParseUrl(each.text);
    ASSERT_TRUE(url.ok()) << each.text << ": " << url.status().message();
    EXPECT_EQ(url->Text(), each.expected) << each.text;
  }
}

TEST(ParseUrl, RefusesWhatCouldMeanAnotherHost) {
  for (const char* text :
       {"", "https://", "ftp://host", "https://user@host", "https://user:secret@host",
        "https://host:0", "https://host:65536", "https://host:x",
        "https://host:", "https://host/?a=1", "https://host/#f", "https://ho st",
        "https://host\\@evil", "https://[::1", "https://[host]", "https://host/a\\b",
        "https://host\r\nX: y", "http://::1"}) {
    EXPECT_FALSE(ParseUrl(text).ok()) << text;
  }
}

TEST(IsLoopbackHost, TakesNumbersAndLocalhostOnly) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.200.3.4", "::1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "localhost.example.com", "127.0.0.1.example.com", "128.0.0.1",
                           "10.0.0.1", "::2", "127.1", "xlocalhost"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(PercentEncode, LeavesUnreservedCharactersOnly) {
  EXPECT_EQ(PercentEncode("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(PercentEncode("example.com:p/..?&=% \xC3\xA9"),
            "example.com%3Ap%2F..%3F%26%3D%25%20%C3%A9");
}

}  // namespace
}  // namespace emberharmony::bigquery::jobs

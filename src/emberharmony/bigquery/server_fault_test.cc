#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/bigquery/server.h"

namespace emberharmony::bigquery {
namespace {

TEST(ServerFault, ReadsItsText) {
  const auto fault = ServerFault::Parse(
      "cut:after=3,stream=2,times=5,status=INTERNAL,message=no way,retry-delay-ms=250,value=-7");
  ASSERT_TRUE(fault.ok()) << fault.status();
  EXPECT_EQ(fault->kind, FaultKind::kCut);
  EXPECT_EQ(fault->after, 3);
  EXPECT_EQ(fault->stream, 2);
  EXPECT_EQ(fault->times, 5);
  EXPECT_EQ(fault->status, "INTERNAL");
  EXPECT_EQ(fault->message, "no way");
  EXPECT_EQ(fault->retry_delay_ms, 250);
  EXPECT_EQ(fault->value, -7);
  const auto plain = ServerFault::Parse("row-count");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->kind, FaultKind::kRowCount);
  EXPECT_EQ(plain->times, -1);
}

TEST(ServerFault, RefusesTheRestAsUsageErrors) {
  for (const char* text : {"", "cutt", "cut:after", "cut:after=", "cut:after=x", "cut:after=-1",
                           "cut:after=99999999999999999999", "cut:stream=9999999999",
                           "cut:status=OK", "cut:status=unavailable", "cut:nothing=1", "cut:=1"}) {
    const auto fault = ServerFault::Parse(text);
    ASSERT_FALSE(fault.ok()) << text;
    EXPECT_EQ(base::KindOf(fault.status()), base::ErrorKind::kUsage) << text;
  }
}

}  // namespace
}  // namespace emberharmony::bigquery

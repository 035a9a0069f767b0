#include "emberharmony/bigquery/server/message_cache.h"

#include <gtest/gtest.h>

namespace emberharmony::bigquery::server {
namespace {

std::shared_ptr<const WireMessage> OfSize(int64_t bytes) {
  auto message = std::make_shared<WireMessage>();
  message->bytes = bytes;
  return message;
}

TEST(MessageCache, DropsWhatWasNotAskedForTheLongest) {
  MessageCache cache(100);
  const auto a = OfSize(40);
  cache.Put({"plan", 0, 0}, a);
  cache.Put({"plan", 0, 1000}, OfSize(40));
  EXPECT_EQ(cache.Get({"plan", 0, 0}), a);
  cache.Put({"plan", 1, 0}, OfSize(40));
  EXPECT_EQ(cache.Get({"plan", 0, 1000}), nullptr);
  EXPECT_EQ(cache.Get({"plan", 0, 0}), a);
  EXPECT_NE(cache.Get({"plan", 1, 0}), nullptr);
  EXPECT_EQ(cache.Get({"another", 0, 0}), nullptr);
  EXPECT_EQ(cache.bytes(), 80);
}

TEST(MessageCache, KeepsWithinItsBytes) {
  MessageCache cache(100);
  cache.Put({"plan", 0, 0}, OfSize(101));
  EXPECT_EQ(cache.bytes(), 0);
  for (int64_t i = 0; i < 1000; ++i) {
    cache.Put({"plan", 0, i}, OfSize(i % 37));
    ASSERT_LE(cache.bytes(), 100);
  }
  const int64_t bytes = cache.bytes();
  cache.Put({"plan", 0, 999}, OfSize(0));
  EXPECT_EQ(cache.bytes(), bytes);
}

}  // namespace
}  // namespace emberharmony::bigquery::server

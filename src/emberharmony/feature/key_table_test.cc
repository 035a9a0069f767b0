#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "emberharmony/feature/bytes_table_internal.h"
#include "emberharmony/feature/key_table_internal.h"

namespace emberharmony::feature {
namespace {

// The inverse of KeyTable::Hash: x ^= x >> 33 undoes itself, and the factors are odd.
uint64_t InverseOfOdd(uint64_t factor) {
  uint64_t inverse = factor;  // Newton: each step doubles the number of right bits
  for (int i = 0; i < 6; ++i) inverse *= 2 - factor * inverse;
  return inverse;
}
uint64_t KeyOfHash(uint64_t hash) {
  hash ^= hash >> 33;
  hash *= InverseOfOdd(0xc4ceb9fe1a85ec53ULL);
  hash ^= hash >> 33;
  hash *= InverseOfOdd(0xff51afd7ed558ccdULL);
  hash ^= hash >> 33;
  return hash;
}

void ExpectHolds(const KeyTable& table, const std::map<uint64_t, int64_t>& expected) {
  ASSERT_EQ(table.size(), static_cast<int64_t>(expected.size()));
  std::map<uint64_t, int64_t> by_hash;
  for (const auto& [key, count] : expected) by_hash[KeyTable::Hash(key)] = count;
  KeyTable::OrderedReader reader(table);
  KeyTable::Entry entry;
  for (const auto& [hash, count] : by_hash) {
    ASSERT_TRUE(reader.Next(&entry));
    ASSERT_EQ(KeyTable::Hash(entry.key), hash);
    ASSERT_EQ(entry.count, count);
  }
  ASSERT_FALSE(reader.Next(&entry));
  ASSERT_FALSE(reader.Next(&entry));
  std::map<uint64_t, int64_t> visited;
  table.ForEach([&](uint64_t key, int64_t count) { visited[key] += count; });
  ASSERT_EQ(visited, expected);
  for (const auto& [key, count] : expected) {
    int64_t found = 0;
    table.Find(&key, 1, &found);
    ASSERT_EQ(found, count);
  }
}

TEST(KeyTableTest, CountsRandomKeysWhateverTheirNumber) {
  for (const int num_keys : {0, 1, 31, 32, 33, 64, 65, 300, 5000, 200000}) {
    std::mt19937_64 random(num_keys);
    KeyTable table(nullptr);
    std::map<uint64_t, int64_t> expected;
    std::vector<uint64_t> keys;
    std::vector<int64_t> counts;
    for (int i = 0; i < num_keys; ++i) {
      keys.push_back(random() % 3 == 0 ? random() % 100 : random());
      counts.push_back(1 + static_cast<int64_t>(random() % 5));
      expected[keys.back()] += counts.back();
    }
    int64_t num_done = 0;
    ASSERT_TRUE(table.Add(keys.data(), counts.data(), num_keys, &num_done).ok());
    ASSERT_EQ(num_done, num_keys);
    ExpectHolds(table, expected);
    KeyTable copy(nullptr);
    int64_t position = 0;
    ASSERT_TRUE(copy.AddAll(table, &position).ok());
    position = 0;
    ASSERT_TRUE(copy.AddAll(table, &position).ok());
    for (auto& [key, count] : expected) count *= 2;
    ExpectHolds(copy, expected);
  }
}

// Keys whose hashes are the largest there are all belong into the last bucket: they wrap around.
TEST(KeyTableTest, KeysThatCollideWrapAround) {
  for (const uint64_t first : {uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0} - 399}) {
    KeyTable table(nullptr);
    std::map<uint64_t, int64_t> expected;
    for (uint64_t i = 0; i < 400; ++i) {
      const uint64_t key = KeyOfHash(first + i);
      ASSERT_EQ(KeyTable::Hash(key), first + i);
      const auto count = static_cast<int64_t>(i + 1);
      int64_t num_done = 0;
      ASSERT_TRUE(table.Add(&key, &count, 1, &num_done).ok());
      expected[key] = count;
      const uint64_t other = i * 0x123456789abcdefULL;
      ASSERT_TRUE(table.Add(&other, &count, 1, &num_done).ok());
      expected[other] += count;
    }
    ExpectHolds(table, expected);
  }
}

TEST(KeyTableTest, CountsBeyond32Bits) {
  KeyTable table(nullptr);
  std::map<uint64_t, int64_t> expected;
  for (int round = 0; round < 3; ++round) {
    for (uint64_t key = 0; key < 1000; ++key) {
      const int64_t count =
          key % 4 == 0 ? int64_t{1} << (20 + key % 40) : (int64_t{1} << 32) - key % 3;
      int64_t num_done = 0;
      ASSERT_TRUE(table.Add(&key, &count, 1, &num_done).ok());
      expected[key] += count;
    }
  }
  ExpectHolds(table, expected);
}

TEST(KeyTableTest, AnEmptyTableFindsNothing) {
  const KeyTable table(nullptr);
  const uint64_t key = 0;
  int64_t found = 7;
  table.Find(&key, 1, &found);
  EXPECT_EQ(found, 0);
}

TEST(KeyTableTest, StaysAsItWasWhenMemoryIsRefused) {
  const auto budget = base::MemoryBudget::MakeRoot("test", 64 * 1024);
  KeyTable table(budget.get());
  std::map<uint64_t, int64_t> expected;
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 100000; ++i) keys.push_back(i * 7919);
  const std::vector<int64_t> counts(keys.size(), 3);
  int64_t num_done = -1;
  const arrow::Status status = table.Add(keys.data(), counts.data(), 100000, &num_done);
  ASSERT_TRUE(status.IsOutOfMemory()) << status.ToString();
  ASSERT_GT(num_done, 1000);
  for (int64_t i = 0; i < num_done; ++i) expected[keys[i]] = 3;
  ExpectHolds(table, expected);
  table.Clear();
  EXPECT_EQ(budget->bytes_allocated(), 0);
}

void ExpectHolds(const BytesTable& table, const std::map<std::string, int64_t>& expected) {
  ASSERT_EQ(table.size(), static_cast<int64_t>(expected.size()));
  std::map<std::pair<uint32_t, std::string>, int64_t> by_hash;
  for (const auto& [bytes, count] : expected) by_hash[{BytesTable::Hash(bytes), bytes}] = count;
  BytesTable::OrderedReader reader(table);
  BytesTable::Entry entry;
  for (const auto& [key, count] : by_hash) {
    ASSERT_TRUE(reader.Next(&entry));
    ASSERT_EQ(entry.hash, key.first);
    ASSERT_EQ(entry.bytes, key.second);
    ASSERT_EQ(entry.count, count);
  }
  ASSERT_FALSE(reader.Next(&entry));
  for (const auto& [bytes, count] : expected) {
    const std::string_view view = bytes;
    int64_t found = 0;
    table.Find(&view, 1, &found);
    ASSERT_EQ(found, count);
  }
  const std::string_view absent = "no string of the tests says this";
  int64_t found = 1;
  table.Find(&absent, 1, &found);
  ASSERT_EQ(found, 0);
}

// Among 200,000 strings some have the same 32-bit hash.
TEST(BytesTableTest, CountsRandomStringsWhateverTheirNumber) {
  for (const int num_strings : {0, 1, 40, 50, 1000, 200000}) {
    std::mt19937_64 random(num_strings);
    std::vector<std::string> strings;
    std::vector<std::string_view> views;
    std::vector<int64_t> counts;
    std::map<std::string, int64_t> expected;
    for (int i = 0; i < num_strings; ++i) {
      strings.push_back("prefix-" + std::to_string(random() % 4 == 0 ? random() % 50 : random()));
      if (i % 1000 == 17) strings.back().resize(5000, '\0');
      counts.push_back(1 + static_cast<int64_t>(random() % 9));
      expected[strings.back()] += counts.back();
    }
    views.assign(strings.begin(), strings.end());
    BytesTable table(nullptr);
    int64_t num_done = 0;
    ASSERT_TRUE(table.Add(views.data(), counts.data(), num_strings, &num_done).ok());
    ExpectHolds(table, expected);
    BytesTable copy(nullptr);
    int64_t position = 0;
    ASSERT_TRUE(copy.AddAll(table, &position).ok());
    ExpectHolds(copy, expected);
    copy.Clear();
    ExpectHolds(copy, {});
  }
}

}  // namespace
}  // namespace emberharmony::feature

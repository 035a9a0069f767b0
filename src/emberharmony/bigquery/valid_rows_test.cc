#include "emberharmony/bigquery/valid_rows.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

namespace emberharmony::bigquery {
namespace {

std::shared_ptr<arrow::Array> TextsToValidate(const std::string& json, const std::string& type) {
  const auto kind = type == "list" ? arrow::list(arrow::utf8()) : arrow::utf8();
  return arrow::json::ArrayFromJSONString(kind, json).ValueOrDie();
}

/// The same with one byte of one buffer of one array (the column's, or its child's) changed.
std::shared_ptr<arrow::ArrayData> Damaged(const arrow::ArrayData& data, size_t buffer, int64_t at,
                                          uint8_t mask) {
  auto copy = std::make_shared<arrow::ArrayData>(data);
  std::string bytes = data.buffers[buffer]->ToString();
  bytes[static_cast<size_t>(at)] = static_cast<char>(bytes[static_cast<size_t>(at)] ^ mask);
  copy->buffers[buffer] = arrow::Buffer::FromString(std::move(bytes));
  return copy;
}

bool IsFound(const std::shared_ptr<arrow::ArrayData>& data, bool* by_arrow) {
  const auto column = arrow::MakeArray(data);
  const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                             column->length(), {column});
  *by_arrow = !rows->ValidateFull().ok();
  return !ValidateRows(*rows).ok();
}

TEST(ValidateRows, FindsWhatArrowFindsWhicheverByteIsWrong) {
  int num_wrong = 0;
  for (const char* json : {R"(["abc", null, "", "defgh"])", R"(["zu", "Ä", null, "日本"])",
                           R"(["only ascii", "in all", "three rows"])"}) {
    const auto texts = TextsToValidate(json, "text");
    for (const int64_t offset : {0, 1}) {
      const auto data = texts->Slice(offset)->data();
      data->null_count = texts->Slice(offset)->null_count();
      for (size_t buffer = 0; buffer < 3; ++buffer) {
        if (data->buffers[buffer] == nullptr) continue;
        for (int64_t at = 0; at < data->buffers[buffer]->size(); ++at) {
          for (const uint8_t mask : {0x01, 0x08, 0x40, 0x80, 0xFF}) {
            bool by_arrow = false;
            EXPECT_EQ(IsFound(Damaged(*data, buffer, at, mask), &by_arrow), by_arrow)
                << json << ", buffer " << buffer << ", byte " << at;
            num_wrong += by_arrow ? 1 : 0;
          }
        }
      }
    }
  }
  EXPECT_GT(num_wrong, 100);
}

TEST(ValidateRows, LooksIntoListsAndCounts) {
  bool by_arrow = false;
  const auto lists = TextsToValidate(R"([["a", null], [], null, ["bc"]])", "list")->data();
  EXPECT_FALSE(IsFound(lists, &by_arrow));
  auto damaged = std::make_shared<arrow::ArrayData>(*lists);
  damaged->child_data[0] = Damaged(*lists->child_data[0], 1, 4, 0x40);
  EXPECT_TRUE(IsFound(damaged, &by_arrow));
  const auto texts = TextsToValidate(R"(["a", null, "bc"])", "text")->data();
  auto miscounted = std::make_shared<arrow::ArrayData>(*texts);
  miscounted->null_count = 2;
  EXPECT_TRUE(IsFound(miscounted, &by_arrow));
}

}  // namespace
}  // namespace emberharmony::bigquery

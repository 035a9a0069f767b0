#include "emberharmony/bigquery/table_schema.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace emberharmony::bigquery {
namespace {

TEST(ArrowSchemaOf, MapsEveryTypeAsTheServiceDoes) {
  // The right-hand sides are the service's, as its official clients' tests record them.
  const std::pair<const char*, const char*> kTypes[] = {
      {"INTEGER", "int64"},
      {"INT64", "int64"},
      {"FLOAT", "double"},
      {"FLOAT64", "double"},
      {"BOOLEAN", "bool"},
      {"BOOL", "bool"},
      {"STRING", "string"},
      {"BYTES", "binary"},
      {"DATE", "date32[day]"},
      {"TIME", "time64[us]"},
      {"DATETIME", "timestamp[us]"},
      {"TIMESTAMP", "timestamp[us, tz=UTC]"},
      {"NUMERIC", "decimal128(38, 9)"},
      {"BIGNUMERIC", "decimal256(76, 38)"},
      {"GEOGRAPHY", "string"},
      {"JSON", "string"},
      {"INTERVAL", "month_day_nano_interval"},
  };
  for (const auto& [type, expected] : kTypes) {
    const auto schema = ArrowSchemaOf({{"x", type, "NULLABLE", {}}});
    ASSERT_TRUE(schema.ok()) << type;
    EXPECT_EQ((*schema)->field(0)->type()->ToString(), expected) << type;
    EXPECT_TRUE((*schema)->field(0)->nullable());
  }
}

TEST(ArrowSchemaOf, ModesAndRecords) {
  const auto schema = ArrowSchemaOf({{"a", "INT64", "REQUIRED", {}},
                                     {"r", "RECORD", "REPEATED", {{"x", "DATE", "NULLABLE", {}}}}});
  ASSERT_TRUE(schema.ok());
  EXPECT_FALSE((*schema)->field(0)->nullable());
  EXPECT_FALSE((*schema)->field(1)->nullable());
  EXPECT_EQ((*schema)->field(1)->type()->ToString(), "list<item: struct<x: date32[day]>>");
}

TEST(TableFieldsOf, IsTheOtherWayRound) {
  std::vector<TableField> fields;
  for (const char* type : {"INTEGER", "FLOAT", "BOOLEAN", "STRING", "BYTES", "DATE", "TIME",
                           "DATETIME", "TIMESTAMP", "NUMERIC", "BIGNUMERIC", "INTERVAL"}) {
    for (const char* mode : {"NULLABLE", "REQUIRED", "REPEATED"}) {
      fields.push_back({std::string(type) + mode, type, mode, {}});
    }
  }
  fields.push_back({"r", "RECORD", "NULLABLE", {{"s", "RECORD", "REPEATED", fields}}});
  const auto schema = ArrowSchemaOf(fields);
  ASSERT_TRUE(schema.ok());
  const std::function<void(const std::vector<TableField>&, const std::vector<TableField>&)>
      compare = [&](const auto& found, const auto& expected) {
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i) {
          EXPECT_EQ(found[i].name, expected[i].name);
          EXPECT_EQ(found[i].type, expected[i].type) << found[i].name;
          EXPECT_EQ(found[i].mode, expected[i].mode) << found[i].name;
          compare(found[i].fields, expected[i].fields);
        }
      };
  compare(TableFieldsOf(**schema), fields);
}

TEST(TableFieldsOf, TextsAreToldApartByTheirMetadata) {
  const auto named = [](const char* name) {
    return arrow::key_value_metadata({"ARROW:extension:name"}, {name});
  };
  const auto json = named("google:sqlType:json");
  const auto fields = TableFieldsOf(*arrow::schema({
      arrow::field("a", arrow::utf8(), json),
      arrow::field("b", arrow::utf8(), named("google:sqlType:geography")),
      arrow::field("c", arrow::utf8(), named("somebody.else")),
      arrow::field("d", arrow::list(arrow::field("item", arrow::utf8(), json)), false),
      arrow::field("e", arrow::uint8()),
  }));
  EXPECT_EQ(fields[0].type, "JSON");
  EXPECT_EQ(fields[1].type, "GEOGRAPHY");
  EXPECT_EQ(fields[2].type, "STRING");
  EXPECT_EQ(fields[3].type, "JSON");
  EXPECT_EQ(fields[3].mode, "REPEATED");
  EXPECT_EQ(fields[4].type, "uint8");
}

TEST(ArrowSchemaOf, WhatIsNotKnownIsRefusedByName) {
  const auto schema = ArrowSchemaOf({{"x", "HOLOGRAM", "NULLABLE", {}}});
  ASSERT_FALSE(schema.ok());
  EXPECT_THAT(schema.status().message(), testing::HasSubstr("column 'x' is of the type HOLOGRAM"));
  TableField deep{"leaf", "INT64", "NULLABLE", {}};
  for (int i = 0; i < 100; ++i) deep = TableField{"r", "RECORD", "NULLABLE", {deep}};
  EXPECT_FALSE(ArrowSchemaOf({deep}).ok());
}

}  // namespace
}  // namespace emberharmony::bigquery

#include "emberharmony/bigquery/table_schema.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

#include "emberharmony/bigquery/server/wire_schema.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::server {
namespace {

std::shared_ptr<arrow::Schema> Nested() {
  return arrow::schema(
      {arrow::field("id", arrow::int32(), /*nullable=*/false),
       arrow::field("r", arrow::struct_({arrow::field("a", arrow::utf8()),
                                         arrow::field("b", arrow::struct_({arrow::field(
                                                               "c", arrow::float32())}))})),
       arrow::field("l", arrow::list(arrow::struct_({arrow::field("x", arrow::int8()),
                                                     arrow::field("y", arrow::int8())}))),
       arrow::field("a.b", arrow::date32())});
}

std::string Selected(const std::vector<std::string>& names) {
  const auto all = MakeWireSchema(*Nested());
  EXPECT_TRUE(all.ok()) << all.status();
  const auto some = SelectFields(*all, names);
  EXPECT_TRUE(some.ok()) << some.status();
  return some.ok() ? some->schema->ToString() : "";
}

TEST(WireSchema, SelectsInTheOrderOfTheTable) {
  EXPECT_EQ(Selected({"r.b", "ID"}), "id: int64 not null\nr: struct<b: struct<c: double>>");
  EXPECT_EQ(Selected({"l.y", "l.y"}), "l: list<item: struct<y: int64>> not null");
  EXPECT_EQ(Selected({"a.b"}), "a.b: date32[day]");
  EXPECT_EQ(Selected({"r.b.c", "r"}), Selected({"r"}));
  const auto all = MakeWireSchema(*Nested());
  const auto unknown = SelectFields(*all, {"id", "r.z", "none", "id.x"});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.status().message().find("r.z, none, id.x"), std::string::npos);
}

TEST(WireSchema, MetadataTellTextsApart) {
  const auto named = [](const char* name) {
    return arrow::field("x", arrow::utf8(), true,
                        arrow::key_value_metadata({"ARROW:extension:name"}, {name}));
  };
  const auto extension = [&](const char* name) {
    const auto made = MakeWireSchema(*arrow::schema({named(name)}));
    EXPECT_TRUE(made.ok()) << made.status();
    const auto& field = *made->schema->field(0);
    return field.HasMetadata() ? *field.metadata()->Get("ARROW:extension:name") : "";
  };
  EXPECT_EQ(extension("google:sqlType:json"), "google:sqlType:json");
  EXPECT_EQ(extension("arrow.json"), "google:sqlType:json");
  EXPECT_EQ(extension("google:sqlType:geography"), "google:sqlType:geography");
  EXPECT_EQ(extension("something else"), "");
}

TEST(WireSchema, RefusesWhatBigQueryLacks) {
  auto deep = arrow::int64();
  for (int i = 0; i < 20; ++i) deep = arrow::struct_({arrow::field("f", deep)});
  for (const auto& schema :
       {arrow::schema({arrow::field("bad", arrow::list(arrow::list(arrow::int8())))}),
        arrow::schema({arrow::field("bad", arrow::null())}),
        arrow::schema({arrow::field("bad", arrow::duration(arrow::TimeUnit::SECOND))}),
        arrow::schema({arrow::field("bad", arrow::decimal256(76, 0))}),
        arrow::schema({arrow::field("bad", arrow::struct_({}))}),
        arrow::schema({arrow::field("bad", deep)}),
        arrow::schema({arrow::field("bad", arrow::int8()), arrow::field("Bad", arrow::int8())})}) {
    const auto made = MakeWireSchema(*schema);
    ASSERT_FALSE(made.ok()) << schema->ToString();
    EXPECT_EQ(base::KindOf(made.status()), base::ErrorKind::kUsage);
    EXPECT_THAT(made.status().message(), testing::ContainsRegex("[bB]ad"));
  }
}

}  // namespace
}  // namespace emberharmony::bigquery::server

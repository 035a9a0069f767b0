#include "emberharmony/extractor/table_id.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace emberharmony::extractor {
namespace {

std::string Resolved(const std::string& table_id, const std::string& project = "") {
  const ResolvedTable table = ResolveTableId(table_id, project);
  const char* const kinds[] = {"location ", "table ", "query "};
  return kinds[static_cast<int>(table.kind)] + table.text;
}

TEST(TableId, TablesOfBigQuery) {
  EXPECT_EQ(Resolved("my-proj.travel.flights"), "table bigquery://my-proj/travel/flights");
  EXPECT_EQ(Resolved("`my-proj.travel.flights`"), "table bigquery://my-proj/travel/flights");
  EXPECT_EQ(Resolved("bigquery://p/d/t"), "table bigquery://p/d/t");
  EXPECT_EQ(Resolved("travel.flights", "my-proj"), "table bigquery://my-proj/travel/flights");
  EXPECT_EQ(Resolved("travel.flights"), "location travel.flights");
  EXPECT_EQ(Resolved("example.com:proj.d.t"), "table bigquery://example.com:proj/d/t");
}

TEST(TableId, Queries) {
  for (const char* sql : {"SELECT * FROM t", "with x AS (SELECT 1) SELECT * FROM x",
                          "  -- why\n/* more */ (select 1)", "FROM t |> LIMIT 3", "SELECT(1)"}) {
    EXPECT_EQ(Resolved(sql), std::string("query ") + sql);
  }
  for (const char* other : {"select.parquet", "select", "with/file", "selected", "-- nothing"}) {
    EXPECT_EQ(Resolved(other), std::string("location ") + other);
  }
}

TEST(TableId, Files) {
  for (const char* path : {"a.b.csv", "data/*.parquet", "p.d.t.gz", "s3://b/k", "gs://b/k", "-",
                           "no such thing", ""}) {
    EXPECT_EQ(Resolved(path, "proj"), std::string("location ") + path);
  }
  const std::string there = ::testing::TempDir() + "some-proj.d.t";
  std::ofstream(there) << "x\n1\n";
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(::testing::TempDir());
  EXPECT_EQ(Resolved("some-proj.d.t"), "location some-proj.d.t");
  std::filesystem::current_path(before);
  std::filesystem::remove(there);
  EXPECT_EQ(Resolved("some-proj.d.t"), "table bigquery://some-proj/d/t");
}

}  // namespace
}  // namespace emberharmony::extractor

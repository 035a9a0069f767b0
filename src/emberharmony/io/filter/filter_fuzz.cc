#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "emberharmony/base/fuzz_seeds.h"
#include "emberharmony/io/filter/filter.h"

// The input is a filter's text. Whatever it is: an error or a tree that its own text gives back,
// and if it fits the table below, an evaluation that agrees with what its ranges promised.

namespace {

using namespace emberharmony::io;  // NOLINT: a fuzz target has no namespace of its own

void Require(bool condition) {
  if (!condition) std::abort();
}

struct Table {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<Column> columns;
  std::vector<ColumnRange> ranges;
};

const Table& TheTable() {
  static const Table table = [] {
    Table made;
    arrow::FieldVector fields;
    const auto add = [&](const char* name, const std::shared_ptr<arrow::DataType>& type,
                         const char* json, const char* bounds) {
      fields.push_back(arrow::field(name, type));
      Piece piece;
      piece.values = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
      piece.num_rows = piece.values->length();
      ColumnRange range;
      range.bounds = arrow::json::ArrayFromJSONString(type, bounds).ValueOrDie();
      range.null_count = piece.values->null_count();
      made.columns.push_back({{piece}});
      made.ranges.push_back(range);
    };
    add("i", arrow::int64(), "[1,-5,null,7]", "[-5,7]");
    add("u", arrow::uint64(), "[1,18446744073709551615,0,7]", "[0,18446744073709551615]");
    add("d", arrow::float64(), "[0.5,NaN,null,-0.0]", "[0.0,0.5]");
    add("s", arrow::utf8(), R"(["a","abc",null,"é"])", R"(["a","é"])");
    add("b", arrow::binary(), R"(["a","abc","",""])", R"(["","abc"])");
    add("f", arrow::boolean(), "[true,false,null,true]", "[false,true]");
    add("n", arrow::decimal128(20, 2), R"(["1.50","-3.00",null,"0.01"])", R"(["-3.00","1.50"])");
    add("h", arrow::decimal256(60, 4), R"(["1.5000","-3.0000","2.0000","0.0100"])",
        R"(["-3.0000","2.0000"])");
    add("day", arrow::date32(), "[0,1,null,11000]", "[0,11000]");
    add("t", arrow::timestamp(arrow::TimeUnit::MICRO), "[0,1,null,981173106000000]",
        "[0,981173106000000]");
    add("z", arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), "[0,1,2,3]", "[0,3]");
    add("clock", arrow::time64(arrow::TimeUnit::MICRO), "[0,1,null,3600000000]", "[0,3600000000]");
    made.schema = arrow::schema(fields);
    return made;
  }();
  return table;
}

void Check(const filter::Expression& expression) {
  const Table& table = TheTable();
  const auto filter = filter::Filter::Bind(expression, *table.schema, "fuzz");
  if (!filter.ok()) return;
  Batch batch;
  batch.num_rows = 4;
  std::vector<ColumnRange> ranges;
  for (const int column : (*filter)->columns()) {
    batch.columns.push_back(table.columns[static_cast<size_t>(column)]);
    ranges.push_back(table.ranges[static_cast<size_t>(column)]);
  }
  filter::FilterEvaluator evaluator(*filter, arrow::default_memory_pool());
  std::vector<uint64_t> passes;
  const auto evaluated = evaluator.Evaluate(batch, &passes);
  Require(evaluated.ok() || (*filter)->may_fail());
  if (!evaluated.ok()) return;
  const int64_t count = *evaluated;
  const filter::Verdict verdict = (*filter)->Judge(ranges, batch.num_rows);
  Require(verdict != filter::Verdict::kNone || count == 0);
  Require(verdict != filter::Verdict::kAll || count == batch.num_rows);
  // The operands of the outermost AND pass together what the filter passes.
  uint64_t together = ~uint64_t{0};
  for (const auto& conjunct : (*filter)->Conjuncts()) {
    Batch part;
    part.num_rows = batch.num_rows;
    for (const int column : conjunct->columns()) {
      part.columns.push_back(table.columns[static_cast<size_t>(column)]);
    }
    filter::FilterEvaluator part_evaluator(conjunct, arrow::default_memory_pool());
    std::vector<uint64_t> part_passes;
    // Alone, it sees rows that the others leave out.
    const bool seen = part_evaluator.Evaluate(part, &part_passes).ok();
    Require(seen || conjunct->may_fail());
    if (!seen) return;
    together &= part_passes[0];
  }
  Require(together == passes[0]);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const emberharmony::base::FuzzSeeds seeds(*argc, *argv);
  // Every kind of condition, and every pair of types that are cast.
  seeds.Add("conditions",
            "i > 1 AND (s LIKE 'a%' OR NOT f) AND n NOT IN (1.5, 2) AND day BETWEEN '1970-01-01' "
            "AND '2001-01-31' AND IS_NAN(d) IS NOT TRUE AND b = b'\\x00' AND u IS NOT NULL");
  for (const char* column : {"i", "u", "d", "s", "b", "f", "n", "h", "day", "t", "z", "clock"}) {
    for (const char* type : {"BOOL", "INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "STRING", "BYTES",
                             "DATE", "DATETIME", "TIME", "TIMESTAMP"}) {
      const std::string cast = std::string("CAST(") + column + " AS " + type + ")";
      seeds.Add(std::string("cast-") + column + "-" + type,
                cast + " IS NULL OR SAFE_" + cast + " = SAFE_CAST('1' AS " + type + ")");
    }
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = filter::ParseExpression(text, "fuzz");
  if (!expression.ok()) return 0;
  const std::string canonical = filter::WriteSql(**expression);
  // Escapes can make a text longer than what it came from, hence than what may be parsed.
  if (canonical.size() <= filter::kTextBytesMax) {
    const auto again = filter::ParseExpression(canonical, "again");
    Require(again.ok() && filter::SameExpression(**expression, **again));
  }
  Check(**expression);
  return 0;
}

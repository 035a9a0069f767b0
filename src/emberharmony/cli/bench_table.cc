#include "emberharmony/cli/bench_table.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/philox.h"
#include "emberharmony/cli/interrupt_flag.h"
#include "emberharmony/io/sink.h"

namespace emberharmony::cli {

namespace {

constexpr int64_t kRowGroupRows = 131072;
constexpr uint32_t kSeed = 42;

/// The random bits of a cell; words 2 and 3 decide whether it is null.
using Bits = std::array<uint32_t, 4>;

Bits BitsOf(int column, int64_t row) {
  const auto number = static_cast<uint64_t>(row);
  return base::Philox4x32({static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32),
                           static_cast<uint32_t>(column), 0},
                          {kSeed, 0});
}

bool NullBelow(const Bits& bits, uint32_t per_thousand) { return bits[3] % 1000 < per_thousand; }

/// [0, 1), without the C library's functions, whose last digits differ between machines.
double Unit(uint32_t bits) { return bits * 0x1p-32; }

/// Skewed: the product of two uniform numbers favours small ones.
int64_t Skewed(const Bits& bits, int64_t count) {
  return static_cast<int64_t>(Unit(bits[0]) * Unit(bits[1]) * static_cast<double>(count));
}

template <typename Builder, typename Value>
arrow::Result<std::shared_ptr<arrow::Array>> Build(int column, int64_t first, int64_t count,
                                                   uint32_t null_per_thousand, Builder builder,
                                                   const Value& value) {
  ARROW_RETURN_NOT_OK(builder.Reserve(count));
  for (int64_t row = first; row < first + count; ++row) {
    const Bits bits = BitsOf(column, row);
    if (NullBelow(bits, null_per_thousand)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(value(row, bits)));
    }
  }
  return builder.Finish();
}

/// A column and how `count` rows of it from `first` on are made.
struct BenchColumn {
  std::shared_ptr<arrow::Field> field;
  std::function<arrow::Result<std::shared_ptr<arrow::Array>>(int64_t first, int64_t count)> rows;
};

std::vector<BenchColumn> BenchColumns() {
  const auto time_type = arrow::timestamp(arrow::TimeUnit::MICRO);
  return {
      {arrow::field("departure", time_type),
       [time_type](int64_t first, int64_t count) {
         // About two a minute, from 2001 on.
         constexpr int64_t kStart = 978307200000000;
         return Build(0, first, count, 0,
                      arrow::TimestampBuilder(time_type, arrow::default_memory_pool()),
                      [](int64_t row, const Bits&) { return kStart + row / 2 * 60'000'000; });
       }},
      {arrow::field("distance", arrow::int32()),
       [](int64_t first, int64_t count) {
         return Build(1, first, count, 0, arrow::Int32Builder(), [](int64_t, const Bits& bits) {
           return static_cast<int32_t>(30 + Skewed(bits, 4000));
         });
       }},
      {arrow::field("price", arrow::float64()),
       [](int64_t first, int64_t count) {
         return Build(2, first, count, 50, arrow::DoubleBuilder(), [](int64_t, const Bits& bits) {
           return static_cast<double>(2000 + Skewed(bits, 100'000)) / 100;
         });
       }},
      {arrow::field("load", arrow::float64()),
       [](int64_t first, int64_t count) {
         return Build(3, first, count, 20, arrow::DoubleBuilder(),
                      [](int64_t, const Bits& bits) { return Unit(bits[0]); });
       }},
      {arrow::field("carrier", arrow::utf8()),
       [](int64_t first, int64_t count) {
         return Build(4, first, count, 0, arrow::StringBuilder(), [](int64_t, const Bits& bits) {
           return "carrier " + std::to_string(Skewed(bits, 20));
         });
       }},
      {arrow::field("origin", arrow::utf8()),
       [](int64_t first, int64_t count) {
         return Build(5, first, count, 10, arrow::StringBuilder(), [](int64_t, const Bits& bits) {
           return "place " + std::to_string(Skewed(bits, 5000));
         });
       }},
      {arrow::field("weekend", arrow::boolean()),
       [](int64_t first, int64_t count) {
         return Build(6, first, count, 20, arrow::BooleanBuilder(),
                      [](int64_t, const Bits& bits) { return bits[0] % 7 < 2; });
       }},
      {arrow::field(kBenchTarget, arrow::int64()),
       [](int64_t first, int64_t count) {
         return Build(7, first, count, 0, arrow::Int64Builder(),
                      [](int64_t, const Bits& bits) { return Skewed(bits, 300) - 20; });
       }},
  };
}

arrow::Status WriteColumn(const BenchColumn& column, int64_t num_rows, io::ColumnSink* sink) {
  for (int64_t first = 0; first < num_rows; first += kRowGroupRows) {
    if (Interrupted()) return base::InterruptedError("interrupted");
    const int64_t count = std::min(kRowGroupRows, num_rows - first);
    ARROW_ASSIGN_OR_RAISE(const auto rows, column.rows(first, count));
    ARROW_RETURN_NOT_OK(sink->Append(std::span(&rows, 1), nullptr, count, 0));
  }
  return sink->Close();
}

}  // namespace

arrow::Status WriteBenchTable(const std::string& path, int64_t num_rows) {
  const std::vector<BenchColumn> columns = BenchColumns();
  arrow::FieldVector fields;
  for (const BenchColumn& column : columns) fields.push_back(column.field);
  io::ShardLayout layout{arrow::schema(std::move(fields)), {}};
  for (int64_t first = 0; first < num_rows; first += kRowGroupRows) {
    layout.row_group_rows.push_back(std::min(kRowGroupRows, num_rows - first));
  }
  ARROW_ASSIGN_OR_RAISE(const auto sink, io::MakeParquetSink(path, std::move(layout)));
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto column, sink->OpenColumns(static_cast<int>(i), 1));
    ARROW_RETURN_NOT_OK(WriteColumn(columns[i], num_rows, column.get()));
  }
  return sink->Commit().status();
}

}  // namespace emberharmony::cli

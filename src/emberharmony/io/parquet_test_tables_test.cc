#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "emberharmony/io/parquet_source_internal.h"
#include "emberharmony/io/parquet_test_tables_internal.h"
#include "emberharmony/io/struct_members.h"

namespace emberharmony::io::testing {
namespace {

using arrow::Status;

/// Draws cells of any type as text or numbers and appends them through a builder.
class CellMaker {
 public:
  CellMaker(const RandomTableOptions& options, uint64_t column)
      : options_(options), random_(options.seed * 1000 + column) {}

  bool Null() { return Share() < options_.null_share; }
  int64_t Pick() {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(options_.distinct));
  }
  double Share() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

 private:
  const RandomTableOptions& options_;
  std::mt19937_64 random_;
};

uint64_t Mix(int64_t value) {
  uint64_t x = static_cast<uint64_t>(value) * 0x9E3779B97F4A7C15ULL + 0x1234567;
  x ^= x >> 29;
  return x * 0xBF58476D1CE4E5B9ULL;
}

double Float(int64_t pick) {
  switch (pick % 16) {
    case 1:
      return -0.0;
    case 2:
      return std::numeric_limits<double>::quiet_NaN();
    case 3:
      return std::numeric_limits<double>::infinity();
    default:
      return static_cast<double>(static_cast<int64_t>(Mix(pick) >> 20)) * 1e-3;
  }
}

std::string PickedBytes(int64_t pick) {
  const uint64_t mixed = Mix(pick);
  std::string text = pick % 7 == 0 ? "" : "v" + std::to_string(mixed % 100000);
  if (pick % 11 == 3) text.append(100, 'x');
  if (pick % 13 == 4) text += "\xff\xfe";  // not UTF-8
  return text;
}

template <typename Builder, typename Make>
std::shared_ptr<arrow::Array> Fill(CellMaker* cells, int64_t n, Builder* builder, Make make) {
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_TRUE(
        (cells->Null() ? builder->AppendNull() : builder->Append(make(cells->Pick()))).ok());
  }
  return builder->Finish().ValueOrDie();
}

template <typename T>
std::shared_ptr<arrow::Array> Integers(CellMaker* cells, int64_t n,
                                       const std::shared_ptr<arrow::DataType>& type) {
  typename arrow::TypeTraits<T>::BuilderType builder(type, arrow::default_memory_pool());
  return Fill(cells, n, &builder,
              [](int64_t pick) { return static_cast<typename T::c_type>(Mix(pick) >> 3); });
}

/// Integers of [0, limit).
template <typename T>
std::shared_ptr<arrow::Array> Below(CellMaker* cells, int64_t n,
                                    const std::shared_ptr<arrow::DataType>& type, uint64_t limit) {
  typename arrow::TypeTraits<T>::BuilderType builder(type, arrow::default_memory_pool());
  return Fill(cells, n, &builder,
              [limit](int64_t pick) { return static_cast<typename T::c_type>(Mix(pick) % limit); });
}

template <typename Builder, typename Decimal>
std::shared_ptr<arrow::Array> Decimals(CellMaker* cells, int64_t n,
                                       const std::shared_ptr<arrow::DataType>& type, int digits) {
  Builder builder(type);
  return Fill(cells, n, &builder, [digits](int64_t pick) {
    Decimal value(pick % 2 == 0 ? 1 : -1);
    for (int i = 1; i < digits; ++i)
      value = value * Decimal(10) + Decimal(static_cast<int64_t>(Mix(pick + i) % 10));
    return value;
  });
}

}  // namespace

std::shared_ptr<arrow::Table> RandomTable(const RandomTableOptions& options) {
  const int64_t n = options.num_rows;
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  uint64_t seed = 0;
  const auto add = [&](const std::string& name, auto make) {
    CellMaker cells(options, ++seed);
    arrays.push_back(make(&cells));
    fields.push_back(arrow::field(name, arrays.back()->type()));
  };
  arrow::Int64Builder row;
  for (int64_t i = 0; i < n; ++i) EXPECT_TRUE(row.Append(i).ok());
  arrays.push_back(row.Finish().ValueOrDie());
  fields.push_back(arrow::field("row", arrow::int64(), /*nullable=*/false));

  add("bool", [&](CellMaker* cells) {
    arrow::BooleanBuilder builder;
    return Fill(cells, n, &builder, [](int64_t pick) { return Mix(pick) % 3 == 0; });
  });
#define EMBER_INTEGER_COLUMN(name, Type, type) \
  add(name, [&](CellMaker* cells) { return Integers<arrow::Type>(cells, n, type); })
  EMBER_INTEGER_COLUMN("int8", Int8Type, arrow::int8());
  EMBER_INTEGER_COLUMN("int16", Int16Type, arrow::int16());
  EMBER_INTEGER_COLUMN("int32", Int32Type, arrow::int32());
  EMBER_INTEGER_COLUMN("int64", Int64Type, arrow::int64());
  EMBER_INTEGER_COLUMN("uint8", UInt8Type, arrow::uint8());
  EMBER_INTEGER_COLUMN("uint16", UInt16Type, arrow::uint16());
  EMBER_INTEGER_COLUMN("uint32", UInt32Type, arrow::uint32());
  EMBER_INTEGER_COLUMN("uint64", UInt64Type, arrow::uint64());
  EMBER_INTEGER_COLUMN("date32", Date32Type, arrow::date32());
  EMBER_INTEGER_COLUMN("timestamp_us", TimestampType, arrow::timestamp(arrow::TimeUnit::MICRO));
  EMBER_INTEGER_COLUMN("timestamp_ns", TimestampType, arrow::timestamp(arrow::TimeUnit::NANO));
  EMBER_INTEGER_COLUMN("timestamp_us_utc", TimestampType,
                       arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  EMBER_INTEGER_COLUMN("timestamp_ms_zone", TimestampType,
                       arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Paris"));
  EMBER_INTEGER_COLUMN("duration", DurationType, arrow::duration(arrow::TimeUnit::MILLI));
#undef EMBER_INTEGER_COLUMN
  add("timestamp_s", [&](CellMaker* cells) {
    return Below<arrow::TimestampType>(cells, n, arrow::timestamp(arrow::TimeUnit::SECOND),
                                       uint64_t{1} << 40);
  });
  add("date64", [&](CellMaker* cells) {
    arrow::Date64Builder builder;
    return Fill(cells, n, &builder,
                [](int64_t pick) { return static_cast<int64_t>(Mix(pick) % 100000) * 86400000; });
  });
  add("time32_s", [&](CellMaker* cells) {
    return Below<arrow::Time32Type>(cells, n, arrow::time32(arrow::TimeUnit::SECOND), 86400);
  });
  add("time32_ms", [&](CellMaker* cells) {
    return Below<arrow::Time32Type>(cells, n, arrow::time32(arrow::TimeUnit::MILLI), 86400000);
  });
  add("time64_us", [&](CellMaker* cells) {
    return Below<arrow::Time64Type>(cells, n, arrow::time64(arrow::TimeUnit::MICRO), 86400000000);
  });
  add("time64_ns", [&](CellMaker* cells) {
    return Below<arrow::Time64Type>(cells, n, arrow::time64(arrow::TimeUnit::NANO), 86400000000000);
  });
  add("float16", [&](CellMaker* cells) {
    arrow::HalfFloatBuilder builder;
    return Fill(cells, n, &builder,
                [](int64_t pick) { return static_cast<uint16_t>(Mix(pick) & 0x7BFF); });
  });
  add("float", [&](CellMaker* cells) {
    arrow::FloatBuilder builder;
    return Fill(cells, n, &builder, [](int64_t pick) { return static_cast<float>(Float(pick)); });
  });
  add("double", [&](CellMaker* cells) {
    arrow::DoubleBuilder builder;
    return Fill(cells, n, &builder, Float);
  });
  add("string", [&](CellMaker* cells) {
    arrow::StringBuilder builder;
    return Fill(cells, n, &builder, PickedBytes);
  });
  add("large_string", [&](CellMaker* cells) {
    arrow::LargeStringBuilder builder;
    return Fill(cells, n, &builder, PickedBytes);
  });
  add("binary", [&](CellMaker* cells) {
    arrow::BinaryBuilder builder;
    return Fill(cells, n, &builder, PickedBytes);
  });
  add("fixed5", [&](CellMaker* cells) {
    arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(5));
    return Fill(cells, n, &builder,
                [](int64_t pick) { return std::to_string(10000 + Mix(pick) % 90000); });
  });
  add("decimal_5_2", [&](CellMaker* cells) {
    return Decimals<arrow::Decimal128Builder, arrow::Decimal128>(cells, n, arrow::decimal128(5, 2),
                                                                 5);
  });
  add("decimal_18_4", [&](CellMaker* cells) {
    return Decimals<arrow::Decimal128Builder, arrow::Decimal128>(cells, n, arrow::decimal128(18, 4),
                                                                 18);
  });
  add("decimal_38_10", [&](CellMaker* cells) {
    return Decimals<arrow::Decimal128Builder, arrow::Decimal128>(cells, n,
                                                                 arrow::decimal128(38, 10), 38);
  });
  add("decimal_60_5", [&](CellMaker* cells) {
    return Decimals<arrow::Decimal256Builder, arrow::Decimal256>(cells, n, arrow::decimal256(60, 5),
                                                                 60);
  });
  add("null", [&](CellMaker*) { return std::make_shared<arrow::NullArray>(n); });
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

std::shared_ptr<arrow::Buffer> WriteParquet(
    const arrow::Table& table, int64_t row_group_rows,
    const std::shared_ptr<parquet::WriterProperties>& properties,
    const std::shared_ptr<parquet::ArrowWriterProperties>& arrow_properties) {
  auto stream = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const Status status = parquet::arrow::WriteTable(table, arrow::default_memory_pool(), stream,
                                                   row_group_rows, properties, arrow_properties);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return stream->Finish().ValueOrDie();
}

std::shared_ptr<arrow::Table> ReadWithArrow(const std::shared_ptr<arrow::Buffer>& file) {
  auto reader = parquet::arrow::OpenFile(std::make_shared<arrow::io::BufferReader>(file),
                                         arrow::default_memory_pool())
                    .ValueOrDie();
  return reader->ReadTable().ValueOrDie();
}

arrow::Result<std::shared_ptr<Source>> OpenBytes(const std::shared_ptr<arrow::Buffer>& file) {
  return internal::ParquetSource::MakeFromFile("test.parquet",
                                               std::make_shared<arrow::io::BufferReader>(file));
}

Status AppendPieces(const Column& column, arrow::ArrayBuilder* builder) {
  for (const Piece& piece : column.pieces) {
    EXPECT_TRUE(piece.values->type()->Equals(*builder->type()))
        << piece.values->type()->ToString() << " for " << builder->type()->ToString();
    const arrow::ArraySpan values(*piece.values->data());
    if (!piece.encoded()) {
      EXPECT_EQ(piece.values->length(), piece.num_rows);
      EXPECT_EQ(piece.dictionary_id, 0u);
      ARROW_RETURN_NOT_OK(builder->AppendArraySlice(values, 0, piece.num_rows));
      continue;
    }
    EXPECT_NE(piece.dictionary_id, 0u);
    if (piece.values->type_id() != arrow::Type::NA) {
      EXPECT_EQ(piece.values->null_count(), 0);
    }
    EXPECT_GE(piece.indices->size(), piece.num_rows * 4);
    for (int64_t i = 0; i < piece.num_rows; ++i) {
      const int32_t index = piece.index_data()[i];
      if (index < 0 || index > piece.values->length()) return Status::Invalid("index ", index);
      ARROW_RETURN_NOT_OK(index == piece.values->length()
                              ? builder->AppendNull()
                              : builder->AppendArraySlice(values, index, 1));
    }
  }
  return Status::OK();
}

std::shared_ptr<arrow::DataType> TypeOfColumn(const Source& source, int column) {
  const arrow::Schema& schema = *source.schema();
  if (column < schema.num_fields()) return schema.field(column)->type();
  return StructMembers(schema).at(static_cast<size_t>(column - schema.num_fields())).field->type();
}

arrow::Result<arrow::ArrayVector> ReadColumns(const Source& source, const std::vector<int>& columns,
                                              const BatchOptions& options, int64_t skip_rows) {
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(builders[i], arrow::MakeBuilder(TypeOfColumn(source, columns[i])));
  }
  std::map<std::pair<size_t, uint64_t>, const arrow::Array*> dictionaries;
  for (const Unit& unit : source.units()) {
    const int64_t start = std::min(skip_rows, unit.num_rows);
    ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(unit, columns, options, {start}));
    int64_t next_row = start;
    while (true) {
      EXPECT_EQ(reader->cursor().next_row, next_row);
      ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
      if (!batch.has_value()) break;
      EXPECT_EQ(batch->first_row, next_row);
      EXPECT_EQ(batch->num_rows, std::min(options.batch_rows, unit.num_rows - next_row));
      EXPECT_EQ(batch->columns.size(), columns.size());
      for (size_t i = 0; i < columns.size(); ++i) {
        int64_t rows = 0;
        for (const Piece& piece : batch->columns[i].pieces) {
          rows += piece.num_rows;
          if (!piece.encoded()) continue;
          // Only within a unit: another reader has arrays of its own.
          const auto [known, inserted] =
              dictionaries.try_emplace({i, piece.dictionary_id}, piece.values.get());
          EXPECT_EQ(known->second, piece.values.get());
        }
        EXPECT_EQ(rows, batch->num_rows);
        ARROW_RETURN_NOT_OK(AppendPieces(batch->columns[i], builders[i].get()));
      }
      next_row += batch->num_rows;
    }
    EXPECT_EQ(next_row, unit.num_rows);
  }
  arrow::ArrayVector arrays(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(arrays[i], builders[i]->Finish());
  }
  return arrays;
}

}  // namespace emberharmony::io::testing

#pragma once

#include <arrow/array/concatenate.h>
#include <arrow/compute/api_vector.h>

#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/transform_oracle_test_internal.h"

/// What the tests of the row-wise steps share.
namespace emberharmony::feature::oracle {

/// A context with inputs called a, b, c, ..., of these types.
inline RowContext RowContextOf(const arrow::DataTypeVector& types, size_t num_columns) {
  RowContext context;
  context.num_columns = num_columns;
  for (const auto& type : types) {
    ColumnInfo info = Column(type);
    info.name = std::string(1, static_cast<char>('a' + context.inputs.size()));
    context.inputs.push_back(std::move(info));
  }
  return context;
}

inline arrow::Result<std::unique_ptr<RowTransform>> TryMakeRowStep(const std::string& name,
                                                                   const nlohmann::json& options,
                                                                   const RowContext& context) {
  return RowStepRegistry::Get().Find(name)->make(options, context);
}

inline std::unique_ptr<RowTransform> MakeRowStep(const std::string& name,
                                                 const nlohmann::json& options,
                                                 const RowContext& context) {
  auto step = TryMakeRowStep(name, options, context);
  EXPECT_TRUE(step.ok()) << step.status().ToString();
  return *std::move(step);
}

inline std::string RowRefusal(const std::string& name, const nlohmann::json& options,
                              const RowContext& context) {
  const auto step = TryMakeRowStep(name, options, context);
  EXPECT_EQ(base::KindOf(step.status()), base::ErrorKind::kUsage);
  return step.status().message();
}

/// Rows from `begin` on.
inline RowBlock RowSlice(const RowBlock& rows, int64_t begin, int64_t num_rows) {
  RowBlock slice;
  slice.num_rows = num_rows;
  for (const auto& column : rows.columns)
    slice.columns.push_back(column == nullptr ? nullptr : column->Slice(begin, num_rows));
  slice.folds = rows.folds == nullptr ? nullptr : rows.folds + begin;
  return slice;
}

/// The outputs, dictionaries resolved, of rows that come `batch_rows` at a time.
inline arrow::ArrayVector ApplyRows(const RowTransform& step, const RowBlock& rows,
                                    int64_t batch_rows) {
  const auto state = step.MakeState(nullptr);
  std::vector<arrow::ArrayVector> parts(step.outputs().size());
  for (int64_t begin = 0; begin < rows.num_rows; begin += batch_rows) {
    arrow::ArrayVector outputs;
    const RowBlock block = RowSlice(rows, begin, std::min(batch_rows, rows.num_rows - begin));
    const arrow::Status status =
        step.Apply(block, state.get(), arrow::default_memory_pool(), &outputs);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(outputs.size(), parts.size());
    for (size_t o = 0; o < outputs.size(); ++o) {
      EXPECT_TRUE(outputs[o]->ValidateFull().ok());
      EXPECT_EQ(outputs[o]->length(), block.num_rows);
      if (outputs[o]->type_id() == arrow::Type::DICTIONARY) {
        const auto& encoded = static_cast<const arrow::DictionaryArray&>(*outputs[o]);
        outputs[o] = *arrow::compute::Take(*encoded.dictionary(), *encoded.indices());
      }
      EXPECT_TRUE(outputs[o]->type()->Equals(step.outputs()[o].type));
      parts[o].push_back(outputs[o]);
    }
  }
  arrow::ArrayVector whole;
  for (const auto& of_output : parts) whole.push_back(*arrow::Concatenate(of_output));
  return whole;
}

/// The same for every size of batch.
inline arrow::ArrayVector ApplyRowsInAnyBatches(const RowTransform& step, const RowBlock& rows) {
  const arrow::ArrayVector whole = ApplyRows(step, rows, rows.num_rows);
  for (int64_t batch_rows = 1; batch_rows < rows.num_rows; ++batch_rows) {
    const arrow::ArrayVector parts = ApplyRows(step, rows, batch_rows);
    for (size_t o = 0; o < whole.size(); ++o) {
      EXPECT_TRUE(parts[o]->Equals(whole[o], arrow::EqualOptions().nans_equal(true)))
          << "output " << o << " in batches of " << batch_rows;
    }
  }
  return whole;
}

}  // namespace emberharmony::feature::oracle

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/learned_facts.h"
#include "emberharmony/feature/row_transform.h"
#include "emberharmony/feature/step_options.h"
#include "emberharmony/io/cell_text.h"

namespace emberharmony::feature {
namespace {

/// `cross`: the values of two or more columns as one text, from which a vocabulary, hash_bucket,
/// count or one_hot behind it makes categories.
///
/// The text is that of the values, each as BigQuery's CAST AS STRING writes it, joined by " x ".
/// Within a value a backslash, and an x behind a space, has a backslash before it, so that
/// different rows have different texts. A row in which one of the columns is null is null.
class Cross : public RowTransform {
 public:
  static arrow::Result<std::unique_ptr<RowTransform>> Make(const nlohmann::json& options,
                                                           const RowContext& context);

  const std::string& name() const override { return kName; }
  nlohmann::json options() const override { return nlohmann::json::object(); }
  std::vector<ColumnInfo> outputs() const override { return {output_}; }
  arrow::Status Apply(const RowBlock& rows, RowState* state, arrow::MemoryPool* pool,
                      arrow::ArrayVector* outputs) const override;

 private:
  static inline const std::string kName = "cross";
  static constexpr std::string_view kBetween = " x ";
  ColumnInfo output_;
  std::vector<io::CellTextWriter> writers_;  // by column
};

arrow::Result<std::unique_ptr<RowTransform>> Cross::Make(const nlohmann::json& options,
                                                         const RowContext& context) {
  StepOptions reader(kName, options);
  if (context.num_columns < 2) {
    reader.AddFault("takes two columns or more together, as in columns: [origin, destination]");
  }
  ARROW_RETURN_NOT_OK(reader.Finish());
  auto step = std::make_unique<Cross>();
  for (const ColumnInfo& input : context.inputs) {
    auto writer = io::CellTextWriter::Make(input.type);
    if (!writer.ok()) {
      return base::UsageError("cross: column '" + input.name + "': " + writer.status().message());
    }
    step->writers_.push_back(*std::move(writer));
    step->output_.name += (step->output_.name.empty() ? "" : "_x_") + input.name;
  }
  step->output_.type = arrow::utf8();
  return std::unique_ptr<RowTransform>(std::move(step));
}

/// Appends a value's text so that it cannot be taken for two: within it no x follows a space.
void AppendCrossed(std::string_view value, std::string* text) {
  for (size_t i = 0; i < value.size(); ++i) {
    const bool may_part = value[i] == 'x' && i > 0 && value[i - 1] == ' ';
    if (value[i] == '\\' || may_part) text->push_back('\\');
    text->push_back(value[i]);
  }
}

arrow::Status Cross::Apply(const RowBlock& rows, RowState* /*state*/, arrow::MemoryPool* pool,
                           arrow::ArrayVector* outputs) const {
  // Texts repeat: each is written once, and rows hold its number.
  std::unordered_map<std::string, int32_t> numbers;
  arrow::StringBuilder texts(pool);
  arrow::Int32Builder indices(pool);
  ARROW_RETURN_NOT_OK(indices.Reserve(rows.num_rows));
  std::string value;
  std::string text;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    bool is_null = false;
    text.clear();
    for (size_t c = 0; c < writers_.size() && !is_null; ++c) {
      is_null = rows.columns[c]->IsNull(row);
      if (is_null) break;
      value.clear();
      writers_[c].Append(*rows.columns[c], row, &value);
      if (c > 0) text.append(kBetween);
      AppendCrossed(value, &text);
    }
    if (is_null) {
      indices.UnsafeAppendNull();
      continue;
    }
    const auto [found, is_new] = numbers.emplace(text, static_cast<int32_t>(numbers.size()));
    if (is_new) ARROW_RETURN_NOT_OK(texts.Append(text));
    indices.UnsafeAppend(found->second);
  }
  std::shared_ptr<arrow::Array> index_array;
  std::shared_ptr<arrow::Array> text_array;
  ARROW_RETURN_NOT_OK(indices.Finish(&index_array));
  ARROW_RETURN_NOT_OK(texts.Finish(&text_array));
  ARROW_ASSIGN_OR_RAISE(auto encoded, arrow::DictionaryArray::FromArrays(
                                          arrow::dictionary(arrow::int32(), arrow::utf8()),
                                          std::move(index_array), std::move(text_array)));
  outputs->push_back(std::move(encoded));
  return arrow::Status::OK();
}

const RowStepRegistration kCrossRegistration("cross",
                                             {.takes_columns_together = true, .make = Cross::Make});

}  // namespace
}  // namespace emberharmony::feature

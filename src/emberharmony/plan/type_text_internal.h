#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

namespace emberharmony::plan::internal {

/// A flat type as model.json names it: "int64", "string", "timestamp[us, UTC]", "decimal128(10,
/// 2)", "fixed_size_binary[16]", "dictionary[int32, string]". UsageError for a nested or unknown
/// type.
arrow::Result<std::string> TypeText(const arrow::DataType& type);
/// The inverse of TypeText: the type that has exactly this text. DataError for any other text.
arrow::Result<std::shared_ptr<arrow::DataType>> ParseTypeText(std::string_view text);

}  // namespace emberharmony::plan::internal

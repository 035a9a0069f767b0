#pragma once

#include <arrow/type_fwd.h>

#include <memory>

namespace emberharmony::io::internal {

/// The type in which a flat column is handed out, whatever its file calls it: dictionary and
/// run-end-encoded types become their value type, large and view strings (bytes) utf8 (binary),
/// extension types their storage, decimals decimal128 up to 38 digits and decimal256 above.
std::shared_ptr<arrow::DataType> NormalizedType(const std::shared_ptr<arrow::DataType>& type);

}  // namespace emberharmony::io::internal

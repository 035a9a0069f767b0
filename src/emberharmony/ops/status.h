#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <type_traits>
#include <utility>

namespace emberharmony::ops {

/// The status for an exception out of ops: OutOfMemory for std::bad_alloc, with a message that
/// names who asked for memory; Invalid for std::invalid_argument, else UnknownError, with the
/// exception's message.
arrow::Status ToStatus(const std::exception& error);

/// Calls f and turns what it throws into a Status: the boundary between array code, which throws,
/// and the rest, which returns arrow::Status. Gives arrow::Status if f returns nothing or a Status,
/// arrow::Result<T> if it returns T or arrow::Result<T>.
template <class F>
auto Catch(F&& f) {
  using Returned = std::invoke_result_t<F>;
  using Converted =
      std::conditional_t<std::is_void_v<Returned>, arrow::Status,
                         std::conditional_t<std::is_constructible_v<arrow::Status, Returned> ||
                                                std::is_constructible_v<Returned, arrow::Status>,
                                            Returned, arrow::Result<Returned>>>;
  try {
    if constexpr (std::is_void_v<Returned>) {
      std::forward<F>(f)();
      return arrow::Status::OK();
    } else {
      return Converted(std::forward<F>(f)());
    }
  } catch (const std::exception& error) {
    return Converted(ToStatus(error));
  }
}

}  // namespace emberharmony::ops

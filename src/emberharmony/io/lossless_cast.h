#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "emberharmony/io/batch.h"

/// The one rule by which a model takes columns of another type than it was fitted on: a table in
/// memory, rows and files alike. Values are cast where each stays what it is, and refused else.
namespace emberharmony::io {

/// Whether values of one type may be those of the other, which is another:
/// - integers, floating-point numbers, decimals of any precision and scale, and booleans, as 0 and
///   1, are numbers for each other, but not for booleans: what another number is as a truth value
///   is for people to say;
/// - dates and times, if both have a zone or neither has: a time without a zone is in none, not in
///   UTC;
/// - times of day, and durations, of another unit;
/// - nothing but nulls is a column of any type.
bool CanBeCast(const arrow::DataType& found, const arrow::DataType& wanted);

/// The same values in another type. A NaN is null where the type has none: so pandas writes
/// integers of which some are missing. A decimal and a floating-point number are the same where the
/// number is the nearest to the decimal, and the decimal has the fewest digits of those which that
/// number is nearest to. Invalid, which names the first value that would change, where not all stay
/// what they are.
arrow::Result<std::shared_ptr<arrow::Array>> CastWithoutLoss(
    const std::shared_ptr<arrow::Array>& values, const std::shared_ptr<arrow::DataType>& type,
    arrow::MemoryPool* pool);

/// The rows of a piece in another type, plain: what is not pointed at is not looked at.
arrow::Status CastPiece(const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool,
                        Piece* piece);

/// What is said of a column that CastPiece finds Invalid.
std::string NotTheSameValues(const std::string& column, const arrow::DataType& found,
                             const arrow::DataType& wanted, const arrow::Status& status);

}  // namespace emberharmony::io

#include "emberharmony/io/lossless_cast.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compare.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/checked_cast.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "emberharmony/base/shortened.h"

namespace emberharmony::io {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;
using ArrayPointer = std::shared_ptr<arrow::Array>;
using TypePointer = std::shared_ptr<arrow::DataType>;

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id()) || type.id() == Type::BOOL;
}

bool IsDate(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::DATE64;
}

bool IsInstant(const arrow::DataType& type) { return IsDate(type) || type.id() == Type::TIMESTAMP; }

bool IsTimeOfDay(const arrow::DataType& type) {
  return type.id() == Type::TIME32 || type.id() == Type::TIME64;
}

/// The type of a dictionary's values, or the type itself.
const arrow::DataType& TypeOfValues(const arrow::DataType& type) {
  if (type.id() != Type::DICTIONARY) return type;
  return *arrow::internal::checked_cast<const arrow::DictionaryType&>(type).value_type();
}

bool HasZone(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP &&
         !arrow::internal::checked_cast<const arrow::TimestampType&>(type).timezone().empty();
}

/// Casts values that are of one type to another; each method is Invalid where a value changes.
class LosslessCast {
 public:
  explicit LosslessCast(arrow::MemoryPool* pool) : pool_(pool), exec_(pool) {}

  Result<ArrayPointer> Run(ArrayPointer values, const TypePointer& wanted) {
    const Type::type found = values->type_id();
    if (found == Type::NA) return arrow::MakeArrayOfNull(wanted, values->length(), pool_);
    if (arrow::is_floating(found) && !arrow::is_floating(wanted->id())) {
      ARROW_ASSIGN_OR_RAISE(values, NanAsNull(values));
    }
    if (found == Type::BOOL) {
      ARROW_ASSIGN_OR_RAISE(values, Arrows(*values, arrow::uint8()));
    }
    if (arrow::is_decimal(wanted->id())) return ToDecimal(values, wanted);
    if (arrow::is_decimal(found) && arrow::is_floating(wanted->id())) {
      ARROW_ASSIGN_OR_RAISE(values, DecimalsToDoubles(values));
    }
    // Arrow finds integers and decimals that change, other numbers it rounds, and times it cuts,
    // without a word. Of integers that become floating-point numbers it refuses all large ones.
    const bool is_rounded =
        arrow::is_integer(values->type_id()) && arrow::is_floating(wanted->id());
    const bool is_checked =
        !is_rounded && (arrow::is_integer(values->type_id()) || arrow::is_decimal(found));
    ARROW_ASSIGN_OR_RAISE(ArrayPointer cast, Arrows(*values, wanted, is_rounded));
    if (!is_checked) ARROW_RETURN_NOT_OK(CheckBack(*values, *cast));
    return cast;
  }

 private:
  Result<ArrayPointer> Arrows(const arrow::Array& values, const TypePointer& type,
                              bool may_round = false) {
    if (values.type()->Equals(*type)) return arrow::MakeArray(values.data());
    arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe();
    options.allow_float_truncate = may_round;
    auto cast = arrow::compute::Cast(values, type, options, &exec_);
    if (cast.status().IsNotImplemented()) return Status::Invalid(cast.status().message());
    return cast;
  }

  Status CheckBack(const arrow::Array& values, const arrow::Array& cast) {
    ARROW_ASSIGN_OR_RAISE(const ArrayPointer back, Arrows(cast, values.type()));
    const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
    return back->Equals(values, options) ? Status::OK() : Status::Invalid("values would change");
  }

  /// float64, null where it was NaN.
  Result<ArrayPointer> NanAsNull(const ArrayPointer& values) {
    ARROW_ASSIGN_OR_RAISE(const ArrayPointer cast, Arrows(*values, arrow::float64()));
    const auto& doubles = static_cast<const arrow::DoubleArray&>(*cast);
    const int64_t n = doubles.length();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> valid,
                          arrow::AllocateBuffer(arrow::bit_util::BytesForBits(n), pool_));
    if (valid->size() > 0)
      std::memset(valid->mutable_data(), 0, static_cast<size_t>(valid->size()));
    for (int64_t i = 0; i < n; ++i) {
      const bool is_value = doubles.IsValid(i) && !std::isnan(doubles.Value(i));
      arrow::bit_util::SetBitTo(valid->mutable_data(), i, is_value);
    }
    return std::make_shared<arrow::DoubleArray>(
        n, arrow::SliceBuffer(doubles.values(), doubles.offset() * 8, n * 8), std::move(valid));
  }

  /// One of float64 is that of the fewest digits which it is nearest to.
  Result<ArrayPointer> ToDecimal(ArrayPointer values, const TypePointer& wanted) {
    if (arrow::is_integer(values->type_id())) {
      // Arrow asks for room for all integers of the type, not for those that are there.
      ARROW_ASSIGN_OR_RAISE(values, Arrows(*values, arrow::decimal128(20, 0)));
    } else if (arrow::is_floating(values->type_id())) {
      ARROW_ASSIGN_OR_RAISE(values, Arrows(*values, arrow::utf8()));
    }
    return Arrows(*values, wanted);
  }

  Result<ArrayPointer> DecimalsToDoubles(const ArrayPointer& values) {
    ARROW_ASSIGN_OR_RAISE(const ArrayPointer text, Arrows(*values, arrow::utf8()));
    ARROW_ASSIGN_OR_RAISE(ArrayPointer doubles, Arrows(*text, arrow::float64()));
    ARROW_ASSIGN_OR_RAISE(const ArrayPointer back, ToDecimal(doubles, values->type()));
    if (!back->Equals(*values)) return Status::Invalid("values would be rounded");
    return doubles;
  }

  arrow::MemoryPool* const pool_;
  arrow::compute::ExecContext exec_;
};

/// The first value that cannot be cast, as text; one of them is known to be such.
std::string FirstThatChanges(const ArrayPointer& values, const TypePointer& type,
                             arrow::MemoryPool* pool) {
  int64_t begin = 0;
  int64_t end = values->length();
  while (end - begin > 1) {
    const int64_t middle = begin + (end - begin) / 2;
    const auto cast = LosslessCast(pool).Run(values->Slice(begin, middle - begin), type);
    if (cast.ok()) {
      begin = middle;
    } else {
      end = middle;
    }
  }
  const auto scalar = values->GetScalar(begin);
  return scalar.ok() ? base::Shortened((*scalar)->ToString()) : "a value";
}

}  // namespace

bool CanBeCast(const arrow::DataType& stored, const arrow::DataType& wanted) {
  const arrow::DataType& found = TypeOfValues(stored);
  if (found.Equals(wanted)) return false;
  if (found.id() == Type::NA) return true;
  if (IsNumber(found) && IsNumber(wanted)) return wanted.id() != Type::BOOL;
  if (IsInstant(found) && IsInstant(wanted)) return HasZone(found) == HasZone(wanted);
  if (IsTimeOfDay(found) && IsTimeOfDay(wanted)) return true;
  return found.id() == Type::DURATION && wanted.id() == Type::DURATION;
}

Result<ArrayPointer> CastWithoutLoss(const ArrayPointer& values, const TypePointer& type,
                                     arrow::MemoryPool* pool) {
  auto cast = LosslessCast(pool).Run(values, type);
  if (cast.ok() || !cast.status().IsInvalid() || values->length() == 0) return cast;
  return Status::Invalid(FirstThatChanges(values, type, pool), " is not the same in both");
}

Status CastPiece(const TypePointer& type, arrow::MemoryPool* pool, Piece* piece) {
  if (!piece->encoded()) return CastWithoutLoss(piece->values, type, pool).Value(&piece->values);
  const auto decode = [&](const ArrayPointer& entries) -> Result<ArrayPointer> {
    arrow::compute::ExecContext exec(pool);
    ARROW_ASSIGN_OR_RAISE(const auto null, arrow::MakeArrayOfNull(entries->type(), 1, pool));
    ARROW_ASSIGN_OR_RAISE(const auto all, arrow::Concatenate({entries, null}, pool));
    const arrow::Int32Array rows(piece->num_rows, piece->indices);
    return arrow::compute::Take(*all, rows, arrow::compute::TakeOptions::NoBoundsCheck(), &exec);
  };
  ArrayPointer rows;
  const auto entries = LosslessCast(pool).Run(piece->values, type);
  if (entries.ok()) {
    ARROW_ASSIGN_OR_RAISE(rows, decode(*entries));
  } else if (entries.status().IsInvalid()) {
    // An entry that no row points at may be the one that changes.
    ARROW_ASSIGN_OR_RAISE(rows, decode(piece->values));
    ARROW_ASSIGN_OR_RAISE(rows, CastWithoutLoss(rows, type, pool));
  } else {
    return entries.status();
  }
  *piece = Piece{std::move(rows), nullptr, piece->num_rows, 0};
  return Status::OK();
}

std::string NotTheSameValues(const std::string& column, const arrow::DataType& found,
                             const arrow::DataType& wanted, const arrow::Status& status) {
  return fmt::format(
      "column '{}': the model was fitted on {}, the table has {}, and {}; cast the column as you "
      "mean it, or fit the model on such a table",
      column, wanted.ToString(), TypeOfValues(found).ToString(), status.message());
}

}  // namespace emberharmony::io

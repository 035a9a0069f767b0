#include "emberharmony/bigquery/server/partition_dates.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "emberharmony/base/spelling.h"
#include "emberharmony/bigquery/partition_pruning.h"

namespace emberharmony::bigquery::server {
namespace {

using io::filter::Expression;
using io::filter::ExpressionKind;
using io::filter::ExpressionPtr;
using io::filter::Int128;
using io::filter::Literal;
using io::filter::SqlType;

constexpr Int128 kNanosInDay = Int128{24 * 3600} * 1'000'000'000;

bool IsPartitionDate(const Expression& node) {
  return node.kind == ExpressionKind::kColumn && node.path.size() == 1 &&
         base::LowerAscii(node.path[0]) == base::LowerAscii(kPartitionDate);
}

/// A constant beside a date as the same constant beside the midnight of that date.
arrow::Result<Literal> BesideMidnight(Literal literal) {
  if (literal.type == SqlType::kString) {
    const std::string text = literal.bytes;
    const std::string fault = io::filter::ParseTypedLiteral(SqlType::kDate, text, &literal);
    if (!fault.empty()) {
      return arrow::Status::Invalid(fmt::format("'{}' is no DATE: {}", text, fault));
    }
  }
  if (literal.type == SqlType::kTimestamp) {
    return arrow::Status::Invalid(
        fmt::format("{} is a DATE, which cannot be compared with a TIMESTAMP", kPartitionDate));
  }
  if (literal.type == SqlType::kDate) literal.integer *= kNanosInDay;
  if (literal.type == SqlType::kDate || literal.type == SqlType::kDatetime) {
    literal.type = SqlType::kTimestamp;
  }
  return literal;
}

arrow::Result<ExpressionPtr> Operand(const ExpressionPtr& operand) {
  auto renewed = std::make_shared<Expression>(*operand);
  if (IsPartitionDate(*operand)) {
    renewed->path = {kPartitionTime};
  } else if (operand->kind == ExpressionKind::kLiteral) {
    ARROW_ASSIGN_OR_RAISE(renewed->literal, BesideMidnight(operand->literal));
  } else {
    return arrow::Status::Invalid(
        fmt::format("this server compares {} with constants alone", kPartitionDate));
  }
  return renewed;
}

}  // namespace

arrow::Result<ExpressionPtr> WithoutPartitionDates(const ExpressionPtr& restriction) {
  const auto& children = restriction->children;
  if (restriction->kind == ExpressionKind::kCast && IsPartitionDate(*children[0])) {
    // What is cast further is the date.
    auto time = std::make_shared<Expression>(*children[0]);
    time->path = {kPartitionTime};
    auto date = std::make_shared<Expression>(*restriction);
    date->cast_type = SqlType::kDate;
    date->children = {std::move(time)};
    if (restriction->cast_type == SqlType::kDate) return date;
    auto cast = std::make_shared<Expression>(*restriction);
    cast->children = {std::move(date)};
    return cast;
  }
  const bool has_date = std::any_of(children.begin(), children.end(),
                                    [](const auto& child) { return IsPartitionDate(*child); });
  auto renewed = std::make_shared<Expression>(*restriction);
  for (ExpressionPtr& child : renewed->children) {
    ARROW_ASSIGN_OR_RAISE(child, has_date ? Operand(child) : WithoutPartitionDates(child));
  }
  return renewed;
}

}  // namespace emberharmony::bigquery::server

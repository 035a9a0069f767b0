#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/entity_rows_internal.h"

namespace emberharmony::feature {
namespace {

constexpr char kBetweenKeys = '\x1f';
constexpr char kNullOfKey = '\x1e';
/// Memory is asked for in steps, not for each entity.
constexpr int64_t kEntityBytesStep = int64_t{256} << 10;
/// What a map takes beside a key's text.
constexpr int64_t kMapEntryBytes = 80;

}  // namespace

std::vector<std::string> EntityColumns(const nlohmann::json& options) {
  std::vector<std::string> columns;
  if (!options.is_object()) return columns;
  const auto by = options.find("by");
  if (by == options.end()) return columns;
  if (by->is_string()) return {by->get<std::string>()};
  if (!by->is_array()) return columns;
  for (const nlohmann::json& column : *by) {
    if (column.is_string()) columns.push_back(column.get<std::string>());
  }
  return columns;
}

std::vector<std::string> ReadEntityColumns(const nlohmann::json* by, StepOptions* reader) {
  if (by == nullptr) return {};
  std::vector<std::string> columns = EntityColumns({{"by", *by}});
  const size_t expected = by->is_array() ? by->size() : 1;
  if (columns.empty() || columns.size() != expected) {
    reader->AddFault("option 'by' must be a column's name or a list of names; found " +
                     OptionText(*by));
  }
  return columns;
}

arrow::Result<std::vector<io::CellTextWriter>> EntityWriters(const std::string& step,
                                                             const RowContext& context) {
  std::vector<io::CellTextWriter> writers;
  for (size_t i = context.num_columns; i < context.inputs.size(); ++i) {
    auto writer = io::CellTextWriter::Make(context.inputs[i].type);
    if (!writer.ok()) {
      return base::UsageError(step + ": by: column '" + context.inputs[i].name +
                              "': " + writer.status().message());
    }
    writers.push_back(*std::move(writer));
  }
  return writers;
}

EntityNumbers::EntityNumbers(std::string step, const std::vector<io::CellTextWriter>& writers,
                             int64_t entity_bytes, base::MemoryBudget* budget)
    : step_(std::move(step)),
      writers_(writers),
      entity_bytes_(entity_bytes),
      reservation_(budget) {}

arrow::Status EntityNumbers::NumberRows(const RowBlock& rows, size_t first,
                                        std::vector<int64_t>* numbers) {
  numbers->assign(static_cast<size_t>(rows.num_rows), 0);
  std::string key;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    key.clear();
    for (size_t c = 0; c < writers_.size(); ++c) {
      const arrow::Array& column = *rows.columns[first + c];
      key.push_back(kBetweenKeys);
      if (column.IsNull(row)) {
        key.push_back(kNullOfKey);
      } else {
        writers_[c].Append(column, row, &key);
      }
    }
    const auto [found, is_new] = numbers_.emplace(key, size_);
    (*numbers)[static_cast<size_t>(row)] = found->second;
    if (!is_new) continue;
    ++size_;
    bytes_ += kMapEntryBytes + static_cast<int64_t>(key.size()) + entity_bytes_;
    if (bytes_ <= reservation_.bytes()) continue;
    const arrow::Status status = reservation_.Resize(bytes_ + kEntityBytesStep);
    if (status.ok()) continue;
    return status.WithMessage(step_, " remembers rows of ", size_,
                              " entities so far, and there is no memory for more: raise --memory, "
                              "or give 'by' a column with fewer values (",
                              status.message(), ")");
  }
  return arrow::Status::OK();
}

}  // namespace emberharmony::feature

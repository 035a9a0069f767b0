#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/fingerprint.h"
#include "emberharmony/io/table_columns_internal.h"

namespace emberharmony::io::internal {
namespace {

std::string Describe(const arrow::Field& field) {
  return "'" + field.name() + "' (" + field.type()->ToString() + ")";
}

arrow::Status DifferentSchema(const std::string& first_name, const arrow::Schema& first,
                              const std::string& name, const arrow::Schema& other) {
  const std::string start = "the files of a source must have the same columns, but those of '" +
                            first_name + "' and '" + name + "' differ: ";
  const std::string end = "; give the files as separate sources or write them alike";
  for (int i = 0; i < std::min(first.num_fields(), other.num_fields()); ++i) {
    const auto& a = *first.field(i);
    const auto& b = *other.field(i);
    if (a.name() != b.name() || !a.type()->Equals(*b.type())) {
      return base::DataError(start + "column " + std::to_string(i + 1) + " is " + Describe(a) +
                             " in the one and " + Describe(b) + " in the other" + end);
    }
  }
  const bool first_longer = first.num_fields() > other.num_fields();
  const auto& longer = first_longer ? first : other;
  const int column = std::min(first.num_fields(), other.num_fields());
  return base::DataError(start + "column " + std::to_string(column + 1) + ", " +
                         Describe(*longer.field(column)) + ", is only in '" +
                         (first_longer ? first_name : name) + "'" + end);
}

bool SameColumns(const arrow::Schema& a, const arrow::Schema& b) {
  if (a.num_fields() != b.num_fields()) return false;
  for (int i = 0; i < a.num_fields(); ++i) {
    if (a.field(i)->name() != b.field(i)->name()) return false;
    if (!a.field(i)->type()->Equals(*b.field(i)->type())) return false;
  }
  return true;
}

std::string Hex(uint64_t value) {
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4) {
    text[static_cast<size_t>(i)] = "0123456789abcdef"[value & 15];
  }
  return text;
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::Schema>> UnitedSchema(
    const std::string& first_name, const std::shared_ptr<arrow::Schema>& first,
    const std::string& name, const arrow::Schema& other) {
  if (!SameColumns(*first, other)) return DifferentSchema(first_name, *first, name, other);
  std::shared_ptr<arrow::Schema> united = first;
  for (int i = 0; i < united->num_fields(); ++i) {
    if (united->field(i)->nullable() || !other.field(i)->nullable()) continue;
    ARROW_ASSIGN_OR_RAISE(united, united->SetField(i, other.field(i)));
  }
  return united;
}

std::string IdentityOf(const std::string& format, const std::vector<ListedFile>& files) {
  std::string text = format;
  for (const ListedFile& file : files) {
    text += '\0' + file.relative_path + '\0' + std::to_string(file.size) + '\0' +
            std::to_string(file.modified_ns) + '\0' + file.version;
  }
  return Hex(base::Fingerprint64(text));
}

}  // namespace emberharmony::io::internal

#include "emberharmony/bigquery/server/wire_schema.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::bigquery::server {
namespace {

using arrow::DataType;
using arrow::Field;
using arrow::Result;
using arrow::Type;

constexpr int kNestingMax = 15;  // BigQuery's own limit for records
constexpr const char* kExtensionName = "ARROW:extension:name";
constexpr const char* kExtensionMetadata = "ARROW:extension:metadata";

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

std::string ExtensionName(const Field& field) {
  if (!field.HasMetadata()) return "";
  return field.metadata()->Get(kExtensionName).ValueOr("");
}

std::shared_ptr<const arrow::KeyValueMetadata> Extension(const char* name) {
  return arrow::key_value_metadata({kExtensionName}, {name});
}

/// BigQuery's types for numbers with a point, of which NUMERIC is the one to prefer.
std::shared_ptr<DataType> WireDecimal(const arrow::DecimalType& type) {
  const int whole_digits = type.precision() - type.scale();
  if (type.scale() >= 0 && type.scale() <= 9 && whole_digits <= 29) return arrow::decimal128(38, 9);
  if (type.scale() >= 0 && type.scale() <= 38 && whole_digits <= 38) {
    return arrow::decimal256(76, 38);
  }
  return nullptr;
}

/// Null for what BigQuery has no type for, and for nested types.
std::shared_ptr<DataType> WireLeaf(const DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
      return arrow::boolean();
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64:
      return arrow::int64();
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
      return arrow::float64();
    case Type::STRING:
      return arrow::utf8();
    case Type::BINARY:
    case Type::FIXED_SIZE_BINARY:
      return arrow::binary();
    case Type::DATE32:
    case Type::DATE64:
      return arrow::date32();
    case Type::TIME32:
    case Type::TIME64:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty()
                 ? arrow::timestamp(arrow::TimeUnit::MICRO)
                 : arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return WireDecimal(static_cast<const arrow::DecimalType&>(type));
    case Type::INTERVAL_MONTH_DAY_NANO:
      return arrow::month_day_nano_interval();
    default:
      return nullptr;
  }
}

/// What tells a STRING from JSON and GEOGRAPHY, and a DATETIME from a time without meaning.
std::shared_ptr<const arrow::KeyValueMetadata> LeafMetadata(const Field& field,
                                                            const DataType& wire) {
  const std::string name = ExtensionName(field);
  if (wire.id() == Type::STRING) {
    if (name == "google:sqlType:json" || name == "arrow.json") {
      return Extension("google:sqlType:json");
    }
    if (name == "google:sqlType:geography" || name == "geoarrow.wkt") {
      return arrow::key_value_metadata({kExtensionName, kExtensionMetadata},
                                       {"google:sqlType:geography", R"({"encoding": "WKT"})"});
    }
  }
  if (wire.id() == Type::TIMESTAMP &&
      static_cast<const arrow::TimestampType&>(wire).timezone().empty()) {
    return Extension("google:sqlType:datetime");
  }
  return nullptr;
}

/// Puts the types of its children into the type of a nested field.
void RenewType(WireField* field) {
  const DataType& type = *field->field->type();
  if (type.id() == Type::STRUCT) {
    arrow::FieldVector fields;
    for (const WireField& child : field->children) fields.push_back(child.field);
    field->field = field->field->WithType(arrow::struct_(std::move(fields)));
  } else if (type.id() == Type::LIST) {
    field->field = field->field->WithType(arrow::list(field->children[0].field));
  }
}

Result<WireField> MakeField(const Field& field, int source_index, const std::string& path,
                            int depth);

arrow::Status Refuse(const std::string& path, const DataType& type, std::string_view why) {
  return base::UsageError(
      fmt::format("column '{}' has the type {}, {}: leave it out of the file or convert it", path,
                  type.ToString(), why));
}

Result<WireField> MakeStruct(const Field& field, int source_index, const std::string& path,
                             int depth) {
  const DataType& type = *field.type();
  if (type.num_fields() == 0) return Refuse(path, type, "and BigQuery has no empty records");
  WireField wire;
  std::set<std::string> names;
  for (int i = 0; i < type.num_fields(); ++i) {
    const Field& child = *type.field(i);
    const std::string child_path = path + "." + child.name();
    if (!names.insert(LowerAscii(child.name())).second) {
      return base::UsageError(fmt::format(
          "column '{}' has two fields called '{}': BigQuery tells no upper from lower case", path,
          child.name()));
    }
    ARROW_ASSIGN_OR_RAISE(WireField made, MakeField(child, i, child_path, depth + 1));
    wire.children.push_back(std::move(made));
  }
  wire.source_index = source_index;
  wire.field = arrow::field(field.name(), arrow::struct_({}), field.nullable());
  RenewType(&wire);
  return wire;
}

/// Lists and maps, which are lists of entries with a key and a value.
Result<WireField> MakeRepeated(const Field& field, int source_index, const std::string& path,
                               int depth) {
  const DataType& type = *field.type();
  std::shared_ptr<Field> element = type.field(0)->WithName("item")->WithNullable(true);
  if (element->type()->id() == Type::LIST || element->type()->id() == Type::MAP) {
    return Refuse(path, type, "and BigQuery has no arrays of arrays");
  }
  WireField wire;
  ARROW_ASSIGN_OR_RAISE(WireField made, MakeField(*element, 0, path, depth + 1));
  wire.children.push_back(std::move(made));
  wire.source_index = source_index;
  wire.field = arrow::field(field.name(), arrow::list(arrow::null()), /*nullable=*/false);
  RenewType(&wire);
  return wire;
}

Result<WireField> MakeField(const Field& field, int source_index, const std::string& path,
                            int depth) {
  const DataType& type = *field.type();
  if (depth > kNestingMax) {
    return Refuse(path, type, fmt::format("nested more than {} levels deep", kNestingMax));
  }
  if (type.id() == Type::STRUCT) return MakeStruct(field, source_index, path, depth);
  if (type.id() == Type::LIST || type.id() == Type::MAP) {
    return MakeRepeated(field, source_index, path, depth);
  }
  const std::shared_ptr<DataType> wire = WireLeaf(type);
  if (wire == nullptr) return Refuse(path, type, "for which BigQuery has none");
  return WireField{arrow::field(field.name(), wire, field.nullable(), LeafMetadata(field, *wire)),
                   source_index,
                   {}};
}

WireSchema Finished(std::vector<WireField> fields) {
  arrow::FieldVector shown;
  for (const WireField& field : fields) shown.push_back(field.field);
  return {std::move(fields), arrow::schema(std::move(shown))};
}

/// The fields whose lists of children a name leads through: a repeated record's are its element's.
std::vector<WireField>* ChildrenOf(WireField* field) {
  if (field->field->type()->id() == Type::LIST) return ChildrenOf(&field->children[0]);
  return &field->children;
}

/// Which parts of a field are wanted: all of it, or some children.
struct Wanted {
  size_t index = 0;  ///< among the fields of its parent
  bool whole = false;
  std::vector<Wanted> children;  ///< ascending

  Wanted* Child(size_t i) {
    auto at = std::lower_bound(children.begin(), children.end(), i,
                               [](const Wanted& child, size_t j) { return child.index < j; });
    if (at == children.end() || at->index != i) at = children.insert(at, Wanted{i, false, {}});
    return &*at;
  }
};

/// Marks what `name` means below `fields`; false if it means nothing. A field whose own name holds
/// points is found, too.
bool Mark(std::vector<WireField>* fields, std::string_view name, Wanted* wanted) {
  for (size_t i = 0; i < fields->size(); ++i) {
    WireField& field = (*fields)[i];
    const std::string own = LowerAscii(field.field->name());
    if (own == name) {
      wanted->Child(i)->whole = true;
      return true;
    }
    if (name.size() > own.size() && name.starts_with(own) && name[own.size()] == '.') {
      // Only what is found may leave a mark.
      Wanted below;
      const std::string_view rest = name.substr(own.size() + 1);
      if (!Mark(ChildrenOf(&field), rest, &below)) continue;
      Mark(ChildrenOf(&field), rest, wanted->Child(i));
      return true;
    }
  }
  return false;
}

void Prune(std::vector<WireField>* fields, const Wanted& wanted) {
  std::vector<WireField> kept;
  for (const Wanted& child : wanted.children) {
    WireField field = std::move((*fields)[child.index]);
    if (!child.whole) {
      Prune(ChildrenOf(&field), child);
      // From the innermost list or struct outwards, types follow their children.
      std::vector<WireField*> chain = {&field};
      while (chain.back()->field->type()->id() == Type::LIST) {
        chain.push_back(&chain.back()->children[0]);
      }
      for (auto at = chain.rbegin(); at != chain.rend(); ++at) RenewType(*at);
    }
    kept.push_back(std::move(field));
  }
  *fields = std::move(kept);
}

}  // namespace

Result<WireSchema> MakeWireSchema(const arrow::Schema& schema) {
  std::vector<WireField> fields;
  std::set<std::string> names;
  for (int i = 0; i < schema.num_fields(); ++i) {
    const Field& field = *schema.field(i);
    if (!names.insert(LowerAscii(field.name())).second) {
      return base::UsageError(fmt::format(
          "two columns are called '{}': BigQuery tells no upper from lower case", field.name()));
    }
    ARROW_ASSIGN_OR_RAISE(WireField made, MakeField(field, i, field.name(), /*depth=*/0));
    fields.push_back(std::move(made));
  }
  if (fields.empty()) return base::UsageError("expected a table with columns, found none");
  return Finished(std::move(fields));
}

Result<WireSchema> WithoutField(const WireSchema& schema, const std::string& name) {
  std::vector<WireField> fields = schema.fields;
  std::erase_if(fields, [&](const WireField& field) {
    return LowerAscii(field.field->name()) == LowerAscii(name);
  });
  if (fields.empty()) {
    return base::UsageError(fmt::format("expected a table with columns beside '{}'", name));
  }
  return Finished(std::move(fields));
}

Result<WireSchema> SelectFields(const WireSchema& schema, const std::vector<std::string>& names) {
  if (names.empty()) return schema;
  std::vector<WireField> fields = schema.fields;
  Wanted wanted;
  std::vector<std::string> unknown;
  for (const std::string& name : names) {
    if (!Mark(&fields, LowerAscii(name), &wanted)) unknown.push_back(name);
  }
  if (!unknown.empty()) {
    return arrow::Status::Invalid(
        fmt::format("The following selected fields do not exist in the table schema: {}",
                    fmt::join(unknown, ", ")));
  }
  Prune(&fields, wanted);
  return Finished(std::move(fields));
}

}  // namespace emberharmony::bigquery::server

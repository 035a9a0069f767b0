#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/key_value_metadata.h>

#include "emberharmony/io/declared_category.h"
#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io {
namespace {

constexpr const char* kCategoryKey = "emberharmony:category";

bool IsNumberOrBool(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id()) || type.id() == arrow::Type::BOOL;
}

}  // namespace

bool IsDeclaredCategory(const arrow::Field& field) {
  return field.HasMetadata() && field.metadata()->Contains(kCategoryKey);
}

}  // namespace emberharmony::io

namespace emberharmony::io::internal {

using arrow::Type;

std::shared_ptr<arrow::Field> NormalizedField(const arrow::Field& field,
                                              const arrow::Field& stored) {
  const auto plain = arrow::field(field.name(), NormalizedType(field.type()), field.nullable());
  if (plain->type()->id() == Type::STRUCT && stored.type()->id() == Type::STRUCT) {
    arrow::FieldVector fields;
    for (int i = 0; i < field.type()->num_fields(); ++i) {
      const auto& child = field.type()->field(i);
      const bool is_same =
          i < stored.type()->num_fields() && stored.type()->field(i)->name() == child->name();
      fields.push_back(
          NormalizedField(*child, is_same ? *stored.type()->field(i) : *child)->WithNullable(true));
    }
    return plain->WithType(arrow::struct_(std::move(fields)));
  }
  if (stored.type()->id() != Type::DICTIONARY || !IsNumberOrBool(*plain->type())) return plain;
  return plain->WithMetadata(arrow::key_value_metadata({kCategoryKey}, {"dictionary"}));
}

std::shared_ptr<arrow::DataType> NormalizedType(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::STRUCT: {
      arrow::FieldVector fields;
      for (const auto& field : type->fields()) {
        fields.push_back(arrow::field(field->name(), NormalizedType(field->type())));
      }
      return arrow::struct_(std::move(fields));
    }
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST:
    case Type::LIST_VIEW:
    case Type::LARGE_LIST_VIEW:
      return arrow::list(NormalizedType(type->field(0)->type()));
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return arrow::map(NormalizedType(map.key_type()), NormalizedType(map.item_type()));
    }
    case Type::DICTIONARY:
      return NormalizedType(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case Type::RUN_END_ENCODED:
      return NormalizedType(static_cast<const arrow::RunEndEncodedType&>(*type).value_type());
    case Type::EXTENSION:
      return NormalizedType(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    case Type::LARGE_STRING:
    case Type::STRING_VIEW:
      return arrow::utf8();
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
      return arrow::binary();
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      return decimal.precision() <= arrow::Decimal128Type::kMaxPrecision
                 ? arrow::decimal128(decimal.precision(), decimal.scale())
                 : arrow::decimal256(decimal.precision(), decimal.scale());
    }
    default:
      return type;
  }
}

}  // namespace emberharmony::io::internal

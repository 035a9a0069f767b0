#include <arrow/extension_type.h>
#include <arrow/type.h>

#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io::internal {

using arrow::Type;

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

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/float16.h>

#include <cstring>

#include "emberharmony/base/fingerprint.h"
#include "emberharmony/feature/value_fingerprints_internal.h"

namespace emberharmony::feature {
namespace {

uint64_t OfInteger(uint64_t value) {
  char bytes[sizeof(value)];
  for (size_t i = 0; i < sizeof(value); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return base::Fingerprint64({bytes, sizeof(bytes)});
}

uint64_t OfDouble(double value) {
  value += 0.0;  // -0 is 0
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return OfInteger(bits);
}

}  // namespace

uint64_t ValueFingerprints::At(int64_t i) const {
  switch (values_.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return base::Fingerprint64(static_cast<const arrow::BinaryArray&>(values_).GetView(i));
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return base::Fingerprint64(static_cast<const arrow::LargeBinaryArray&>(values_).GetView(i));
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return base::Fingerprint64(static_cast<const arrow::BinaryViewArray&>(values_).GetView(i));
    case arrow::Type::BOOL:
      return OfInteger(static_cast<const arrow::BooleanArray&>(values_).Value(i) ? 1 : 0);
    case arrow::Type::HALF_FLOAT: {
      const uint16_t bits = static_cast<const arrow::HalfFloatArray&>(values_).Value(i);
      return OfDouble(arrow::util::Float16::FromBits(bits).ToDouble());
    }
    case arrow::Type::FLOAT:
      return OfDouble(static_cast<const arrow::FloatArray&>(values_).Value(i));
    case arrow::Type::DOUBLE:
      return OfDouble(static_cast<const arrow::DoubleArray&>(values_).Value(i));
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
      return OfInteger(ReadUnsigned(i));
    default:
      break;
  }
  const arrow::Type::type id = values_.type_id();
  if (arrow::is_integer(id) || arrow::is_temporal(id) || id == arrow::Type::DURATION) {
    return OfInteger(ReadSigned(i));
  }
  const char* bytes = values_.data()->GetValues<char>(1, 0);
  const int64_t width = byte_width();
  return base::Fingerprint64({bytes + (values_.offset() + i) * width, static_cast<size_t>(width)});
}

int ValueFingerprints::byte_width() const {
  return static_cast<const arrow::FixedWidthType&>(*values_.type()).byte_width();
}

uint64_t ValueFingerprints::ReadUnsigned(int64_t i) const {
  const arrow::ArrayData& data = *values_.data();
  switch (byte_width()) {
    case 1:
      return data.GetValues<uint8_t>(1)[i];
    case 2:
      return data.GetValues<uint16_t>(1)[i];
    case 4:
      return data.GetValues<uint32_t>(1)[i];
    default:
      return data.GetValues<uint64_t>(1)[i];
  }
}

uint64_t ValueFingerprints::ReadSigned(int64_t i) const {
  const arrow::ArrayData& data = *values_.data();
  switch (byte_width()) {
    case 1:
      return static_cast<uint64_t>(int64_t{data.GetValues<int8_t>(1)[i]});
    case 2:
      return static_cast<uint64_t>(int64_t{data.GetValues<int16_t>(1)[i]});
    case 4:
      return static_cast<uint64_t>(int64_t{data.GetValues<int32_t>(1)[i]});
    default:
      return static_cast<uint64_t>(data.GetValues<int64_t>(1)[i]);
  }
}

}  // namespace emberharmony::feature

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "emberharmony/feature/number_keys_internal.h"
#include "emberharmony/feature/numeric_chunks_internal.h"
#include "emberharmony/feature/value_keys_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr uint64_t kNumberSignBit = uint64_t{1} << 63;
constexpr uint64_t kFractionMask = (uint64_t{1} << 52) - 1;
constexpr int kDoubleBits = 53;

// Of a double the bits without the sign: its significand's bits are the low ones of those.
struct SignedMagnitude {
  bool negative;
  uint64_t magnitude;
};

SignedMagnitude Split(NumberForm form, uint64_t key) {
  switch (form) {
    case NumberForm::kDouble: {
      const uint64_t bits = (key & kNumberSignBit) != 0 ? key ^ kNumberSignBit : ~key;
      return {(bits & kNumberSignBit) != 0, bits & ~kNumberSignBit};
    }
    case NumberForm::kSigned: {
      const uint64_t value = key ^ kNumberSignBit;
      const bool negative = (value & kNumberSignBit) != 0;
      return {negative, negative ? 0 - value : value};
    }
    case NumberForm::kUnsigned:
      break;
  }
  return {false, key};
}

uint64_t JoinForm(NumberForm form, SignedMagnitude number) {
  switch (form) {
    case NumberForm::kDouble:
      return number.negative ? ~(number.magnitude | kNumberSignBit)
                             : number.magnitude | kNumberSignBit;
    case NumberForm::kSigned:
      return (number.negative ? 0 - number.magnitude : number.magnitude) ^ kNumberSignBit;
    case NumberForm::kUnsigned:
      break;
  }
  return number.magnitude;
}

// The number of significant bits: of a double 53, or fewer when it is subnormal.
int WidthOf(NumberForm form, uint64_t magnitude) {
  if (form == NumberForm::kDouble && magnitude > kFractionMask) return kDoubleBits;
  return std::bit_width(magnitude);
}

int DroppedBits(NumberForm form, uint64_t magnitude, int num_bits) {
  return std::max(0, WidthOf(form, magnitude) - num_bits);
}

arrow::Status VisitDoubleKeys(const WeightedValues& values, MissingNumbers* missing,
                              const NumberKeysVisitor& visit) {
  return VisitDoubles(
      values, [&](const double* doubles, const int64_t* weights, int64_t n) -> arrow::Status {
        uint64_t keys[kNumberBlock];
        int64_t counts[kNumberBlock];
        for (int64_t begin = 0; begin < n; begin += kNumberBlock) {
          int64_t m = 0;
          for (int64_t i = begin; i < std::min(n, begin + kNumberBlock); ++i) {
            const int64_t weight = weights == nullptr ? 1 : weights[i];
            if (!std::isfinite(doubles[i])) [[unlikely]] {
              ARROW_RETURN_NOT_OK(AddWeight(weight, std::isnan(doubles[i])
                                                        ? &missing->null_count
                                                        : &missing->infinity_count));
              continue;
            }
            keys[m] = KeyOfDouble(doubles[i]);
            counts[m] = weight;
            m += weight > 0;  // without a branch: with a split it could not be predicted
          }
          ARROW_RETURN_NOT_OK(visit(keys, counts, m));
        }
        return arrow::Status::OK();
      });
}

arrow::Status VisitIntegerKeys(const WeightedValues& values, MissingNumbers* missing,
                               const NumberKeysVisitor& visit) {
  ARROW_ASSIGN_OR_RAISE(const ValueKeys reader, ValueKeys::Make(*values.values.type()));
  static_assert(kNumberBlock == ValueKeys::kChunk);
  uint64_t keys[kNumberBlock];
  int64_t counts[kNumberBlock];
  bool valid[kNumberBlock];
  const int64_t length = values.values.length();
  for (int64_t begin = 0; begin < length; begin += kNumberBlock) {
    const int n = static_cast<int>(std::min(kNumberBlock, length - begin));
    const bool all_there = reader.ReadNumbers(values.values, begin, n, keys, valid);
    int m = 0;
    for (int i = 0; i < n; ++i) {
      const int64_t weight = values.weights == nullptr ? 1 : values.weights[begin + i];
      if (!all_there && !valid[i]) {
        ARROW_RETURN_NOT_OK(AddWeight(weight, &missing->null_count));
        continue;
      }
      keys[m] = keys[i];
      counts[m] = weight;
      m += weight > 0;
    }
    ARROW_RETURN_NOT_OK(visit(keys, counts, m));
  }
  return arrow::Status::OK();
}

}  // namespace

NumberForm NumberFormOf(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return NumberFormOf(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  if (arrow::is_unsigned_integer(type.id())) return NumberForm::kUnsigned;
  const bool is_integer = arrow::is_signed_integer(type.id()) || arrow::is_temporal(type.id()) ||
                          type.id() == arrow::Type::DURATION;
  return is_integer ? NumberForm::kSigned : NumberForm::kDouble;
}

std::shared_ptr<arrow::DataType> TypeOfForm(NumberForm form) {
  return form == NumberForm::kDouble   ? arrow::float64()
         : form == NumberForm::kSigned ? arrow::int64()
                                       : arrow::uint64();
}

uint64_t KeyOfDouble(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0 becomes +0
  return bits ^ (static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63) | kNumberSignBit);
}

double DoubleOfKey(NumberForm form, uint64_t key) {
  switch (form) {
    case NumberForm::kDouble:
      return std::bit_cast<double>((key & kNumberSignBit) != 0 ? key ^ kNumberSignBit : ~key);
    case NumberForm::kSigned:
      return static_cast<double>(static_cast<int64_t>(key ^ kNumberSignBit));
    case NumberForm::kUnsigned:
      break;
  }
  return static_cast<double>(key);
}

WholeNumber WholeOfKey(NumberForm form, uint64_t key) {
  if (form == NumberForm::kUnsigned) return static_cast<WholeNumber>(key);
  return static_cast<WholeNumber>(static_cast<int64_t>(key ^ kNumberSignBit));
}

double DistanceOfKeys(NumberForm form, uint64_t a, uint64_t b) {
  // The doubles nearest to two integers may be one.
  const double difference = form == NumberForm::kDouble
                                ? DoubleOfKey(form, a) - DoubleOfKey(form, b)
                                : static_cast<double>(WholeOfKey(form, a) - WholeOfKey(form, b));
  return std::fabs(difference);
}

KeyBucket BucketOf(NumberForm form, uint64_t key, int num_bits) {
  const auto [negative, magnitude] = Split(form, key);
  const int dropped = DroppedBits(form, magnitude, num_bits);
  if (dropped == 0) return {key, key, key, key};
  const uint64_t start = magnitude >> dropped << dropped;
  const uint64_t first = JoinForm(form, {negative, start});
  const uint64_t last = JoinForm(form, {negative, start | ((uint64_t{1} << dropped) - 1)});
  const uint64_t middle = JoinForm(form, {negative, start | (uint64_t{1} << (dropped - 1))});
  return {first, middle, std::min(first, last), std::max(first, last)};
}

uint64_t ShortenedKey(NumberForm form, uint64_t key, int num_bits) {
  const auto [negative, magnitude] = Split(form, key);
  const int dropped = DroppedBits(form, magnitude, num_bits);
  return JoinForm(form, {negative, magnitude >> dropped << dropped});
}

int SeparatingBits(NumberForm form, uint64_t a, uint64_t b) {
  const SignedMagnitude first = Split(form, a);
  const SignedMagnitude second = Split(form, b);
  const int width = WidthOf(form, first.magnitude);
  const int differing = std::bit_width(first.magnitude ^ second.magnitude);  // the highest, from 1
  const bool alike = first.negative == second.negative &&
                     width == WidthOf(form, second.magnitude) && differing < width;
  return alike ? width - differing + 1 : 1;
}

bool IsNumberKey(NumberForm form, const arrow::DataType& type, uint64_t key) {
  if (form == NumberForm::kDouble) {
    const double value = DoubleOfKey(form, key);
    return std::isfinite(value) && KeyOfDouble(value) == key;
  }
  const arrow::Result<ValueKeys> keys = ValueKeys::Make(type);
  return keys.ok() && keys->IsKey(key);
}

arrow::Status VisitNumberKeys(const WeightedValues& values, NumberForm form,
                              MissingNumbers* missing, const NumberKeysVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckMeasurable(*values.values.type()));
  return form == NumberForm::kDouble ? VisitDoubleKeys(values, missing, visit)
                                     : VisitIntegerKeys(values, missing, visit);
}

arrow::Result<std::shared_ptr<arrow::Array>> NumbersOfKeys(NumberForm form, const uint64_t* keys,
                                                           int64_t n) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(uint64_t))));
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t bits = form == NumberForm::kDouble
                              ? std::bit_cast<uint64_t>(DoubleOfKey(form, keys[i]))
                              : static_cast<uint64_t>(WholeOfKey(form, keys[i]));
    std::memcpy(buffer->mutable_data() + i * static_cast<int64_t>(sizeof(bits)), &bits,
                sizeof(bits));
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(TypeOfForm(form), n, {nullptr, std::move(buffer)}, 0));
}

}  // namespace emberharmony::feature

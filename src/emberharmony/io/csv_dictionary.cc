#include <algorithm>
#include <bit>
#include <cstring>

#include "emberharmony/io/csv_dictionary_internal.h"

namespace emberharmony::io::internal {
namespace {

constexpr int64_t kFirstSlots = 1024;
// Rows after which a column shows whether its values repeat.
constexpr int64_t kTrialRows = 2048;
constexpr uint64_t kMix = 0x9E3779B97F4A7C15;
constexpr int32_t kNullMark = -1;

uint64_t LoadWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

/// The first `size` (1 to 8) bytes; eight must be readable.
uint64_t LoadFirstBytes(const char* bytes, unsigned size) {
  return LoadWord(bytes) << (64 - 8 * size);
}

uint64_t MixWords(uint64_t low, uint64_t high) {
  const auto product = static_cast<unsigned __int128>(low ^ kMix) * (high ^ (kMix >> 1));
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t HashLong(const char* bytes, size_t size) {
  uint64_t hash = size * kMix;
  size_t i = 0;
  for (; i + 8 <= size; i += 8) hash = MixWords(hash, LoadWord(bytes + i));
  return i < size ? MixWords(hash, LoadFirstBytes(bytes + i, static_cast<unsigned>(size - i)))
                  : hash;
}

struct Key {
  uint64_t low;
  uint64_t high;
};

// The top byte of a short text's low word is its last or eighth byte, and UTF-8 has no byte 0xFF.
constexpr uint64_t kLongMark = uint64_t{0xFF} << 56;

/// Of a text that is not empty.
Key KeyOf(const char* text, const CsvField& field) {
  const char* bytes = text + field.begin;
  const unsigned size = field.size;
  if (size <= 8) return {LoadFirstBytes(bytes, size), 0};
  if (size <= 16) return {LoadWord(bytes), LoadFirstBytes(bytes + 8, size - 8)};
  return {HashLong(bytes, size) | kLongMark, size};
}

}  // namespace

arrow::Status CsvDictionary::Clear(int64_t num_slots) {
  ARROW_RETURN_NOT_OK(slots_.Resize(num_slots));
  ARROW_RETURN_NOT_OK(numbers_.Resize(num_slots));
  std::memset(slots_.data(), 0, static_cast<size_t>(num_slots) * sizeof(Slot));
  return arrow::Status::OK();
}

arrow::Status CsvDictionary::Grow(const char* text) {
  ARROW_RETURN_NOT_OK(Clear(slots_.size() * 4));
  const auto mask = static_cast<uint64_t>(slots_.size()) - 1;
  for (int64_t number = 0; number < distinct_.size(); ++number) {
    if (distinct_[number].size == 0) continue;
    const Key key = KeyOf(text, distinct_[number]);
    // Distinct as they are, they need no comparing.
    uint64_t place = MixWords(key.low, key.high) & mask;
    while (slots_[static_cast<int64_t>(place)].low != 0) place = (place + 1) & mask;
    slots_[static_cast<int64_t>(place)] = {key.low, key.high};
    numbers_[static_cast<int64_t>(place)] = static_cast<int32_t>(number);
  }
  return arrow::Status::OK();
}

arrow::Result<bool> CsvDictionary::Encode(const char* text, std::span<const CsvField> fields,
                                          bool empty_is_null, int32_t* indices) {
  ARROW_RETURN_NOT_OK(Clear(kFirstSlots));
  distinct_.Clear();
  has_nulls_ = false;
  int32_t empty_number = kNullMark;
  const auto num_rows = static_cast<int64_t>(fields.size());
  ARROW_RETURN_NOT_OK(distinct_.Reserve(std::min(num_rows, kEntriesMax + 1)));
  for (int64_t row = 0; row < num_rows; ++row) {
    const CsvField& field = fields[static_cast<size_t>(row)];
    int32_t number;
    if (field.size == 0) {
      if (field.is_null() || empty_is_null) {
        has_nulls_ = true;
        indices[row] = kNullMark;
        continue;
      }
      if (empty_number == kNullMark) {
        empty_number = static_cast<int32_t>(distinct_.size());
        ARROW_RETURN_NOT_OK(distinct_.Append(&field, 1));
      }
      indices[row] = empty_number;
      continue;
    }
    const Key key = KeyOf(text, field);
    const auto mask = static_cast<uint64_t>(slots_.size()) - 1;
    uint64_t place = MixWords(key.low, key.high) & mask;
    while (true) {
      const Slot& slot = slots_[static_cast<int64_t>(place)];
      if (slot.low == key.low && slot.high == key.high) {
        number = numbers_[static_cast<int64_t>(place)];
        if (field.size <= 16 || distinct_[number].in(text) == field.in(text)) break;
      } else if (slot.low == 0) {
        number = static_cast<int32_t>(distinct_.size());
        // A dictionary pays where most fields find their text in it.
        if (number >= kEntriesMax || (row >= kTrialRows && number * 2 > row)) return false;
        slots_[static_cast<int64_t>(place)] = {key.low, key.high};
        numbers_[static_cast<int64_t>(place)] = number;
        ARROW_RETURN_NOT_OK(distinct_.Append(&field, 1));
        if (distinct_.size() * 2 > slots_.size()) ARROW_RETURN_NOT_OK(Grow(text));
        break;
      }
      place = (place + 1) & mask;
    }
    indices[row] = number;
  }
  // Blocks of few rows that are all different.
  if (distinct_.size() * 2 > num_rows) return false;
  if (has_nulls_) {
    const auto null_number = static_cast<int32_t>(distinct_.size());
    for (int64_t row = 0; row < num_rows; ++row) {
      if (indices[row] == kNullMark) indices[row] = null_number;
    }
  }
  return true;
}

}  // namespace emberharmony::io::internal

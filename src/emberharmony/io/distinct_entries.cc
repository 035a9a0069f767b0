#include <algorithm>
#include <bit>
#include <cstring>

#include "emberharmony/io/distinct_entries_internal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace emberharmony::io {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;

template <typename T>
T LoadEntry(const uint8_t* data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

/// The high bits of the product are the hash.
uint64_t MixBits(uint64_t value) {
  value *= kGolden;
  return (value ^ value >> 32) * kGolden;
}

uint64_t HashOne(const EntryValues& column, int64_t i) {
  switch (column.width) {
    case 0:
      return XXH3_64bits(column.views[i].data(), column.views[i].size());
    case 1:
      return MixBits(column.fixed[i]);
    case 4:
      return MixBits(LoadEntry<uint32_t>(column.fixed, i));
    case 8:
      return MixBits(LoadEntry<uint64_t>(column.fixed, i));
    default:
      return XXH3_64bits(column.fixed + i * column.width, column.width);
  }
}

bool EqualOne(const EntryValues& column, int64_t a, int64_t b) {
  if (column.width == 0) return column.views[a] == column.views[b];
  return std::memcmp(column.fixed + a * column.width, column.fixed + b * column.width,
                     column.width) == 0;
}

}  // namespace

template <typename Position, typename Hash, typename Equal>
arrow::Status DistinctEntries::FindWith(int64_t count, Position position, Hash hash, Equal equal) {
  ARROW_RETURN_NOT_OK(ids_.Resize(count));
  firsts_.Clear();
  int64_t capacity = 1024;
  const auto clear = [&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(table_.Resize(capacity));
    std::memset(table_.data(), 0, capacity * sizeof(int32_t));
    return arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(clear());
  ARROW_RETURN_NOT_OK(firsts_.Reserve(capacity / 2));
  int64_t num_distinct = 0;
  int shift = 64 - std::countr_zero(static_cast<uint64_t>(capacity));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t entry = position(i);
    const uint64_t mask = capacity - 1;
    uint64_t place = hash(entry) >> shift;
    int32_t number;
    while ((number = table_[place]) != 0 && !equal(entry, firsts_.data()[number - 1])) {
      place = (place + 1) & mask;
    }
    if (number != 0) {
      ids_[i] = number - 1;
      continue;
    }
    table_[place] = static_cast<int32_t>(++num_distinct);
    ids_[i] = static_cast<int32_t>(num_distinct - 1);
    ARROW_RETURN_NOT_OK(firsts_.Resize(num_distinct));
    firsts_[num_distinct - 1] = static_cast<int32_t>(entry);
    if (2 * num_distinct < capacity) continue;
    capacity *= 4;
    shift -= 2;
    ARROW_RETURN_NOT_OK(clear());
    for (int64_t k = 0; k < num_distinct; ++k) {
      uint64_t free = hash(firsts_[k]) >> shift;
      while (table_[free] != 0) free = (free + 1) & (capacity - 1);
      table_[free] = static_cast<int32_t>(k + 1);
    }
  }
  return arrow::Status::OK();
}

template <typename Position>
arrow::Status DistinctEntries::FindAt(std::span<const EntryValues> columns, int64_t count,
                                      Position position) {
  if (columns.size() == 1 && columns[0].width == 4) {
    const uint8_t* data = columns[0].fixed;
    return FindWith(
        count, position, [data](int64_t i) { return LoadEntry<uint32_t>(data, i) * kGolden; },
        [data](int64_t a, int64_t b) {
          return LoadEntry<uint32_t>(data, a) == LoadEntry<uint32_t>(data, b);
        });
  }
  if (columns.size() == 1) {
    const EntryValues column = columns[0];
    return FindWith(
        count, position, [&](int64_t i) { return HashOne(column, i); },
        [&](int64_t a, int64_t b) { return EqualOne(column, a, b); });
  }
  return FindWith(
      count, position,
      [&](int64_t i) {
        uint64_t hash = 0;
        for (const EntryValues& column : columns) hash = MixBits(hash + HashOne(column, i));
        return hash;
      },
      [&](int64_t a, int64_t b) {
        return std::all_of(columns.begin(), columns.end(),
                           [&](const EntryValues& column) { return EqualOne(column, a, b); });
      });
}

arrow::Result<bool> DistinctEntries::FindInRange(const uint8_t* values, int64_t count) {
  if (count == 0) return false;
  int32_t min = LoadEntry<int32_t>(values, 0), max = min;
  for (int64_t i = 1; i < count; ++i) {
    min = std::min(min, LoadEntry<int32_t>(values, i));
    max = std::max(max, LoadEntry<int32_t>(values, i));
  }
  const int64_t range = int64_t{max} - min + 1;
  if (range > 2 * count + 1024) return false;
  ARROW_RETURN_NOT_OK(table_.Resize(range));
  std::memset(table_.data(), 0, range * sizeof(int32_t));
  ARROW_RETURN_NOT_OK(ids_.Resize(count));
  ARROW_RETURN_NOT_OK(firsts_.Resize(std::min(range, count) + 1));
  int32_t* table = table_.data();
  int32_t* ids = ids_.data();
  int32_t* firsts = firsts_.data();
  int32_t num_distinct = 0;
  // Without branches: whether a value is new cannot be predicted.
  for (int64_t i = 0; i < count; ++i) {
    int32_t& number = table[int64_t{LoadEntry<int32_t>(values, i)} - min];
    const bool is_new = number == 0;
    firsts[num_distinct] = static_cast<int32_t>(i);
    num_distinct += is_new;
    number = is_new ? num_distinct : number;
    ids[i] = number - 1;
  }
  ARROW_RETURN_NOT_OK(firsts_.Resize(num_distinct));
  return true;
}

arrow::Status DistinctEntries::Find(std::span<const EntryValues> columns, int64_t count) {
  if (columns.size() == 1 && columns[0].width == 4) {
    ARROW_ASSIGN_OR_RAISE(const bool found, FindInRange(columns[0].fixed, count));
    if (found) return arrow::Status::OK();
  }
  return FindAt(columns, count, [](int64_t i) { return i; });
}

arrow::Result<bool> DistinctEntries::ManyAreEqual(std::span<const EntryValues> columns,
                                                  int64_t count) {
  constexpr int64_t kSample = 1024;
  const int64_t sample = std::min(count, kSample);
  ARROW_RETURN_NOT_OK(FindAt(columns, sample, [&](int64_t i) { return i * count / sample; }));
  return 10 * num_distinct() < 9 * sample;
}

}  // namespace emberharmony::io

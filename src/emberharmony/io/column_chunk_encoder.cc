#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/bit_packer.h"
#include "emberharmony/io/column_chunk_encoder_internal.h"
#include "emberharmony/io/index_kernels_internal.h"

namespace emberharmony::io {
namespace {

constexpr int64_t kLengthBytes = 4;  // before each value of variable length

template <typename Value>
void TakeFixed(const uint8_t* in, const int32_t* positions, int64_t n, int64_t base, uint8_t* out) {
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(out + i * sizeof(Value), in + (positions[i] - base) * sizeof(Value), sizeof(Value));
  }
}

/// out[i] = in[positions[i] - base], values of `width` bytes.
void Take(const uint8_t* in, int width, const int32_t* positions, int64_t n, int64_t base,
          uint8_t* out) {
  switch (width) {
    case 1:
      return TakeFixed<uint8_t>(in, positions, n, base, out);
    case 4:
      return TakeFixed<uint32_t>(in, positions, n, base, out);
    case 8:
      return TakeFixed<uint64_t>(in, positions, n, base, out);
    default:
      for (int64_t i = 0; i < n; ++i) {
        std::memcpy(out + i * width, in + (positions[i] - base) * width, width);
      }
  }
}

int64_t NumNullRows(const RowIds& rows) {
  int64_t nulls = 0;
  for (int64_t i = 0; i < rows.num_rows; ++i) nulls += rows.map[rows.slots[i]] < 0;
  return nulls;
}

arrow::Status NullInRequired(const ColumnFormat& format, int64_t num_nulls) {
  return base::DataError(
      fmt::format("column '{}' was declared to hold no nulls, found {}; add an impute step or make "
                  "the column nullable",
                  format.name, num_nulls));
}

}  // namespace

arrow::Result<std::unique_ptr<ColumnChunkEncoder>> ColumnChunkEncoder::Make(
    std::span<const ColumnFormat> columns, arrow::MemoryPool* pool) {
  std::unique_ptr<ColumnChunkEncoder> encoder(new ColumnChunkEncoder(columns, pool));
  ARROW_ASSIGN_OR_RAISE(encoder->page_writer_, ChunkPageWriter::Make(pool));
  return encoder;
}

ColumnChunkEncoder::ColumnChunkEncoder(std::span<const ColumnFormat> columns,
                                       arrow::MemoryPool* pool)
    : columns_(columns),
      pool_(pool),
      distinct_(pool),
      kept_(pool),
      converted_(pool),
      used_slots_(pool),
      map_(pool),
      narrower_map_(pool),
      valid_(pool),
      row_bytes_(pool),
      row_bits_(pool) {
  for (size_t i = 0; i < columns.size(); ++i) values_.emplace_back(pool_);
}

arrow::Result<std::vector<EncodedChunk>> ColumnChunkEncoder::Encode(SlotRows* rows) {
  std::vector<EncodedChunk> chunks(columns_.size());
  std::vector<int> pending(columns_.size());
  std::iota(pending.begin(), pending.end(), 0);
  bool one_by_one = false;
  if (rows->all_plain()) {
    ARROW_ASSIGN_OR_RAISE(const auto arrays, rows->PlainRows());
    pending.clear();
    for (size_t k = 0; k < columns_.size(); ++k) {
      ARROW_ASSIGN_OR_RAISE(auto chunk, EncodePlainRows(columns_[k], *arrays[k]));
      if (chunk.has_value()) {
        chunks[k] = std::move(*chunk);
      } else {
        pending.push_back(static_cast<int>(k));
      }
    }
    one_by_one = true;
  }
  if (pending.empty()) return chunks;
  ARROW_RETURN_NOT_OK(rows->GivePlainRowsSlots());
  // Columns with nulls of their own have validity, hence data pages, of their own.
  if (!one_by_one && !AnyUsedEntryIsNull(*rows)) {
    ARROW_RETURN_NOT_OK(EncodeColumns(*rows, pending, &chunks));
    return chunks;
  }
  for (const int k : pending) {
    ARROW_RETURN_NOT_OK(EncodeColumns(*rows, std::span(&k, 1), &chunks));
  }
  return chunks;
}

bool ColumnChunkEncoder::AnyUsedEntryIsNull(const SlotRows& rows) const {
  for (const SlotRows::Block& block : rows.blocks()) {
    for (const auto& array : block.values) {
      if (array->null_count() == 0) continue;
      for (int64_t i = 0; i < block.length; ++i) {
        if (rows.used()[block.base + i] && !IsValid(*array, i)) return true;
      }
    }
  }
  return false;
}

arrow::Status ColumnChunkEncoder::EncodeColumns(const SlotRows& rows, std::span<const int> columns,
                                                std::vector<EncodedChunk>* chunks) {
  ARROW_ASSIGN_OR_RAISE(const bool has_nulls, ListUsedSlots(rows, columns[0]));
  std::vector<EntryValues> tuple;
  bool any_binary = false;
  for (const int k : columns) {
    ARROW_RETURN_NOT_OK(GatherUsed(rows, k));
    tuple.push_back(values_[k].entries);
    any_binary |= columns_[k].binary();
  }
  Entries entries;
  entries.values = tuple[0];
  entries.count = used_slots_.size();
  entries.num_valid_rows = rows.num_rows() - rows.num_null_indices();
  bool merge_equal = false;
  if (entries.count > 1) {
    ARROW_ASSIGN_OR_RAISE(merge_equal, distinct_.ManyAreEqual(tuple, entries.count));
    constexpr int64_t kFewEntries = 1024;
    if (entries.count <= kFewEntries) merge_equal = true;
    if (!merge_equal && any_binary) {
      // Equal strings in a dictionary are forbidden, so they have to be looked for, unless no
      // dictionary will be written.
      Entries unmerged = entries;
      ARROW_ASSIGN_OR_RAISE(unmerged.rows, MapSlots(rows, false, has_nulls));
      merge_equal = columns.size() > 1 || DictionaryPays(columns_[columns[0]], unmerged);
    }
  }
  if (merge_equal) {
    ARROW_RETURN_NOT_OK(distinct_.Find(tuple, entries.count));
    merge_equal = distinct_.num_distinct() < entries.count;
  }
  ARROW_ASSIGN_OR_RAISE(entries.rows, MapSlots(rows, merge_equal, has_nulls));
  if (merge_equal) {
    entries.count = distinct_.num_distinct();
    for (const int k : columns) {
      ARROW_RETURN_NOT_OK(KeepFirstOfEqual(k, &values_[k]));
    }
  }
  if (has_nulls) entries.num_valid_rows = rows.num_rows() - NumNullRows(entries.rows);
  return EncodeGroup(columns, entries, chunks);
}

arrow::Result<bool> ColumnChunkEncoder::ListUsedSlots(const SlotRows& rows, int column) {
  used_slots_.Clear();
  bool has_nulls = false;
  for (const SlotRows::Block& block : rows.blocks()) {
    const arrow::Array& array = *block.values[column];
    const uint8_t* used = rows.used() + block.base;
    has_nulls |= used[block.length] != 0;
    const int64_t begin = used_slots_.size();
    ARROW_RETURN_NOT_OK(used_slots_.Resize(begin + block.length));
    int32_t* out = used_slots_.data() + begin;
    int64_t count = ListUsed(used, block.length, block.base, out);
    if (array.null_count() > 0) {
      const int64_t with_nulls = count;
      count = 0;
      for (int64_t i = 0; i < with_nulls; ++i) {
        const int32_t slot = out[i];
        out[count] = slot;
        count += IsValid(array, slot - block.base);
      }
      has_nulls |= count < with_nulls;
    }
    ARROW_RETURN_NOT_OK(used_slots_.Resize(begin + count));
  }
  return has_nulls;
}

arrow::Status ColumnChunkEncoder::GatherUsed(const SlotRows& rows, int column) {
  const ColumnFormat& format = columns_[column];
  Values& values = values_[column];
  const int64_t num_used = used_slots_.size();
  values.entries = {.width = format.width};
  if (format.conversion == Conversion::kNull) return arrow::Status::OK();
  if (format.binary()) {
    ARROW_RETURN_NOT_OK(values.views.Resize(num_used));
  } else {
    ARROW_RETURN_NOT_OK(values.fixed.Resize(num_used * format.width));
  }
  const int32_t* const all_used = used_slots_.data();
  int64_t next = 0;
  for (const SlotRows::Block& block : rows.blocks()) {
    const arrow::Array& array = *block.values[column];
    const int64_t end_slot = block.base + block.length;
    const int32_t* slots = all_used + next;
    const int64_t count = std::lower_bound(slots, all_used + num_used, end_slot) - slots;
    if (format.binary()) {
      for (int64_t i = 0; i < count; ++i) {
        values.views[next + i] = BinaryValue(array, slots[i] - block.base);
      }
      next += count;
      continue;
    }
    const uint8_t* in = ValuesInPlace(format, array);
    if (in != nullptr && rows.blocks().size() == 1 && count == block.length) {
      values.entries.fixed = in;
      return arrow::Status::OK();
    }
    if (in == nullptr) {
      ARROW_RETURN_NOT_OK(converted_.Resize(block.length * format.width));
      ARROW_RETURN_NOT_OK(ConvertValues(format, array, converted_.data()));
      in = converted_.data();
    }
    Take(in, format.width, slots, count, block.base, values.fixed.data() + next * format.width);
    next += count;
  }
  values.entries.fixed = values.fixed.data();
  values.entries.views = values.views.data();
  return arrow::Status::OK();
}

arrow::Status ColumnChunkEncoder::KeepFirstOfEqual(int column, Values* values) {
  const int64_t count = distinct_.num_distinct();
  const int32_t* firsts = distinct_.firsts();
  const EntryValues before = values_[column].entries;
  if (before.width == 0) {
    ARROW_RETURN_NOT_OK(kept_.views.Resize(count));
    for (int64_t i = 0; i < count; ++i) kept_.views[i] = before.views[firsts[i]];
  } else {
    ARROW_RETURN_NOT_OK(kept_.fixed.Resize(count * before.width));
    Take(before.fixed, before.width, firsts, count, 0, kept_.fixed.data());
  }
  std::swap(values->fixed, kept_.fixed);
  std::swap(values->views, kept_.views);
  values->entries = {
      .fixed = values->fixed.data(), .views = values->views.data(), .width = before.width};
  return arrow::Status::OK();
}

arrow::Result<RowIds> ColumnChunkEncoder::MapSlots(const SlotRows& rows, bool merge_equal,
                                                   bool has_nulls) {
  RowIds ids{.slots = rows.slots(), .num_rows = rows.num_rows(), .has_nulls = has_nulls};
  const int64_t num_used = used_slots_.size();
  const bool slots_are_entries = !merge_equal && !has_nulls && rows.blocks().size() == 1 &&
                                 num_used == rows.blocks()[0].length;
  if (slots_are_entries) return ids;
  ARROW_RETURN_NOT_OK(map_.Resize(rows.num_slots()));
  std::fill_n(map_.data(), map_.size(), -1);
  if (merge_equal) {
    for (int64_t i = 0; i < num_used; ++i) map_[used_slots_[i]] = distinct_.ids()[i];
  } else {
    for (int64_t i = 0; i < num_used; ++i) map_[used_slots_[i]] = static_cast<int32_t>(i);
  }
  ids.map = map_.data();
  return ids;
}

arrow::Status ColumnChunkEncoder::EncodeGroup(std::span<const int> columns, Entries entries,
                                              std::vector<EncodedChunk>* chunks) {
  std::shared_ptr<const PageBytes> shared[2];  // required, nullable
  row_bytes_.Clear();
  for (const int k : columns) {
    entries.values = values_[k].entries;
    if (columns.size() > 1) {
      ARROW_ASSIGN_OR_RAISE(const bool done, EncodeNarrower(k, entries, &(*chunks)[k]));
      if (done) continue;
    }
    const ColumnFormat& format = columns_[k];
    ARROW_ASSIGN_OR_RAISE((*chunks)[k], EncodeChunk(format, entries, &shared[format.nullable]));
  }
  return arrow::Status::OK();
}

arrow::Result<bool> ColumnChunkEncoder::EncodeNarrower(int column, const Entries& entries,
                                                       EncodedChunk* chunk) {
  if (entries.count < 2) return false;
  const EntryValues tuple[] = {entries.values};
  constexpr int64_t kFewEntries = 1024;
  if (entries.count > kFewEntries && !columns_[column].binary()) {
    ARROW_ASSIGN_OR_RAISE(const bool many_are_equal, distinct_.ManyAreEqual(tuple, entries.count));
    if (!many_are_equal) return false;
  }
  ARROW_RETURN_NOT_OK(distinct_.Find(tuple, entries.count));
  const bool narrower =
      4 * IndexBitWidth(distinct_.num_distinct()) < 3 * IndexBitWidth(entries.count);
  // Shared pages cost nothing but their bytes; strings must not repeat in any case.
  const bool must = columns_[column].binary() && distinct_.num_distinct() < entries.count;
  if (!narrower && !must) return false;
  const int64_t num_distinct = distinct_.num_distinct();
  if (num_distinct == 2 && entries.count <= 256 && !entries.rows.has_nulls &&
      !columns_[column].boolean()) {
    ARROW_ASSIGN_OR_RAISE(*chunk, EncodeTwoValues(column, entries));
    return true;
  }
  const int64_t num_slots = map_.size();
  Entries own = entries;
  if (entries.rows.map == nullptr) {
    own.rows.map = distinct_.ids();
  } else {
    ARROW_RETURN_NOT_OK(narrower_map_.Resize(num_slots));
    for (int64_t i = 0; i < num_slots; ++i) {
      narrower_map_[i] = map_[i] < 0 ? -1 : distinct_.ids()[map_[i]];
    }
    own.rows.map = narrower_map_.data();
  }
  ARROW_RETURN_NOT_OK(KeepFirstOfEqual(column, &values_[column]));
  own.values = values_[column].entries;
  own.count = distinct_.num_distinct();
  ARROW_ASSIGN_OR_RAISE(*chunk, EncodeChunk(columns_[column], own, nullptr));
  return true;
}

arrow::Result<EncodedChunk> ColumnChunkEncoder::EncodeTwoValues(int column,
                                                                const Entries& entries) {
  const ColumnFormat& format = columns_[column];
  ARROW_RETURN_NOT_OK(RowsAsBytes(entries));
  uint8_t table[256] = {};
  for (int64_t i = 0; i < entries.count; ++i) table[i] = static_cast<uint8_t>(distinct_.ids()[i]);
  const int64_t num_rows = entries.rows.num_rows;
  ARROW_RETURN_NOT_OK(row_bits_.Resize(arrow::bit_util::BytesForBits(num_rows)));
  LookUpBits(row_bytes_.data(), num_rows, table, row_bits_.data());
  ARROW_RETURN_NOT_OK(KeepFirstOfEqual(column, &values_[column]));
  EncodedChunk chunk;
  chunk.num_rows = num_rows;
  const EntryValues& values = values_[column].entries;
  ARROW_ASSIGN_OR_RAISE(chunk.statistics, MakeStatistics(format, values, 2, 0));
  ARROW_ASSIGN_OR_RAISE(chunk.dictionary, page_writer_->WriteDictionary(values, 2));
  ARROW_ASSIGN_OR_RAISE(PageBytes pages,
                        page_writer_->WriteIndexBits(format.nullable, row_bits_.data(), num_rows));
  chunk.data = std::make_shared<const PageBytes>(std::move(pages));
  return chunk;
}

arrow::Status ColumnChunkEncoder::RowsAsBytes(const Entries& entries) {
  if (row_bytes_.size() > 0) return arrow::Status::OK();
  const RowIds& rows = entries.rows;
  ARROW_RETURN_NOT_OK(row_bytes_.Resize(rows.num_rows));
  uint8_t* out = row_bytes_.data();
  if (rows.map == nullptr) {
    for (int64_t i = 0; i < rows.num_rows; ++i) out[i] = static_cast<uint8_t>(rows.slots[i]);
  } else {
    for (int64_t i = 0; i < rows.num_rows; ++i)
      out[i] = static_cast<uint8_t>(rows.map[rows.slots[i]]);
  }
  return arrow::Status::OK();
}

arrow::Result<EncodedChunk> ColumnChunkEncoder::EncodeChunk(
    const ColumnFormat& format, const Entries& entries,
    std::shared_ptr<const PageBytes>* shared_pages) {
  const int64_t num_nulls = entries.rows.num_rows - entries.num_valid_rows;
  EncodedChunk chunk;
  chunk.num_rows = entries.rows.num_rows;
  ARROW_ASSIGN_OR_RAISE(chunk.statistics,
                        MakeStatistics(format, entries.values, entries.count, num_nulls));
  if (!DictionaryPays(format, entries)) {
    ARROW_ASSIGN_OR_RAISE(PageBytes pages,
                          page_writer_->WritePlain(format, entries.rows, entries.values));
    chunk.data = std::make_shared<const PageBytes>(std::move(pages));
    return chunk;
  }
  ARROW_ASSIGN_OR_RAISE(chunk.dictionary,
                        page_writer_->WriteDictionary(entries.values, entries.count));
  if (shared_pages != nullptr && *shared_pages != nullptr) {
    chunk.data = *shared_pages;
    return chunk;
  }
  ARROW_ASSIGN_OR_RAISE(PageBytes pages,
                        page_writer_->WriteIndices(format.nullable, entries.rows, entries.count));
  chunk.data = std::make_shared<const PageBytes>(std::move(pages));
  if (shared_pages != nullptr) *shared_pages = chunk.data;
  return chunk;
}

bool ColumnChunkEncoder::DictionaryPays(const ColumnFormat& format, const Entries& entries) const {
  // Parquet has no dictionaries of booleans, and without values there is nothing to look up.
  if (format.boolean() || entries.count == 0) return false;
  const int64_t index_bytes = entries.num_valid_rows * IndexBitWidth(entries.count) / 8;
  if (!format.binary()) {
    return entries.count * format.width + index_bytes < entries.num_valid_rows * format.width;
  }
  int64_t dictionary_bytes = 0;
  int64_t shortest = entries.values.views[0].size();
  for (int64_t i = 0; i < entries.count; ++i) {
    const auto length = static_cast<int64_t>(entries.values.views[i].size());
    dictionary_bytes += kLengthBytes + length;
    shortest = std::min(shortest, length);
  }
  // Each entry occurs at least once, so the dictionary is a part of the plain values; the other
  // rows are no shorter than the shortest entry. Often this decides without looking at the rows.
  const int64_t other_rows = entries.num_valid_rows - entries.count;
  if (index_bytes < other_rows * (kLengthBytes + shortest)) return true;
  int64_t plain_bytes = 0;
  const RowIds& rows = entries.rows;
  for (int64_t i = 0; i < rows.num_rows; ++i) {
    const int32_t id = rows.map == nullptr ? rows.slots[i] : rows.map[rows.slots[i]];
    if (id >= 0)
      plain_bytes += kLengthBytes + static_cast<int64_t>(entries.values.views[id].size());
  }
  return dictionary_bytes + index_bytes < plain_bytes;
}

arrow::Result<parquet::EncodedStatistics> ColumnChunkEncoder::MakeStatistics(
    const ColumnFormat& format, const EntryValues& values, int64_t count, int64_t num_nulls) const {
  if (num_nulls > 0 && !format.nullable) return NullInRequired(format, num_nulls);
  parquet::EncodedStatistics statistics;
  statistics.set_null_count(num_nulls);
  statistics.all_null_value = count == 0;
  statistics.set_is_signed(format.descriptor->sort_order() == parquet::SortOrder::SIGNED);
  if (format.binary()) {
    AddMinMax(format, values.views, count, &statistics);
  } else {
    AddMinMax(format, values.fixed, count, &statistics);
  }
  return statistics;
}

arrow::Result<std::optional<EncodedChunk>> ColumnChunkEncoder::EncodePlainRows(
    const ColumnFormat& format, const arrow::Array& array) {
  ARROW_RETURN_NOT_OK(GatherValid(format, array, &kept_));
  const int64_t num_rows = array.length();
  const int64_t num_nulls = format.conversion == Conversion::kNull ? num_rows : array.null_count();
  const int64_t num_values = num_rows - num_nulls;
  if (num_values > 1 && !format.boolean()) {
    const EntryValues tuple[] = {kept_.entries};
    ARROW_ASSIGN_OR_RAISE(const bool many_are_equal, distinct_.ManyAreEqual(tuple, num_values));
    if (many_are_equal) return std::nullopt;
  }
  const uint8_t* valid = nullptr;
  if (num_nulls > 0) {
    ARROW_RETURN_NOT_OK(valid_.Resize(arrow::bit_util::BytesForBits(num_rows)));
    valid = valid_.data();
    if (array.null_bitmap_data() == nullptr) {
      std::memset(valid_.data(), 0, valid_.size());
    } else {
      arrow::internal::CopyBitmap(array.null_bitmap_data(), array.offset(), num_rows, valid_.data(),
                                  0);
    }
  }
  EncodedChunk chunk;
  chunk.num_rows = num_rows;
  ARROW_ASSIGN_OR_RAISE(chunk.statistics,
                        MakeStatistics(format, kept_.entries, num_values, num_nulls));
  ARROW_ASSIGN_OR_RAISE(PageBytes pages,
                        page_writer_->WriteDense(format, valid, num_rows, kept_.entries));
  chunk.data = std::make_shared<const PageBytes>(std::move(pages));
  return chunk;
}

arrow::Status ColumnChunkEncoder::GatherValid(const ColumnFormat& format, const arrow::Array& array,
                                              Values* values) {
  const int64_t n = array.length();
  values->entries = {.width = format.width};
  if (format.conversion == Conversion::kNull) return arrow::Status::OK();
  if (format.binary()) {
    ARROW_RETURN_NOT_OK(values->views.Resize(n));
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (array.IsValid(i)) values->views[count++] = BinaryValue(array, i);
    }
    values->entries.views = values->views.data();
    return arrow::Status::OK();
  }
  const uint8_t* in = ValuesInPlace(format, array);
  if (in != nullptr && array.null_count() == 0) {
    values->entries.fixed = in;
    return arrow::Status::OK();
  }
  if (in == nullptr) {
    ARROW_RETURN_NOT_OK(converted_.Resize(n * format.width));
    ARROW_RETURN_NOT_OK(ConvertValues(format, array, converted_.data()));
    in = converted_.data();
  }
  ARROW_RETURN_NOT_OK(used_slots_.Resize(n));
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) {
    used_slots_[count] = static_cast<int32_t>(i);
    count += array.IsValid(i);
  }
  ARROW_RETURN_NOT_OK(values->fixed.Resize(count * format.width));
  Take(in, format.width, used_slots_.data(), count, 0, values->fixed.data());
  values->entries.fixed = values->fixed.data();
  return arrow::Status::OK();
}

}  // namespace emberharmony::io

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include <algorithm>

#include "emberharmony/io/arrow_dictionaries_internal.h"
#include "emberharmony/io/arrow_value_reader_internal.h"
#include "emberharmony/io/normalized_type_internal.h"

namespace emberharmony::io::internal {

using arrow::Result;
using arrow::Status;

Result<std::vector<int32_t>> ArrowDictionaries::BatchesFor(const ArrowColumn& column,
                                                           size_t i) const {
  const ArrowFileIndex& index = *file_->index;
  const auto found = index.dictionaries_of.find(column.dictionary_id);
  if (found == index.dictionaries_of.end()) return std::vector<int32_t>();
  const std::vector<int32_t>& all = found->second;
  const auto end_for = [&](size_t batch) {
    const int32_t limit = index.batches[static_cast<size_t>(batches_[batch])].num_dictionaries;
    return std::lower_bound(all.begin(), all.end(), limit);
  };
  const auto is_delta = [&](int32_t ordinal) {
    return index.dictionaries[static_cast<size_t>(ordinal)].is_delta;
  };
  auto end = end_for(i);
  auto begin = end;
  while (begin != all.begin() && is_delta(*(begin - 1))) --begin;
  if (begin == all.begin() && begin != end) {
    return Status::Invalid("its dictionary begins with an addition to it");
  }
  if (begin != all.begin()) --begin;
  // Additions leave the entries before them alone: those that later batches of the unit need can be
  // there from the start, so that the dictionary is put together once.
  const auto last = end_for(batches_.size() - 1);
  while (end < last && is_delta(*end)) ++end;
  return std::vector<int32_t>(begin, end);
}

Result<std::shared_ptr<arrow::Array>> ArrowDictionaries::Read(const ArrowColumn& column,
                                                              const std::vector<int32_t>& ordinals,
                                                              size_t i) {
  const ArrowColumn& values = column.children[0];
  arrow::ArrayVector parts;
  for (const int32_t ordinal : ordinals) {
    const ArrowMessagePlace& place = file_->index->dictionaries[static_cast<size_t>(ordinal)].place;
    ARROW_ASSIGN_OR_RAISE(const FoundMessage found,
                          ReadArrowMessage(file_->file.get(), file_->size, place.begin, pool_));
    if (found.message == nullptr || found.message->kind() != ArrowMessage::Kind::kDictionary) {
      return Status::Invalid("its dictionary is not where it was");
    }
    const ArrowBody body{file_->file, found.message, found.place.body_begin, nullptr, 0, 0};
    ARROW_ASSIGN_OR_RAISE(auto reader, ArrowValueReader::Make({body, this, i, pool_}, values));
    ARROW_ASSIGN_OR_RAISE(auto part, reader->Read(0, reader->num_rows()));
    parts.push_back(std::move(part));
  }
  // Without a dictionary, rows can only be null.
  if (parts.empty()) return arrow::MakeEmptyArray(NormalizedType(values.type), pool_);
  if (parts.size() == 1) return std::move(parts[0]);
  return arrow::Concatenate(parts, pool_);
}

Result<std::shared_ptr<arrow::Array>> ArrowDictionaries::Entries(const ArrowColumn& column,
                                                                 size_t i) {
  ARROW_ASSIGN_OR_RAISE(auto ordinals, BatchesFor(column, i));
  Kept& kept = kept_[&column];
  if (kept.entries != nullptr && kept.ordinals == ordinals) return kept.entries;
  kept.entries.reset();
  ARROW_ASSIGN_OR_RAISE(auto entries, Read(column, ordinals, i));
  kept = {std::move(ordinals), entries};
  return entries;
}

}  // namespace emberharmony::io::internal

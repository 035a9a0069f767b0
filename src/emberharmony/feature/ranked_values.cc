#include <arrow/buffer.h>

#include <algorithm>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/counted_values_internal.h"
#include "emberharmony/feature/ranked_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr size_t kRankedFlushBytes = 256 * 1024;

}  // namespace

arrow::Result<RankedValuesReader::Batch> RankedValuesReader::Next() {
  const ValueKeys& keys = ranked_->keys();
  const bool is_bytes = keys.form() == ValueKeys::Form::kBytes;
  const int64_t rows_max = std::min(VocabularyBatchRowsMax(*keys.type()), rows_max_);
  // What is gathered here, until it lies in arrays.
  base::MemoryReservation reservation(dynamic_cast<base::MemoryBudget*>(pool_));
  std::vector<uint64_t> numbers;
  std::string bytes;
  std::vector<size_t> ends;
  std::vector<int64_t> counts;
  CountedEntry entry;
  while (static_cast<int64_t>(counts.size()) < rows_max) {
    ARROW_ASSIGN_OR_RAISE(const bool more, stream_->Next(&entry));
    if (!more) break;
    counts.push_back(entry.count);
    if (is_bytes) {
      bytes.append(entry.bytes);
      ends.push_back(bytes.size());
    } else {
      numbers.push_back(entry.key);
    }
    if (static_cast<int64_t>(bytes.size()) >= kVocabularyBatchBytes) break;
  }
  ARROW_RETURN_NOT_OK(reservation.Resize(static_cast<int64_t>(
      bytes.capacity() + (numbers.capacity() + ends.capacity() + counts.capacity()) * 8)));
  Batch batch;
  const auto n = static_cast<int64_t>(counts.size());
  if (n == 0) return batch;
  if (is_bytes) {
    const auto view = [&](int64_t i) {
      const size_t begin = i == 0 ? 0 : ends[static_cast<size_t>(i) - 1];
      return std::string_view(bytes).substr(begin, ends[static_cast<size_t>(i)] - begin);
    };
    ARROW_ASSIGN_OR_RAISE(batch.values, keys.MakeBytes(n, view, pool_));
  } else {
    const auto number = [&](int64_t i) { return numbers[static_cast<size_t>(i)]; };
    ARROW_ASSIGN_OR_RAISE(batch.values, keys.MakeNumbers(n, number, pool_));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(int64_t)), pool_));
  std::copy(counts.begin(), counts.end(), reinterpret_cast<int64_t*>(buffer->mutable_data()));
  batch.counts = std::make_shared<arrow::Int64Array>(n, std::move(buffer));
  return batch;
}

arrow::Result<std::unique_ptr<RankedValuesWriter>> RankedValuesWriter::Make(
    ValueKeys keys, const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(auto file, base::SpillFile::Create(folder));
  return std::unique_ptr<RankedValuesWriter>(
      new RankedValuesWriter(std::move(keys), std::move(file)));
}

arrow::Status RankedValuesWriter::Add(const CountedEntry& entry) {
  AppendEntry(entry, section_, &buffer_);
  ++run_.num_entries[section_];
  const auto hashed_section =
      static_cast<size_t>(section_ == kLongSection ? SectionOf(entry.bytes) : section_);
  ++sizes_.num_values[hashed_section];
  sizes_.num_bytes[hashed_section] += static_cast<int64_t>(entry.bytes.size());
  return buffer_.size() >= kRankedFlushBytes ? Flush() : arrow::Status::OK();
}

arrow::Status RankedValuesWriter::Add(const arrow::Array& values, const arrow::Int64Array& counts) {
  bool valid[ValueKeys::kChunk];
  uint64_t numbers[ValueKeys::kChunk];
  std::string_view bytes[ValueKeys::kChunk];
  char scratch[ValueKeys::kChunk * 32];
  const bool is_bytes = keys_.form() == ValueKeys::Form::kBytes;
  for (int64_t begin = 0; begin < values.length(); begin += ValueKeys::kChunk) {
    const int n = static_cast<int>(std::min<int64_t>(ValueKeys::kChunk, values.length() - begin));
    const bool all_there = is_bytes ? keys_.ReadBytes(values, begin, n, bytes, valid, scratch)
                                    : keys_.ReadNumbers(values, begin, n, numbers, valid);
    if (!all_there) {
      return base::DataError("values of a vocabulary are missing; each must occur once");
    }
    for (int i = 0; i < n; ++i) {
      CountedEntry entry;
      entry.count = counts.Value(begin + i);
      if (is_bytes) {
        entry.bytes = bytes[i];
      } else {
        entry.key = numbers[i];
      }
      ARROW_RETURN_NOT_OK(Add(entry));
    }
  }
  return arrow::Status::OK();
}

// The file is this writer's alone, so what is appended follows what was.
arrow::Status RankedValuesWriter::Flush() {
  ARROW_RETURN_NOT_OK(run_.file->Append(buffer_).status());
  run_.num_bytes[section_] += static_cast<int64_t>(buffer_.size());
  buffer_.clear();
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<const RankedValues>> RankedValuesWriter::Finish() {
  ARROW_RETURN_NOT_OK(Flush());
  return std::make_shared<const RankedValues>(keys_, run_, sizes_);
}

}  // namespace emberharmony::feature

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_column_reader_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

std::shared_ptr<arrow::DataType> Storage(std::shared_ptr<arrow::DataType> type) {
  while (type->id() == Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  }
  return type;
}

const arrow::DictionaryType& AsDictionary(const arrow::DataType& type) {
  return static_cast<const arrow::DictionaryType&>(type);
}

const arrow::RunEndEncodedType& AsRuns(const arrow::DataType& type) {
  return static_cast<const arrow::RunEndEncodedType&>(type);
}

/// Calls visit(values) with the stored integers of an array of any integer type.
template <typename Visit>
Status VisitIntegers(const arrow::Array& array, Visit visit) {
  const auto& data = *array.data();
  switch (array.type_id()) {
    case Type::INT8:
      return visit(data.GetValues<int8_t>(1));
    case Type::UINT8:
      return visit(data.GetValues<uint8_t>(1));
    case Type::INT16:
      return visit(data.GetValues<int16_t>(1));
    case Type::UINT16:
      return visit(data.GetValues<uint16_t>(1));
    case Type::INT32:
      return visit(data.GetValues<int32_t>(1));
    case Type::UINT32:
      return visit(data.GetValues<uint32_t>(1));
    case Type::INT64:
      return visit(data.GetValues<int64_t>(1));
    case Type::UINT64:
      return visit(data.GetValues<uint64_t>(1));
    default:
      return Status::Invalid("indices of type ", array.type()->ToString());
  }
}

}  // namespace

ArrowColumnReader::ArrowColumnReader(std::shared_ptr<const ArrowFile> file, int column,
                                     std::vector<ArrowBatchToRead> batches, int64_t read_bytes,
                                     arrow::MemoryPool* pool)
    : file_(std::move(file)),
      column_(column),
      stored_(file_->index->columns[static_cast<size_t>(column)]),
      name_(file_->index->schema->field(column)->name()),
      batches_(std::move(batches)),
      read_bytes_(read_bytes),
      pool_(pool) {}

bool ArrowColumnReader::CanRead(const arrow::DataType& type) {
  if (type.id() == Type::DICTIONARY) {
    return IsPlainType(*Storage(AsDictionary(type).value_type()));
  }
  if (type.id() == Type::RUN_END_ENCODED) {
    const auto values = Storage(AsRuns(type).value_type());
    return values->id() == Type::DICTIONARY ? CanRead(*values) : IsPlainType(*values);
  }
  return IsPlainType(type);
}

Status ArrowColumnReader::WithContext(const Status& status) const {
  if (status.ok()) return status;
  std::string where = "'" + file_->name + "', ";
  if (next_batch_ > 0) {
    where += "record batch " + std::to_string(batches_[next_batch_ - 1].batch) + ", ";
  }
  where += "column '" + name_ + "': ";
  if (status.IsOutOfMemory()) return status.WithMessage(where, status.message());
  return base::DataError(where + status.message() +
                         "; the file is damaged or was written wrongly: get or write it again");
}

Status ArrowColumnReader::Skip(int64_t n) { return WithContext(SkipRows(n)); }

Status ArrowColumnReader::Read(int64_t n, Column* out) { return WithContext(ReadRows(n, out)); }

Status ArrowColumnReader::SkipRows(int64_t n) {
  while (next_batch_ < batches_.size() && n >= batches_[next_batch_].message->num_rows()) {
    n -= batches_[next_batch_++].message->num_rows();
  }
  if (n == 0) return Status::OK();
  ARROW_RETURN_NOT_OK(OpenBatch());
  if (n > rows_left_) return Status::Invalid("rows were asked for beyond its end");
  rows_left_ -= n;
  run_row_ += n;
  if (reader_ != nullptr) reader_->Skip(n);
  return Status::OK();
}

Status ArrowColumnReader::ReadRows(int64_t n, Column* out) {
  while (n > 0) {
    if (rows_left_ == 0) {
      ARROW_RETURN_NOT_OK(OpenBatch());
      continue;
    }
    const int64_t wanted = std::min(n, rows_left_);
    const size_t before = out->pieces.size();
    if (stored_.type->id() == Type::DICTIONARY) {
      ARROW_RETURN_NOT_OK(AppendDictionaryRows(wanted, out));
    } else if (stored_.type->id() == Type::RUN_END_ENCODED) {
      ARROW_RETURN_NOT_OK(AppendRunRows(wanted, out));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto array, reader_->Read(wanted));
      const int64_t rows = array->length();
      out->pieces.push_back({std::move(array), nullptr, rows, 0});
    }
    for (size_t i = before; i < out->pieces.size(); ++i) {
      n -= out->pieces[i].num_rows;
      rows_left_ -= out->pieces[i].num_rows;
    }
  }
  return Status::OK();
}

Result<ArrowBody> ArrowColumnReader::BodyOf(const ArrowBatchToRead& batch) const {
  const auto& place = file_->index->batches[static_cast<size_t>(batch.batch)].place;
  ArrowBody body{file_->file, batch.message, place.body_begin, nullptr, 0};
  // A column's buffers lie side by side: where they are few bytes, one read fetches them all.
  const ArrowMessage& message = *batch.message;
  int64_t first = stored_.first_buffer;
  int64_t count = stored_.num_buffers;
  if (stored_.first_view + stored_.num_views > 0) {
    ARROW_ASSIGN_OR_RAISE(const int64_t before, message.CountVariadic(stored_.first_view));
    ARROW_ASSIGN_OR_RAISE(const int64_t with,
                          message.CountVariadic(stored_.first_view + stored_.num_views));
    first += before;
    count += with - before;
  }
  if (first + count > message.num_buffers()) {
    return Status::Invalid("it has ", message.num_buffers(), " buffers, fewer than its columns");
  }
  int64_t begin = std::numeric_limits<int64_t>::max();
  int64_t end = 0;
  for (int64_t i = first; i < first + count; ++i) {
    ARROW_ASSIGN_OR_RAISE(const ArrowMessage::Place buffer, message.buffer(i));
    if (buffer.size == 0) continue;
    begin = std::min(begin, buffer.offset);
    end = std::max(end, buffer.offset + buffer.size);
  }
  if (begin >= end || end - begin > read_bytes_) return body;
  const FileRange range{file_->file, place.body_begin + begin, end - begin, nullptr, 0};
  ARROW_ASSIGN_OR_RAISE(body.kept, range.Read(0, range.size, pool_));
  body.kept_begin = range.begin;
  return body;
}

Status ArrowColumnReader::OpenBatch() {
  while (next_batch_ < batches_.size() && batches_[next_batch_].message->num_rows() == 0) {
    ++next_batch_;
  }
  if (next_batch_ == batches_.size()) return Status::Invalid("rows were asked for beyond its end");
  const ArrowBatchToRead& batch = batches_[next_batch_++];
  reader_.reset();
  ARROW_ASSIGN_OR_RAISE(const ArrowBody body, BodyOf(batch));
  const ArrayParts parts{stored_.first_node, stored_.first_buffer, stored_.first_view};
  rows_left_ = batch.message->num_rows();
  run_row_ = 0;
  if (stored_.type->id() == Type::RUN_END_ENCODED) return OpenRuns(body, parts);
  auto type = stored_.type;
  if (type->id() == Type::DICTIONARY) {
    ARROW_RETURN_NOT_OK(LoadDictionary());
    type = AsDictionary(*type).index_type();
  }
  ARROW_ASSIGN_OR_RAISE(reader_, ArrowArrayReader::Make(body, type, parts, pool_));
  if (reader_->num_rows() != rows_left_) {
    return Status::Invalid("it claims ", reader_->num_rows(), " rows, but its record batch has ",
                           rows_left_);
  }
  return Status::OK();
}

Result<std::vector<int32_t>> ArrowColumnReader::DictionariesFor(size_t i) const {
  const ArrowFileIndex& index = *file_->index;
  const auto found = index.dictionaries_of.find(stored_.dictionary_id);
  if (found == index.dictionaries_of.end()) return std::vector<int32_t>();
  const std::vector<int32_t>& all = found->second;
  const auto end_for = [&](size_t batch) {
    const int32_t limit =
        index.batches[static_cast<size_t>(batches_[batch].batch)].num_dictionaries;
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

Status ArrowColumnReader::LoadDictionary() {
  ARROW_ASSIGN_OR_RAISE(std::vector<int32_t> ordinals, DictionariesFor(next_batch_ - 1));
  if (dictionary_.values != nullptr && dictionary_.ordinals == ordinals) return Status::OK();
  dictionary_ = Dictionary();
  arrow::ArrayVector parts;
  for (const int32_t ordinal : ordinals) {
    ARROW_ASSIGN_OR_RAISE(auto part, ReadDictionary(ordinal));
    parts.push_back(std::move(part));
  }
  std::shared_ptr<arrow::Array> entries;
  if (parts.empty()) {
    // Without a dictionary, rows can only be null.
    ARROW_ASSIGN_OR_RAISE(
        entries, arrow::MakeEmptyArray(file_->index->schema->field(column_)->type(), pool_));
  } else if (parts.size() == 1) {
    entries = std::move(parts[0]);
  } else {
    ARROW_ASSIGN_OR_RAISE(entries, arrow::Concatenate(parts, pool_));
  }
  ARROW_RETURN_NOT_OK(SetDictionary(std::move(entries), &dictionary_));
  dictionary_.id = batches_[next_batch_ - 1].dictionary_id;
  dictionary_.ordinals = std::move(ordinals);
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> ArrowColumnReader::ReadDictionary(int32_t ordinal) const {
  const ArrowMessagePlace& place = file_->index->dictionaries[static_cast<size_t>(ordinal)].place;
  ARROW_ASSIGN_OR_RAISE(const FoundMessage found,
                        ReadArrowMessage(file_->file.get(), file_->size, place.begin, pool_));
  if (found.message == nullptr || found.message->kind() != ArrowMessage::Kind::kDictionary) {
    return Status::Invalid("its dictionary is not where it was");
  }
  auto type = stored_.type;
  if (type->id() == Type::RUN_END_ENCODED) type = Storage(AsRuns(*type).value_type());
  const auto values = Storage(AsDictionary(*type).value_type());
  const ArrowBody body{file_->file, found.message, found.place.body_begin, nullptr, 0};
  ARROW_ASSIGN_OR_RAISE(auto reader, ArrowArrayReader::Make(body, values, {}, pool_));
  return reader->ReadAll();
}

Status ArrowColumnReader::SetDictionary(std::shared_ptr<arrow::Array> entries,
                                        Dictionary* out) const {
  out->num_entries = entries->length();
  if (entries->length() >= std::numeric_limits<int32_t>::max()) {
    return Status::Invalid("a dictionary has more than 2^31 entries");
  }
  if (entries->type_id() != Type::NA && entries->null_count() == 0) {
    out->values = std::move(entries);
    return Status::OK();
  }
  // Pieces have dictionaries without nulls: rows that point at one are null themselves.
  const auto num_values = static_cast<int32_t>(entries->length() - entries->null_count());
  arrow::Int32Builder kept(pool_);
  ARROW_RETURN_NOT_OK(kept.Reserve(num_values));
  out->index_of.assign(static_cast<size_t>(entries->length()), num_values);
  int32_t next = 0;
  for (int64_t i = 0; i < entries->length() && num_values > 0; ++i) {
    if (entries->IsNull(i)) continue;
    out->index_of[static_cast<size_t>(i)] = next++;
    kept.UnsafeAppend(static_cast<int32_t>(i));
  }
  ARROW_ASSIGN_OR_RAISE(const auto indices, kept.Finish());
  arrow::compute::ExecContext context(pool_);
  ARROW_ASSIGN_OR_RAISE(
      out->values, arrow::compute::Take(*entries, *indices,
                                        arrow::compute::TakeOptions::NoBoundsCheck(), &context));
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> ArrowColumnReader::IndicesOf(
    const arrow::Array& stored, const Dictionary& dictionary) const {
  const int64_t n = stored.length();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> result, arrow::AllocateBuffer(n * 4, pool_));
  auto* out = reinterpret_cast<int32_t*>(result->mutable_data());
  const auto null_index = static_cast<int32_t>(dictionary.values->length());
  const auto num_entries = static_cast<uint64_t>(dictionary.num_entries);
  const int32_t* index_of = dictionary.index_of.empty() ? nullptr : dictionary.index_of.data();
  const bool has_nulls = stored.null_count() > 0;
  ARROW_RETURN_NOT_OK(VisitIntegers(stored, [&](const auto* values) -> Status {
    for (int64_t i = 0; i < n; ++i) {
      // A negative index becomes a very large one.
      const auto index = static_cast<uint64_t>(values[i]);
      if (has_nulls && stored.IsNull(i)) {
        out[i] = null_index;
      } else if (index < num_entries) {
        out[i] = index_of != nullptr ? index_of[index] : static_cast<int32_t>(index);
      } else {
        return Status::Invalid("it has the index ", +values[i], " into a dictionary of ",
                               num_entries, " entries");
      }
    }
    return Status::OK();
  }));
  return result;
}

Status ArrowColumnReader::AppendDictionaryRows(int64_t n, Column* out) {
  ARROW_ASSIGN_OR_RAISE(const auto stored, reader_->Read(n));
  ARROW_ASSIGN_OR_RAISE(auto indices, IndicesOf(*stored, dictionary_));
  out->pieces.push_back({dictionary_.values, std::move(indices), n, dictionary_.id});
  return Status::OK();
}

Status ArrowColumnReader::OpenRuns(const ArrowBody& body, const ArrayParts& parts) {
  const ArrowBatchToRead& batch = batches_[next_batch_ - 1];
  // Before version 5 run ends had a validity bitmap, though they never were null themselves.
  const int64_t first_buffer = parts.buffer + (file_->index->before_v5 ? 1 : 0);
  const ArrayParts end_parts{parts.node + 1, first_buffer, parts.view};
  ARROW_ASSIGN_OR_RAISE(
      auto ends,
      ArrowArrayReader::Make(body, AsRuns(*stored_.type).run_end_type(), end_parts, pool_));
  ARROW_ASSIGN_OR_RAISE(run_ends_, ends->ReadAll());
  auto type = Storage(AsRuns(*stored_.type).value_type());
  const ArrayParts value_parts{parts.node + 2, first_buffer + 2, parts.view};
  run_dictionary_ = Dictionary();
  if (type->id() == Type::DICTIONARY) {
    ARROW_RETURN_NOT_OK(LoadDictionary());
    ARROW_ASSIGN_OR_RAISE(
        auto indices,
        ArrowArrayReader::Make(body, AsDictionary(*type).index_type(), value_parts, pool_));
    ARROW_ASSIGN_OR_RAISE(const auto stored, indices->ReadAll());
    ARROW_ASSIGN_OR_RAISE(run_values_, IndicesOf(*stored, dictionary_));
    run_dictionary_ = dictionary_;
  } else {
    ARROW_ASSIGN_OR_RAISE(auto values, ArrowArrayReader::Make(body, type, value_parts, pool_));
    ARROW_ASSIGN_OR_RAISE(auto entries, values->ReadAll());
    ARROW_RETURN_NOT_OK(SetDictionary(std::move(entries), &run_dictionary_));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                          arrow::AllocateBuffer(run_dictionary_.num_entries * 4, pool_));
    auto* out = reinterpret_cast<int32_t*>(indices->mutable_data());
    for (int64_t i = 0; i < run_dictionary_.num_entries; ++i) {
      out[i] = run_dictionary_.index_of.empty() ? static_cast<int32_t>(i)
                                                : run_dictionary_.index_of[static_cast<size_t>(i)];
    }
    run_values_ = std::move(indices);
    run_dictionary_.id = batch.dictionary_id;
  }
  run_ = 0;
  const int64_t num_runs = run_ends_->length();
  if (num_runs != run_values_->size() / 4 || run_ends_->null_count() > 0) {
    return Status::Invalid("it has ", num_runs, " ends for ", run_values_->size() / 4, " runs");
  }
  return VisitIntegers(*run_ends_, [&](const auto* values) -> Status {
    int64_t last = 0;
    for (int64_t i = 0; i < num_runs; ++i) {
      const auto end = static_cast<int64_t>(values[i]);
      if (end <= last) return Status::Invalid("run ", i, " ends at row ", end, " after ", last);
      last = end;
    }
    if (last < rows_left_) {
      return Status::Invalid("its runs end at row ", last, " of ", rows_left_);
    }
    return Status::OK();
  });
}

Status ArrowColumnReader::AppendRunRows(int64_t n, Column* out) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                        arrow::AllocateBuffer(n * 4, pool_));
  auto* rows = reinterpret_cast<int32_t*>(indices->mutable_data());
  const auto* run_values = reinterpret_cast<const int32_t*>(run_values_->data());
  ARROW_RETURN_NOT_OK(VisitIntegers(*run_ends_, [&](const auto* ends) -> Status {
    for (int64_t done = 0; done < n;) {
      while (static_cast<int64_t>(ends[run_]) <= run_row_) ++run_;
      const int64_t count = std::min(n - done, static_cast<int64_t>(ends[run_]) - run_row_);
      std::fill_n(rows + done, count, run_values[run_]);
      done += count;
      run_row_ += count;
    }
    return Status::OK();
  }));
  out->pieces.push_back({run_dictionary_.values, std::move(indices), n, run_dictionary_.id});
  return Status::OK();
}

}  // namespace emberharmony::io::internal

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <limits>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/arrow_column_reader_internal.h"
#include "emberharmony/io/piece_dictionary_internal.h"
#include "emberharmony/io/stored_integers_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;

const arrow::DictionaryType& AsDictionary(const arrow::DataType& type) {
  return static_cast<const arrow::DictionaryType&>(type);
}

std::vector<int32_t> NumbersOf(const std::vector<ArrowBatchToRead>& batches) {
  std::vector<int32_t> numbers;
  for (const ArrowBatchToRead& batch : batches) numbers.push_back(batch.batch);
  return numbers;
}

}  // namespace

ArrowColumnReader::ArrowColumnReader(std::shared_ptr<const ArrowFile> file,
                                     const StructMember& column,
                                     std::vector<ArrowBatchToRead> batches, int64_t read_bytes,
                                     arrow::MemoryPool* pool)
    : file_(std::move(file)),
      shown_(column),
      place_(FindArrowColumn(file_->index->columns, shown_.path)),
      form_(FormOf(*place_.column)),
      batches_(std::move(batches)),
      read_bytes_(read_bytes),
      pool_(pool),
      dictionaries_(file_, NumbersOf(batches_), pool) {}

ArrowColumnReader::Form ArrowColumnReader::FormOf(const ArrowColumn& column) {
  if (IsPlainType(*column.type)) return Form::kPlain;
  if (column.type->id() == Type::DICTIONARY) {
    return FormOf(column.children[0]) == Form::kPlain ? Form::kDictionary : Form::kNested;
  }
  if (column.type->id() == Type::RUN_END_ENCODED) {
    const Form values = FormOf(column.children[1]);
    const bool flat = values == Form::kPlain || values == Form::kDictionary;
    return flat ? Form::kRuns : Form::kNested;
  }
  return Form::kNested;
}

Status ArrowColumnReader::WithContext(const Status& status) const {
  if (status.ok()) return status;
  std::string where = "'" + file_->name + "', ";
  if (next_batch_ > 0) {
    where += "record batch " + std::to_string(batches_[next_batch_ - 1].batch) + ", ";
  }
  where += "column '" + shown_.field->name() + "': ";
  if (status.IsOutOfMemory()) return status.WithMessage(where, status.message());
  // Not "the file": a service's rows, too, lie in this format.
  return base::DataError(
      where + status.message() +
      "; its bytes are damaged or were written wrongly: get or write them again");
}

Status ArrowColumnReader::Skip(int64_t n) { return WithContext(SkipRows(n)); }

Status ArrowColumnReader::Read(int64_t n, Column* out) { return WithContext(ReadRows(n, out)); }

Status ArrowColumnReader::SkipRows(int64_t n) {
  const int64_t here = std::min(n, rows_left_);
  row_ += here;
  rows_left_ -= here;
  n -= here;
  while (next_batch_ < batches_.size() && n >= batches_[next_batch_].message->num_rows()) {
    n -= batches_[next_batch_++].message->num_rows();
  }
  if (n == 0) return Status::OK();
  ARROW_RETURN_NOT_OK(OpenBatch());
  if (n > rows_left_) return Status::Invalid("rows were asked for beyond its end");
  rows_left_ -= n;
  row_ += n;
  return Status::OK();
}

Status ArrowColumnReader::ReadRows(int64_t n, Column* out) {
  while (n > 0) {
    if (rows_left_ == 0) {
      ARROW_RETURN_NOT_OK(OpenBatch());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Piece piece, ReadPiece(std::min(n, rows_left_)));
    ARROW_RETURN_NOT_OK(ApplyStructs(&piece));
    n -= piece.num_rows;
    row_ += piece.num_rows;
    rows_left_ -= piece.num_rows;
    out->pieces.push_back(std::move(piece));
  }
  return Status::OK();
}

/// The next rows of the open batch: n of them, or fewer.
Result<Piece> ArrowColumnReader::ReadPiece(int64_t n) {
  switch (form_) {
    case Form::kDictionary:
      return ReadDictionaryRows(n);
    case Form::kRuns:
      return ReadRunRows(n);
    case Form::kNested:
      return ReadNestedRows(n);
    default: {
      reader_->Seek(row_);
      ARROW_ASSIGN_OR_RAISE(auto array, reader_->Read(n));
      const int64_t rows = array->length();
      return Piece{std::move(array), nullptr, rows, 0};
    }
  }
}

Result<Piece> ArrowColumnReader::ReadNestedRows(int64_t n) {
  n = std::min(n, piece_rows_);
  int64_t bytes = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(bytes, nested_->Measure(row_, n, kPieceBytes));
    if (bytes <= kPieceBytes || n == 1) break;
    n /= 2;
  }
  ARROW_ASSIGN_OR_RAISE(auto array, nested_->Read(row_, n));
  const int64_t fitting = kPieceBytes * n / std::max<int64_t>(bytes, 1);
  piece_rows_ = std::clamp<int64_t>(fitting, 1, std::min(8 * piece_rows_, kPieceRowsMax));
  if (!place_.below.empty()) {
    StructMember member{{0}, shown_.field};
    member.path.insert(member.path.end(), place_.below.begin(), place_.below.end());
    ARROW_ASSIGN_OR_RAISE(array, TakeMember(array, member, pool_));
  }
  return Piece{std::move(array), nullptr, n, 0};
}

Status ArrowColumnReader::ApplyStructs(Piece* piece) {
  const int64_t n = piece->num_rows;
  for (ArrowValidity& validity : structs_) {
    int64_t num_nulls = 0;
    ARROW_ASSIGN_OR_RAISE(const auto valid, validity.Read(row_, n, &num_nulls));
    if (num_nulls == 0) continue;
    if (piece->encoded()) {
      // The indices are this piece's own.
      auto* indices = reinterpret_cast<int32_t*>(piece->indices->mutable_data());
      const auto null_index = static_cast<int32_t>(piece->values->length());
      for (int64_t i = 0; i < n; ++i) {
        if (!arrow::bit_util::GetBit(valid->data(), i)) indices[i] = null_index;
      }
      continue;
    }
    if (piece->values->type_id() == Type::NA) continue;
    auto data = piece->values->data()->Copy();
    if (data->buffers[0] == nullptr) {
      ARROW_ASSIGN_OR_RAISE(data->buffers[0], arrow::AllocateEmptyBitmap(data->offset + n, pool_));
      arrow::internal::CopyBitmap(valid->data(), 0, n, data->buffers[0]->mutable_data(),
                                  data->offset);
    } else {
      ARROW_ASSIGN_OR_RAISE(data->buffers[0], arrow::internal::BitmapAnd(
                                                  pool_, data->buffers[0]->data(), data->offset,
                                                  valid->data(), 0, n, data->offset));
    }
    data->null_count = arrow::kUnknownNullCount;
    piece->values = arrow::MakeArray(std::move(data));
  }
  return Status::OK();
}

Result<ArrowBody> ArrowColumnReader::BodyOf(const ArrowBatchToRead& batch,
                                            const ArrowColumn& column, int64_t num_buffers) const {
  const auto& place = file_->index->batches[static_cast<size_t>(batch.batch)].place;
  ArrowBody body{file_->file, batch.message, place.body_begin, nullptr, 0, 0};
  const ArrowMessage& message = *batch.message;
  const ArrayParts& parts = column.parts;
  int64_t first = parts.buffer;
  int64_t count = num_buffers;
  if (parts.view + column.num_views > 0) {
    ARROW_ASSIGN_OR_RAISE(const int64_t before, message.CountVariadic(parts.view));
    ARROW_ASSIGN_OR_RAISE(const int64_t with, message.CountVariadic(parts.view + column.num_views));
    first += before;
    count += num_buffers == column.num_buffers ? with - before : 0;
  }
  if (first + count > message.num_buffers()) {
    return Status::Invalid("it has ", message.num_buffers(), " buffers, fewer than its columns");
  }
  // A column's buffers lie side by side: where they are few bytes, one read fetches them all.
  int64_t begin = std::numeric_limits<int64_t>::max();
  int64_t end = 0;
  for (int64_t i = first; i < first + count; ++i) {
    ARROW_ASSIGN_OR_RAISE(const ArrowMessage::Place buffer, message.buffer(i));
    if (buffer.size == 0) continue;
    begin = std::min(begin, buffer.offset);
    end = std::max(end, buffer.offset + buffer.size);
  }
  if (begin >= end) return body;
  if (end - begin > read_bytes_) {
    body.read_ahead = std::min(kReadAheadBytes, read_bytes_ / count);
    return body;
  }
  const FileRange range{file_->file, place.body_begin + begin, end - begin, nullptr, 0, 0};
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
  nested_.reset();
  structs_.clear();
  row_ = 0;
  rows_left_ = batch.message->num_rows();
  const auto check_rows = [&](const ArrowBody& body, const ArrowColumn& column) -> Status {
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, body.NumRows(column.parts));
    if (rows == rows_left_) return Status::OK();
    return Status::Invalid("it claims ", rows, " rows, but its record batch has ", rows_left_);
  };
  for (const ArrowColumn* column : place_.structs) {
    ARROW_ASSIGN_OR_RAISE(const ArrowBody body, BodyOf(batch, *column, 1));
    ARROW_RETURN_NOT_OK(check_rows(body, *column));
    ARROW_ASSIGN_OR_RAISE(auto validity, ArrowValidity::Open(body, column->parts, pool_));
    structs_.push_back(std::move(validity));
  }
  ARROW_ASSIGN_OR_RAISE(const ArrowBody body,
                        BodyOf(batch, *place_.column, place_.column->num_buffers));
  ARROW_RETURN_NOT_OK(check_rows(body, *place_.column));
  return OpenValues(body);
}

Status ArrowColumnReader::OpenValues(const ArrowBody& body) {
  const ArrowColumn& column = *place_.column;
  if (form_ == Form::kRuns) return OpenRuns(body);
  if (form_ == Form::kNested) {
    const ArrowInput input{body, &dictionaries_, next_batch_ - 1, pool_};
    ARROW_ASSIGN_OR_RAISE(nested_, ArrowValueReader::Make(input, column));
    return Status::OK();
  }
  auto type = column.type;
  if (form_ == Form::kDictionary) {
    ARROW_RETURN_NOT_OK(LoadDictionary(column));
    type = AsDictionary(*type).index_type();
  }
  ARROW_ASSIGN_OR_RAISE(reader_, ArrowArrayReader::Make(body, type, column.parts, pool_));
  return Status::OK();
}

Status ArrowColumnReader::LoadDictionary(const ArrowColumn& column) {
  const size_t batch = next_batch_ - 1;
  ARROW_ASSIGN_OR_RAISE(auto ordinals, dictionaries_.BatchesFor(column, batch));
  if (dictionary_.id != 0 && dictionary_.ordinals == ordinals) return Status::OK();
  dictionary_ = Dictionary();
  ARROW_ASSIGN_OR_RAISE(auto entries, dictionaries_.Read(column, ordinals, batch));
  ARROW_ASSIGN_OR_RAISE(dictionary_.pieces, DictionaryOfEntries(std::move(entries), pool_));
  dictionary_.id = batches_[batch].dictionary_id;
  dictionary_.ordinals = std::move(ordinals);
  return Status::OK();
}

Result<Piece> ArrowColumnReader::ReadDictionaryRows(int64_t n) {
  reader_->Seek(row_);
  ARROW_ASSIGN_OR_RAISE(const auto stored, reader_->Read(n));
  ARROW_ASSIGN_OR_RAISE(auto indices, PieceIndices(*stored, dictionary_.pieces, pool_));
  return Piece{dictionary_.pieces.values, std::move(indices), n, dictionary_.id};
}

Status ArrowColumnReader::OpenRuns(const ArrowBody& body) {
  const ArrowColumn& ends_column = place_.column->children[0];
  const ArrowColumn& values_column = place_.column->children[1];
  ARROW_ASSIGN_OR_RAISE(auto ends,
                        ArrowArrayReader::Make(body, ends_column.type, ends_column.parts, pool_));
  ARROW_ASSIGN_OR_RAISE(run_ends_, ends->ReadAll());
  run_dictionary_ = Dictionary();
  if (values_column.type->id() == Type::DICTIONARY) {
    ARROW_RETURN_NOT_OK(LoadDictionary(values_column));
    ARROW_ASSIGN_OR_RAISE(
        auto indices, ArrowArrayReader::Make(body, AsDictionary(*values_column.type).index_type(),
                                             values_column.parts, pool_));
    ARROW_ASSIGN_OR_RAISE(const auto stored, indices->ReadAll());
    ARROW_ASSIGN_OR_RAISE(run_values_, PieceIndices(*stored, dictionary_.pieces, pool_));
    run_dictionary_ = dictionary_;
  } else {
    ARROW_ASSIGN_OR_RAISE(
        auto values, ArrowArrayReader::Make(body, values_column.type, values_column.parts, pool_));
    ARROW_ASSIGN_OR_RAISE(auto entries, values->ReadAll());
    const int64_t num_runs = entries->length();
    PieceDictionary& pieces = run_dictionary_.pieces;
    ARROW_ASSIGN_OR_RAISE(pieces, DictionaryOfEntries(std::move(entries), pool_));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                          arrow::AllocateBuffer(num_runs * 4, pool_));
    auto* out = reinterpret_cast<int32_t*>(indices->mutable_data());
    for (int64_t i = 0; i < num_runs; ++i) {
      out[i] = pieces.index_of.empty() ? static_cast<int32_t>(i)
                                       : pieces.index_of[static_cast<size_t>(i)];
    }
    run_values_ = std::move(indices);
    run_dictionary_.id = batches_[next_batch_ - 1].dictionary_id;
  }
  run_ = 0;
  return CheckRunEnds(*run_ends_, run_values_->size() / 4, rows_left_);
}

Result<Piece> ArrowColumnReader::ReadRunRows(int64_t n) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> indices,
                        arrow::AllocateBuffer(n * 4, pool_));
  auto* rows = reinterpret_cast<int32_t*>(indices->mutable_data());
  const auto* run_values = reinterpret_cast<const int32_t*>(run_values_->data());
  ARROW_RETURN_NOT_OK(VisitIntegers(*run_ends_, [&](const auto* ends) -> Status {
    for (int64_t done = 0; done < n;) {
      while (static_cast<int64_t>(ends[run_]) <= row_ + done) ++run_;
      const int64_t count = std::min(n - done, static_cast<int64_t>(ends[run_]) - row_ - done);
      std::fill_n(rows + done, count, run_values[run_]);
      done += count;
    }
    return Status::OK();
  }));
  return Piece{run_dictionary_.pieces.values, std::move(indices), n, run_dictionary_.id};
}

}  // namespace emberharmony::io::internal

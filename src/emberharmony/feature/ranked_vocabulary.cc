#include <arrow/buffer.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/feature/array_pool.h"
#include "emberharmony/feature/ranked_vocabulary_internal.h"
#include "emberharmony/feature/value_keys_internal.h"

namespace emberharmony::feature {
namespace {

// Of a dictionary array the entries are looked up, of another one the values.
template <class T, class Find>
arrow::Status FindEntries(const arrow::Array& values, const Find& find, T missing, T* out) {
  if (values.type_id() != arrow::Type::DICTIONARY) return find(values, out);
  const auto& array = static_cast<const arrow::DictionaryArray&>(values);
  std::vector<T> entries(static_cast<size_t>(array.dictionary()->length()));
  ARROW_RETURN_NOT_OK(find(*array.dictionary(), entries.data()));
  for (int64_t i = 0; i < array.length(); ++i) {
    out[i] = array.IsNull(i) ? missing : entries[static_cast<size_t>(array.GetValueIndex(i))];
  }
  return arrow::Status::OK();
}

arrow::Status CheckLookedUp(const ValueKeys& keys, const arrow::Array& values) {
  if (keys.Accepts(*values.type())) return arrow::Status::OK();
  return base::UsageError("values of type " + keys.type()->ToString() +
                          " were to be looked up, found " + values.type()->ToString());
}

std::shared_ptr<arrow::Schema> VocabularyTableSchema(
    const std::shared_ptr<arrow::DataType>& value_type,
    const std::shared_ptr<arrow::DataType>& id_type) {
  return arrow::schema({arrow::field("value", value_type, false),
                        arrow::field("id", id_type, false),
                        arrow::field("count", arrow::int64(), false)});
}

template <class T>
arrow::Result<std::shared_ptr<arrow::Array>> IdsFrom(int64_t first, int64_t n,
                                                     const std::shared_ptr<arrow::DataType>& type,
                                                     arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(n * static_cast<int64_t>(sizeof(T)), pool));
  auto* ids = reinterpret_cast<T*>(buffer->mutable_data());
  for (int64_t i = 0; i < n; ++i) ids[i] = static_cast<T>(first + i);
  return arrow::MakeArray(arrow::ArrayData::Make(type, n, {nullptr, std::move(buffer)}, 0));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> WithIds(
    const std::shared_ptr<arrow::Array>& values, const std::shared_ptr<arrow::Array>& counts,
    int64_t first_id, const std::shared_ptr<arrow::DataType>& id_type, arrow::MemoryPool* pool) {
  const int64_t n = values->length();
  ARROW_ASSIGN_OR_RAISE(auto ids, id_type->id() == arrow::Type::INT32
                                      ? IdsFrom<int32_t>(first_id, n, id_type, pool)
                                      : IdsFrom<int64_t>(first_id, n, id_type, pool));
  return arrow::RecordBatch::Make(VocabularyTableSchema(values->type(), id_type), n,
                                  arrow::ArrayVector{values, std::move(ids), counts});
}

// A vocabulary on disk, batch by batch.
class RankedBatches : public arrow::RecordBatchReader {
 public:
  RankedBatches(std::shared_ptr<const RankedValues> ranked, int64_t first_id,
                std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool)
      : ranked_(std::move(ranked), pool),
        next_id_(first_id),
        schema_(std::move(schema)),
        pool_(pool) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    ARROW_ASSIGN_OR_RAISE(const RankedValuesReader::Batch next, ranked_.Next());
    if (next.values == nullptr) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(
        *batch, WithIds(next.values, next.counts, next_id_, schema_->field(1)->type(), pool_));
    next_id_ += next.values->length();
    return arrow::Status::OK();
  }

 private:
  RankedValuesReader ranked_;
  int64_t next_id_;
  const std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* const pool_;
};

}  // namespace

arrow::Result<std::unique_ptr<const RankedVocabulary>> RankedVocabulary::Make(
    std::shared_ptr<arrow::Array> values, std::shared_ptr<arrow::Int64Array> counts) {
  std::unique_ptr<RankedVocabulary> made(new RankedVocabulary());
  ARROW_ASSIGN_OR_RAISE(made->index_, ValueIndex::Make(std::move(values)));
  made->counts_ = std::move(counts);
  made->pool_ = PoolOf(*made->index_->values());
  return made;
}

arrow::Result<std::unique_ptr<const RankedVocabulary>> RankedVocabulary::MakeOnDisk(
    std::shared_ptr<const RankedValues> ranked, Number number, const StateOptions& memory) {
  if (ranked->size() > std::numeric_limits<int32_t>::max()) {
    return base::UsageError("a map of at most 2^31 - 1 values was expected, found " +
                            std::to_string(ranked->size()) +
                            "; set max_size or a larger min_count");
  }
  base::Log(base::LogLevel::kInfo, "memory is short: a vocabulary of {} values lies on disk",
            ranked->size());
  std::unique_ptr<RankedVocabulary> made(new RankedVocabulary());
  ARROW_ASSIGN_OR_RAISE(made->on_disk_, DiskIndex::Make(ranked, number, memory));
  made->ranked_ = std::move(ranked);
  made->pool_ = memory.pool != nullptr ? memory.pool : arrow::default_memory_pool();
  return made;
}

arrow::Result<std::unique_ptr<const RankedVocabulary>> RankedVocabulary::Learn(
    const ValueCountsStatistic& statistic, Number number) {
  if (statistic.ranked != nullptr) {
    return MakeOnDisk(statistic.ranked, number, statistic.memory);
  }
  auto in_memory = Make(statistic.values, statistic.counts);
  if (!in_memory.status().IsOutOfMemory() || statistic.memory.spill_dir.empty()) return in_memory;
  ARROW_ASSIGN_OR_RAISE(ValueKeys keys, ValueKeys::Make(*statistic.values->type()));
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        RankedValuesWriter::Make(std::move(keys), statistic.memory.spill_dir));
  ARROW_RETURN_NOT_OK(writer->Add(*statistic.values, *statistic.counts));
  ARROW_ASSIGN_OR_RAISE(auto ranked, writer->Finish());
  return MakeOnDisk(std::move(ranked), number, statistic.memory);
}

arrow::Result<std::unique_ptr<const RankedVocabulary>> RankedVocabulary::Restore(
    const arrow::RecordBatch* vocabulary, int64_t size, VocabularyCheck check) {
  if (vocabulary == nullptr) return check.Damaged("the file with its values is missing");
  ARROW_RETURN_NOT_OK(check.CheckSize(size, vocabulary->num_rows()));
  ARROW_RETURN_NOT_OK(check.Add(*vocabulary));
  ARROW_RETURN_NOT_OK(check.Finish());
  return Make(vocabulary->GetColumnByName("value"),
              std::static_pointer_cast<arrow::Int64Array>(vocabulary->GetColumnByName("count")));
}

arrow::Result<std::unique_ptr<const RankedVocabulary>> RankedVocabulary::ReadOnDisk(
    arrow::RecordBatchReader* vocabulary, int64_t size, VocabularyCheck check, Number number,
    const StateOptions& memory) {
  ARROW_ASSIGN_OR_RAISE(ValueKeys keys, ValueKeys::Make(*check.type()));
  ARROW_ASSIGN_OR_RAISE(auto writer, RankedValuesWriter::Make(std::move(keys), memory.spill_dir));
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, vocabulary->Next());
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(check.Add(*batch));
    ARROW_RETURN_NOT_OK(
        writer->Add(*batch->GetColumnByName("value"),
                    static_cast<const arrow::Int64Array&>(*batch->GetColumnByName("count"))));
  }
  ARROW_RETURN_NOT_OK(check.CheckSize(size, check.num_rows()));
  ARROW_RETURN_NOT_OK(check.Finish());
  ARROW_ASSIGN_OR_RAISE(auto ranked, writer->Finish());
  return MakeOnDisk(std::move(ranked), number, memory);
}

arrow::Status RankedVocabulary::Positions(const arrow::Array& values, int32_t* out) const {
  if (on_disk_ == nullptr) return index_->Lookup(values, out);
  ARROW_RETURN_NOT_OK(CheckLookedUp(on_disk_->keys(), values));
  const auto find = [&](const arrow::Array& plain, int32_t* positions) -> arrow::Status {
    constexpr int64_t kBlock = 32768;
    std::vector<int64_t> found(static_cast<size_t>(std::min(kBlock, plain.length())));
    for (int64_t begin = 0; begin < plain.length(); begin += kBlock) {
      const auto block = plain.Slice(begin, kBlock);
      ARROW_RETURN_NOT_OK(on_disk_->Find(*block, found.data()));
      for (int64_t i = 0; i < block->length(); ++i) {
        positions[begin + i] = static_cast<int32_t>(found[static_cast<size_t>(i)]);
      }
    }
    return arrow::Status::OK();
  };
  return FindEntries(values, find, ValueIndex::kMissing, out);
}

arrow::Status RankedVocabulary::Counts(const arrow::Array& values, int64_t* out) const {
  if (on_disk_ != nullptr) {
    ARROW_RETURN_NOT_OK(CheckLookedUp(on_disk_->keys(), values));
    const auto find = [&](const arrow::Array& plain, int64_t* counts) {
      return on_disk_->Find(plain, counts);
    };
    return FindEntries(values, find, DiskIndex::kMissing, out);
  }
  std::vector<int32_t> positions(static_cast<size_t>(values.length()));
  ARROW_RETURN_NOT_OK(index_->Lookup(values, positions.data()));
  for (int64_t i = 0; i < values.length(); ++i) {
    const int32_t position = positions[static_cast<size_t>(i)];
    out[i] = position < 0 ? position : counts_->Value(position);
  }
  return arrow::Status::OK();
}

std::shared_ptr<arrow::RecordBatch> RankedVocabulary::Table(
    int64_t first_id, const std::shared_ptr<arrow::DataType>& id_type) const {
  if (on_disk_ != nullptr) return nullptr;
  auto table = WithIds(index_->values(), counts_, first_id, id_type, pool_);
  if (!table.ok()) throw std::bad_alloc();
  return *std::move(table);
}

std::shared_ptr<arrow::RecordBatchReader> RankedVocabulary::Read(
    int64_t first_id, const std::shared_ptr<arrow::DataType>& id_type) const {
  if (on_disk_ == nullptr) return CutVocabulary(Table(first_id, id_type));
  return std::make_shared<RankedBatches>(
      ranked_, first_id, VocabularyTableSchema(on_disk_->keys().type(), id_type), pool_);
}

arrow::Status VocabularyCheck::Damaged(const std::string& fault) const {
  return base::DataError("model: " + expected_.what + " of column '" + expected_.column + "': " +
                         fault + "; the model is damaged or from another version: fit again");
}

arrow::Status VocabularyCheck::CheckSize(int64_t size, int64_t num_rows) const {
  if (num_rows == size) return arrow::Status::OK();
  return Damaged("'size' is not the number of rows in the vocabulary's file");
}

arrow::Status VocabularyCheck::Add(const arrow::RecordBatch& batch) {
  const std::shared_ptr<arrow::Array> values = batch.GetColumnByName("value");
  const std::shared_ptr<arrow::Array> ids = batch.GetColumnByName("id");
  const std::shared_ptr<arrow::Array> counts = batch.GetColumnByName("count");
  if (batch.num_columns() != 3 || values == nullptr || ids == nullptr || counts == nullptr) {
    return Damaged("expected columns value, id and count");
  }
  if (!values->type()->Equals(expected_.type)) {
    return Damaged("expected values of type " + expected_.type->ToString() + "; found " +
                   values->type()->ToString());
  }
  const bool is_int32 = ids->type_id() == arrow::Type::INT32;
  const bool is_wide = expected_.wide_ids && ids->type_id() == arrow::Type::INT64;
  if ((!is_int32 && !is_wide) || counts->type_id() != arrow::Type::INT64) {
    return Damaged("ids and counts must be integers");
  }
  if (values->null_count() + ids->null_count() + counts->null_count() != 0) {
    return Damaged("a value, id or count is null");
  }
  const auto& count_array = static_cast<const arrow::Int64Array&>(*counts);
  for (int64_t i = 0; i < batch.num_rows(); ++i) {
    const int64_t id = is_int32 ? static_cast<const arrow::Int32Array&>(*ids).Value(i)
                                : static_cast<const arrow::Int64Array&>(*ids).Value(i);
    if (id != expected_.first_id + num_rows_) return Damaged("ids must be consecutive");
    ++num_rows_;
    const int64_t count = count_array.Value(i);
    if (count < expected_.min_count || count > left_) {
      return Damaged("counts must not fall below min_count or exceed the rows");
    }
    left_ -= count;
  }
  return expected_.ranked ? CheckRanks(*values, count_array) : arrow::Status::OK();
}

arrow::Status VocabularyCheck::CheckRanks(const arrow::Array& values,
                                          const arrow::Int64Array& counts) {
  ARROW_ASSIGN_OR_RAISE(const ValueKeys keys, ValueKeys::Make(*expected_.type));
  if (keys.form() == ValueKeys::Form::kNothing) return arrow::Status::OK();
  const bool are_numbers = keys.form() == ValueKeys::Form::kNumber;
  std::array<uint64_t, ValueKeys::kChunk> numbers;
  std::array<std::string_view, ValueKeys::kChunk> bytes;
  std::array<bool, ValueKeys::kChunk> valid;
  std::array<char, ValueKeys::kChunk * 32> scratch;
  for (int64_t begin = 0; begin < values.length(); begin += ValueKeys::kChunk) {
    const int n = static_cast<int>(std::min<int64_t>(ValueKeys::kChunk, values.length() - begin));
    const bool all_valid =
        are_numbers ? keys.ReadNumbers(values, begin, n, numbers.data(), valid.data())
                    : keys.ReadBytes(values, begin, n, bytes.data(), valid.data(), scratch.data());
    if (!all_valid) return Damaged("a value is not a number");
    std::string_view last = last_bytes_;
    for (int i = 0; i < n; ++i) {
      const int64_t count = counts.Value(begin + i);
      if (count > last_count_) return Damaged("counts must not ascend");
      const bool ascends = are_numbers ? numbers[i] > last_key_ : bytes[i] > last;
      if (count == last_count_ && !ascends) {
        return Damaged("values with equal counts must ascend, and be different");
      }
      last_count_ = count;
      if (are_numbers) last_key_ = numbers[i];
      if (!are_numbers) last = bytes[i];
    }
    if (!are_numbers) last_bytes_ = std::string(last);
  }
  return arrow::Status::OK();
}

arrow::Status VocabularyCheck::Finish() const {
  return left_ == 0 ? arrow::Status::OK() : Damaged("counts do not add up");
}

}  // namespace emberharmony::feature

#include "emberharmony/feature/vocabulary_batches.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <utility>

namespace emberharmony::feature {
namespace {

bool VariesInLength(const arrow::DataType& type) {
  return arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id());
}

int64_t LengthOf(const arrow::Array& values, int64_t i) {
  switch (values.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(values).value_length(i);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(values).value_length(i);
    default:
      return static_cast<int64_t>(
          static_cast<const arrow::BinaryViewArray&>(values).GetView(i).size());
  }
}

class CutTable : public arrow::RecordBatchReader {
 public:
  explicit CutTable(std::shared_ptr<arrow::RecordBatch> table) : table_(std::move(table)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return table_->schema(); }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (position_ == table_->num_rows()) return arrow::Status::OK();
    const int64_t end = VocabularyBatchEnd(*table_->column(0), position_);
    *batch = table_->Slice(position_, end - position_);
    position_ = end;
    return arrow::Status::OK();
  }

 private:
  const std::shared_ptr<arrow::RecordBatch> table_;
  int64_t position_ = 0;
};

}  // namespace

int64_t VocabularyBatchRowsMax(const arrow::DataType& type) {
  if (VariesInLength(type)) return kVocabularyBatchRows;
  const int64_t width = std::max<int64_t>(1, type.bit_width() / 8);
  return std::clamp<int64_t>(kVocabularyBatchBytes / width, 1, kVocabularyBatchRows);
}

int64_t VocabularyBatchEnd(const arrow::Array& values, int64_t begin) {
  const int64_t end = std::min(values.length(), begin + VocabularyBatchRowsMax(*values.type()));
  if (!VariesInLength(*values.type())) return end;
  int64_t num_bytes = 0;
  for (int64_t i = begin; i < end; ++i) {
    num_bytes += LengthOf(values, i);
    if (num_bytes >= kVocabularyBatchBytes) return i + 1;
  }
  return end;
}

std::shared_ptr<arrow::RecordBatchReader> CutVocabulary(std::shared_ptr<arrow::RecordBatch> table) {
  if (table == nullptr) return nullptr;
  return std::make_shared<CutTable>(std::move(table));
}

}  // namespace emberharmony::feature

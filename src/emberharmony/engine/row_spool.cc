#include "emberharmony/engine/row_spool.h"

#include <algorithm>
#include <string_view>

#include "emberharmony/ops/status.h"

namespace emberharmony::engine {
namespace {

/// Large enough for a disk; small enough for the second-level cache to hold a block as floats, as
/// doubles and centred, which is a tenth of the time of windows and components.
constexpr int64_t kSpoolBlockNumbers = int64_t{1} << 16;
constexpr int64_t kSpoolBlockRowsMin = 256;
constexpr int64_t kSpoolBlockRowsMax = 32768;

std::string_view BytesOf(const std::vector<int64_t>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(int64_t)};
}

}  // namespace

RowSpool::RowSpool(std::unique_ptr<base::SpillFile> file, ops::DType dtype, int64_t num_columns,
                   bool has_sequences)
    : file_(std::move(file)),
      dtype_(dtype),
      num_columns_(num_columns),
      has_sequences_(has_sequences),
      rows_in_block_(
          std::clamp(kSpoolBlockNumbers / num_columns, kSpoolBlockRowsMin, kSpoolBlockRowsMax)) {}

arrow::Result<std::unique_ptr<RowSpool>> RowSpool::Create(const std::string& folder,
                                                          ops::DType dtype, int64_t num_columns,
                                                          bool has_sequences) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<base::SpillFile> file, base::SpillFile::Create(folder));
  return std::unique_ptr<RowSpool>(
      new RowSpool(std::move(file), dtype, num_columns, has_sequences));
}

arrow::Result<std::unique_ptr<RowSpool>> RowSpool::CreateNamed(const std::string& path,
                                                               ops::DType dtype,
                                                               int64_t num_columns,
                                                               bool has_sequences) {
  ARROW_ASSIGN_OR_RAISE(auto file, base::SpillFile::CreateNamed(path));
  std::unique_ptr<RowSpool> spool(new RowSpool(std::move(file), dtype, num_columns, has_sequences));
  spool->hash_ = std::make_unique<base::ContentHash>();
  if (!spool->hash_->is_valid()) return arrow::Status::OutOfMemory("no memory for a checksum");
  return spool;
}

arrow::Result<std::unique_ptr<RowSpool>> RowSpool::OpenNamed(const std::string& path,
                                                             ops::DType dtype, int64_t num_columns,
                                                             bool has_sequences,
                                                             std::vector<Block> blocks) {
  ARROW_ASSIGN_OR_RAISE(auto file, base::SpillFile::OpenNamed(path));
  std::unique_ptr<RowSpool> spool(new RowSpool(std::move(file), dtype, num_columns, has_sequences));
  spool->blocks_ = std::move(blocks);
  return spool;
}

arrow::Result<LedgerFile> RowSpool::Sync() {
  ARROW_RETURN_NOT_OK(file_->Sync());
  return LedgerFile{file_->size_bytes(), hash_ == nullptr ? "" : hash_->Hex()};
}

arrow::Status RowSpool::Append(const ops::Tensor& rows, const int64_t* sequences) {
  const int64_t row_bytes = num_columns_ * tensor::ItemSize(dtype_);
  const int64_t num_rows = rows.shape()[0];
  for (int64_t first = 0; first < num_rows;) {
    const auto waiting = static_cast<int64_t>(rows_.size()) / row_bytes;
    const int64_t count = std::min(num_rows - first, rows_in_block_ - waiting);
    // Only the part that is copied is made contiguous.
    ARROW_ASSIGN_OR_RAISE(const ops::Tensor part, ops::Catch([&] {
                            return rows.Slice(0, first, first + count).Contiguous();
                          }));
    rows_.append(static_cast<const char*>(part.data()), count * row_bytes);
    if (has_sequences_) {
      sequences_.insert(sequences_.end(), sequences + first, sequences + first + count);
    }
    first += count;
    if (waiting + count == rows_in_block_) ARROW_RETURN_NOT_OK(Flush());
  }
  return arrow::Status::OK();
}

arrow::Status RowSpool::EndPart() {
  ARROW_RETURN_NOT_OK(Flush());
  begins_anew_ = true;
  return arrow::Status::OK();
}

arrow::Status RowSpool::Flush() {
  if (rows_.empty()) return arrow::Status::OK();
  const auto num_rows =
      static_cast<int64_t>(rows_.size()) / (num_columns_ * tensor::ItemSize(dtype_));
  rows_.append(BytesOf(sequences_));
  if (hash_ != nullptr) hash_->Add(rows_);
  ARROW_ASSIGN_OR_RAISE(const int64_t offset, file_->Append(rows_));
  blocks_.push_back({offset, num_rows, begins_anew_});
  begins_anew_ = false;
  rows_.clear();
  sequences_.clear();
  return arrow::Status::OK();
}

arrow::Status RowSpool::Read(const Block& block, ops::Tensor* rows,
                             std::vector<int64_t>* sequences) const {
  if (!rows->defined() || rows->shape()[0] != block.num_rows) {
    ARROW_ASSIGN_OR_RAISE(*rows, ops::Catch([&] {
      return ops::Tensor::Empty({block.num_rows, num_columns_}, dtype_);
    }));
  }
  ARROW_RETURN_NOT_OK(file_->Read(block.offset, rows->size_bytes(), rows->mutable_data()));
  if (!has_sequences_) return arrow::Status::OK();
  sequences->resize(block.num_rows);
  return file_->Read(block.offset + rows->size_bytes(),
                     block.num_rows * static_cast<int64_t>(sizeof(int64_t)), sequences->data());
}

}  // namespace emberharmony::engine

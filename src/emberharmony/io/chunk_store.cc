#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "emberharmony/io/chunk_store_internal.h"

namespace emberharmony::io {
namespace {

std::shared_ptr<StoredPages> ToStored(const PageBytes& pages) {
  auto stored = std::make_shared<StoredPages>();
  stored->pages = pages.pages;
  stored->num_pages = static_cast<int32_t>(pages.pages.size());
  stored->size = pages.size;
  stored->uncompressed_bytes = pages.uncompressed_bytes;
  stored->unpadded_sizes = pages.unpadded_sizes;
  return stored;
}

/// Columns that shared pages go on sharing them.
std::vector<StoredChunk> ToStored(std::vector<EncodedChunk> chunks) {
  std::vector<StoredChunk> stored;
  std::map<const PageBytes*, std::shared_ptr<StoredPages>> seen;
  for (EncodedChunk& chunk : chunks) {
    auto& data = seen[chunk.data.get()];
    if (data == nullptr) data = ToStored(*chunk.data);
    stored.push_back({.dictionary = chunk.dictionary ? ToStored(*chunk.dictionary) : nullptr,
                      .data = data,
                      .num_rows = chunk.num_rows,
                      .statistics = std::move(chunk.statistics)});
  }
  return stored;
}

}  // namespace

ChunkStore::ChunkStore(size_t num_row_groups, size_t num_columns, int64_t spill_threshold_bytes,
                       std::string spill_folder, arrow::MemoryPool* pool)
    : spill_threshold_bytes_(spill_threshold_bytes),
      spill_folder_(std::move(spill_folder)),
      pool_(pool),
      chunks_(num_row_groups) {
  for (auto& row_group : chunks_) row_group.resize(num_columns);
}

arrow::Status ChunkStore::Put(size_t row_group, int first, std::vector<EncodedChunk> encoded) {
  std::vector<StoredChunk> chunks = ToStored(std::move(encoded));
  std::set<StoredPages*> distinct;
  int64_t bytes = 0;
  for (const StoredChunk& chunk : chunks) {
    for (StoredPages* pages : {chunk.dictionary.get(), chunk.data.get()}) {
      if (pages != nullptr && distinct.insert(pages).second) bytes += pages->size;
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto spill_file, SpillFileFor(bytes));
  if (spill_file != nullptr) {
    for (StoredPages* pages : distinct) ARROW_RETURN_NOT_OK(Spill(spill_file.get(), pages));
  }
  std::lock_guard lock(mutex_);
  if (cleared_) return arrow::Status::OK();
  std::move(chunks.begin(), chunks.end(), chunks_[row_group].begin() + first);
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<base::SpillFile>> ChunkStore::SpillFileFor(int64_t bytes) {
  std::lock_guard lock(mutex_);
  if (cleared_) return nullptr;
  if (spill_threshold_bytes_ == 0 || held_bytes_ + bytes <= spill_threshold_bytes_) {
    held_bytes_ += bytes;
    return nullptr;
  }
  if (spill_file_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(spill_file_, base::SpillFile::Create(spill_folder_));
  }
  return spill_file_;
}

arrow::Status ChunkStore::Spill(base::SpillFile* file, StoredPages* pages) const {
  // As one block, so that it lies together.
  PooledArray<uint8_t> block(pool_);
  ARROW_RETURN_NOT_OK(block.Reserve(pages->size));
  for (const auto& page : pages->pages) {
    ARROW_RETURN_NOT_OK(block.Append(page->data(), page->size()));
  }
  const std::string_view bytes(reinterpret_cast<const char*>(block.data()), pages->size);
  ARROW_ASSIGN_OR_RAISE(pages->spill_offset, file->Append(bytes));
  pages->pages.clear();
  return arrow::Status::OK();
}

arrow::Status ChunkStore::WritePages(const StoredPages& pages,
                                     arrow::io::OutputStream* stream) const {
  for (const auto& page : pages.pages) {
    ARROW_RETURN_NOT_OK(stream->Write(page->data(), page->size()));
  }
  if (pages.spill_offset < 0) return arrow::Status::OK();
  constexpr int64_t kStep = int64_t{1} << 20;
  PooledArray<uint8_t> block(pool_);
  ARROW_RETURN_NOT_OK(block.Resize(std::min(kStep, pages.size)));
  for (int64_t begin = 0; begin < pages.size; begin += kStep) {
    const int64_t count = std::min(kStep, pages.size - begin);
    ARROW_RETURN_NOT_OK(spill_file_->Read(pages.spill_offset + begin, count, block.data()));
    ARROW_RETURN_NOT_OK(stream->Write(block.data(), count));
  }
  return arrow::Status::OK();
}

arrow::Status ChunkStore::ReadRange(const StoredPages& pages, int64_t offset, int64_t size,
                                    uint8_t* out) const {
  if (pages.spill_offset >= 0) {
    return spill_file_->Read(pages.spill_offset + offset, size, out);
  }
  if (size > 0) std::memcpy(out, pages.pages[0]->data() + offset, static_cast<size_t>(size));
  return arrow::Status::OK();
}

void ChunkStore::Clear() {
  std::lock_guard lock(mutex_);
  cleared_ = true;
  chunks_.clear();
  spill_file_.reset();
}

}  // namespace emberharmony::io

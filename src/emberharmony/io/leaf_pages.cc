#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/leaf_pages_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

/// The most bytes that one compressed byte can become; generous, but finite.
int64_t ExpansionMax(parquet::Compression::type codec) {
  switch (codec) {
    case parquet::Compression::UNCOMPRESSED:
      return 1;
    case parquet::Compression::SNAPPY:
      return 64;
    case parquet::Compression::LZ4:
    case parquet::Compression::LZ4_HADOOP:
    case parquet::Compression::LZ4_FRAME:
      return 256;
    case parquet::Compression::GZIP:
      return 1100;
    case parquet::Compression::ZSTD:
      return int64_t{1} << 16;
    default:
      return int64_t{1} << 24;
  }
}

/// No page of the chunk can be larger, neither compressed nor not. The footer's uncompressed size
/// is doubled, because some writers leave out page headers or levels.
int64_t PageBytesMax(int64_t compressed, int64_t uncompressed, parquet::Compression::type codec) {
  constexpr int64_t kSlack = int64_t{64} << 10;
  constexpr int64_t kPageMax = int64_t{1} << 31;
  const int64_t claimed = 2 * std::clamp<int64_t>(std::max(compressed, uncompressed), 0, kPageMax);
  const int64_t possible = std::min(compressed, kPageMax) * ExpansionMax(codec);
  return std::min({claimed, possible, kPageMax}) + kSlack;
}

/// The bytes that a PLAIN value of a column takes at least.
int64_t PlainWidthMin(const parquet::ColumnDescriptor& descriptor) {
  switch (descriptor.physical_type()) {
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
    case parquet::Type::BYTE_ARRAY:
      return 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      return 8;
    case parquet::Type::INT96:
      return 12;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return std::max(descriptor.type_length(), 1);
    default:
      return 0;  // booleans: 8 to a byte
  }
}

}  // namespace

Status PageMemoryPool::Check(int64_t size) {
  if (size <= limit_) return Status::OK();
  refused_ = true;
  return Status::OutOfMemory("a page claims ", size,
                             " bytes, but the column chunk can't hold more than ", limit_);
}

Status PageMemoryPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(Check(size));
  return parent_->Allocate(size, alignment, out);
}

Status PageMemoryPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                  uint8_t** ptr) {
  if (new_size > old_size) ARROW_RETURN_NOT_OK(Check(new_size));
  return parent_->Reallocate(old_size, new_size, alignment, ptr);
}

LeafPages::LeafPages(std::shared_ptr<const ParquetFile> file, std::string name,
                     std::shared_ptr<arrow::DataType> type, int leaf,
                     std::vector<RowGroupChunk> chunks, arrow::MemoryPool* pool, int64_t read_bytes)
    : file_(std::move(file)),
      name_(std::move(name)),
      type_(std::move(type)),
      leaf_(leaf),
      descriptor_(file_->footer->schema->Column(leaf)),
      chunks_(std::move(chunks)),
      pool_(pool),
      page_pool_(pool),
      stream_(std::make_shared<ChunkStream>(read_bytes, pool)) {}

Status LeafPages::WithContext(const Status& status) const {
  if (status.ok()) return status;
  std::string where = "'" + file_->name + "', ";
  if (next_chunk_ > 0) where += "row group " + std::to_string(chunk().row_group) + ", ";
  where += "column '" + name_ + "': ";
  if (status.IsOutOfMemory() && !page_pool_.refused()) {
    return status.WithMessage(where, status.message());
  }
  return base::DataError(where + status.message() +
                         "; the file is damaged or was written wrongly: get or write it again");
}

int64_t LeafPages::SkipRowGroups(int64_t num_rows) {
  while (next_chunk_ < chunks_.size() && num_rows >= chunks_[next_chunk_].num_rows) {
    num_rows -= chunks_[next_chunk_++].num_rows;
  }
  return num_rows;
}

void LeafPages::LeaveRowGroup() {
  num_levels_ = 0;
  levels_after_page_ = 0;
}

Result<int64_t> LeafPages::SkipRows(int64_t num_rows) {
  num_levels_ = 0;
  if (num_rows >= levels_after_page_) {
    num_rows -= levels_after_page_;
    LeaveRowGroup();
    num_rows = SkipRowGroups(num_rows);
  }
  if (num_rows == 0) return 0;
  if (levels_after_page_ == 0) ARROW_RETURN_NOT_OK(OpenChunk());
  rows_to_skip_ = num_rows;
  pages_->set_data_page_filter([this](const parquet::DataPageStats& page) {
    const bool within = rows_to_skip_ > 0 && expected_page_rows_ < 0 && page.num_values >= 0 &&
                        page.num_values <= rows_to_skip_;
    if (!within) return false;
    rows_to_skip_ -= page.num_values;
    levels_after_page_ -= page.num_values;
    stream_->PassOverNextRead();
    return true;
  });
  ARROW_RETURN_NOT_OK(JumpToPage());
  while (num_levels_ == 0) ARROW_RETURN_NOT_OK(NextPage());
  // What remains lies in this page.
  return std::exchange(rows_to_skip_, 0);
}

Status LeafPages::JumpToPage() {
  const ColumnChunkPlace& place = file_->footer->chunk(chunk().row_group, leaf_);
  LoadOffsetIndex();
  if (offset_index_ == nullptr) return Status::OK();
  const int64_t here = chunk().num_rows - levels_after_page_;
  const auto& pages = offset_index_->page_locations();
  const auto next = std::upper_bound(
      pages.begin(), pages.end(), here + rows_to_skip_,
      [](int64_t row, const parquet::PageLocation& page) { return row < page.first_row_index; });
  const auto page = next - 1;
  if (page->first_row_index <= here) return Status::OK();
  // The dictionary comes first.
  if (place.has_dictionary && dictionary_ == nullptr) {
    ARROW_RETURN_NOT_OK(NextPage());
    if (dictionary_ == nullptr || num_levels_ > 0) return Status::OK();
  }
  const int64_t end = next == pages.end() ? chunk().num_rows : next->first_row_index;
  stream_->SeekTo(page->offset - place.begin);
  rows_to_skip_ -= page->first_row_index - here;
  levels_after_page_ = chunk().num_rows - page->first_row_index;
  expected_page_rows_ = end - page->first_row_index;
  return Status::OK();
}

/// An index that cannot be right is as good as none.
void LeafPages::LoadOffsetIndex() {
  if (offset_index_tried_) return;
  offset_index_tried_ = true;
  constexpr int32_t kIndexBytesMax = 16 << 20;
  const ColumnChunkPlace& place = file_->footer->chunk(chunk().row_group, leaf_);
  const int64_t bytes = place.offset_index_bytes;
  if (bytes <= 0 || bytes > kIndexBytesMax || place.offset_index_begin < 0 ||
      place.offset_index_begin > file_->size - bytes) {
    return;
  }
  std::unique_ptr<parquet::OffsetIndex> index;
  const Status status = CatchParquet([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(auto buffer, file_->file->ReadAt(place.offset_index_begin, bytes));
    if (buffer->size() != bytes) return Status::Invalid("the offset index is cut off");
    index = parquet::OffsetIndex::Make(buffer->data(), bytes, parquet::ReaderProperties(pool_));
    return Status::OK();
  });
  if (!status.ok() || index->page_locations().empty()) return;
  int64_t row = 0;
  int64_t offset = place.begin;
  for (const parquet::PageLocation& page : index->page_locations()) {
    const bool first = &page == &index->page_locations().front();
    if (first ? page.first_row_index != 0 || page.offset < offset
              : page.first_row_index <= row || page.offset <= offset) {
      return;
    }
    row = page.first_row_index;
    offset = page.offset;
  }
  if (row >= chunk().num_rows || offset >= place.begin + place.compressed_bytes) return;
  offset_index_ = std::move(index);
}

Status LeafPages::OpenChunk() {
  while (next_chunk_ < chunks_.size() && chunks_[next_chunk_].num_rows == 0) ++next_chunk_;
  if (next_chunk_ == chunks_.size()) return Status::Invalid("rows were asked for beyond its end");
  const int64_t num_rows = chunks_[next_chunk_++].num_rows;
  const ParquetFooter& footer = *file_->footer;
  const ColumnChunkPlace& place = footer.chunk(chunk().row_group, leaf_);
  if (place.encrypted) {
    return Status::Invalid("it is encrypted, and encrypted columns are not supported");
  }
  // Inside of lists a row can have more levels than one, but not none.
  if (max_repetition_level() > 0 ? place.num_values < num_rows : place.num_values != num_rows) {
    return Status::Invalid("the footer says that it has ", place.num_values,
                           " values, but its row group has ", num_rows, " rows");
  }
  int64_t size = place.compressed_bytes;
  if (place.begin < 0 || size < 0 || size > file_->size || place.begin > file_->size - size) {
    return Status::Invalid("its data should be ", size, " bytes at offset ", place.begin,
                           ", but the file has only ", file_->size, " bytes");
  }
  // No dictionary page's header is longer.
  if (footer.chunk_sizes_short) size += std::min<int64_t>(100, file_->size - place.begin - size);
  ARROW_ASSIGN_OR_RAISE(value_decoder_, PageValueDecoder::Make(descriptor_, type_, pool_));
  page_pool_.set_limit(PageBytesMax(place.compressed_bytes, place.uncompressed_bytes, place.codec));
  parquet::ReaderProperties properties(&page_pool_);
  properties.set_page_checksum_verification(true);
  page_.reset();
  pages_.reset();
  dictionary_.reset();
  offset_index_.reset();
  offset_index_tried_ = false;
  expected_page_rows_ = -1;
  stream_->Reset(file_->file, place.begin, size);
  pages_ = parquet::PageReader::Open(stream_, place.num_values, place.codec, properties,
                                     *descriptor_, footer.always_compressed);
  levels_after_page_ = place.num_values;
  return Status::OK();
}

Status LeafPages::Next() {
  num_levels_ = 0;
  while (num_levels_ == 0) ARROW_RETURN_NOT_OK(NextPage());
  return Status::OK();
}

Status LeafPages::NextPage() {
  if (levels_after_page_ == 0) ARROW_RETURN_NOT_OK(OpenChunk());
  page_ = pages_->NextPage();
  if (page_ == nullptr) {
    return Status::Invalid("its pages end ", levels_after_page_, " values too early");
  }
  switch (page_->type()) {
    case parquet::PageType::DICTIONARY_PAGE:
      return SetDictionary(static_cast<const parquet::DictionaryPage&>(*page_));
    case parquet::PageType::DATA_PAGE:
    case parquet::PageType::DATA_PAGE_V2:
      return SetDataPage(static_cast<const parquet::DataPage&>(*page_));
    default:
      return Status::OK();  // index pages and kinds to come hold no rows
  }
}

Status LeafPages::SetDictionary(const parquet::DictionaryPage& page) {
  if (dictionary_ != nullptr) return Status::Invalid("it has more than one dictionary page");
  if (page.encoding() != parquet::Encoding::PLAIN &&
      page.encoding() != parquet::Encoding::PLAIN_DICTIONARY) {
    return Status::Invalid("its dictionary page has the encoding ",
                           parquet::EncodingToString(page.encoding()), ", PLAIN was expected");
  }
  const int64_t width = PlainWidthMin(*descriptor_);
  const int64_t n = page.num_values();
  const int64_t possible = width > 0 ? page.size() / width : int64_t{page.size()} * 8;
  if (n < 0 || n > possible) {
    // Values without any bytes can't repeat within reason.
    const bool one_empty_value = n == 1 && descriptor_->type_length() == 0 && width == 1;
    if (!one_empty_value) {
      return Status::Invalid("its dictionary page claims ", n, " values in ", page.size(),
                             " bytes");
    }
  }
  ARROW_RETURN_NOT_OK(
      value_decoder_->SetPage(parquet::Encoding::PLAIN, n, page.data(), page.size()));
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  ARROW_RETURN_NOT_OK(value_decoder_->Decode({n, n, nullptr}, &arrays));
  dictionary_ = std::move(arrays.at(0));
  return Status::OK();
}

Status LeafPages::SetDataPage(const parquet::DataPage& page) {
  if (page.num_values() < 0 || page.num_values() > levels_after_page_) {
    return Status::Invalid("a page claims ", page.num_values(), " values where only ",
                           levels_after_page_, " are left");
  }
  if (expected_page_rows_ >= 0 && page.num_values() != expected_page_rows_) {
    return Status::Invalid("the offset index says that a page has ", expected_page_rows_,
                           " rows, but it has ", page.num_values());
  }
  expected_page_rows_ = -1;
  PageBytesView values;
  if (page.type() == parquet::PageType::DATA_PAGE) {
    ARROW_RETURN_NOT_OK(SplitPageV1(static_cast<const parquet::DataPageV1&>(page), &values));
  } else {
    ARROW_RETURN_NOT_OK(SplitPageV2(static_cast<const parquet::DataPageV2&>(page), &values));
  }
  const bool encoded = page.encoding() == parquet::Encoding::RLE_DICTIONARY ||
                       page.encoding() == parquet::Encoding::PLAIN_DICTIONARY;
  has_indices_ = encoded && type_->id() != arrow::Type::NA;
  if (has_indices_) {
    ARROW_RETURN_NOT_OK(SetIndices(values));
  } else {
    ARROW_RETURN_NOT_OK(
        value_decoder_->SetPage(page.encoding(), page.num_values(), values.data, values.size));
  }
  num_levels_ = page.num_values();
  levels_after_page_ -= num_levels_;
  return Status::OK();
}

Status LeafPages::SplitPageV1(const parquet::DataPageV1& page, PageBytesView* values) {
  *values = {page.data(), page.size()};
  const auto split = [&](const char* kind, parquet::Encoding::type encoding,
                         PageBytesView* levels) -> Status {
    if (encoding != parquet::Encoding::RLE) {
      return Status::Invalid("its ", kind, " levels have the encoding ",
                             parquet::EncodingToString(encoding), ", RLE was expected");
    }
    uint32_t level_bytes = 0;
    if (values->size < 4) return Status::Invalid("a page has no ", kind, " levels");
    std::memcpy(&level_bytes, values->data, sizeof(level_bytes));
    if (level_bytes > static_cast<uint64_t>(values->size - 4)) {
      return Status::Invalid("a page of ", page.size(), " bytes claims ", level_bytes, " bytes of ",
                             kind, " levels");
    }
    *levels = {values->data + 4, level_bytes};
    values->data += 4 + static_cast<int64_t>(level_bytes);
    values->size -= 4 + static_cast<int64_t>(level_bytes);
    return Status::OK();
  };
  if (max_repetition_level() > 0) {
    ARROW_RETURN_NOT_OK(split("repetition", page.repetition_level_encoding(), &repetition_));
  }
  if (max_definition_level() == 0) return Status::OK();
  return split("definition", page.definition_level_encoding(), &definition_);
}

Status LeafPages::SplitPageV2(const parquet::DataPageV2& page, PageBytesView* values) {
  const int64_t repetition = page.repetition_levels_byte_length();
  const int64_t definition = page.definition_levels_byte_length();
  if (repetition < 0 || definition < 0 || repetition + definition > page.size()) {
    return Status::Invalid("a page of ", page.size(), " bytes claims ", repetition, " and ",
                           definition, " bytes of levels");
  }
  repetition_ = {page.data(), repetition};
  definition_ = {page.data() + repetition, definition};
  *values = {page.data() + repetition + definition, page.size() - repetition - definition};
  return Status::OK();
}

Status LeafPages::SetIndices(PageBytesView values) {
  if (dictionary_ == nullptr) {
    // Fine as long as there are only nulls: every index is beyond an empty dictionary.
    ARROW_ASSIGN_OR_RAISE(dictionary_, arrow::MakeEmptyArray(type_, pool_));
  }
  const auto length = static_cast<uint32_t>(dictionary_->length());
  // A page of nulls may leave out the bit width. Width 1 without data fails as soon as an index is
  // asked for.
  const int bit_width = values.size == 0 ? 1 : values.data[0];
  if (bit_width > 32) {
    return Status::Invalid("a page has dictionary indices of ", bit_width,
                           " bits, 32 are the most");
  }
  const int64_t header = values.size == 0 ? 0 : 1;
  indices_ = IndexDecoder(values.data + header, values.size - header, bit_width, length);
  return Status::OK();
}

}  // namespace emberharmony::io::internal

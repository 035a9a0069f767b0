#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/page_stream_internal.h"

namespace emberharmony::io {
namespace {

/// The fields of parquet.thrift's PageHeader in Thrift's compact protocol, which is all of Thrift
/// that pages need.
class HeaderWriter {
 public:
  void Int(int field_delta, int64_t value) {
    constexpr int kI32 = 5;
    Byte(field_delta << 4 | kI32);
    uint64_t zigzag = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
    for (; zigzag >= 0x80; zigzag >>= 7) Byte(static_cast<int>(zigzag & 0x7F) | 0x80);
    Byte(static_cast<int>(zigzag));
  }
  void BeginStruct(int field_delta) {
    constexpr int kStruct = 12;
    Byte(field_delta << 4 | kStruct);
  }
  void EndStruct() { Byte(0); }

  const uint8_t* data() const { return bytes_; }
  int64_t size() const { return size_; }

 private:
  void Byte(int value) { bytes_[size_++] = static_cast<uint8_t>(value); }

  uint8_t bytes_[64];
  int64_t size_ = 0;
};

// Values of the enumerations PageType and Encoding in parquet.thrift.
constexpr int kDataPage = 0;
constexpr int kDictionaryPage = 2;
constexpr int kEncodingRle = 3;

int ThriftEncoding(parquet::Encoding::type encoding) {
  constexpr int kPlain = 0;
  constexpr int kRleDictionary = 8;
  return encoding == parquet::Encoding::PLAIN ? kPlain : kRleDictionary;
}

HeaderWriter PageHeader(bool dictionary, int64_t uncompressed, int64_t compressed,
                        int64_t num_values, int encoding) {
  HeaderWriter header;
  header.Int(1, dictionary ? kDictionaryPage : kDataPage);
  header.Int(1, uncompressed);
  header.Int(1, compressed);
  // Field 5 is the data page's header, field 7 the dictionary page's; field 4, a checksum, is left
  // out.
  header.BeginStruct(dictionary ? 4 : 2);
  header.Int(1, num_values);
  header.Int(1, encoding);
  if (!dictionary) {
    header.Int(1, kEncodingRle);  // definition levels
    header.Int(1, kEncodingRle);  // repetition levels
  }
  header.EndStruct();
  header.EndStruct();
  return header;
}

/// What snappy's format (google/snappy, format_description.txt) wants before a body that is left as
/// it is: its length as a varint, and the tag of a literal whose length takes four bytes.
struct StoredPrefix {
  uint8_t bytes[16];
  int64_t size = 0;
};

StoredPrefix MakeStoredPrefix(int64_t body_size) {
  constexpr uint8_t kLiteralOfFourByteLength = 63 << 2;
  StoredPrefix prefix;
  const auto put = [&](uint64_t byte) { prefix.bytes[prefix.size++] = static_cast<uint8_t>(byte); };
  auto rest = static_cast<uint64_t>(body_size);
  for (; rest >= 0x80; rest >>= 7) put(rest | 0x80);
  put(rest);
  put(kLiteralOfFourByteLength);
  for (int i = 0; i < 4; ++i) put(static_cast<uint64_t>(body_size - 1) >> 8 * i);
  return prefix;
}

}  // namespace

arrow::Result<std::unique_ptr<PageStream>> PageStream::Make(arrow::MemoryPool* pool) {
  std::unique_ptr<PageStream> stream(new PageStream(pool));
  ARROW_ASSIGN_OR_RAISE(stream->codec_, arrow::util::Codec::Create(arrow::Compression::SNAPPY));
  return stream;
}

arrow::Status PageStream::AddDataPage(const uint8_t* body, int64_t size, int64_t num_values,
                                      parquet::Encoding::type encoding) {
  return AddPage(false, body, size, num_values, encoding);
}

arrow::Status PageStream::AddDictionaryPage(const uint8_t* body, int64_t size, int64_t num_values) {
  return AddPage(true, body, size, num_values, parquet::Encoding::PLAIN);
}

arrow::Status PageStream::AddPage(bool dictionary, const uint8_t* body, int64_t size,
                                  int64_t num_values, parquet::Encoding::type encoding) {
  constexpr int64_t kLongestBody = int64_t{1} << 30;
  if (size > kLongestBody) {
    return base::DataError(
        fmt::format("expected Parquet pages of at most 1 GiB, found one of {} bytes; shorten the "
                    "longest values",
                    size));
  }
  bool compress = true;
  if (encoding == parquet::Encoding::RLE_DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(compress, IndicesCompress(body, size));
  }
  const StoredPrefix prefix = MakeStoredPrefix(size);
  int64_t compressed_size = prefix.size + size;
  if (compress) {
    const int64_t bound = codec_->MaxCompressedLen(size, body);
    ARROW_RETURN_NOT_OK(compressed_.Resize(bound));
    ARROW_ASSIGN_OR_RAISE(compressed_size, codec_->Compress(size, body, bound, compressed_.data()));
  }
  const HeaderWriter header =
      PageHeader(dictionary, size, compressed_size, num_values, ThriftEncoding(encoding));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> page,
                        arrow::AllocateBuffer(header.size() + compressed_size, pool_));
  uint8_t* out = page->mutable_data();
  std::memcpy(out, header.data(), header.size());
  out += header.size();
  if (compress) {
    std::memcpy(out, compressed_.data(), compressed_size);
  } else {
    std::memcpy(out, prefix.bytes, prefix.size);
    std::memcpy(out + prefix.size, body, size);
  }
  finished_.size += page->size();
  finished_.uncompressed_bytes += header.size() + size;
  finished_.pages.push_back(std::move(page));
  return arrow::Status::OK();
}

arrow::Result<bool> PageStream::IndicesCompress(const uint8_t* body, int64_t size) {
  // Bit-packed indices have lost nearly all redundancy, and snappy spends most of its time on those
  // that look as if they had not. A piece out of the middle tells; it depends on the page's bytes
  // alone, as everything here must.
  constexpr int64_t kSmall = 1024;
  if (size < kSmall) return true;
  const int64_t sample = std::min<int64_t>(size / 4, 4096);
  const int64_t bound = codec_->MaxCompressedLen(sample, body);
  ARROW_RETURN_NOT_OK(compressed_.Resize(bound));
  ARROW_ASSIGN_OR_RAISE(const int64_t sample_size,
                        codec_->Compress(sample, body + size / 2, bound, compressed_.data()));
  return 4 * sample_size <= 3 * sample;
}

arrow::Result<PageBytes> PageStream::Finish() { return std::exchange(finished_, {}); }

}  // namespace emberharmony::io

#include <fmt/format.h>

#include <limits>

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
  const int64_t bound = codec_->MaxCompressedLen(size, body);
  if (bound > std::numeric_limits<int32_t>::max()) {
    return base::DataError(
        fmt::format("a Parquet page holds less than 2 GiB, found one of {} bytes; a single value "
                    "must be shorter",
                    size));
  }
  ARROW_RETURN_NOT_OK(compressed_.Resize(bound));
  ARROW_ASSIGN_OR_RAISE(const int64_t compressed_size,
                        codec_->Compress(size, body, bound, compressed_.data()));
  const HeaderWriter header =
      PageHeader(dictionary, size, compressed_size, num_values, ThriftEncoding(encoding));
  ARROW_RETURN_NOT_OK(pages_.Reserve(pages_.size() + header.size() + compressed_size));
  ARROW_RETURN_NOT_OK(pages_.Append(header.data(), header.size()));
  ARROW_RETURN_NOT_OK(pages_.Append(compressed_.data(), compressed_size));
  uncompressed_bytes_ += header.size() + size;
  ++num_pages_;
  return arrow::Status::OK();
}

arrow::Result<PageBytes> PageStream::Finish() {
  PageBytes result;
  result.uncompressed_bytes = uncompressed_bytes_;
  result.num_pages = num_pages_;
  ARROW_ASSIGN_OR_RAISE(result.bytes, pages_.Finish());
  uncompressed_bytes_ = 0;
  num_pages_ = 0;
  return result;
}

}  // namespace emberharmony::io

#include <arrow/buffer.h>
#include <arrow/io/buffered.h>
#include <arrow/io/compressed.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/io/csv_file_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int64_t kLineCountBytes = 64 << 10;

/// Reads of this size and more go to the file as they are; smaller ones are too small for a store
/// whose reads should be larger.
constexpr int64_t kDirectReadBytes = int64_t{1} << 20;

/// Bytes of a stream as they are.
class PlainStream : public CsvStream {
 public:
  explicit PlainStream(std::shared_ptr<arrow::io::InputStream> bytes) : bytes_(std::move(bytes)) {}

  Result<int64_t> Read(int64_t size, char* out) override {
    int64_t done = 0;
    while (done < size) {
      ARROW_ASSIGN_OR_RAISE(const int64_t read, bytes_->Read(size - done, out + done));
      if (read == 0) break;
      done += read;
    }
    return done;
  }

 private:
  std::shared_ptr<arrow::io::InputStream> bytes_;
};

class GzipStream : public CsvStream {
 public:
  static Result<std::unique_ptr<CsvStream>> Make(std::string name,
                                                 std::shared_ptr<arrow::io::InputStream> packed,
                                                 int64_t begin, int64_t end,
                                                 arrow::MemoryPool* pool) {
    std::unique_ptr<GzipStream> stream(new GzipStream(std::move(name), end - begin));
    ARROW_ASSIGN_OR_RAISE(stream->codec_, arrow::util::Codec::Create(arrow::Compression::GZIP));
    ARROW_ASSIGN_OR_RAISE(stream->unpacked_, arrow::io::CompressedInputStream::Make(
                                                 stream->codec_.get(), std::move(packed), pool));
    std::vector<char> skipped(static_cast<size_t>(std::min<int64_t>(begin, kLineCountBytes)));
    while (begin > 0) {
      const int64_t want = std::min<int64_t>(begin, static_cast<int64_t>(skipped.size()));
      ARROW_ASSIGN_OR_RAISE(const int64_t read, stream->Unpack(want, skipped.data()));
      if (read == 0) break;
      begin -= read;
    }
    return stream;
  }

  Result<int64_t> Read(int64_t size, char* out) override {
    size = std::min(size, left_);
    ARROW_ASSIGN_OR_RAISE(const int64_t read, Unpack(size, out));
    left_ -= read;
    return read;
  }

 private:
  GzipStream(std::string name, int64_t left) : name_(std::move(name)), left_(left) {}

  Result<int64_t> Unpack(int64_t size, char* out) {
    int64_t done = 0;
    while (done < size) {
      auto read = unpacked_->Read(size - done, out + done);
      if (!read.ok()) {
        const Status status = base::RecognizeAllocationFailure(read.status());
        if (status.IsOutOfMemory()) return status;
        return base::DataError("'" + name_ + "' can't be unpacked: " + read.status().message() +
                               "; the file is damaged or was cut short: copy it anew");
      }
      if (*read == 0) break;
      done += *read;
    }
    return done;
  }

  const std::string name_;
  int64_t left_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::io::CompressedInputStream> unpacked_;
};

}  // namespace

Result<std::shared_ptr<const CsvFile>> CsvFile::Make(std::shared_ptr<const FileStore> store,
                                                     ListedFile listed,
                                                     arrow::io::RandomAccessFile* opened) {
  std::shared_ptr<CsvFile> file(new CsvFile());
  std::array<unsigned char, 2> magic{};
  ARROW_ASSIGN_OR_RAISE(const int64_t read, opened->ReadAt(0, 2, magic.data()));
  file->gzip_ = read == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
  file->store_ = std::move(store);
  file->listed_ = std::move(listed);
  return file;
}

Result<std::unique_ptr<CsvStream>> CsvFile::Open(int64_t begin, int64_t end,
                                                 arrow::MemoryPool* pool) const {
  ARROW_ASSIGN_OR_RAISE(const OpenedFile opened, store_->Open(listed_));
  const int64_t first = gzip_ ? 0 : begin;
  const int64_t last = gzip_ || end < 0 ? listed_.size : end;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::io::InputStream> bytes,
                        arrow::io::RandomAccessFile::GetStream(opened.file, first,
                                                               std::max(last - first, int64_t{0})));
  if (store_->read_bytes() > kDirectReadBytes || gzip_) {
    ARROW_ASSIGN_OR_RAISE(bytes, arrow::io::BufferedInputStream::Create(store_->read_bytes(), pool,
                                                                        std::move(bytes)));
  }
  if (!gzip_) return std::make_unique<PlainStream>(std::move(bytes));
  return GzipStream::Make(name(), std::move(bytes), begin, end < 0 ? INT64_MAX : end, pool);
}

Result<int64_t> CsvFile::LineOfRecord(int64_t offset, const CsvDialect& dialect) const {
  ARROW_ASSIGN_OR_RAISE(auto stream, Open(0, -1, arrow::default_memory_pool()));
  std::vector<char> data(kLineCountBytes + kCsvPadding);
  std::vector<uint32_t> ends(kLineCountBytes + kCsvPadding);
  const CsvScanKernels& kernels = BestCsvScanKernels();
  CsvScanState state;
  CsvByteKinds kinds;
  int64_t lines = 0;  // that have ended
  int64_t line = 1;
  bool between_records = false;
  char previous = 0;
  for (int64_t done = 0; done <= offset;) {
    ARROW_ASSIGN_OR_RAISE(const int64_t read,
                          stream->Read(std::min(kLineCountBytes, offset - done + 1), data.data()));
    if (read == 0) break;
    int64_t num_ends = 0;
    const std::string_view text(data.data(), static_cast<size_t>(read));
    const int64_t mark = done == 0 && text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    kernels.find_fields(data.data() + mark, read - mark, dialect, static_cast<uint32_t>(mark),
                        &state, &kinds, ends.data(), &num_ends);
    int64_t next_end = 0;
    for (int64_t i = 0; i < read; ++i) {
      const char byte = data[static_cast<size_t>(i)];
      const bool newline = byte == '\n' || byte == '\r';
      const bool goes_on = dialect.one_column ? byte == '\n' && previous == '\r' : newline;
      if (between_records && !goes_on) {
        line = lines + 1;
        between_records = false;
      }
      while (next_end < num_ends && ends[static_cast<size_t>(next_end)] < i) ++next_end;
      const bool ends_field = next_end < num_ends && ends[static_cast<size_t>(next_end)] == i;
      between_records = between_records || (newline && ends_field);
      // CRLF ends a line once.
      lines += byte == '\r' || (byte == '\n' && previous != '\r');
      previous = byte;
    }
    done += read;
  }
  return line;
}

Status CsvFile::ErrorAt(int64_t offset, const CsvDialect& dialect, const std::string& what) const {
  const auto line = LineOfRecord(offset, dialect);
  if (!line.ok()) return base::DataError("'" + name() + "': " + what);
  return base::DataError("'" + name() + "', line " + std::to_string(*line) + ": " + what);
}

}  // namespace emberharmony::io::internal

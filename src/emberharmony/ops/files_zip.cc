// Reading zip archives.
#include <arrow/util/compression.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "emberharmony/ops/files_zip_internal.h"

namespace emberharmony::ops {
namespace {

using arrow::Status;

constexpr uint32_t kLocalMagic = 0x04034b50;
constexpr uint32_t kDirectoryMagic = 0x02014b50;
constexpr uint32_t kEndMagic = 0x06054b50;
constexpr uint32_t kWideEndMagic = 0x06064b50;
constexpr uint32_t kWideLocatorMagic = 0x07064b50;
constexpr int64_t kLocalBytes = 30;
constexpr int64_t kDirectoryEntryBytes = 46;
constexpr int64_t kEndBytes = 22;
constexpr int64_t kWideLocatorBytes = 20;
constexpr int64_t kWideEndBytes = 56;
constexpr int64_t kCommentMax = 0xFFFF;
constexpr uint32_t kIn64Bits = 0xFFFFFFFF;
/// A directory longer than this is refused: it would be of millions of members.
constexpr int64_t kDirectoryMax = int64_t{256} << 20;
/// Deflate cannot make more of a byte.
constexpr int64_t kDeflateRatioMax = 1032;

Status Damaged(const char* what) { return Status::Invalid("the zip archive is damaged: ", what); }

/// Numbers of a record, little-endian. Reading beyond its end gives 0 and is remembered.
class Record {
 public:
  explicit Record(std::string_view bytes) : bytes_(bytes) {}
  uint64_t Next(int num_bytes) {
    if (bytes_.size() < static_cast<size_t>(num_bytes)) {
      good_ = false;
      bytes_ = {};
      return 0;
    }
    uint64_t value = 0;
    std::memcpy(&value, bytes_.data(), num_bytes);
    bytes_.remove_prefix(num_bytes);
    return value;
  }
  std::string_view Bytes(size_t num_bytes) {
    if (bytes_.size() < num_bytes) {
      good_ = false;
      bytes_ = {};
      return {};
    }
    const std::string_view part = bytes_.substr(0, num_bytes);
    bytes_.remove_prefix(num_bytes);
    return part;
  }
  bool empty() const { return bytes_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

arrow::Result<std::string> ReadAt(arrow::io::RandomAccessFile* file, int64_t offset, int64_t size) {
  std::string bytes(size, '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(offset, size, bytes.data()));
  if (read != size) return Damaged("it ends too early");
  return bytes;
}

struct Directory {
  int64_t offset = 0;
  int64_t size = 0;
};

/// Where the directory stands, from the record at the archive's end.
arrow::Result<Directory> FindDirectory(arrow::io::RandomAccessFile* file, int64_t file_size) {
  const int64_t tail_size = std::min(file_size, kEndBytes + kCommentMax + kWideLocatorBytes);
  ARROW_ASSIGN_OR_RAISE(const std::string tail, ReadAt(file, file_size - tail_size, tail_size));
  int64_t at = tail_size - kEndBytes;
  for (; at >= 0; --at) {
    if (Record(std::string_view(tail).substr(at, 4)).Next(4) == kEndMagic) break;
  }
  if (at < 0) return Damaged("it has no end record");
  Record end(std::string_view(tail).substr(at, kEndBytes));
  end.Bytes(12);  // magic, disks, numbers of entries
  Directory directory;
  directory.size = static_cast<int64_t>(end.Next(4));
  directory.offset = static_cast<int64_t>(end.Next(4));
  if (at >= kWideLocatorBytes) {
    Record locator(std::string_view(tail).substr(at - kWideLocatorBytes, kWideLocatorBytes));
    if (locator.Next(4) == kWideLocatorMagic) {
      locator.Next(4);
      const uint64_t wide_end = locator.Next(8);
      if (wide_end > static_cast<uint64_t>(file_size - kWideEndBytes)) {
        return Damaged("its zip64 end record lies outside");
      }
      ARROW_ASSIGN_OR_RAISE(const std::string bytes,
                            ReadAt(file, static_cast<int64_t>(wide_end), kWideEndBytes));
      Record wide(bytes);
      if (wide.Next(4) != kWideEndMagic) return Damaged("it has no zip64 end record");
      wide.Bytes(36);
      directory.size = static_cast<int64_t>(wide.Next(8));
      directory.offset = static_cast<int64_t>(wide.Next(8));
    }
  }
  const bool within = directory.offset >= 0 && directory.size >= 0 &&
                      directory.offset <= file_size &&
                      directory.size <= file_size - directory.offset;
  if (!within || directory.size > kDirectoryMax) return Damaged("its directory lies outside");
  return directory;
}

/// Sizes and the offset that do not fit 32 bits stand in an extra field.
void ReadWideFields(std::string_view extra, ZipMember* member) {
  Record fields(extra);
  while (!fields.empty() && fields.good()) {
    const uint64_t id = fields.Next(2);
    Record field(fields.Bytes(fields.Next(2)));
    if (id != 1) continue;
    for (int64_t* number : {&member->size, &member->compressed_size, &member->header_offset}) {
      if (*number == kIn64Bits) *number = static_cast<int64_t>(field.Next(8));
    }
  }
}

class StoredReader : public ZipMemberReader {
 public:
  StoredReader(arrow::io::RandomAccessFile* file, const ZipMember& member, int64_t offset)
      : file_(file), member_(member), offset_(offset), left_(member.size) {}

  Status Read(int64_t size, void* to) override {
    if (size > left_) return Damaged("a member is shorter than it says");
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->ReadAt(offset_, size, to));
    if (read != size) return Damaged("it ends too early");
    crc_ = Crc32(to, size, crc_);
    offset_ += size;
    left_ -= size;
    return Status::OK();
  }
  Status Finish() override {
    return left_ == 0 && crc_ == member_.crc ? Status::OK()
                                             : Damaged("a member's checksum is wrong");
  }

 private:
  arrow::io::RandomAccessFile* file_;
  ZipMember member_;
  int64_t offset_;
  int64_t left_;
  uint32_t crc_ = 0;
};

class DeflatedReader : public ZipMemberReader {
 public:
  static arrow::Result<std::unique_ptr<ZipMemberReader>> Make(arrow::io::RandomAccessFile* file,
                                                              const ZipMember& member,
                                                              int64_t offset) {
    arrow::util::GZipCodecOptions options;
    options.gzip_format = arrow::util::GZipFormat::DEFLATE;
    auto reader = std::make_unique<DeflatedReader>(file, member, offset);
    ARROW_ASSIGN_OR_RAISE(reader->codec_,
                          arrow::util::Codec::Create(arrow::Compression::GZIP, options));
    ARROW_ASSIGN_OR_RAISE(reader->decompressor_, reader->codec_->MakeDecompressor());
    return reader;
  }
  DeflatedReader(arrow::io::RandomAccessFile* file, const ZipMember& member, int64_t offset)
      : file_(file), member_(member), offset_(offset), left_(member.compressed_size) {}

  Status Read(int64_t size, void* to) override {
    auto* out = static_cast<uint8_t*>(to);
    int64_t wanted = size;
    while (wanted > 0) {
      if (used_ == held_ && left_ > 0) ARROW_RETURN_NOT_OK(Fill());
      ARROW_ASSIGN_OR_RAISE(
          const auto step,
          decompressor_->Decompress(held_ - used_, input_.data() + used_, wanted, out));
      used_ += step.bytes_read;
      out += step.bytes_written;
      wanted -= step.bytes_written;
      const bool stuck = step.bytes_read == 0 && step.bytes_written == 0;
      if (wanted > 0 && stuck && (left_ == 0 || used_ < held_)) {
        return Damaged("a compressed member ends too early");
      }
    }
    crc_ = Crc32(to, size, crc_);
    done_ += size;
    return Status::OK();
  }
  Status Finish() override {
    return done_ == member_.size && crc_ == member_.crc ? Status::OK()
                                                        : Damaged("a member's checksum is wrong");
  }

 private:
  Status Fill() {
    held_ = std::min<int64_t>(left_, static_cast<int64_t>(input_.size()));
    used_ = 0;
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->ReadAt(offset_, held_, input_.data()));
    if (read != held_) return Damaged("it ends too early");
    offset_ += held_;
    left_ -= held_;
    return Status::OK();
  }

  arrow::io::RandomAccessFile* file_;
  ZipMember member_;
  int64_t offset_;
  int64_t left_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
  std::vector<uint8_t> input_ = std::vector<uint8_t>(1 << 16);
  int64_t held_ = 0;
  int64_t used_ = 0;
  int64_t done_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace

arrow::Result<std::vector<ZipMember>> ReadZipDirectory(arrow::io::RandomAccessFile* file) {
  ARROW_ASSIGN_OR_RAISE(const int64_t file_size, file->GetSize());
  if (file_size < kEndBytes) return Damaged("it is too short");
  ARROW_ASSIGN_OR_RAISE(const Directory directory, FindDirectory(file, file_size));
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, ReadAt(file, directory.offset, directory.size));
  std::vector<ZipMember> members;
  for (Record entries(bytes); !entries.empty();) {
    Record entry(entries.Bytes(kDirectoryEntryBytes));
    if (entry.Next(4) != kDirectoryMagic) return Damaged("its directory has a bad entry");
    entry.Bytes(4);  // versions
    const uint64_t flags = entry.Next(2);
    const uint64_t method = entry.Next(2);
    entry.Bytes(4);  // time
    ZipMember member;
    member.crc = static_cast<uint32_t>(entry.Next(4));
    member.compressed_size = static_cast<int64_t>(entry.Next(4));
    member.size = static_cast<int64_t>(entry.Next(4));
    const uint64_t name_bytes = entry.Next(2);
    const uint64_t extra_bytes = entry.Next(2);
    const uint64_t comment_bytes = entry.Next(2);
    entry.Bytes(8);  // disk and attributes
    member.header_offset = static_cast<int64_t>(entry.Next(4));
    member.name = entries.Bytes(name_bytes);
    ReadWideFields(entries.Bytes(extra_bytes), &member);
    entries.Bytes(comment_bytes);
    if (!entries.good()) return Damaged("its directory is cut off");
    if ((flags & 1) != 0) return Status::Invalid("the zip archive is encrypted");
    if (method != 0 && method != 8) {
      return Status::Invalid("the zip archive is compressed by method ", method,
                             ": expected deflate (8) or none (0)");
    }
    member.deflated = method == 8;
    members.push_back(std::move(member));
  }
  return members;
}

arrow::Result<std::unique_ptr<ZipMemberReader>> ZipMemberReader::Open(
    arrow::io::RandomAccessFile* file, const ZipMember& member) {
  ARROW_ASSIGN_OR_RAISE(const int64_t file_size, file->GetSize());
  if (member.header_offset < 0 || member.header_offset > file_size - kLocalBytes) {
    return Damaged("a member lies outside");
  }
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, ReadAt(file, member.header_offset, kLocalBytes));
  Record header(bytes);
  if (header.Next(4) != kLocalMagic) return Damaged("a member has no header");
  header.Bytes(22);  // what the directory says too
  const auto name_bytes = static_cast<int64_t>(header.Next(2));
  const auto extra_bytes = static_cast<int64_t>(header.Next(2));
  const int64_t offset = member.header_offset + kLocalBytes + name_bytes + extra_bytes;
  if (member.compressed_size < 0 || offset > file_size ||
      member.compressed_size > file_size - offset) {
    return Damaged("a member lies outside");
  }
  // What a member claims to be is asked of memory only if it can be true.
  const int64_t size_max =
      member.deflated ? (member.compressed_size + 1) * kDeflateRatioMax : member.compressed_size;
  if (member.size < 0 || member.size > size_max) return Damaged("a member's size is wrong");
  if (member.deflated) return DeflatedReader::Make(file, member, offset);
  return std::make_unique<StoredReader>(file, member, offset);
}

}  // namespace emberharmony::ops

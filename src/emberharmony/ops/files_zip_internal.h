#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emberharmony::ops {

/// The checksum of zip archives, of bytes that follow those of `before`.
uint32_t Crc32(const void* bytes, int64_t size, uint32_t before = 0);

/// One file of a zip archive.
struct ZipMember {
  std::string name;
  uint32_t crc = 0;
  int64_t compressed_size = 0;
  int64_t size = 0;
  int64_t header_offset = 0;  // of its local header
  bool deflated = false;
};

/// The members of an archive (PKWARE APPNOTE 6.3), zip64 included. Invalid for what is damaged,
/// encrypted, or compressed otherwise than by deflate.
arrow::Result<std::vector<ZipMember>> ReadZipDirectory(arrow::io::RandomAccessFile* file);

/// Reads a member from its first byte on and checks its checksum at the end.
class ZipMemberReader {
 public:
  static arrow::Result<std::unique_ptr<ZipMemberReader>> Open(arrow::io::RandomAccessFile* file,
                                                              const ZipMember& member);
  virtual ~ZipMemberReader() = default;
  /// The next `size` bytes into `to`; Invalid if there are fewer.
  virtual arrow::Status Read(int64_t size, void* to) = 0;
  /// After the last byte was read: Invalid if they were not the right ones.
  virtual arrow::Status Finish() = 0;
};

/// Writes members, uncompressed, one after the other, then the directory.
class ZipWriter {
 public:
  explicit ZipWriter(arrow::io::OutputStream* stream) : stream_(stream) {}
  /// A member of the two pieces' bytes.
  arrow::Status Add(const std::string& name, std::string_view first, std::string_view second);
  arrow::Status Finish();

 private:
  arrow::Status Write(std::string_view bytes);

  arrow::io::OutputStream* stream_;
  int64_t position_ = 0;
  std::vector<ZipMember> members_;
};

}  // namespace emberharmony::ops

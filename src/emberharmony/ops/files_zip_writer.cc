// Writing zip archives, and their checksum.
#include <array>
#include <cstring>

#include "emberharmony/ops/files_zip_internal.h"

namespace emberharmony::ops {
namespace {

constexpr uint16_t kPlainVersion = 20;
constexpr uint16_t kWideVersion = 45;
constexpr uint16_t kUtf8Flag = 1 << 11;
/// The first of January 1980, as NumPy writes it: equal tensors give equal files.
constexpr uint32_t kDate = 1 << 21 | 1 << 16;
constexpr int64_t kWrittenIn64Bits = 0xFFFFFFFF;

/// Tables for eight bytes at a time: tables[k][b] is the checksum of byte b followed by k zeros.
struct CrcTables {
  uint32_t by_zeros[8][256];

  constexpr CrcTables() : by_zeros() {
    for (uint32_t b = 0; b < 256; ++b) {
      uint32_t crc = b;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
      by_zeros[0][b] = crc;
    }
    for (int k = 1; k < 8; ++k) {
      for (uint32_t b = 0; b < 256; ++b) {
        const uint32_t shorter = by_zeros[k - 1][b];
        by_zeros[k][b] = (shorter >> 8) ^ by_zeros[0][shorter & 0xFF];
      }
    }
  }
};
constexpr CrcTables kCrcTables;

void Append(std::string* record, uint64_t number, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) record->push_back(static_cast<char>(number >> (8 * i)));
}

bool IsWide(const ZipMember& member) {
  return member.size >= kWrittenIn64Bits || member.header_offset >= kWrittenIn64Bits;
}

/// The fields that a member's local header and its directory entry share.
void AppendCommon(std::string* record, const ZipMember& member, bool wide_sizes) {
  Append(record, kUtf8Flag, 2);
  Append(record, 0, 2);  // stored
  Append(record, kDate, 4);
  Append(record, member.crc, 4);
  const int64_t size = wide_sizes ? kWrittenIn64Bits : member.size;
  Append(record, size, 4);
  Append(record, size, 4);
  Append(record, member.name.size(), 2);
}

}  // namespace

uint32_t Crc32(const void* bytes, int64_t size, uint32_t before) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  const auto& tables = kCrcTables.by_zeros;
  uint32_t crc = ~before;
  for (; size >= 8; size -= 8, at += 8) {
    uint32_t low, high;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + 4, 4);
    low ^= crc;
    crc = tables[7][low & 0xFF] ^ tables[6][(low >> 8) & 0xFF] ^ tables[5][(low >> 16) & 0xFF] ^
          tables[4][low >> 24] ^ tables[3][high & 0xFF] ^ tables[2][(high >> 8) & 0xFF] ^
          tables[1][(high >> 16) & 0xFF] ^ tables[0][high >> 24];
  }
  for (; size > 0; --size, ++at) crc = (crc >> 8) ^ tables[0][(crc ^ *at) & 0xFF];
  return ~crc;
}

arrow::Status ZipWriter::Write(std::string_view bytes) {
  position_ += static_cast<int64_t>(bytes.size());
  return stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
}

arrow::Status ZipWriter::Add(const std::string& name, std::string_view first,
                             std::string_view second) {
  if (name.size() > 0xFFFF) {
    return arrow::Status::Invalid("a name of ", name.size(),
                                  " bytes is too long for a zip archive");
  }
  ZipMember member;
  member.name = name;
  member.header_offset = position_;
  member.size = static_cast<int64_t>(first.size() + second.size());
  member.crc = Crc32(second.data(), static_cast<int64_t>(second.size()),
                     Crc32(first.data(), static_cast<int64_t>(first.size())));
  const bool wide = member.size >= kWrittenIn64Bits;
  std::string header;
  Append(&header, 0x04034b50, 4);
  Append(&header, wide ? kWideVersion : kPlainVersion, 2);
  AppendCommon(&header, member, wide);
  Append(&header, wide ? 20 : 0, 2);
  header += name;
  if (wide) {
    Append(&header, 1, 2);
    Append(&header, 16, 2);
    Append(&header, member.size, 8);
    Append(&header, member.size, 8);
  }
  members_.push_back(member);
  ARROW_RETURN_NOT_OK(Write(header));
  ARROW_RETURN_NOT_OK(Write(first));
  return Write(second);
}

arrow::Status ZipWriter::Finish() {
  const int64_t start = position_;
  for (const ZipMember& member : members_) {
    const bool wide = IsWide(member);
    std::string entry;
    Append(&entry, 0x02014b50, 4);
    Append(&entry, wide ? kWideVersion : kPlainVersion, 2);
    Append(&entry, wide ? kWideVersion : kPlainVersion, 2);
    AppendCommon(&entry, member, wide);
    Append(&entry, wide ? 28 : 0, 2);
    Append(&entry, 0, 2);  // comment
    Append(&entry, 0, 2);  // disk
    Append(&entry, 0, 2);  // attributes of the contents
    Append(&entry, 0, 4);  // attributes of the file
    Append(&entry, wide ? kWrittenIn64Bits : member.header_offset, 4);
    entry += member.name;
    if (wide) {
      Append(&entry, 1, 2);
      Append(&entry, 24, 2);
      Append(&entry, member.size, 8);
      Append(&entry, member.size, 8);
      Append(&entry, member.header_offset, 8);
    }
    ARROW_RETURN_NOT_OK(Write(entry));
  }
  const int64_t size = position_ - start;
  const auto count = static_cast<int64_t>(members_.size());
  const bool wide = start >= kWrittenIn64Bits || size >= kWrittenIn64Bits || count >= 0xFFFF;
  std::string end;
  if (wide) {
    const int64_t wide_end = position_;
    Append(&end, 0x06064b50, 4);
    Append(&end, 44, 8);
    Append(&end, kWideVersion, 2);
    Append(&end, kWideVersion, 2);
    Append(&end, 0, 8);  // disks
    Append(&end, count, 8);
    Append(&end, count, 8);
    Append(&end, size, 8);
    Append(&end, start, 8);
    Append(&end, 0x07064b50, 4);
    Append(&end, 0, 4);
    Append(&end, wide_end, 8);
    Append(&end, 1, 4);
  }
  Append(&end, 0x06054b50, 4);
  Append(&end, 0, 4);
  Append(&end, wide ? 0xFFFF : count, 2);
  Append(&end, wide ? 0xFFFF : count, 2);
  Append(&end, wide ? kWrittenIn64Bits : size, 4);
  Append(&end, wide ? kWrittenIn64Bits : start, 4);
  Append(&end, 0, 2);
  return Write(end);
}

}  // namespace emberharmony::ops

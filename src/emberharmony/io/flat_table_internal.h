#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace emberharmony::io::internal {

/// A table of a FlatBuffer whose bytes may be anything. Every position is checked before it is
/// read; a fault of the bytes is Status::Invalid. A view: the bytes must outlive it.
///
/// Format: https://flatbuffers.dev/internals. Tables hold a signed 32-bit distance back to their
/// vtable, which holds its own size, the table's, and for each field its distance from the table's
/// start (0: absent); vectors are a 32-bit count and the elements; references are unsigned 32-bit
/// distances forward. Little endian.
class FlatTable {
 public:
  /// `count` elements of a vector, each of the width that was asked for.
  struct Elements {
    const uint8_t* data = nullptr;
    int64_t count = 0;
  };

  /// The table that a buffer begins with a reference to.
  static arrow::Result<FlatTable> Root(std::string_view bytes) { return At(bytes, 0); }

  /// A field that is a number; `absent` where the table does not have it.
  template <typename T>
  arrow::Result<T> Number(int field, T absent) const {
    ARROW_ASSIGN_OR_RAISE(const int64_t position, Find(field, sizeof(T)));
    return position == 0 ? absent : Load<T>(bytes_, position);
  }
  /// A field that is a table.
  arrow::Result<std::optional<FlatTable>> Table(int field) const {
    ARROW_ASSIGN_OR_RAISE(const int64_t position, Find(field, 4));
    if (position == 0) return std::optional<FlatTable>();
    ARROW_ASSIGN_OR_RAISE(FlatTable table, At(bytes_, position));
    return std::optional<FlatTable>(table);
  }
  /// A field that is a vector of structs or numbers; empty where the table does not have it.
  arrow::Result<Elements> Vector(int field, int64_t width) const;
  /// A field that is a vector of tables: how many, and one of them.
  arrow::Result<int64_t> NumTables(int field) const;
  arrow::Result<FlatTable> TableAt(int field, int64_t i) const;
  /// A field that is text; empty where the table does not have it.
  arrow::Result<std::string_view> Text(int field) const;

  /// Where the table lies in the bytes.
  int64_t position() const { return position_; }

  template <typename T>
  static T Load(std::string_view bytes, int64_t position) {
    T value;
    std::memcpy(&value, bytes.data() + position, sizeof(T));
    return value;
  }

 private:
  /// The table that the reference at `position` leads to.
  static arrow::Result<FlatTable> At(std::string_view bytes, int64_t position);
  /// Where a field of so many bytes lies; 0: absent.
  arrow::Result<int64_t> Find(int field, int64_t width) const;

  std::string_view bytes_;
  int64_t position_ = 0;
  int64_t size_ = 0;
  int64_t vtable_ = 0;
  int64_t vtable_size_ = 0;
};

}  // namespace emberharmony::io::internal

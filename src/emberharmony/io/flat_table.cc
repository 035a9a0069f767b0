#include <bit>

#include "emberharmony/io/flat_table_internal.h"

namespace emberharmony::io::internal {
namespace {

static_assert(std::endian::native == std::endian::little);

arrow::Status Damaged() { return arrow::Status::Invalid("its metadata are damaged"); }

}  // namespace

arrow::Result<FlatTable> FlatTable::At(std::string_view bytes, int64_t position) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (position > size - 4) return Damaged();
  FlatTable table;
  table.bytes_ = bytes;
  table.position_ = position + Load<uint32_t>(bytes, position);
  if (table.position_ > size - 4) return Damaged();
  table.vtable_ = table.position_ - Load<int32_t>(bytes, table.position_);
  if (table.vtable_ < 0 || table.vtable_ > size - 4) return Damaged();
  table.vtable_size_ = Load<uint16_t>(bytes, table.vtable_);
  table.size_ = Load<uint16_t>(bytes, table.vtable_ + 2);
  if (table.vtable_size_ < 4 || table.vtable_ + table.vtable_size_ > size || table.size_ < 4 ||
      table.position_ + table.size_ > size) {
    return Damaged();
  }
  return table;
}

arrow::Result<int64_t> FlatTable::Find(int field, int64_t width) const {
  const int64_t entry = 4 + 2 * int64_t{field};
  if (entry + 2 > vtable_size_) return 0;
  const int64_t offset = Load<uint16_t>(bytes_, vtable_ + entry);
  if (offset == 0) return 0;
  if (offset < 4 || offset + width > size_) return Damaged();
  return position_ + offset;
}

arrow::Result<FlatTable::Elements> FlatTable::Vector(int field, int64_t width) const {
  ARROW_ASSIGN_OR_RAISE(const int64_t position, Find(field, 4));
  if (position == 0) return Elements();
  const auto size = static_cast<int64_t>(bytes_.size());
  const int64_t vector = position + Load<uint32_t>(bytes_, position);
  if (vector > size - 4) return Damaged();
  const int64_t count = Load<uint32_t>(bytes_, vector);
  if (count > (size - vector - 4) / width) return Damaged();
  return Elements{reinterpret_cast<const uint8_t*>(bytes_.data()) + vector + 4, count};
}

arrow::Result<int64_t> FlatTable::NumTables(int field) const {
  ARROW_ASSIGN_OR_RAISE(const Elements elements, Vector(field, 4));
  return elements.count;
}

arrow::Result<FlatTable> FlatTable::TableAt(int field, int64_t i) const {
  ARROW_ASSIGN_OR_RAISE(const Elements elements, Vector(field, 4));
  if (i < 0 || i >= elements.count) return Damaged();
  const auto* begin = reinterpret_cast<const uint8_t*>(bytes_.data());
  return At(bytes_, elements.data - begin + 4 * i);
}

arrow::Result<std::string_view> FlatTable::Text(int field) const {
  ARROW_ASSIGN_OR_RAISE(const Elements elements, Vector(field, 1));
  return std::string_view(reinterpret_cast<const char*>(elements.data),
                          static_cast<size_t>(elements.count));
}

}  // namespace emberharmony::io::internal

#include <cstring>

#include "emberharmony/io/csv_block_internal.h"

namespace emberharmony::io::internal {
namespace {

/// Halves doubled quotes in place; the new size, or -1 if a quote stands alone.
int64_t HalveQuotes(char* content, int64_t size) {
  const void* first = std::memchr(content, '"', static_cast<size_t>(size));
  if (first == nullptr) return size;
  int64_t read = static_cast<const char*>(first) - content;
  int64_t write = read;
  while (read < size) {
    if (content[read] == '"') {
      if (read + 1 == size || content[read + 1] != '"') return -1;
      ++read;
    }
    content[write++] = content[read++];
  }
  return write;
}

/// False if there is something behind the closing quote.
inline bool TakeField(char* text, uint32_t begin, uint32_t end, CsvField* field) {
  if (begin == end || text[begin] != '"') [[likely]] {
    *field = {begin, end - begin, 0};
    return true;
  }
  int64_t size = -1;
  if (end - begin >= 2 && text[end - 1] == '"') {
    size = HalveQuotes(text + begin + 1, static_cast<int64_t>(end - begin) - 2);
  }
  if (size < 0) return false;
  *field = {begin + 1, static_cast<uint32_t>(size), 1};
  return true;
}

}  // namespace

int64_t CsvBlock::RecordBegin(int64_t row) const {
  int64_t begin = row == 0 ? 0 : int64_t{ends[row * num_columns - 1]} + 1;
  if (one_column) {
    // A line feed is a line of its own unless a carriage return is before it.
    if (begin > 0 && text[begin - 1] == '\r' && text[begin] == '\n') ++begin;
  } else {
    while (text[begin] == '\n' || text[begin] == '\r') ++begin;
  }
  return begin;
}

arrow::Result<int64_t> CsvBlock::TakeFields(int64_t column, PooledArray<CsvField>* fields) {
  ARROW_RETURN_NOT_OK(fields->Resize(num_rows));
  CsvField* out = fields->data();
  char* bytes = text.data();
  if (column == 0) {
    for (int64_t row = 0; row < num_rows; ++row) {
      const auto begin = static_cast<uint32_t>(RecordBegin(row));
      if (!TakeField(bytes, begin, ends[row * num_columns], &out[row])) return row;
    }
  } else {
    const uint32_t* end = ends.data() + column;
    for (int64_t row = 0; row < num_rows; ++row, end += num_columns) {
      if (!TakeField(bytes, end[-1] + 1, *end, &out[row])) return row;
    }
  }
  return -1;
}

}  // namespace emberharmony::io::internal

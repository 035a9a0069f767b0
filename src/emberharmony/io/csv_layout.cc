#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/memory_budget.h"
#include "emberharmony/base/utf8.h"
#include "emberharmony/io/csv_layout_internal.h"

namespace emberharmony::io::internal {
namespace {

using arrow::Result;
using arrow::Status;

constexpr std::string_view kDelimiters = ",;\t|";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
// Text that is scanned at a time: it stays in the second-level cache.
constexpr int64_t kScanBytes = 256 << 10;
// Where a unit's last record is searched for its end.
constexpr int64_t kCutBytes = 4 << 10;

bool EndsLine(char byte) { return byte == '\n' || byte == '\r'; }

/// Finds the end of the header before its delimiter is known; counts the candidates.
class HeaderEnd {
 public:
  /// The place behind the header's last byte (a line end), or -1 if `text` does not hold it.
  int64_t Find(std::string_view text) {
    bool quoted = false;
    bool after_break = true;
    counts_.fill(0);
    for (size_t i = 0; i < text.size(); ++i) {
      const char byte = text[i];
      if (byte == '"') {
        if (quoted && i + 1 < text.size() && text[i + 1] == '"') {
          ++i;
        } else {
          quoted = quoted ? false : after_break;
        }
        after_break = false;
        continue;
      }
      if (quoted) continue;
      if (EndsLine(byte)) return static_cast<int64_t>(i);
      const size_t candidate = kDelimiters.find(byte);
      after_break = candidate != std::string_view::npos;
      if (after_break) ++counts_[candidate];
    }
    return -1;
  }

  char delimiter() const {
    const auto most = std::max_element(counts_.begin(), counts_.end());
    return *most == 0 ? ',' : kDelimiters[static_cast<size_t>(most - counts_.begin())];
  }

 private:
  std::array<int64_t, kDelimiters.size()> counts_{};
};

bool EndsWithAny(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [name](std::string_view ending) { return name.ends_with(ending); });
}

// A quote right behind an opening brace, or a brace or bracket behind an opening bracket: no header
// is written so.
bool LooksLikeJson(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) return false;
  const size_t second = text.find_first_not_of(kSpaces, first + 1);
  if (second == std::string_view::npos) return false;
  return text[first] == '{' ? text[second] == '"' || text[second] == '}'
                            : text[second] == '{' || text[second] == '[' || text[second] == ']';
}

// JSON has lines and commas, too, and would make a table of odd columns.
Status CheckNotJson(const CsvFile& file, std::string_view text) {
  const std::string_view name = file.name();
  const bool is_named_json =
      EndsWithAny(name, {".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz"});
  const bool is_named_csv = EndsWithAny(name, {".csv", ".tsv", ".csv.gz", ".tsv.gz"});
  if (!is_named_json && (is_named_csv || !LooksLikeJson(text))) return Status::OK();
  return base::DataError("'" + file.name() +
                         "' is JSON, which cannot be read; convert it to Parquet, Arrow or CSV "
                         "(pandas: pd.read_json(...).to_parquet(...))");
}

Status CheckEncoding(const CsvFile& file, std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return base::DataError("'" + file.name() +
                           "', line 1: the text is UTF-16, expected UTF-8; convert it, e.g. with "
                           "iconv -f UTF-16 -t UTF-8");
  }
  if (text.find('\0') != std::string_view::npos) {
    return base::DataError("'" + file.name() +
                           "', line 1: a NUL byte, expected text in UTF-8; is this a CSV file?");
  }
  if (!base::IsUtf8(text)) {
    return base::DataError("'" + file.name() +
                           "', line 1: invalid UTF-8; convert the file to UTF-8, e.g. with iconv "
                           "-f LATIN1 -t UTF-8");
  }
  return Status::OK();
}

/// The content of a header's field; nothing if it goes on behind its closing quote.
Result<std::string> Unquoted(const CsvFile& file, std::string_view field) {
  if (field.empty() || field.front() != '"') return std::string(field);
  std::string content;
  for (size_t i = 1; i < field.size(); ++i) {
    if (field[i] != '"') {
      content += field[i];
    } else if (i + 1 < field.size() && field[i + 1] == '"') {
      content += field[i++];
    } else if (i + 1 < field.size()) {
      return base::DataError("'" + file.name() +
                             "', line 1: a column's name goes on behind its closing quote: double "
                             "quotes that belong to it");
    }
  }
  return content;
}

/// Cuts a header into fields; outside of quotes it has no line end.
std::vector<std::string_view> SplitHeader(std::string_view text, char delimiter) {
  std::vector<std::string_view> fields;
  size_t begin = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      quoted = quoted ? false : i == begin || text[i - 1] == '"';
    } else if (text[i] == delimiter && !quoted) {
      fields.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  fields.push_back(text.substr(begin));
  return fields;
}

/// Checks UTF-8 in a text that comes in parts.
class Utf8Parts {
 public:
  /// Where in `text` the first invalid sequence begins (negative: in the part before); nothing if
  /// there is none so far.
  std::optional<int64_t> FindInvalid(std::string_view text) {
    size_t done = 0;
    if (!begun_.empty()) {
      const size_t before = begun_.size();
      begun_.append(text.substr(0, kLongest - before));
      const size_t length = base::Utf8SequenceLength(begun_);
      if (length == 0) {
        if (before + text.size() < kLongest && MayGoOn(begun_)) return std::nullopt;
        return -static_cast<int64_t>(before);
      }
      done = length - before;
      begun_.clear();
    }
    while (done < text.size()) {
      const std::string_view rest = text.substr(done);
      if (rest.size() >= 8 && IsAscii(rest.data())) {
        done += 8;
        continue;
      }
      const size_t length = base::Utf8SequenceLength(rest);
      if (length > 0) {
        done += length;
        continue;
      }
      if (rest.size() >= kLongest || !MayGoOn(rest)) return static_cast<int64_t>(done);
      begun_ = rest;
      break;
    }
    return std::nullopt;
  }
  /// Whether a sequence has begun that has not ended.
  bool in_sequence() const { return !begun_.empty(); }

 private:
  static constexpr size_t kLongest = 4;

  static bool IsAscii(const char* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return (word & 0x8080808080808080) == 0;
  }
  /// Whether some continuation makes a sequence of these bytes, which are none.
  static bool MayGoOn(std::string_view bytes) {
    size_t subpart = 0;
    base::Utf8SequenceLength(bytes, &subpart);
    const auto lead = static_cast<unsigned char>(bytes[0]);
    return subpart == bytes.size() && lead >= 0xC2 && lead <= 0xF4;
  }

  std::string begun_;
};

/// The one pass over a file's bytes behind the header.
class RangeScan {
 public:
  RangeScan(const CsvFile& file, const CsvHeader& header, const CsvSizes& sizes)
      : file_(file),
        dialect_(header.dialect),
        record_bytes_max_(sizes.record_bytes_max),
        unit_bytes_(sizes.unit_bytes),
        offset_(header.end) {
    range_.begin = offset_;
    record_begin_ = offset_;
  }

  Result<std::vector<CsvRange>> Run() {
    ARROW_ASSIGN_OR_RAISE(auto stream, file_.Open(offset_, -1, arrow::default_memory_pool()));
    std::vector<char> text(kScanBytes + kCsvPadding);
    int64_t size = kScanBytes;
    while (size == kScanBytes) {
      ARROW_ASSIGN_OR_RAISE(size, stream->Read(kScanBytes, text.data()));
      ARROW_RETURN_NOT_OK(Scan({text.data(), static_cast<size_t>(size)}));
    }
    if (utf8_.in_sequence()) return InvalidUtf8(offset_ - 1);
    if (state_.in_quotes()) {
      return file_.ErrorAt(offset_ - 1, dialect_, "a quote is opened and never closed: close it");
    }
    // A last record without line end.
    if (!state_.after_newline) ++range_.num_records;
    Cut(offset_);
    return std::move(ranges_);
  }

 private:
  Status Scan(std::string_view text) {
    const int64_t size = static_cast<int64_t>(text.size());
    CsvByteKinds kinds;
    for (int64_t done = 0; done < size;) {
      const int64_t wanted = range_.begin + unit_bytes_ - (offset_ + done);
      const char* rest = text.data() + done;
      if (wanted > 0) {
        done += Count(rest, std::min(wanted, size - done), &kinds);
      } else if (!state_.after_newline) {
        done += CountToRecordEnd(rest, size - done, &kinds);
      } else if (state_.after_cr && *rest == '\n') {
        done += Count(rest, 1, &kinds);
      } else {
        Cut(offset_ + done);
      }
    }
    if (kinds.has_nul) {
      return file_.ErrorAt(offset_ + static_cast<int64_t>(text.find('\0')), dialect_,
                           "a NUL byte, expected text in UTF-8; is this a CSV file?");
    }
    if (kinds.has_non_ascii || utf8_.in_sequence()) {
      if (const auto invalid = utf8_.FindInvalid(text)) return InvalidUtf8(offset_ + *invalid);
    }
    offset_ += size;
    if (offset_ - record_begin_ > record_bytes_max_ + kScanBytes) {
      return file_.ErrorAt(offset_ - 1, dialect_,
                           "the record is longer than " + base::FormatByteSize(record_bytes_max_) +
                               ", the longest supported; is a quote not closed?");
    }
    return Status::OK();
  }

  /// Counts the records that end in the bytes; their number.
  int64_t Count(const char* text, int64_t size, CsvByteKinds* kinds) {
    const int64_t records = kernels_.count_records(text, size, dialect_, &state_, kinds);
    range_.num_records += records;
    // Not before this: the text's start is near enough.
    if (records > 0 || state_.after_newline) record_begin_ = offset_;
    return size;
  }

  /// Counts up to the next end of a record.
  int64_t CountToRecordEnd(const char* text, int64_t size, CsvByteKinds* kinds) {
    size = std::min(size, kCutBytes);
    std::array<uint32_t, kCutBytes + kCsvPadding> ends;
    CsvScanState state = state_;
    int64_t num_ends = 0;
    kernels_.find_fields(text, size, dialect_, 0, &state, kinds, ends.data(), &num_ends);
    for (int64_t i = 0; i < num_ends; ++i) {
      const int64_t end = ends[static_cast<size_t>(i)];
      if (EndsLine(text[end])) return Count(text, end + 1, kinds);
    }
    return Count(text, size, kinds);
  }

  void Cut(int64_t offset) {
    range_.end = offset;
    if (range_.num_records > 0) ranges_.push_back(range_);
    range_ = CsvRange{offset, offset, 0};
  }

  Status InvalidUtf8(int64_t offset) const {
    return file_.ErrorAt(offset, dialect_,
                         "invalid UTF-8; convert the file to UTF-8, e.g. with iconv -f LATIN1 -t "
                         "UTF-8");
  }

  const CsvFile& file_;
  const CsvDialect dialect_;
  const int64_t record_bytes_max_;
  const int64_t unit_bytes_;
  const CsvScanKernels& kernels_ = BestCsvScanKernels();
  int64_t offset_;        // of the text being scanned
  int64_t record_begin_;  // about where the record begins that has not ended
  CsvScanState state_;
  Utf8Parts utf8_;
  CsvRange range_;
  std::vector<CsvRange> ranges_;
};

Status CheckNames(const CsvFile& file, const std::vector<std::string>& names) {
  std::map<std::string_view, size_t> first;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto [found, is_new] = first.emplace(names[i], i);
    if (is_new) continue;
    return base::DataError("'" + file.name() + "', line 1: columns " +
                           std::to_string(found->second + 1) + " and " + std::to_string(i + 1) +
                           " are both called '" + names[i] + "'; give each a name of its own");
  }
  return Status::OK();
}

}  // namespace

Result<CsvHeader> ReadCsvHeader(const CsvFile& file, const CsvSizes& sizes) {
  ARROW_ASSIGN_OR_RAISE(auto stream, file.Open(0, -1, arrow::default_memory_pool()));
  std::string text;
  HeaderEnd search;
  int64_t end = -1;
  bool at_end = false;
  size_t mark = 0;
  for (int64_t limit = kScanBytes; end < 0 && !at_end; limit *= 2) {
    if (limit > kScanBytes && limit / 2 > sizes.record_bytes_max) {
      return base::DataError("'" + file.name() + "', line 1: the header is longer than " +
                             base::FormatByteSize(sizes.record_bytes_max) +
                             ", the longest supported; is this a CSV file?");
    }
    const size_t begin = text.size();
    text.resize(static_cast<size_t>(limit));
    ARROW_ASSIGN_OR_RAISE(const int64_t read,
                          stream->Read(limit - static_cast<int64_t>(begin), text.data() + begin));
    text.resize(begin + static_cast<size_t>(read));
    at_end = static_cast<int64_t>(text.size()) < limit;
    mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    end = search.Find(std::string_view(text).substr(mark));
    // Whether a LF belongs to a CR must be seen.
    if (end >= 0 && !at_end && mark + static_cast<size_t>(end) + 1 == text.size()) end = -1;
  }
  const std::string_view content = std::string_view(text).substr(mark);
  ARROW_RETURN_NOT_OK(CheckNotJson(file, content));
  const std::string_view line = content.substr(0, end < 0 ? content.size() : end);
  ARROW_RETURN_NOT_OK(CheckEncoding(file, line));
  if (line.empty()) {
    return base::DataError("'" + file.name() + "', line 1: " +
                           (content.empty() ? "the file is empty" : "the line is empty") +
                           ", expected a header with the names of the columns");
  }
  CsvHeader header;
  header.dialect.delimiter =
      EndsWithAny(file.name(), {".tsv", ".tsv.gz"}) ? '\t' : search.delimiter();
  for (const std::string_view field : SplitHeader(line, header.dialect.delimiter)) {
    ARROW_ASSIGN_OR_RAISE(std::string name, Unquoted(file, field));
    if (name.empty()) name = "column_" + std::to_string(header.names.size() + 1);
    header.names.push_back(std::move(name));
  }
  ARROW_RETURN_NOT_OK(CheckNames(file, header.names));
  header.dialect.one_column = header.names.size() == 1;
  header.end = static_cast<int64_t>(mark + line.size());
  if (end >= 0) {
    const bool two = content.substr(line.size()).starts_with("\r\n");
    header.end += two ? 2 : 1;
  }
  return header;
}

Result<std::vector<CsvRange>> FindCsvRanges(const CsvFile& file, const CsvHeader& header,
                                            const CsvSizes& sizes) {
  return RangeScan(file, header, sizes).Run();
}

}  // namespace emberharmony::io::internal

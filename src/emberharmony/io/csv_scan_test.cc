#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "emberharmony/io/csv_scan_internal.h"

namespace emberharmony::io::internal {
namespace {

struct Found {
  std::vector<uint32_t> ends;
  int64_t records = 0;
  bool in_quotes = false;
};

/// The rules of CsvScanState, byte by byte, with a state of its own.
Found ScanSlowly(const std::string& text, const CsvDialect& dialect) {
  enum class At { kFieldStart, kInField, kInQuotes, kAfterQuote } at = At::kFieldStart;
  Found found;
  bool record_begun = false;  // bytes or fields since the last line end
  for (size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    if (at == At::kInQuotes) {
      if (byte == '"') at = At::kAfterQuote;
      continue;
    }
    if (at == At::kAfterQuote && byte == '"') {
      at = At::kInQuotes;
      continue;
    }
    if (byte == '\n' || byte == '\r') {
      const bool second_of_crlf =
          byte == '\n' && i > 0 && text[i - 1] == '\r' && at == At::kFieldStart && !record_begun;
      const bool ends = dialect.one_column ? !second_of_crlf : record_begun;
      if (ends) {
        found.ends.push_back(static_cast<uint32_t>(i));
        ++found.records;
      }
      record_begun = false;
      at = At::kFieldStart;
    } else if (byte == dialect.delimiter) {
      if (!dialect.one_column) found.ends.push_back(static_cast<uint32_t>(i));
      record_begun = true;
      at = At::kFieldStart;
    } else {
      record_begun = true;
      at = byte == '"' && at == At::kFieldStart ? At::kInQuotes : At::kInField;
    }
  }
  found.in_quotes = at == At::kInQuotes;
  return found;
}

/// Scans in parts that end at `cuts`.
Found Scan(const CsvScanKernels& kernels, std::string text, const CsvDialect& dialect,
           const std::vector<size_t>& cuts) {
  const size_t size = text.size();
  text.append(kCsvPadding, '"');  // what lies beyond the end must not matter
  Found found;
  CsvScanState state, counting_state;
  CsvByteKinds kinds;
  size_t begin = 0;
  for (size_t part = 0; part <= cuts.size(); ++part) {
    const size_t end = part < cuts.size() ? cuts[part] : size;
    // The bytes behind the part are in its padding.
    std::vector<uint32_t> ends(end - begin + 64);
    int64_t num_ends = 0;
    const auto count = static_cast<int64_t>(end - begin);
    const int64_t records =
        kernels.find_fields(text.data() + begin, count, dialect, static_cast<uint32_t>(begin),
                            &state, &kinds, ends.data(), &num_ends);
    EXPECT_EQ(kernels.count_records(text.data() + begin, count, dialect, &counting_state, &kinds),
              records);
    found.records += records;
    found.ends.insert(found.ends.end(), ends.begin(), ends.begin() + num_ends);
    begin = end;
  }
  found.in_quotes = state.in_quotes();
  EXPECT_EQ(counting_state.in_quotes(), state.in_quotes());
  return found;
}

std::vector<const CsvScanKernels*> AllKernels() {
  std::vector<const CsvScanKernels*> kernels = {&PortableCsvScanKernels()};
  if (&BestCsvScanKernels() != kernels[0]) kernels.push_back(&BestCsvScanKernels());
  return kernels;
}

std::string RandomText(std::mt19937_64* random, size_t size, const std::string& alphabet) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += alphabet[(*random)() % alphabet.size()];
  return text;
}

TEST(CsvScanTest, FindsWhatAByteByByteReaderFinds) {
  std::mt19937_64 random(1);
  // Many and few quotes; the third text has quotes where writers put them.
  const std::vector<std::string> alphabets = {"a,\"\n", "ab,;\"\r\n", "abcdefgh,,\n\r\n\"",
                                              "aaaaaaaaaaaaaaaaaaaaaaaa,\n"};
  for (int round = 0; round < 4000; ++round) {
    const std::string text =
        RandomText(&random, random() % 400, alphabets[static_cast<size_t>(round) % 4]);
    const CsvDialect dialect{round % 3 == 0 ? ';' : ',', round % 5 == 0};
    std::vector<size_t> cuts;
    for (size_t at = random() % 100; at < text.size() && round % 2 == 0; at += random() % 100) {
      cuts.push_back(at);
    }
    const Found expected = ScanSlowly(text, dialect);
    for (const CsvScanKernels* kernels : AllKernels()) {
      const Found found = Scan(*kernels, text, dialect, cuts);
      ASSERT_EQ(found.ends, expected.ends) << kernels->name << ": " << text;
      ASSERT_EQ(found.records, expected.records) << kernels->name << ": " << text;
      ASSERT_EQ(found.in_quotes, expected.in_quotes) << kernels->name << ": " << text;
    }
  }
}

TEST(CsvScanTest, FindsFieldsAsWritersQuoteThem) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    std::vector<uint32_t> ends;
    const int num_fields = static_cast<int>(random() % 60);
    for (int i = 0; i < num_fields; ++i) {
      const std::string content = RandomText(&random, random() % 12, "ab,\n\r\"");
      text += '"';
      for (const char byte : content) text += byte == '"' ? std::string("\"\"") : std::string{byte};
      text += '"';
      ends.push_back(static_cast<uint32_t>(text.size()));
      text += i % 4 == 3 ? '\n' : ',';
    }
    for (const CsvScanKernels* kernels : AllKernels()) {
      const Found found = Scan(*kernels, text, {}, {});
      ASSERT_EQ(found.ends, ends) << kernels->name << ": " << text;
      ASSERT_EQ(found.records, num_fields / 4) << kernels->name << ": " << text;
    }
  }
}

TEST(CsvScanTest, TellsNulAndWhatIsNotAscii) {
  for (const CsvScanKernels* kernels : AllKernels()) {
    for (const size_t place : {0, 1, 31, 63, 64, 99}) {
      for (const char byte : {'\0', '\x80', '\xFF', '\x7F'}) {
        std::string text(100, 'a');
        text[place] = byte;
        text.append(kCsvPadding, '\0');
        CsvScanState state;
        CsvByteKinds kinds;
        kernels->count_records(text.data(), 100, {}, &state, &kinds);
        EXPECT_EQ(kinds.has_nul, byte == '\0') << place;
        EXPECT_EQ(kinds.has_non_ascii, byte == '\x80' || byte == '\xFF') << place;
      }
    }
  }
}

}  // namespace
}  // namespace emberharmony::io::internal

#include <algorithm>
#include <cstring>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/feature/counted_values_internal.h"
#include "emberharmony/feature/weighted_values_internal.h"

namespace emberharmony::feature {
namespace {

constexpr char kCountsMagic[4] = {'E', 'H', 'V', 'C'};
constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderBytes = 4 + 1 + 1 + 8 + 8 * kNumSections;
// A smaller multiset is not worth a run: memory is short because of others.
constexpr int64_t kSpillBytesMin = 64 * 1024;
// More runs than this are merged into one, so that reading them needs little memory.
constexpr size_t kRunsMax = 32;

// At most 7 bytes, with their number in the highest one.
inline uint64_t ShortKey(std::string_view bytes) {
  const char* data = bytes.data();
  const size_t size = bytes.size();
  uint64_t key = static_cast<uint64_t>(size) << 56;
  if (size >= 4) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, data, 4);
    std::memcpy(&high, data + size - 4, 4);
    return key | low | (static_cast<uint64_t>(high) << (8 * (size - 4)));
  }
  for (size_t i = 0; i < size; ++i) {
    key |= static_cast<uint64_t>(static_cast<uint8_t>(data[i])) << (8 * i);
  }
  return key;
}

bool IsShortKey(uint64_t key) {
  const int length = static_cast<int>(key >> 56);
  return length <= 7 && (key & 0x00ffffffffffffffULL) >> (8 * length) == 0;
}

template <typename Integer>
void AppendInteger(Integer value, std::string* out) {
  char bytes[sizeof(Integer)];
  std::memcpy(bytes, &value, sizeof(Integer));
  out->append(bytes, sizeof(Integer));
}

template <typename Integer>
Integer TakeInteger(std::string_view* bytes) {
  Integer value = 0;
  std::memcpy(&value, bytes->data(), sizeof(Integer));
  bytes->remove_prefix(sizeof(Integer));
  return value;
}

arrow::Status CorruptCounts(const std::string& what) {
  return base::DataError("encoded value counts are not valid: " + what +
                         "; they were damaged or come from another version: fit again");
}

// Encoded bytes, front to back, through a window.
class EncodedWindow {
 public:
  explicit EncodedWindow(const EncodedState& encoded) : encoded_(encoded) {}

  // Bytes that are at hand; takers shorten it from the front.
  std::string_view& rest() { return rest_; }
  // All that were not taken.
  int64_t left() const { return static_cast<int64_t>(rest_.size()) + encoded_.size() - offset_; }

  // More bytes at hand, twice as many as before when none were taken. False at the end. Views of
  // what was at hand become invalid.
  arrow::Result<bool> Refill() {
    constexpr int64_t kWindowBytes = 256 * 1024;
    if (offset_ == encoded_.size()) return false;
    std::string next(rest_);
    const auto kept = static_cast<int64_t>(next.size());
    const int64_t length = std::min(std::max(kWindowBytes, kept), encoded_.size() - offset_);
    next.resize(static_cast<size_t>(kept + length));
    ARROW_RETURN_NOT_OK(encoded_.Read(offset_, length, next.data() + kept));
    offset_ += length;
    buffer_ = std::move(next);
    rest_ = buffer_;
    return true;
  }

 private:
  const EncodedState& encoded_;
  int64_t offset_ = 0;
  std::string buffer_;
  std::string_view rest_;
};

// The entries of an encoded section, checked one by one.
class DecodedStream : public EntryStream {
 public:
  DecodedStream(const ValueKeys& keys, int section, int64_t num_entries, EncodedWindow* window)
      : keys_(keys), section_(section), left_(num_entries), window_(window) {}

  // Of the entries so far.
  int64_t count() const { return count_; }

  arrow::Result<bool> Next(CountedEntry* entry) override {
    if (left_ == 0) return false;
    --left_;
    while (!TakeEntry(section_, &window_->rest(), entry)) ARROW_RETURN_NOT_OK(ReadOn());
    if (!IsValue(*entry))
      return CorruptCounts("a value does not fit type " + keys_.type()->ToString());
    if (entry->count <= 0 || __builtin_add_overflow(count_, entry->count, &count_)) {
      return CorruptCounts("a count is out of range");
    }
    if (!first_ && !ComesBefore(previous_, *entry)) return CorruptCounts("values are not in order");
    first_ = false;
    previous_ = *entry;
    // The window moves on, the next value is compared with this one.
    previous_bytes_.assign(entry->bytes);
    previous_.bytes = previous_bytes_;
    return true;
  }

 private:
  // An entry that is not whole needs more bytes, unless enough of them are there to know better.
  arrow::Status ReadOn() {
    const std::string_view rest = window_->rest();
    constexpr size_t kShortEntryMax = 8 + 9;
    int64_t needed = 0;
    if (section_ != kLongSection) {
      if (rest.size() >= kShortEntryMax) return CorruptCounts("a count has no end");
    } else {
      int shift = 0;
      size_t i = 0;
      for (; i < rest.size() && i < 9; ++i, shift += 7) {
        needed |= static_cast<int64_t>(rest[i] & 0x7f) << shift;
        if ((rest[i] & 0x80) == 0) break;
      }
      if (i == 9) return CorruptCounts("a length has no end");
      if (i < rest.size() && static_cast<size_t>(needed) + i + 10 <= rest.size()) {
        return CorruptCounts("a count has no end");
      }
      if (i == rest.size()) needed = 0;
    }
    if (needed > window_->left()) return CorruptCounts("they end too early");
    ARROW_ASSIGN_OR_RAISE(const bool more, window_->Refill());
    return more ? arrow::Status::OK() : CorruptCounts("they end too early");
  }

  bool IsValue(const CountedEntry& entry) const {
    if (keys_.form() == ValueKeys::Form::kNumber) return section_ == 0 && keys_.IsKey(entry.key);
    if (section_ == 0 && !IsShortKey(entry.key)) return false;
    if (section_ == kLongSection && entry.bytes.size() <= 8) return false;
    char buffer[8];
    return keys_.IsKey(BytesOf(section_, entry, buffer));
  }

  const ValueKeys& keys_;
  const int section_;
  int64_t left_;
  EncodedWindow* window_;
  int64_t count_ = 0;
  bool first_ = true;
  CountedEntry previous_;
  std::string previous_bytes_;
};

}  // namespace

uint64_t KeyOf(std::string_view bytes) {
  if (bytes.size() != 8) return ShortKey(bytes);
  uint64_t key = 0;
  std::memcpy(&key, bytes.data(), 8);
  return key;
}

std::string_view BytesOf(int section, const CountedEntry& entry, char (&buffer)[8]) {
  if (section == kLongSection) return entry.bytes;
  std::memcpy(buffer, &entry.key, 8);
  return {buffer, section == 0 ? static_cast<size_t>(entry.key >> 56) : 8};
}

// Who may spill leaves headroom to those who may not.
base::MemoryBudget* CountedValues::TableBudget(const StateOptions& options) {
  const bool spills = !options.spill_dir.empty() && options.spillable != nullptr;
  return spills ? options.spillable : options.budget;
}

CountedValues::CountedValues(ValueKeys keys, StateOptions options)
    : keys_(std::move(keys)),
      options_(std::move(options)),
      tables_{KeyTable(TableBudget(options_)), KeyTable(TableBudget(options_))},
      long_table_(TableBudget(options_)) {}

int64_t CountedValues::memory_bytes() const {
  return static_cast<int64_t>(sizeof(*this)) + tables_[0].memory_bytes() +
         tables_[1].memory_bytes() + long_table_.memory_bytes();
}

arrow::Status CountedValues::Add(const WeightedValues& values) {
  ARROW_RETURN_NOT_OK(AddWeight(values.null_weight, &null_count_));
  if (!keys_.Accepts(*values.values.type())) {
    return base::UsageError("values of type " + keys_.type()->ToString() +
                            " were to be counted, found " + values.values.type()->ToString());
  }
  if (keys_.form() == ValueKeys::Form::kNothing || values.values.type_id() == arrow::Type::NA) {
    return AddWeights(values.weights, values.values.length(), &null_count_);
  }
  return keys_.form() == ValueKeys::Form::kNumber ? AddNumbers(values) : AddBytes(values);
}

arrow::Status CountedValues::AddNumbers(const WeightedValues& values) {
  uint64_t keys[ValueKeys::kChunk];
  int64_t counts[ValueKeys::kChunk];
  bool valid[ValueKeys::kChunk];
  const int64_t length = values.values.length();
  for (int64_t begin = 0; begin < length; begin += ValueKeys::kChunk) {
    const int n = static_cast<int>(std::min<int64_t>(ValueKeys::kChunk, length - begin));
    const bool all_there = keys_.ReadNumbers(values.values, begin, n, keys, valid);
    int m = 0;
    for (int i = 0; i < n; ++i) {
      const int64_t weight = values.weights == nullptr ? 1 : values.weights[begin + i];
      if (!all_there && !valid[i]) {
        ARROW_RETURN_NOT_OK(AddWeight(weight, &null_count_));
        continue;
      }
      keys[m] = keys[i];
      counts[m] = weight;
      m += weight > 0;  // without a branch: with a split it could not be predicted
    }
    ARROW_RETURN_NOT_OK(AddWeights(counts, m, &count_));
    ARROW_RETURN_NOT_OK(AddToKeyTable(0, keys, counts, m));
  }
  return arrow::Status::OK();
}

arrow::Status CountedValues::AddBytes(const WeightedValues& values) {
  std::string_view bytes[ValueKeys::kChunk];
  bool valid[ValueKeys::kChunk];
  char scratch[ValueKeys::kChunk * 32];
  uint64_t keys[2][ValueKeys::kChunk];
  int64_t counts[kNumSections][ValueKeys::kChunk];
  const int64_t length = values.values.length();
  for (int64_t begin = 0; begin < length; begin += ValueKeys::kChunk) {
    const int n = static_cast<int>(std::min<int64_t>(ValueKeys::kChunk, length - begin));
    const bool all_there = keys_.ReadBytes(values.values, begin, n, bytes, valid, scratch);
    int m[kNumSections] = {};
    for (int i = 0; i < n; ++i) {
      const int64_t weight = values.weights == nullptr ? 1 : values.weights[begin + i];
      if (!all_there && !valid[i]) {
        ARROW_RETURN_NOT_OK(AddWeight(weight, &null_count_));
        continue;
      }
      const std::string_view value = bytes[i];
      const int section = value.size() == 8 ? 1 : value.size() < 8 ? 0 : kLongSection;
      if (section == 1) {
        std::memcpy(&keys[1][m[1]], value.data(), 8);
      } else if (section == 0) {
        keys[0][m[0]] = ShortKey(value);
      } else if (static_cast<int64_t>(value.size()) <= BytesTable::kLengthMax) {
        bytes[m[kLongSection]] = value;
      } else {
        return base::DataError("a string of " + std::to_string(value.size()) +
                               " bytes is too long to be counted; at most 2^31 - 1 are possible");
      }
      counts[section][m[section]] = weight;
      m[section] += weight > 0;  // without a branch: with a split it could not be predicted
    }
    for (int section = 0; section < kNumSections; ++section) {
      ARROW_RETURN_NOT_OK(AddWeights(counts[section], m[section], &count_));
    }
    ARROW_RETURN_NOT_OK(AddToKeyTable(0, keys[0], counts[0], m[0]));
    ARROW_RETURN_NOT_OK(AddToKeyTable(1, keys[1], counts[1], m[1]));
    ARROW_RETURN_NOT_OK(AddToLongTable(bytes, counts[kLongSection], m[kLongSection]));
  }
  return arrow::Status::OK();
}

arrow::Status CountedValues::AddToKeyTable(int section, const uint64_t* keys, const int64_t* counts,
                                           int64_t n) {
  for (int64_t done = 0; done < n;) {
    int64_t added = 0;
    const arrow::Status status = tables_[section].Add(keys + done, counts + done, n - done, &added);
    done += added;
    if (!status.ok()) ARROW_RETURN_NOT_OK(MakeSpace(status));
  }
  return arrow::Status::OK();
}

arrow::Status CountedValues::AddToLongTable(const std::string_view* strings, const int64_t* counts,
                                            int64_t n) {
  for (int64_t done = 0; done < n;) {
    int64_t added = 0;
    const arrow::Status status = long_table_.Add(strings + done, counts + done, n - done, &added);
    done += added;
    if (!status.ok()) ARROW_RETURN_NOT_OK(MakeSpace(status));
  }
  return arrow::Status::OK();
}

arrow::Status CountedValues::AddAll(const CountedValues& other) {
  if (!keys_.Accepts(*other.keys_.type())) {
    return base::UsageError("counts of values of type " + keys_.type()->ToString() +
                            " cannot be merged with those of type " +
                            other.keys_.type()->ToString());
  }
  ARROW_RETURN_NOT_OK(AddWeight(other.count_, &count_));
  ARROW_RETURN_NOT_OK(AddWeight(other.null_count_, &null_count_));
  runs_.insert(runs_.end(), other.runs_.begin(), other.runs_.end());
  for (int section = 0; section < kLongSection; ++section) {
    arrow::Status status;
    for (int64_t position = 0;
         !(status = tables_[section].AddAll(other.tables_[section], &position)).ok();) {
      ARROW_RETURN_NOT_OK(MakeSpace(status));
    }
  }
  arrow::Status status;
  for (int64_t position = 0; !(status = long_table_.AddAll(other.long_table_, &position)).ok();) {
    ARROW_RETURN_NOT_OK(MakeSpace(status));
  }
  return runs_.size() > kRunsMax && !options_.spill_dir.empty() ? MergeRuns() : arrow::Status::OK();
}

// After the budget has refused memory: writes the tables to a run if that is allowed and helps,
// else returns the refusal.
arrow::Status CountedValues::MakeSpace(const arrow::Status& refused) {
  return refused.IsOutOfMemory() && CanSpill() ? Spill() : refused;
}

arrow::Status CountedValues::GiveBack() { return CanSpill() ? Spill() : arrow::Status::OK(); }

bool CountedValues::CanSpill() const {
  return !options_.spill_dir.empty() && memory_bytes() >= kSpillBytesMin;
}

arrow::Status CountedValues::MakeFile() {
  if (file_ != nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(file_, base::SpillFile::Create(options_.spill_dir));
  return arrow::Status::OK();
}

arrow::Status CountedValues::Spill() {
  ARROW_RETURN_NOT_OK(MakeFile());
  ValueRunWriter writer(file_);
  for (int section = 0; section < kLongSection; ++section) {
    ARROW_RETURN_NOT_OK(writer.WriteSection(section, StreamTable(tables_[section]).get()));
    tables_[section].Clear();
  }
  ARROW_RETURN_NOT_OK(writer.WriteSection(kLongSection, StreamTable(long_table_).get()));
  long_table_.Clear();
  runs_.push_back(writer.run());
  return runs_.size() > kRunsMax ? MergeRuns() : arrow::Status::OK();
}

// Into a new file; the old one goes when nothing refers to it any more.
arrow::Status CountedValues::MergeRuns() {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<base::SpillFile> file,
                        base::SpillFile::Create(options_.spill_dir));
  ValueRunWriter writer(file);
  for (int section = 0; section < kNumSections; ++section) {
    ARROW_RETURN_NOT_OK(writer.WriteSection(section, StreamRuns(section).get()));
  }
  file_ = std::move(file);
  runs_ = {writer.run()};
  return arrow::Status::OK();
}

std::unique_ptr<EntryStream> CountedValues::StreamRuns(int section) const {
  std::vector<std::unique_ptr<EntryStream>> streams;
  for (const ValueRun& run : runs_) streams.push_back(StreamRun(run, section));
  return MergeStreams(std::move(streams));
}

std::unique_ptr<EntryStream> CountedValues::Stream(int section) const {
  std::vector<std::unique_ptr<EntryStream>> streams;
  streams.push_back(section == kLongSection ? StreamTable(long_table_)
                                            : StreamTable(tables_[section]));
  for (const ValueRun& run : runs_) streams.push_back(StreamRun(run, section));
  return MergeStreams(std::move(streams));
}

arrow::Status CountedValues::ForEach(bool ordered, const Visit& visit) const {
  arrow::Status status;
  if (ordered || spilled()) {
    CountedEntry entry;
    for (int section = 0; section < kNumSections; ++section) {
      const std::unique_ptr<EntryStream> stream = Stream(section);
      for (;;) {
        ARROW_ASSIGN_OR_RAISE(const bool more, stream->Next(&entry));
        if (!more) break;
        ARROW_RETURN_NOT_OK(visit(section, entry));
      }
    }
    return status;
  }
  for (int section = 0; section < kLongSection; ++section) {
    tables_[section].ForEach([&](uint64_t key, int64_t count) {
      if (status.ok()) status = visit(section, {0, key, {}, count});
    });
  }
  long_table_.ForEach([&](std::string_view bytes, int64_t count) {
    if (status.ok()) status = visit(kLongSection, {0, 0, bytes, count});
  });
  return status;
}

arrow::Result<std::string> CountedValues::Encode() const {
  std::string out;
  ARROW_RETURN_NOT_OK(EncodeTo([&](std::string_view bytes) {
    out.append(bytes);
    return arrow::Status::OK();
  }));
  return out;
}

arrow::Result<int64_t> CountedValues::CountEntries(int section) const {
  if (!spilled()) return section == kLongSection ? long_table_.size() : tables_[section].size();
  // Equal values of several runs are one entry: only reading them tells.
  const std::unique_ptr<EntryStream> stream = Stream(section);
  CountedEntry entry;
  for (int64_t n = 0;; ++n) {
    ARROW_ASSIGN_OR_RAISE(const bool more, stream->Next(&entry));
    if (!more) return n;
  }
}

arrow::Status CountedValues::EncodeTo(const ByteConsumer& out) const {
  constexpr size_t kPieceBytes = 256 * 1024;
  std::string piece(kCountsMagic, sizeof(kCountsMagic));
  piece.push_back(static_cast<char>(kVersion));
  piece.push_back(static_cast<char>(keys_.form()));
  AppendInteger(null_count_, &piece);
  for (int section = 0; section < kNumSections; ++section) {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_entries, CountEntries(section));
    AppendInteger(num_entries, &piece);
  }
  ARROW_RETURN_NOT_OK(ForEach(true, [&](int section, const CountedEntry& entry) -> arrow::Status {
    AppendEntry(entry, section, &piece);
    if (piece.size() < kPieceBytes) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(out(piece));
    piece.clear();
    return arrow::Status::OK();
  }));
  return out(piece);
}

arrow::Result<std::unique_ptr<CountedValues>> CountedValues::Decode(std::string_view bytes,
                                                                    ValueKeys keys,
                                                                    const StateOptions& options) {
  auto values = std::make_unique<CountedValues>(std::move(keys), options);
  ARROW_RETURN_NOT_OK(values->MergeEncoded(EncodedState(
      static_cast<int64_t>(bytes.size()), [&](int64_t offset, int64_t length, void* out) {
        std::memcpy(out, bytes.data() + offset, static_cast<size_t>(length));
        return arrow::Status::OK();
      })));
  return values;
}

arrow::Status CountedValues::MergeEncoded(const EncodedState& encoded) {
  EncodedWindow window(encoded);
  ARROW_RETURN_NOT_OK(window.Refill().status());
  std::string_view& bytes = window.rest();
  if (bytes.size() < kHeaderBytes ||
      std::memcmp(bytes.data(), kCountsMagic, sizeof(kCountsMagic)) != 0) {
    return CorruptCounts("the header is missing");
  }
  if (static_cast<uint8_t>(bytes[4]) != kVersion) {
    return CorruptCounts("expected version 1, found " +
                         std::to_string(static_cast<uint8_t>(bytes[4])));
  }
  if (static_cast<uint8_t>(bytes[5]) != static_cast<uint8_t>(keys_.form())) {
    return CorruptCounts("they do not count values of type " + keys_.type()->ToString());
  }
  bytes.remove_prefix(6);
  const auto null_count = TakeInteger<int64_t>(&bytes);
  if (null_count < 0) return CorruptCounts("they count nulls below zero");
  ARROW_RETURN_NOT_OK(AddWeight(null_count, &null_count_));
  std::array<int64_t, kNumSections> num_entries{};
  for (int64_t& n : num_entries) n = TakeInteger<int64_t>(&bytes);
  for (int section = 0; section < kNumSections; ++section) {
    // An entry takes 9 bytes at least, so what we reserve is in proportion to what is there.
    if (num_entries[section] < 0 || num_entries[section] > window.left() / 9) {
      return CorruptCounts("they hold fewer values than they say");
    }
    DecodedStream stream(keys_, section, num_entries[section], &window);
    ARROW_RETURN_NOT_OK(MergeSection(section, num_entries[section], &stream));
    ARROW_RETURN_NOT_OK(AddWeight(stream.count(), &count_));
  }
  if (window.left() != 0) return CorruptCounts(std::to_string(window.left()) + " bytes too many");
  return runs_.size() > kRunsMax && !options_.spill_dir.empty() ? MergeRuns() : arrow::Status::OK();
}

arrow::Status CountedValues::MergeSection(int section, int64_t num_entries, EntryStream* stream) {
  if (num_entries == 0) return arrow::Status::OK();
  // Entries come in hash order, for which the table must be large enough from the start.
  const arrow::Status room = section == kLongSection
                                 ? long_table_.Reserve(long_table_.size() + num_entries, 0)
                                 : tables_[section].Reserve(tables_[section].size() + num_entries);
  if (!room.ok()) {
    if (!room.IsOutOfMemory() || options_.spill_dir.empty()) return room;
    ARROW_RETURN_NOT_OK(MakeFile());
    ValueRunWriter writer(file_);
    ARROW_RETURN_NOT_OK(writer.WriteSection(section, stream));
    runs_.push_back(writer.run());
    return arrow::Status::OK();
  }
  CountedEntry entry;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const bool more, stream->Next(&entry));
    if (!more) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(section == kLongSection
                            ? AddToLongTable(&entry.bytes, &entry.count, 1)
                            : AddToKeyTable(section, &entry.key, &entry.count, 1));
  }
}

void CountedValues::Find(const arrow::Array& values, int64_t begin, int n, int64_t* counts) const {
  bool valid[ValueKeys::kChunk];
  if (keys_.form() == ValueKeys::Form::kNothing || values.type_id() == arrow::Type::NA) {
    std::fill_n(counts, n, -1);
    return;
  }
  bool all_there = true;
  if (keys_.form() == ValueKeys::Form::kNumber) {
    uint64_t keys[ValueKeys::kChunk];
    all_there = keys_.ReadNumbers(values, begin, n, keys, valid);
    for (int i = 0; i < n; i += KeyTable::kBlock) {
      tables_[0].Find(keys + i, std::min(KeyTable::kBlock, n - i), counts + i);
    }
  } else {
    std::string_view bytes[ValueKeys::kChunk];
    char scratch[ValueKeys::kChunk * 32];
    all_there = keys_.ReadBytes(values, begin, n, bytes, valid, scratch);
    for (int i = 0; i < n; i += KeyTable::kBlock) {
      const int block = std::min(KeyTable::kBlock, n - i);
      uint64_t keys[2][KeyTable::kBlock];
      std::string_view strings[KeyTable::kBlock];
      int64_t found[KeyTable::kBlock];
      uint8_t at[kNumSections][KeyTable::kBlock];
      int m[kNumSections] = {};
      for (int k = 0; k < block; ++k) {
        // What a missing entry's view shows is defined, if meaningless.
        const std::string_view value = bytes[i + k];
        const int section = value.size() == 8 ? 1 : value.size() < 8 ? 0 : kLongSection;
        if (section == 1) std::memcpy(&keys[1][m[1]], value.data(), 8);
        if (section == 0) keys[0][m[0]] = ShortKey(value);
        if (section == kLongSection) strings[m[kLongSection]] = value;
        at[section][m[section]++] = static_cast<uint8_t>(k);
      }
      for (int section = 0; section < kNumSections; ++section) {
        if (m[section] == 0) continue;
        if (section == kLongSection) {
          long_table_.Find(strings, m[section], found);
        } else {
          tables_[section].Find(keys[section], m[section], found);
        }
        for (int k = 0; k < m[section]; ++k) counts[i + at[section][k]] = found[k];
      }
    }
  }
  if (all_there) return;
  for (int i = 0; i < n; ++i) {
    if (!valid[i]) counts[i] = -1;
  }
}

}  // namespace emberharmony::feature

#include <arrow/io/file.h>
#include <arrow/type.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/plan/saved_states_internal.h"

namespace emberharmony::plan::internal {
namespace {

constexpr std::string_view kMagic = "EMBRSTAT";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kKeyBytesMax = 1 << 20;
constexpr uint32_t kStatesMax = 1 << 20;

struct HashFree {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using HashState = std::unique_ptr<XXH3_state_t, HashFree>;

arrow::Result<HashState> MakeHash() {
  HashState hash(XXH3_createState());
  if (hash == nullptr || XXH3_64bits_reset(hash.get()) != XXH_OK) {
    return arrow::Status::OutOfMemory("no memory for a checksum");
  }
  return hash;
}

class StateWriter {
 public:
  StateWriter(arrow::io::OutputStream* stream, XXH3_state_t* hash) : stream_(stream), hash_(hash) {}

  arrow::Status Bytes(std::string_view bytes) {
    XXH3_64bits_update(hash_, bytes.data(), bytes.size());
    return stream_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
  }
  template <typename T>
  arrow::Status Number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    return Bytes({bytes, sizeof(T)});
  }
  arrow::Status Key(const std::string& key) {
    if (key.size() > kKeyBytesMax) {
      return arrow::Status::Invalid("a state's key may have at most ", kKeyBytesMax,
                                    " bytes, found ", key.size());
    }
    ARROW_RETURN_NOT_OK(Number(static_cast<uint32_t>(key.size())));
    return Bytes(key);
  }

 private:
  arrow::io::OutputStream* stream_;
  XXH3_state_t* hash_;
};

// Reads front to back; no length is believed before it has been compared with what is left of the
// file.
class StateReader {
 public:
  StateReader(std::string path, std::shared_ptr<arrow::io::ReadableFile> file, int64_t size,
              XXH3_state_t* hash)
      : path_(std::move(path)), file_(std::move(file)), left_(size), hash_(hash) {}

  arrow::Status Damaged(std::string_view what) const {
    return base::DataError("'" + path_ + "' is damaged: " + std::string(what) +
                           "; fit again, or copy the model afresh");
  }
  // Passes over bytes that are read again later: their place in the file.
  arrow::Result<int64_t> Skip(uint64_t size) {
    constexpr uint64_t kPieceBytes = 256 << 10;
    if (size > static_cast<uint64_t>(left_)) return Damaged("it ends too early");
    ARROW_ASSIGN_OR_RAISE(const int64_t place, file_->Tell());
    std::string piece;
    for (; size > 0; size -= piece.size()) {
      ARROW_RETURN_NOT_OK(Bytes(std::min(size, kPieceBytes), &piece));
    }
    return place;
  }
  const std::string& path() const { return path_; }
  arrow::Status Bytes(uint64_t size, std::string* out) {
    if (size > static_cast<uint64_t>(left_)) return Damaged("it ends too early");
    out->resize(size);
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->Read(static_cast<int64_t>(size), out->data()));
    if (read != static_cast<int64_t>(size)) return Damaged("it ends too early");
    XXH3_64bits_update(hash_, out->data(), out->size());
    left_ -= read;
    return arrow::Status::OK();
  }
  template <typename T>
  arrow::Status Number(T* out) {
    std::string bytes;
    ARROW_RETURN_NOT_OK(Bytes(sizeof(T), &bytes));
    std::memcpy(out, bytes.data(), sizeof(T));
    return arrow::Status::OK();
  }
  arrow::Status Key(std::string* out) {
    uint32_t size = 0;
    ARROW_RETURN_NOT_OK(Number(&size));
    if (size > kKeyBytesMax) return Damaged("a key is too long");
    return Bytes(size, out);
  }
  int64_t left() const { return left_; }

 private:
  std::string path_;
  std::shared_ptr<arrow::io::ReadableFile> file_;
  int64_t left_;
  XXH3_state_t* hash_;
};

// The file is opened each time: a merge may have more models than a process may have open files.
arrow::Status ReadAgain(const std::string& path, int64_t offset, int64_t length, void* out) {
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t read, file->ReadAt(offset, length, out));
  if (read == length) return arrow::Status::OK();
  return base::DataError("'" + path + "' has changed since it was opened; run again");
}

// Names are UTF-8, which this is not.
constexpr char kDerivedMark = '\xff';

std::string ColumnKey(int column, const arrow::Schema& schema) {
  if (column < schema.num_fields()) return schema.field(column)->name();
  return kDerivedMark + std::to_string(column - schema.num_fields());
}

// -1: there is none of this key.
int ColumnOf(const std::string& key, const arrow::Schema& schema, size_t num_derived) {
  if (!key.starts_with(kDerivedMark)) return schema.GetFieldIndex(key);
  size_t number = 0;
  const char* end = key.data() + key.size();
  const auto [stop, error] = std::from_chars(key.data() + 1, end, number);
  if (error != std::errc() || stop != end || number >= num_derived) return -1;
  return schema.num_fields() + static_cast<int>(number);
}

arrow::Status ReadStates(StateReader* reader, const arrow::Schema& schema, size_t num_derived,
                         std::vector<SavedState>* states) {
  std::string magic;
  uint32_t version = 0;
  uint32_t count = 0;
  ARROW_RETURN_NOT_OK(reader->Bytes(kMagic.size(), &magic));
  if (magic != kMagic) return reader->Damaged("it does not start as a file of states does");
  ARROW_RETURN_NOT_OK(reader->Number(&version));
  if (version != kVersion) return reader->Damaged("it has an unknown version");
  ARROW_RETURN_NOT_OK(reader->Number(&count));
  if (count > kStatesMax) return reader->Damaged("it claims too many states");
  const auto key_of = [](const SavedState& s) {
    return std::tie(s.source_column, s.path_key, s.state_key);
  };
  for (uint32_t i = 0; i < count; ++i) {
    SavedState state;
    std::string column;
    ARROW_RETURN_NOT_OK(reader->Key(&column));
    ARROW_RETURN_NOT_OK(reader->Key(&state.path_key));
    ARROW_RETURN_NOT_OK(reader->Key(&state.state_key));
    state.source_column = ColumnOf(column, schema, num_derived);
    if (state.source_column < 0)
      return reader->Damaged("it has a state of a column that the model does not use");
    if (!states->empty() && !(key_of(states->back()) < key_of(state)))
      return reader->Damaged("its states are out of order");
    uint64_t size = 0;
    ARROW_RETURN_NOT_OK(reader->Number(&size));
    ARROW_ASSIGN_OR_RAISE(const int64_t place, reader->Skip(size));
    state.bytes = feature::EncodedState(
        static_cast<int64_t>(size),
        [path = reader->path(), place](int64_t offset, int64_t length, void* out) {
          return ReadAgain(path, place + offset, length, out);
        });
    states->push_back(std::move(state));
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status WriteSavedStates(const std::vector<SavedState>& states, const arrow::Schema& schema,
                               arrow::io::OutputStream* stream) {
  ARROW_ASSIGN_OR_RAISE(const HashState hash, MakeHash());
  StateWriter writer(stream, hash.get());
  ARROW_RETURN_NOT_OK(writer.Bytes(kMagic));
  ARROW_RETURN_NOT_OK(writer.Number(kVersion));
  if (states.size() > kStatesMax) {
    return arrow::Status::Invalid("a model may keep at most ", kStatesMax, " states, found ",
                                  states.size());
  }
  ARROW_RETURN_NOT_OK(writer.Number(static_cast<uint32_t>(states.size())));
  for (const SavedState& state : states) {
    ARROW_RETURN_NOT_OK(writer.Key(ColumnKey(state.source_column, schema)));
    ARROW_RETURN_NOT_OK(writer.Key(state.path_key));
    ARROW_RETURN_NOT_OK(writer.Key(state.state_key));
    ARROW_RETURN_NOT_OK(writer.Number(static_cast<uint64_t>(state.bytes.size())));
    ARROW_RETURN_NOT_OK(
        state.bytes.ReadTo([&](std::string_view piece) { return writer.Bytes(piece); }));
  }
  return writer.Number(static_cast<uint64_t>(XXH3_64bits_digest(hash.get())));
}

arrow::Result<std::vector<SavedState>> ReadSavedStates(const std::string& path,
                                                       const arrow::Schema& schema,
                                                       size_t num_derived) {
  ARROW_ASSIGN_OR_RAISE(const HashState hash, MakeHash());
  ARROW_ASSIGN_OR_RAISE(const auto file, base::OpenRegularFile(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  StateReader reader(path, file, size, hash.get());
  std::vector<SavedState> states;
  ARROW_RETURN_NOT_OK(ReadStates(&reader, schema, num_derived, &states));
  const uint64_t expected = XXH3_64bits_digest(hash.get());
  uint64_t found = 0;
  ARROW_RETURN_NOT_OK(reader.Number(&found));
  if (found != expected) return reader.Damaged("its checksum does not fit its content");
  if (reader.left() != 0) return reader.Damaged("something follows its end");
  return states;
}

}  // namespace emberharmony::plan::internal

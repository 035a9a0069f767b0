#include "emberharmony/engine/kept_data_set.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>

#include "emberharmony/base/atomic_file.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/log.h"
#include "emberharmony/base/regular_file.h"
#include "emberharmony/engine/checkpoint.h"
#include "emberharmony/feature/window_layout.h"

namespace emberharmony::engine {

namespace fs = std::filesystem;

namespace {

using Sequences = feature::SequenceWindows::Sequences;

constexpr int kKeptVersion = 1;
constexpr int64_t kKeptJsonBytesMax = int64_t{1} << 30;
constexpr int64_t kKeptRowsMax = int64_t{1} << 48;
constexpr std::array<const char*, 6> kKeptNames = {"lock",           "rows",    "rows.json",
                                                   "entities.arrow", "learned", "learned.json"};

bool IsKeptName(std::string name) {
  // What an AtomicFile had not completed.
  if (name.ends_with(".tmp")) name.resize(name.size() - 4);
  return std::ranges::find(kKeptNames, name) != kKeptNames.end();
}

// What keeps a folder from being taken; empty: nothing.
arrow::Result<std::string> WhyNot(const std::string& folder, bool resume) {
  std::error_code error;
  bool is_empty = true;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!IsKeptName(name)) return fmt::format("holds '{}', which is no part of a data set", name);
    is_empty = is_empty && name == "lock";
  }
  if (error) {
    return base::DataError(fmt::format("cannot read the folder '{}': {}", folder, error.message()));
  }
  return is_empty || resume ? "" : "holds a data set already";
}

// A document of these files; nothing where there is none that is whole.
std::optional<nlohmann::json> ReadKeptJson(const std::string& path) {
  const auto text = base::ReadFile(path, kKeptJsonBytesMax);
  if (!text.ok()) return std::nullopt;
  auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const bool is_known = json.is_object() && json.value("version", nlohmann::json()) == kKeptVersion;
  if (!is_known) return std::nullopt;
  return json;
}

std::optional<int64_t> CountIn(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  const auto value = found->get<int64_t>();
  if (value < 0 || value > kKeptRowsMax) return std::nullopt;
  return value;
}

std::optional<LedgerFile> FileIn(const nlohmann::json& json) {
  const auto bytes = CountIn(json, "bytes");
  const auto hash = json.find("xxh3_128");
  if (!bytes || hash == json.end() || !hash->is_string()) return std::nullopt;
  return LedgerFile{*bytes, hash->get<std::string>()};
}

std::vector<double> NumbersIn(const nlohmann::json& json, const char* name) {
  std::vector<double> numbers;
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array()) return numbers;
  for (const nlohmann::json& number : *found) {
    if (number.is_number()) numbers.push_back(number.get<double>());
  }
  return numbers;
}

// Blocks lie one behind the other; one whose rows follow none before counts as negative.
nlohmann::json BlocksJson(const std::vector<RowSpool::Block>& blocks) {
  nlohmann::json json = nlohmann::json::array();
  for (const RowSpool::Block& block : blocks)
    json.push_back(block.begins_anew ? -block.num_rows : block.num_rows);
  return json;
}

// Empty unless they are as long as the file.
std::vector<RowSpool::Block> BlocksIn(const nlohmann::json& json, int64_t row_bytes,
                                      int64_t file_bytes) {
  std::vector<RowSpool::Block> blocks;
  int64_t offset = 0;
  const auto found = json.find("blocks");
  if (found == json.end() || !found->is_array()) return {};
  for (const nlohmann::json& rows : *found) {
    if (!rows.is_number_integer()) return {};
    const auto number = rows.get<int64_t>();
    if (number == 0 || number < -kKeptRowsMax || number > kKeptRowsMax) return {};
    const int64_t num_rows = std::abs(number);
    if (num_rows > (file_bytes - offset) / row_bytes) return {};
    blocks.push_back({offset, num_rows, number < 0});
    offset += num_rows * row_bytes;
  }
  return offset == file_bytes ? blocks : std::vector<RowSpool::Block>();
}

void PutNumber(int64_t number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// The sequences by number: each number, how many rows it had, how many doubles follow, and those.
std::string EncodeSequences(const Sequences& sequences) {
  std::vector<int64_t> numbers;
  for (const auto& [number, sequence] : sequences) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  std::string out;
  for (const int64_t number : numbers) {
    const feature::SequenceWindows::Sequence& sequence = sequences.at(number);
    PutNumber(number, &out);
    PutNumber(sequence.num_rows, &out);
    PutNumber(static_cast<int64_t>(sequence.last.size()), &out);
    out.append(reinterpret_cast<const char*>(sequence.last.data()),
               sequence.last.size() * sizeof(double));
  }
  return out;
}

std::optional<Sequences> DecodeSequences(std::string_view bytes,
                                         const feature::WindowLayout& layout) {
  Sequences sequences;
  int64_t head[3];
  while (!bytes.empty()) {
    if (bytes.size() < sizeof(head)) return std::nullopt;
    std::memcpy(head, bytes.data(), sizeof(head));
    bytes.remove_prefix(sizeof(head));
    const auto [number, num_rows, length] = std::to_array(head);
    if (num_rows < 1 || num_rows > kKeptRowsMax) return std::nullopt;
    const int64_t expected = std::min(num_rows, layout.window_size - 1) * layout.num_columns;
    if (length != expected || bytes.size() / sizeof(double) < static_cast<size_t>(length))
      return std::nullopt;
    std::vector<double> last(static_cast<size_t>(length));
    std::memcpy(last.data(), bytes.data(), last.size() * sizeof(double));
    bytes.remove_prefix(last.size() * sizeof(double));
    const bool is_new = sequences.try_emplace(number, num_rows, std::move(last)).second;
    if (!is_new) return std::nullopt;
  }
  return sequences;
}

}  // namespace

arrow::Result<std::unique_ptr<KeptDataSet>> KeptDataSet::Open(const std::string& folder,
                                                              bool resume) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return base::DataError(
        fmt::format("cannot create the folder '{}': {}", folder, error.message()));
  }
  const auto refuse = [&](const std::string& why) {
    return base::UsageError(
        fmt::format("the folder '{}' {}; name one that is empty or new{}", folder, why,
                    resume ? "" : ", or go on with the data set in it with resume"));
  };
  // A folder that is somebody else's gets no new file.
  ARROW_ASSIGN_OR_RAISE(const std::string why, WhyNot(folder, resume));
  if (!why.empty()) return refuse(why);
  const std::string path = folder + "/lock";
  const int lock = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (lock < 0) {
    return arrow::Status::IOError(
        fmt::format("cannot create '{}': {}", path, std::generic_category().message(errno)));
  }
  std::unique_ptr<KeptDataSet> kept(new KeptDataSet(folder, lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) return refuse("is in use by another process");
  return kept;
}

KeptDataSet::~KeptDataSet() { close(lock_); }

arrow::Result<std::optional<KeptDataSet::Rows>> KeptDataSet::FindRows(bool is_one_table) {
  const auto json = ReadKeptJson(folder_ + "/rows.json");
  if (!json) return std::nullopt;
  const auto file = FileIn(*json);
  const auto num_columns = CountIn(*json, "columns");
  const auto num_rows = CountIn(*json, "rows");
  if (!file || !num_columns || !num_rows || *num_columns < 1 || *num_rows < 1) return std::nullopt;
  if (!feature::CheckWindowLayout({1, *num_columns, {1}}).ok()) return std::nullopt;
  if (json->value("one_table", nlohmann::json()) != nlohmann::json(is_one_table)) {
    return base::UsageError(fmt::format(
        "the rows in '{}' were kept with another maintain_state; give what was given then, or name "
        "a new folder",
        folder_));
  }
  const bool single = json->value("dtype", nlohmann::json()) == "float32";
  const bool has_sequences = json->value("sequences", nlohmann::json()) == nlohmann::json(true);
  const ops::DType dtype = single ? ops::DType::kFloat32 : ops::DType::kFloat64;
  const int64_t row_bytes = *num_columns * tensor::ItemSize(dtype) +
                            (has_sequences ? static_cast<int64_t>(sizeof(int64_t)) : 0);
  auto blocks = BlocksIn(*json, row_bytes, file->bytes);
  std::vector<double> bounds = NumbersIn(*json, "smallest");
  const std::vector<double> largest = NumbersIn(*json, "largest");
  bounds.insert(bounds.end(), largest.begin(), largest.end());
  const bool fits = static_cast<int64_t>(bounds.size()) == 2 * *num_columns && !blocks.empty();
  if (!fits || !IsFileWithHash(rows_path(), *file)) {
    base::Log(base::LogLevel::kWarning,
              "the rows in '{}' are not what was kept: they are asked for again", folder_);
    return std::nullopt;
  }
  Rows rows{nullptr, feature::ColumnRanges(*num_columns)};
  // Two rows that span the ranges.
  ARROW_RETURN_NOT_OK(rows.ranges.Update(
      ops::Tensor::Wrap(bounds.data(), {2, *num_columns}, ops::DType::kFloat64, nullptr), 0));
  ARROW_ASSIGN_OR_RAISE(rows.spool, RowSpool::OpenNamed(rows_path(), dtype, *num_columns,
                                                        has_sequences, std::move(blocks)));
  rows_hash_ = file->xxh3_128;
  return rows;
}

arrow::Status KeptDataSet::NoteRows(const Rows& rows, bool is_one_table) {
  ARROW_ASSIGN_OR_RAISE(const LedgerFile file, rows.spool->Sync());
  rows_hash_ = file.xxh3_128;
  const bool single = rows.spool->dtype() == ops::DType::kFloat32;
  const nlohmann::json json = {{"version", kKeptVersion},
                               {"one_table", is_one_table},
                               {"dtype", single ? "float32" : "float64"},
                               {"columns", rows.spool->num_columns()},
                               {"sequences", rows.spool->has_sequences()},
                               {"rows", rows.ranges.num_rows()},
                               {"smallest", rows.ranges.smallest()},
                               {"largest", rows.ranges.largest()},
                               {"blocks", BlocksJson(rows.spool->blocks())},
                               {"bytes", file.bytes},
                               {"xxh3_128", file.xxh3_128}};
  return base::WriteFileAtomically(folder_ + "/rows.json", json.dump());
}

arrow::Result<std::optional<KeptDataSet::Learned>> KeptDataSet::FindLearned(
    const feature::WindowLayout& layout) const {
  const auto json = ReadKeptJson(folder_ + "/learned.json");
  if (!json || json->value("rows", nlohmann::json()) != rows_hash_) return std::nullopt;
  const auto file = FileIn(*json);
  const auto products_bytes = CountIn(*json, "products");
  const std::string path = folder_ + "/learned";
  if (!file || !products_bytes || *products_bytes > file->bytes || !IsFileWithHash(path, *file))
    return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const std::string text, base::ReadFile(path, file->bytes));
  const std::string_view bytes(text);
  const auto length = static_cast<size_t>(*products_bytes);
  auto products = feature::WindowProducts::Decode(bytes.substr(0, length));
  if (!products.ok()) return std::nullopt;
  const feature::WindowLayout& kept = products->layout();
  const bool is_same = kept.window_size == layout.window_size &&
                       kept.num_columns == layout.num_columns && kept.strides == layout.strides;
  if (!is_same) return std::nullopt;
  auto sequences = DecodeSequences(bytes.substr(length), layout);
  if (!sequences) return std::nullopt;
  return Learned{*std::move(products), *std::move(sequences)};
}

arrow::Status KeptDataSet::NoteLearned(const feature::WindowProducts& products,
                                       const Sequences& sequences) const {
  const std::string encoded = products.Encode();
  const std::string behind = EncodeSequences(sequences);
  ARROW_ASSIGN_OR_RAISE(const auto file, base::AtomicFile::Create(folder_ + "/learned"));
  ARROW_RETURN_NOT_OK(file->stream()->Write(encoded));
  ARROW_RETURN_NOT_OK(file->stream()->Write(behind));
  ARROW_RETURN_NOT_OK(file->Commit());
  const nlohmann::json json = {{"version", kKeptVersion},
                               {"rows", rows_hash_},
                               {"products", encoded.size()},
                               {"bytes", file->bytes_written()},
                               {"xxh3_128", file->xxh3_128_hex()}};
  return base::WriteFileAtomically(folder_ + "/learned.json", json.dump());
}

}  // namespace emberharmony::engine

#include "emberharmony/engine/row_fingerprinter.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <cstring>

#include "emberharmony/base/fingerprint.h"

namespace emberharmony::engine {
namespace {

std::shared_ptr<arrow::Array> Strings(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Integers(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

io::Piece Encoded(std::shared_ptr<arrow::Array> values, std::vector<int32_t> indices, uint64_t id) {
  auto buffer = arrow::AllocateBuffer(indices.size() * sizeof(int32_t)).ValueOrDie();
  std::memcpy(buffer->mutable_data(), indices.data(), indices.size() * sizeof(int32_t));
  return io::Piece{std::move(values), std::move(buffer), static_cast<int64_t>(indices.size()), id};
}

std::string LittleEndian(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

// The definition of DESIGN section 5, spelled out for one row.
uint64_t Expected(int64_t seed, const std::vector<std::string>& canonical_cells) {
  std::string row = LittleEndian(static_cast<uint64_t>(seed));
  for (const std::string& cell : canonical_cells)
    row += LittleEndian(cell.empty() ? 0 : base::Fingerprint64(cell));
  return base::Fingerprint64(row);
}

TEST(RowFingerprinter, EncodedAndPlainRowsAgreeWithTheDefinition) {
  auto text = [](const std::string& s) { return std::string(1, 7) + s; };
  auto integer = [](int64_t v) {
    return std::string(1, 2) + LittleEndian(static_cast<uint64_t>(v));
  };
  const std::vector<uint64_t> expected = {Expected(42, {text("b"), integer(5)}),
                                          Expected(42, {"", integer(-1)}),
                                          Expected(42, {text("a"), integer(7)})};

  io::Batch plain{0, 3, {}};
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("b").ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  ASSERT_TRUE(builder.Append("a").ok());
  plain.columns = {{{io::Piece{builder.Finish().ValueOrDie(), nullptr, 3, 0}}},
                   {{io::Piece{Integers({5, -1, 7}), nullptr, 3, 0}}}};
  std::vector<uint64_t> out(3);
  RowFingerprinter from_plain(42, 2);
  ASSERT_TRUE(from_plain.Compute(plain, out.data()).ok());
  EXPECT_EQ(out, expected);

  // The same rows from dictionaries, the first column in two pieces of different dictionaries.
  io::Batch encoded{0, 3, {}};
  encoded.columns = {{{Encoded(Strings({"a", "b"}), {1, 2}, 1), Encoded(Strings({"a"}), {0}, 2)}},
                     {{Encoded(Integers({7, 5, -1}), {1, 2, 0}, 3)}}};
  RowFingerprinter from_encoded(42, 2);
  for (int repeat = 0; repeat < 2; ++repeat) {
    ASSERT_TRUE(from_encoded.Compute(encoded, out.data()).ok());
    EXPECT_EQ(out, expected);
  }
}

}  // namespace
}  // namespace emberharmony::engine

#include "emberharmony/ops/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "emberharmony/base/regular_file.h"
#include "emberharmony/ops.h"
#include "emberharmony/ops/files_zip_internal.h"

namespace emberharmony::ops {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  Files() : folder_(std::filesystem::temp_directory_path() / "ember_ops_files_test") {
    std::filesystem::create_directories(folder_);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::string Path(const char* name) const { return folder_ / name; }
  static std::string BytesOf(const std::string& path) {
    return *base::ReadFile(path, int64_t{1} << 30);
  }
  static void Put(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  /// What load says about a file of these bytes.
  std::string MessageOf(const std::string& bytes) {
    const std::string path = Path("given.npy");
    Put(path, bytes);
    const auto tensor = load(path);
    return tensor.ok() ? "loaded" : tensor.status().message();
  }

  std::filesystem::path folder_;
};

bool SameElements(const Tensor& a, const Tensor& b) {
  const Tensor x = a.Contiguous();
  const Tensor y = b.Contiguous();
  return x.dtype() == y.dtype() && x.shape() == y.shape() &&
         std::memcmp(x.data(), y.data(), x.size_bytes()) == 0;
}

/// A version 1.0 file with this dictionary, as short as it can be.
std::string Npy(const std::string& dictionary, const std::string& elements) {
  std::string header = std::string("\x93NUMPY\x01", 7) + std::string(1, '\0');
  header += static_cast<char>(dictionary.size() & 0xFF);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary + elements;
}

TEST_F(Files, WritesWhatNumPyWrites) {
  ASSERT_TRUE(save(Path("x.npy"), asarray<int16_t>({{1, 2}, {3, 4}})).ok());
  // numpy.save of the same array.
  std::string expected = std::string("\x93NUMPY\x01", 7) + std::string(1, '\0') + "v" + '\0';
  expected += "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }";
  expected += std::string(128 - 1 - expected.size(), ' ') + "\n";
  expected += std::string("\x01\0\x02\0\x03\0\x04\0", 8);
  EXPECT_EQ(BytesOf(Path("x.npy")), expected);
}

TEST_F(Files, EveryDTypeAndLayoutComesBack) {
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    const Tensor x = astype(arange(24).Reshape({2, 3, 4}), static_cast<DType>(i));
    const int axes[] = {2, 0, 1};
    for (const Tensor& each : {x, transpose(x), x.PermuteDims(axes), x.Slice(2, 3, -5, -2),
                               x.Slice(0, 1, 1), x.Select(0, 1).Select(0, 1).Select(0, 1)}) {
      ASSERT_TRUE(save(Path("x.npy"), each).ok());
      const auto again = load(Path("x.npy"));
      ASSERT_TRUE(again.ok()) << again.status().message();
      EXPECT_TRUE(again->is_contiguous());
      EXPECT_TRUE(SameElements(*again, each)) << each.Describe();
    }
  }
}

TEST_F(Files, ReadsOtherByteOrdersAndVersions) {
  const std::string path = Path("given.npy");
  Put(path, Npy("{'shape': (2,), 'fortran_order': False, 'descr': '>i2'}\n",
                std::string("\0\x01\x01\0", 4)));
  EXPECT_TRUE(SameElements(*load(path), asarray<int16_t>({1, 256})));
  std::string second = Npy("{\"descr\":'|b1',\"fortran_order\":True,\"shape\":(2,2)}", "");
  second[6] = '\x02';
  second.insert(10, std::string(2, '\0'));
  second += std::string("\x01\0\x07\0", 4);
  Put(path, second);
  const auto bools = load(path);
  ASSERT_TRUE(bools.ok()) << bools.status().message();
  // Column by column; what is not 0 is true, and stored as 1.
  EXPECT_TRUE(SameElements(*bools, asarray({{true, true}, {false, false}})));
}

TEST_F(Files, DamagedHeadersAreErrors) {
  const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n";
  EXPECT_EQ(MessageOf(Npy(good, std::string(8, '\0'))), "loaded");
  EXPECT_THAT(MessageOf(""), HasSubstr("not a .npy file"));
  EXPECT_THAT(MessageOf("PK\x03\x04 and more bytes"), HasSubstr("not a .npy file"));
  EXPECT_THAT(MessageOf(Npy(good, "1234567")), HasSubstr("cut off"));
  EXPECT_THAT(MessageOf(Npy(good, "").substr(0, 40)), HasSubstr("within its header"));
  for (const char* bad :
       {"", "{", "{}", "{'descr': '<f8', 'fortran_order': False}", "{'descr': '<f8'",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'extra': 1}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} __import__('os')"}) {
    EXPECT_THAT(MessageOf(Npy(bad, std::string(8, '\0'))),
                AnyOf(HasSubstr("damaged"), HasSubstr("within its header")))
        << bad;
  }
  const auto with_shape = [&](const std::string& shape) {
    return MessageOf(Npy("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + "}", ""));
  };
  EXPECT_THAT(with_shape("(1000000000000,)"), HasSubstr("cut off"));
  EXPECT_THAT(with_shape("(4611686018427387904, 4)"), HasSubstr("cut off"));
  EXPECT_EQ(with_shape("(0, 5)"), "loaded");
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_THAT(with_shape(many + ")"), HasSubstr("64 dimensions"));
  for (const char* dtype : {"'|O'", "'<U3'", "'<f2'", "'<f16'", "'<M8[ns]'", "[('a', '<f8')]"}) {
    EXPECT_THAT(MessageOf(Npy(
                    "{'descr': " + std::string(dtype) + ", 'fortran_order': False, 'shape': (1,)}",
                    std::string(16, '\0'))),
                HasSubstr("no dtype here"))
        << dtype;
  }
}

TEST_F(Files, EveryCutIsAnError) {
  ASSERT_TRUE(save(Path("x.npy"), arange(3)).ok());
  const std::string whole = BytesOf(Path("x.npy"));
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_NE(MessageOf(whole.substr(0, n)), "loaded");
}

TEST_F(Files, ArchivesComeBack) {
  const std::vector<NamedTensor> tensors = {{"a", arange(5)}, {"b/ü", asarray({{1.5, 2.5}})}};
  ASSERT_TRUE(save_npz(Path("x.npz"), tensors).ok());
  EXPECT_TRUE(*is_npz(Path("x.npz")));
  const auto again = load_npz(Path("x.npz"));
  ASSERT_TRUE(again.ok()) << again.status().message();
  ASSERT_EQ(again->size(), 2u);
  EXPECT_EQ((*again)[1].first, "b/ü");
  EXPECT_TRUE(SameElements((*again)[0].second, tensors[0].second));
  EXPECT_TRUE(SameElements((*again)[1].second, tensors[1].second));
  ASSERT_TRUE(save_npz(Path("none.npz"), {}).ok());
  EXPECT_EQ(load_npz(Path("none.npz"))->size(), 0u);
  const std::vector<NamedTensor> twice = {{"a", arange(5)}, {"a", arange(5)}};
  EXPECT_TRUE(save_npz(Path("x.npz"), twice).IsInvalid());
}

TEST_F(Files, DamagedArchivesAreErrors) {
  const std::vector<NamedTensor> tensors = {{"a", arange(5)}};
  ASSERT_TRUE(save_npz(Path("x.npz"), tensors).ok());
  const std::string whole = BytesOf(Path("x.npz"));
  const std::string path = Path("damaged.npz");
  for (size_t n = 0; n < whole.size(); ++n) {
    Put(path, whole.substr(0, n));
    EXPECT_FALSE(load_npz(path).ok()) << n;
  }
  // Whatever byte is another one, the elements are either what they were or refused.
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0x55);
    Put(path, changed);
    const auto loaded = load_npz(path);
    if (!loaded.ok() || loaded->empty()) continue;
    EXPECT_TRUE(SameElements((*loaded)[0].second, tensors[0].second)) << i;
  }
}

TEST_F(Files, ErrorsNameThePath) {
  EXPECT_THAT(load(Path("absent.npy")).status().message(), HasSubstr("absent.npy"));
  EXPECT_TRUE(save(Path("no_folder/x.npy"), arange(2)).IsIOError());
  EXPECT_TRUE(save(Path("x.npy"), Tensor()).IsInvalid());
}

// The check value of the CRC catalogue.
TEST(Crc32, IsTheOneOfZip) {
  EXPECT_EQ(Crc32("123456789", 9), 0xCBF43926u);
  EXPECT_EQ(Crc32("6789", 4, Crc32("12345", 5)), 0xCBF43926u);
}

}  // namespace
}  // namespace emberharmony::ops

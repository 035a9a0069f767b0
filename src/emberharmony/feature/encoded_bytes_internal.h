#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace emberharmony::feature {

/// Writes the fields of an encoded state, numbers in little-endian order.
class EncodedWriter {
 public:
  explicit EncodedWriter(std::string_view magic) : bytes_(magic) {}

  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
  }
  void PutBytes(std::string_view bytes) { bytes_.append(bytes); }
  std::string Finish() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads them back. What is not there reads as zero, and ok() says so.
class EncodedReader {
 public:
  EncodedReader(std::string_view bytes, std::string_view magic) : bytes_(bytes) {
    ok_ = TakeBytes(magic.size()) == magic;
  }

  template <typename T>
  T Take() {
    T value = 0;
    const std::string_view bytes = TakeBytes(sizeof(T));
    if (ok_) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view TakeBytes(size_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() const { return bytes_; }
  /// Nothing was missing so far.
  bool ok() const { return ok_; }
  /// Nothing was missing and nothing is left.
  bool done() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace emberharmony::feature

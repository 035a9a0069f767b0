#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace emberharmony::feature {

/// How the values of a type become keys that can be hashed, compared and written down.
///
/// Numbers (bools, integers, floats, dates, times, timestamps, durations, decimals of up to 64
/// bits) become 64-bit keys that ascend with the value; -0 becomes +0 and a NaN is missing. Strings
/// and bytes are keys as they are; wider decimals become bytes that ascend with the value.
/// Immutable.
class ValueKeys {
 public:
  enum class Form { kNothing, kNumber, kBytes };
  static constexpr int kChunk = 256;

  /// UsageError for nested types and others without such keys. A dictionary type stands for its
  /// value type.
  static arrow::Result<ValueKeys> Make(const arrow::DataType& type);

  /// The type of the values; never a dictionary.
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  /// kNothing: the null type, whose values are all missing.
  Form form() const { return form_; }
  /// Whether an array of this type has the same keys.
  bool Accepts(const arrow::DataType& type) const;

  /// Reads values[begin, begin + n), n <= kChunk, of type() or one it Accepts: keys, and whether
  /// each is there. True when all are (valid is then not written).
  bool ReadNumbers(const arrow::Array& values, int64_t begin, int n, uint64_t* keys,
                   bool* valid) const;
  /// The same for kBytes. The views point into the array, or into scratch (kChunk * 32 bytes).
  bool ReadBytes(const arrow::Array& values, int64_t begin, int n, std::string_view* bytes,
                 bool* valid, char* scratch) const;

  /// Whether some value of type() has this key: encoded states may come from strangers.
  bool IsKey(uint64_t key) const;
  bool IsKey(std::string_view bytes) const;

  /// The values of these keys; bytes(i) is asked for twice.
  arrow::Result<std::shared_ptr<arrow::Array>> MakeNumbers(
      int64_t n, const std::function<uint64_t(int64_t)>& key, arrow::MemoryPool* pool) const;
  arrow::Result<std::shared_ptr<arrow::Array>> MakeBytes(
      int64_t n, const std::function<std::string_view(int64_t)>& bytes,
      arrow::MemoryPool* pool) const;

 private:
  enum class Layout { kSigned, kUnsigned, kFloat, kBool, kText, kFixedBytes, kDecimal };

  std::shared_ptr<arrow::DataType> type_;
  Form form_ = Form::kNothing;
  Layout layout_ = Layout::kSigned;
  int width_ = 0;  // bytes of a value in memory, where that is fixed
};

/// The eight bytes of a number, most significant first: numbers of at most eight bytes compare as
/// their bytes do.
uint64_t BigEndian(uint64_t value);

}  // namespace emberharmony::feature

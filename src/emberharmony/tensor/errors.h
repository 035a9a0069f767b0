#pragma once

#include <new>
#include <stdexcept>
#include <string>

namespace emberharmony::tensor {

/// The caller's shapes, axes or indices do not fit. Nothing was changed.
class ShapeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// An index lies outside the axis it picks from. Nothing was changed.
class IndexError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The matrix has no answer: it is singular, not positive definite, or an iteration on it did not
/// converge. Nothing was changed.
class LinAlgError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The caller's dtypes do not fit. Nothing was changed.
class DTypeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// No backend has the operation for these dtypes. Nothing was changed.
class UnsupportedError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Memory for a tensor was not to be had; the message is the memory pool's.
class OutOfMemoryError : public std::bad_alloc {
 public:
  explicit OutOfMemoryError(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

}  // namespace emberharmony::tensor

#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "emberharmony/backend/backend.h"

/// What a calibration calls.
namespace emberharmony::backend {

/// Operands, made once for all operations: making them takes as long as computing with them. One
/// thread at a time.
class MeasuredOperands {
 public:
  enum class Content {
    kNumbers,  ///< between 0.25 and 0.75, in no order: inside every function's domain but acosh's
    kPlaces,   ///< int64, in no order, each from 0 to the number of elements
    kMatrix,   ///< symmetric, positive definite, and of a small condition number
  };

  const tensor::Tensor& Get(const tensor::Shape& shape, tensor::DType dtype, tensor::Device device,
                            Content content);

 private:
  struct Made {
    tensor::Tensor tensor;
    Content content;
  };
  std::deque<Made> made_;  // references into it stay valid
};

/// One call of an operation, at one of its points of work, on one device.
class MeasuredCall {
 public:
  /// `op` is one that IsMeasured; the operands live as long as the call.
  MeasuredCall(Op op, tensor::DType dtype, int point, tensor::Device device,
               MeasuredOperands* operands);

  /// As ops calls it: into a new result.
  void Run(Backend& backend) const;

 private:
  using Content = MeasuredOperands::Content;
  void TakeFourier(int64_t length, tensor::DType dtype);
  void TakeMatrices(int64_t rows, tensor::DType dtype);
  void TakeElements(int64_t length, tensor::DType dtype);
  void AddInput(const tensor::Shape& shape, tensor::DType dtype, Content content);
  void SetResult(const tensor::Shape& shape, tensor::DType dtype);
  void AddAttributes(int64_t length);

  const Op op_;
  const tensor::Device device_;
  MeasuredOperands* const operands_;
  std::vector<const tensor::Tensor*> inputs_;
  tensor::Shape result_shape_;
  tensor::DType result_dtype_ = tensor::DType::kFloat64;
  std::vector<Attribute> attributes_;
};

}  // namespace emberharmony::backend

#include <cmath>

#include "emberharmony/backend/cost_table.h"
#include "emberharmony/backend/device_memory.h"
#include "emberharmony/backend/measured_call_internal.h"

namespace emberharmony::backend {
namespace {

using tensor::Device;
using tensor::DType;
using tensor::Shape;
using tensor::Tensor;

uint32_t NextState(uint32_t* state) { return *state = *state * 1664525u + 1013904223u; }

void FillNumbers(const Tensor& numbers) {
  uint32_t state = 1;
  const bool is_complex = tensor::IsComplex(numbers.dtype());
  const int64_t count = numbers.size() * (is_complex ? 2 : 1);
  const DType part = is_complex ? tensor::RealPartOf(numbers.dtype()) : numbers.dtype();
  void* const data = numbers.mutable_data();
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t next = NextState(&state);
    if (part == DType::kBool) {
      static_cast<bool*>(data)[i] = (next >> 31) != 0;
    } else if (part == DType::kFloat32) {
      static_cast<float*>(data)[i] = 0.25f + 0.5f * static_cast<float>(next >> 8) * 0x1p-24f;
    } else if (part == DType::kFloat64) {
      static_cast<double*>(data)[i] = 0.25 + 0.5 * static_cast<double>(next) * 0x1p-32;
    }
  }
}

void FillPlaces(const Tensor& places) {
  uint32_t state = 1;
  for (int64_t i = 0; i < places.size(); ++i) {
    places.mutable_data_as<int64_t>()[i] = NextState(&state) % static_cast<uint32_t>(places.size());
  }
}

template <class T>
void FillMatrix(const Tensor& matrix) {
  const int64_t rows = matrix.shape()[0];
  T* const data = matrix.mutable_data_as<T>();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const T number = static_cast<T>(1) / static_cast<T>(1 + i + 2 * j);
      data[i * rows + j] = data[j * rows + i] = i == j ? number + static_cast<T>(rows) : number;
    }
  }
}

Tensor MakeOperand(const Shape& shape, DType dtype, MeasuredOperands::Content content) {
  const Tensor made = Tensor::Empty(shape, dtype);
  if (content == MeasuredOperands::Content::kPlaces) {
    FillPlaces(made);
  } else if (content == MeasuredOperands::Content::kMatrix) {
    dtype == DType::kFloat32 ? FillMatrix<float>(made) : FillMatrix<double>(made);
  } else {
    FillNumbers(made);
  }
  return made;
}

bool IsReduction(Op op) {
  return op == Op::kSum || op == Op::kProd || op == Op::kMean || op == Op::kVar || op == Op::kMin ||
         op == Op::kMax || op == Op::kArgMax || op == Op::kArgMin;
}

DType ResultDTypeOf(Op op, DType dtype) {
  switch (InfoOf(op).result) {
    case ResultDType::kBool:
      return DType::kBool;
    case ResultDType::kInt64:
      return DType::kInt64;
    default:
      return dtype;
  }
}

}  // namespace

const Tensor& MeasuredOperands::Get(const Shape& shape, DType dtype, Device device,
                                    Content content) {
  for (const Made& made : made_) {
    if (made.tensor.shape() == shape && made.tensor.dtype() == dtype &&
        made.tensor.device() == device && made.content == content) {
      return made.tensor;
    }
  }
  Tensor here = MakeOperand(shape, dtype, content);
  if (device == tensor::kCpuDevice) {
    made_.push_back({std::move(here), content});
  } else {
    made_.push_back({EmptyOn(shape, dtype, device), content});
    CopyFromHost(here, made_.back().tensor);
  }
  return made_.back().tensor;
}

MeasuredCall::MeasuredCall(Op op, DType dtype, int point, Device device, MeasuredOperands* operands)
    : op_(op), device_(device), operands_(operands) {
  const double work = CostPointsOf(op)[static_cast<size_t>(point)];
  const auto length = static_cast<int64_t>(work);
  if (op >= Op::kMatmul && op <= Op::kLstsq) {
    TakeMatrices(std::lround(std::cbrt(work)), dtype);
  } else if (op >= Op::kFft && op <= Op::kIrfft) {
    TakeFourier(length, dtype);
  } else {
    TakeElements(length, dtype);
  }
  AddAttributes(length);
}

void MeasuredCall::AddInput(const Shape& shape, DType dtype, Content content) {
  inputs_.push_back(&operands_->Get(shape, dtype, device_, content));
}

void MeasuredCall::SetResult(const Shape& shape, DType dtype) {
  result_shape_ = shape;
  result_dtype_ = dtype;
}

void MeasuredCall::Run(Backend& backend) const {
  const Tensor result = EmptyOn(result_shape_, result_dtype_, device_);
  const Tensor* const outputs[] = {&result};
  backend.Execute(op_, inputs_, attributes_, outputs);
}

void MeasuredCall::TakeElements(int64_t length, DType dtype) {
  const Shape shape = {length};
  const bool picks = op_ == Op::kTake || op_ == Op::kTakeAlongAxis;
  for (int i = 0; i < InfoOf(op_).num_inputs; ++i) {
    if (picks && i == 1) {
      AddInput(shape, DType::kInt64, Content::kPlaces);
    } else {
      AddInput(shape, op_ == Op::kWhere && i == 0 ? DType::kBool : dtype, Content::kNumbers);
    }
  }
  SetResult(IsReduction(op_) ? Shape{} : shape, ResultDTypeOf(op_, dtype));
}

void MeasuredCall::TakeMatrices(int64_t rows, DType dtype) {
  const Shape square = {rows, rows};
  AddInput(square, dtype, op_ == Op::kMatmul ? Content::kNumbers : Content::kMatrix);
  switch (op_) {
    case Op::kMatmul:
      AddInput(square, dtype, Content::kNumbers);
      return SetResult(square, dtype);
    case Op::kSolve:
      AddInput({rows, 1}, dtype, Content::kNumbers);
      return SetResult({rows, 1}, dtype);
    case Op::kDet:
      return SetResult({}, dtype);
    case Op::kEigvalsh:
    case Op::kSvdvals:
      return SetResult({rows}, dtype);
    default:
      return SetResult(square, dtype);
  }
}

void MeasuredCall::TakeFourier(int64_t length, DType dtype) {
  const DType complex = tensor::ComplexOf(dtype);
  const Shape half = {length / 2 + 1};
  if (op_ == Op::kRfft) {
    AddInput({length}, dtype, Content::kNumbers);
    return SetResult(half, complex);
  }
  AddInput(op_ == Op::kIrfft ? half : Shape{length}, complex, Content::kNumbers);
  SetResult({length}, op_ == Op::kIrfft ? dtype : complex);
}

void MeasuredCall::AddAttributes(int64_t length) {
  switch (op_) {
    case Op::kVar:
      attributes_.push_back(Attribute::Number(AttributeKey::kCorrection, 0));
      return;
    case Op::kCholesky:
      attributes_.push_back(Attribute::Integer(AttributeKey::kUpper, 0));
      return;
    case Op::kCumulativeSum:
    case Op::kCumulativeProd:
      attributes_.push_back(Attribute::Integer(AttributeKey::kIncludeInitial, 0));
      break;
    case Op::kSort:
    case Op::kArgSort:
      attributes_.push_back(Attribute::Integer(AttributeKey::kDescending, 0));
      attributes_.push_back(Attribute::Integer(AttributeKey::kStable, 1));
      break;
    case Op::kFft:
    case Op::kRfft:
    case Op::kIrfft:
      attributes_.push_back(Attribute::Integer(AttributeKey::kInverse, 0));
      attributes_.push_back(Attribute::Integer(AttributeKey::kLength, length));
      attributes_.push_back(Attribute::Number(AttributeKey::kScale, 1));
      break;
    case Op::kArgMax:
    case Op::kArgMin:
    case Op::kTake:
    case Op::kTakeAlongAxis:
      break;
    default:
      return;
  }
  attributes_.push_back(Attribute::Integer(AttributeKey::kAxis, 0));
}

}  // namespace emberharmony::backend

// Linear algebra on the last two axes, and Fourier transforms.
#include <ATen/ops/_fft_c2c.h>
#include <ATen/ops/_fft_c2r.h>
#include <ATen/ops/_fft_r2c.h>
#include <ATen/ops/all.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_det.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/linalg_inv_ex.h>
#include <ATen/ops/linalg_slogdet.h>
#include <ATen/ops/linalg_solve_ex.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <vector>

#include "backends/torch/torch_call.h"

namespace emberharmony::torch_backend {
namespace {

at::Tensor NewInfo(const TorchCall& call) {
  return at::empty({0}, call.in(0).options().dtype(at::kInt));
}

/// LAPACK's info: above 0 for a matrix without an answer.
void CheckInfo(const at::Tensor& info, const char* reason) {
  if (info.numel() > 0 && info.ne(0).any().item<bool>()) throw NoAnswer{reason};
}

void Matmul(const TorchCall& call) { at::matmul_out(call.out(), call.in(0), call.in(1)); }

bool IsFinite(const TorchCall& call) { return at::isfinite(call.in(0)).all().item<bool>(); }

void Cholesky(const TorchCall& call) {
  if (!IsFinite(call)) throw Refusal{"PyTorch takes NaN for a matrix that is not definite"};
  at::Tensor info = NewInfo(call);
  at::linalg_cholesky_ex_out(call.out(), info, call.in(0),
                             call.Integer(EMBER_ATTRIBUTE_UPPER, 0) != 0, /*check_errors=*/false);
  CheckInfo(info, "expected a positive definite matrix, found one that is not");
}

void Inv(const TorchCall& call) {
  at::Tensor info = NewInfo(call);
  at::linalg_inv_ex_out(call.out(), info, call.in(0), /*check_errors=*/false);
  CheckInfo(info, "expected a regular matrix, found a singular one");
}

void Solve(const TorchCall& call) {
  at::Tensor info = NewInfo(call);
  // Of one rank, lest PyTorch takes a matrix on the right for a stack of vectors.
  std::vector<int64_t> shape = call.out().sizes().vec();
  const at::Tensor right = call.in(1).expand(shape);
  shape.back() = shape[shape.size() - 2];
  const at::Tensor left = call.in(0).expand(shape);
  at::linalg_solve_ex_out(call.out(), info, left, right, /*left=*/true, /*check_errors=*/false);
  CheckInfo(info, "expected a regular matrix, found a singular one");
}

void Det(const TorchCall& call) { at::linalg_det_out(call.out(), call.in(0)); }
void SlogDet(const TorchCall& call) {
  if (!IsFinite(call)) throw Refusal{"PyTorch's sign of a determinant that is not finite is 0"};
  at::linalg_slogdet_out(call.out(0), call.out(1), call.in(0));
}

/// LAPACK's iterations may never end among numbers that are not finite.
void CheckFinite(const TorchCall& call) {
  if (!IsFinite(call)) throw NoAnswer{"expected finite elements, some are infinite or NaN"};
}

void Eigvalsh(const TorchCall& call) {
  CheckFinite(call);
  at::linalg_eigvalsh_out(call.out(), call.in(0), "L");
}
void Svdvals(const TorchCall& call) {
  CheckFinite(call);
  at::linalg_svdvals_out(call.out(), call.in(0));
}

/// The input with so many elements along an axis: the first ones, or zeros behind them.
at::Tensor OfLength(const at::Tensor& input, int64_t axis, int64_t length) {
  const int64_t found = input.size(axis);
  if (found == length) return input;
  if (found > length) return input.narrow(axis, 0, length);
  std::vector<int64_t> shape = input.sizes().vec();
  shape[axis] = length;
  at::Tensor padded = at::zeros(shape, input.options());
  padded.narrow(axis, 0, found).copy_(input);
  return padded;
}

void Scale(const TorchCall& call) {
  const double scale = call.Number(EMBER_ATTRIBUTE_SCALE, 1);
  if (scale != 1) call.out().mul_(scale);
}

void Fft(const TorchCall& call) {
  const int64_t axis = call.Integer(EMBER_ATTRIBUTE_AXIS, 0);
  const at::Tensor input = OfLength(call.in(0), axis, call.Integer(EMBER_ATTRIBUTE_LENGTH, 0));
  at::_fft_c2c_out(call.out(), input, axis, /*normalization=*/0,
                   call.Integer(EMBER_ATTRIBUTE_INVERSE, 0) == 0);
  Scale(call);
}

void Rfft(const TorchCall& call) {
  const int64_t axis = call.Integer(EMBER_ATTRIBUTE_AXIS, 0);
  const at::Tensor input = OfLength(call.in(0), axis, call.Integer(EMBER_ATTRIBUTE_LENGTH, 0));
  at::_fft_r2c_out(call.out(), input, axis, /*normalization=*/0, /*onesided=*/true);
  Scale(call);
}

void Irfft(const TorchCall& call) {
  const int64_t axis = call.Integer(EMBER_ATTRIBUTE_AXIS, 0);
  const int64_t length = call.Integer(EMBER_ATTRIBUTE_LENGTH, 0);
  const at::Tensor input = OfLength(call.in(0), axis, length / 2 + 1);
  at::_fft_c2r_out(call.out(), input, axis, /*normalization=*/0, length);
  Scale(call);
}

constexpr DTypes kNumbers = kFloats | kComplexes;
constexpr const char* kIntegerProducts = "PyTorch multiplies matrices of integers without a BLAS";

constexpr TorchOp kOps[] = {
    {EMBER_OP_kMatmul, kNumbers, &Matmul, kIntegerProducts},
    {EMBER_OP_kCholesky, kNumbers, &Cholesky},
    {EMBER_OP_kDet, kNumbers, &Det},
    {EMBER_OP_kSlogDet, kFloats, &SlogDet},
    {EMBER_OP_kInv, kNumbers, &Inv},
    {EMBER_OP_kSolve, kNumbers, &Solve},
    {EMBER_OP_kEigvalsh, kNumbers, &Eigvalsh},
    {EMBER_OP_kSvdvals, kNumbers, &Svdvals},
    {EMBER_OP_kFft, kComplexes, &Fft},
    {EMBER_OP_kRfft, kFloats, &Rfft},
    {EMBER_OP_kIrfft, kComplexes, &Irfft},
};

}  // namespace

std::span<const TorchOp> MatrixOps() { return kOps; }

}  // namespace emberharmony::torch_backend

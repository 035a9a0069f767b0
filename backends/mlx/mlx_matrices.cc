// Linear algebra on the last two axes, and Fourier transforms.
#include <mlx/fft.h>
#include <mlx/linalg.h>
#include <mlx/ops.h>

#include <cstring>
#include <stdexcept>

#include "backends/mlx/mlx_arrays.h"

namespace emberharmony::mlx_backend {
namespace {

mx::array Matmul(const MlxCall& call) { return mx::matmul(call.in(0), call.in(1), call.stream); }

/// LAPACK's iterations may never end among numbers that are not finite.
void CheckFinite(const MlxCall& call) {
  if (mx::all(mx::isfinite(call.in(), call.stream), call.stream).item<bool>()) return;
  throw NoAnswer{"expected finite elements, some are infinite or NaN"};
}

mx::array Inv(const MlxCall& call) {
  mx::array inverse = mx::linalg::inv(call.in(), call.stream);
  try {
    inverse.eval();
  } catch (const std::runtime_error& error) {
    if (std::strstr(error.what(), "failed with error code") == nullptr) throw;
    throw NoAnswer{"expected a regular matrix, found a singular one"};
  }
  return inverse;
}

mx::array Det(const MlxCall& call) { return mx::linalg::det(call.in(), call.stream); }

mx::array Eigvalsh(const MlxCall& call) {
  CheckFinite(call);
  return mx::linalg::eigvalsh(call.in(), "L", call.stream);
}

mx::array Svdvals(const MlxCall& call) {
  CheckFinite(call);
  return mx::linalg::svd(call.in(), /*compute_uv=*/false, call.stream)[0];
}

mx::array Scaled(const MlxCall& call, const mx::array& x) {
  const double scale = call.Number(EMBER_ATTRIBUTE_SCALE, 1);
  if (scale == 1) return x;
  return mx::multiply(x, mx::array(static_cast<float>(scale)), call.stream);
}

struct Transform {
  mx::Shape length;
  std::vector<int> axes;

  explicit Transform(const MlxCall& call)
      : length{static_cast<mx::ShapeElem>(call.Integer(EMBER_ATTRIBUTE_LENGTH, 0))},
        axes{static_cast<int>(call.Integer(EMBER_ATTRIBUTE_AXIS, 0))} {}
};

// "Forward" leaves the inverse transform unscaled, "Backward" the other.

mx::array Fft(const MlxCall& call) {
  const Transform transform(call);
  const bool inverse = call.Integer(EMBER_ATTRIBUTE_INVERSE, 0) != 0;
  return Scaled(call, inverse ? mx::fft::ifftn(call.in(), transform.length, transform.axes,
                                               mx::fft::FFTNorm::Forward, call.stream)
                              : mx::fft::fftn(call.in(), transform.length, transform.axes,
                                              mx::fft::FFTNorm::Backward, call.stream));
}

mx::array Rfft(const MlxCall& call) {
  const Transform transform(call);
  return Scaled(call, mx::fft::rfftn(call.in(), transform.length, transform.axes,
                                     mx::fft::FFTNorm::Backward, call.stream));
}

mx::array Irfft(const MlxCall& call) {
  const Transform transform(call);
  return Scaled(call, mx::fft::irfftn(call.in(), transform.length, transform.axes,
                                      mx::fft::FFTNorm::Forward, call.stream));
}

constexpr const char* kFloat32Only = "MLX computes it of float32 only";

constexpr MlxOp kOps[] = {
    {EMBER_OP_kMatmul, kFloats | kComplexes, &Matmul, "MLX multiplies no matrices of integers"},
    {EMBER_OP_kDet, kFloat32, &Det, "MLX's determinants of float64 have the digits of float32"},
    {EMBER_OP_kInv, kFloats, &Inv},
    {EMBER_OP_kEigvalsh, kFloats, &Eigvalsh},
    {EMBER_OP_kSvdvals, kFloats, &Svdvals},
    {EMBER_OP_kFft, kComplexes, &Fft},
    {EMBER_OP_kRfft, kFloat32, &Rfft, kFloat32Only},
    {EMBER_OP_kIrfft, kComplexes, &Irfft},
};

}  // namespace

std::span<const MlxOp> MatrixOps() { return kOps; }

}  // namespace emberharmony::mlx_backend

// Copies between memory of any layout and the form that the kernels work on.
#include <algorithm>
#include <cstring>

#include "emberharmony/backend/native/fft_plan_internal.h"

namespace emberharmony::backend::native {
namespace {

/// Whether there are several lanes, and lane l begins `distance` numbers after lane l - 1.
template <class T>
bool LanesFollow(const FftLanes<T>& lanes, int64_t distance) {
  if (lanes.lanes == 1) return false;
  for (int64_t lane = 1; lane < lanes.lanes; ++lane) {
    if (lanes.starts[lane] - lanes.starts[lane - 1] != distance) return false;
  }
  return true;
}

/// One part, real or imaginary, of any layout.
template <class T>
void GatherPart(const FftLanes<const T>& from, int64_t offset, T* to) {
  const int64_t lanes = from.lanes;
  if (LanesFollow(from, 1)) {
    for (int64_t i = 0; i < from.count; ++i) {
      std::memcpy(to + i * lanes, from.starts[0] + offset + i * from.step, lanes * sizeof(T));
    }
    return;
  }
  for (int64_t i = 0; i < from.count; ++i) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      to[i * lanes + lane] = from.starts[lane][offset + i * from.step];
    }
  }
}

template <class T>
void ScatterPart(const T* from, T scale, const FftLanes<T>& to, int64_t offset) {
  const int64_t lanes = to.lanes;
  if (LanesFollow(to, 1)) {
    for (int64_t i = 0; i < to.count; ++i) {
      T* row = to.starts[0] + offset + i * to.step;
      for (int64_t lane = 0; lane < lanes; ++lane) row[lane] = from[i * lanes + lane] * scale;
    }
    return;
  }
  for (int64_t i = 0; i < to.count; ++i) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      to.starts[lane][offset + i * to.step] = from[i * lanes + lane] * scale;
    }
  }
}

}  // namespace

template <class T>
void GatherLanes(const FftKernels<T>& kernels, const FftLanes<const T>& from, int64_t rows,
                 SplitNumbers<T> to) {
  const bool interleaved = from.im_offset == 1;
  if (interleaved && from.lanes == 1 && from.step == 2) {
    kernels.split_rows(from.starts[0], 0, 1, from.count, to.re, to.im);
  } else if (interleaved && LanesFollow(from, 2)) {
    kernels.split_rows(from.starts[0], from.step, from.count, from.lanes, to.re, to.im);
  } else if (interleaved && from.step == 2) {
    kernels.split_lanes(from.starts, from.count, from.lanes, to.re, to.im);
  } else {
    GatherPart(from, 0, to.re);
    if (from.im_offset != kNoImaginaryParts) {
      GatherPart(from, from.im_offset, to.im);
    } else {
      std::fill(to.im, to.im + from.count * from.lanes, T(0));
    }
  }
  for (T* part : {to.re, to.im}) {
    std::fill(part + from.count * from.lanes, part + rows * from.lanes, T(0));
  }
}

template <class T>
void ScatterLanes(const FftKernels<T>& kernels, SplitNumbers<const T> from, T scale,
                  const FftLanes<T>& to) {
  const bool interleaved = to.im_offset == 1;
  if (interleaved && to.lanes == 1 && to.step == 2) {
    kernels.interleave_rows(from.re, from.im, 1, to.count, scale, to.starts[0], 0);
  } else if (interleaved && LanesFollow(to, 2)) {
    kernels.interleave_rows(from.re, from.im, to.count, to.lanes, scale, to.starts[0], to.step);
  } else if (interleaved && to.step == 2) {
    kernels.interleave_lanes(from.re, from.im, to.count, to.lanes, scale, to.starts);
  } else {
    ScatterPart(from.re, scale, to, 0);
    if (to.im_offset != kNoImaginaryParts) ScatterPart(from.im, scale, to, to.im_offset);
  }
}

#define EMBER_INSTANTIATE_LANES(T)                                                      \
  template void GatherLanes<T>(const FftKernels<T>&, const FftLanes<const T>&, int64_t, \
                               SplitNumbers<T>);                                        \
  template void ScatterLanes<T>(const FftKernels<T>&, SplitNumbers<const T>, T, const FftLanes<T>&);
EMBER_INSTANTIATE_LANES(float)
EMBER_INSTANTIATE_LANES(double)
#undef EMBER_INSTANTIATE_LANES

}  // namespace emberharmony::backend::native

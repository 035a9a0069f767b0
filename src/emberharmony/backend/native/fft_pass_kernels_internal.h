// Bodies of the passes of the Fourier transforms; see fft_vectors_internal.h.
#pragma once

#include "emberharmony/backend/native/fft_vectors_internal.h"

namespace emberharmony::backend::native {
namespace {

// Transforms of a few elements, in place, forwards.

/// cos and sin of 2 pi k / R for k = 1 .. (R - 1) / 2.
template <int kRadix>
struct Roots;
template <>
struct Roots<3> {
  static constexpr double kCos[] = {-0.5};
  static constexpr double kSin[] = {0.86602540378443864676372317075293618};
};
template <>
struct Roots<5> {
  static constexpr double kCos[] = {0.30901699437494742410229341718281906,
                                    -0.80901699437494742410229341718281906};
  static constexpr double kSin[] = {0.95105651629515357211643933337938214,
                                    0.58778525229247312916870595463907277};
};
template <>
struct Roots<7> {
  static constexpr double kCos[] = {0.62348980185873353052500488400423981,
                                    -0.22252093395631440428890256449679476,
                                    -0.90096886790241912623610231950744505};
  static constexpr double kSin[] = {0.78183148246802980870844452667405775,
                                    0.97492791218182360701813168299393122,
                                    0.43388373911755812047576833284835875};
};
template <>
struct Roots<11> {
  static constexpr double kCos[] = {
      0.84125353283118116886181164892065490, 0.41541501300188642552927414923026350,
      -0.14231483827328514044379266862128106, -0.65486073394528506405692507246626664,
      -0.95949297361449738989036805706636997};
  static constexpr double kSin[] = {
      0.54064081745559758210763595432110230, 0.90963199535451837141171538307965770,
      0.98982144188093273237609203778042310, 0.75574957435425828377403584397120250,
      0.28173255684142969771141791535152730};
};
template <>
struct Roots<13> {
  static constexpr double kCos[] = {
      0.88545602565320989590037552201509888,  0.56806474673115580251180755912751663,
      0.12053668025532305334906768745254358,  -0.35460488704253562596963789260001847,
      -0.74851074817110109863463059970135138, -0.97094181742605202715698227629378923};
  static constexpr double kSin[] = {
      0.46472317204376854565601533513310478, 0.82298386589365639457961742343938199,
      0.99270887409805399280075164949252018, 0.93501624268541482343978459983783073,
      0.66312265824079520237678549266676028, 0.23931566428755776714875372626021190};
};

/// A prime radix: the elements j and R - j are combined first, so that their roots of unity, which
/// are conjugates, are multiplied once.
template <int kRadix, class T>
struct Butterfly {
  template <class V>
  EMBER_INLINE static void Do(V* re, V* im) {
    constexpr int kHalf = (kRadix - 1) / 2;
    V sum_re[kHalf], sum_im[kHalf], difference_re[kHalf], difference_im[kHalf];
    V total_re = re[0], total_im = im[0];
    EMBER_UNROLL
    for (int k = 0; k < kHalf; ++k) {
      sum_re[k] = re[k + 1] + re[kRadix - 1 - k];
      sum_im[k] = im[k + 1] + im[kRadix - 1 - k];
      difference_re[k] = re[k + 1] - re[kRadix - 1 - k];
      difference_im[k] = im[k + 1] - im[kRadix - 1 - k];
      total_re += sum_re[k];
      total_im += sum_im[k];
    }
    EMBER_UNROLL
    for (int j = 1; j <= kHalf; ++j) {
      V even_re = re[0], even_im = im[0];
      V odd_re = difference_re[0] * Sin(j), odd_im = difference_im[0] * Sin(j);
      EMBER_UNROLL
      for (int k = 1; k <= kHalf; ++k) {
        even_re += sum_re[k - 1] * Cos(j * k);
        even_im += sum_im[k - 1] * Cos(j * k);
        if (k == 1) continue;
        odd_re += difference_re[k - 1] * Sin(j * k);
        odd_im += difference_im[k - 1] * Sin(j * k);
      }
      re[j] = even_re + odd_im;
      im[j] = even_im - odd_re;
      re[kRadix - j] = even_re - odd_im;
      im[kRadix - j] = even_im + odd_re;
    }
    re[0] = total_re;
    im[0] = total_im;
  }

 private:
  EMBER_INLINE static constexpr T Cos(int k) {
    k %= kRadix;
    return static_cast<T>(Roots<kRadix>::kCos[(k > kRadix / 2 ? kRadix - k : k) - 1]);
  }
  EMBER_INLINE static constexpr T Sin(int k) {
    k %= kRadix;
    return static_cast<T>(k > kRadix / 2 ? -Roots<kRadix>::kSin[kRadix - k - 1]
                                         : Roots<kRadix>::kSin[k - 1]);
  }
};

/// A quarter turn backwards is a swap of the parts, so radix 4 needs no multiplication.
template <class T>
struct Butterfly<4, T> {
  template <class V>
  EMBER_INLINE static void Do(V* re, V* im) {
    const V a0_re = re[0] + re[2], a0_im = im[0] + im[2];
    const V a2_re = re[0] - re[2], a2_im = im[0] - im[2];
    const V a1_re = re[1] + re[3], a1_im = im[1] + im[3];
    const V a3_re = re[1] - re[3], a3_im = im[1] - im[3];
    re[0] = a0_re + a1_re, im[0] = a0_im + a1_im;
    re[1] = a2_re + a3_im, im[1] = a2_im - a3_re;
    re[2] = a0_re - a1_re, im[2] = a0_im - a1_im;
    re[3] = a2_re - a3_im, im[3] = a2_im + a3_re;
  }
};
template <class T>
struct Butterfly<2, T> {
  template <class V>
  EMBER_INLINE static void Do(V* re, V* im) {
    const V re_0 = re[0], im_0 = im[0];
    re[0] = re_0 + re[1], im[0] = im_0 + im[1];
    re[1] = re_0 - re[1], im[1] = im_0 - im[1];
  }
};
/// Two of radix 4, on the sums and on the differences of opposite elements.
template <class T>
struct Butterfly<8, T> {
  template <class V>
  EMBER_INLINE static void Do(V* re, V* im) {
    constexpr T kRootHalf = static_cast<T>(0.70710678118654752440084436210484904);
    V even_re[4], even_im[4], odd_re[4], odd_im[4];
    EMBER_UNROLL
    for (int k = 0; k < 4; ++k) {
      even_re[k] = re[k] + re[k + 4], even_im[k] = im[k] + im[k + 4];
      odd_re[k] = re[k] - re[k + 4], odd_im[k] = im[k] - im[k + 4];
    }
    // Element k of the differences is turned back by k eighths.
    const V turned_1_re = (odd_re[1] + odd_im[1]) * kRootHalf;
    const V turned_1_im = (odd_im[1] - odd_re[1]) * kRootHalf;
    const V turned_3_re = (odd_im[3] - odd_re[3]) * kRootHalf;
    const V turned_3_im = (odd_re[3] + odd_im[3]) * -kRootHalf;
    odd_re[1] = turned_1_re, odd_im[1] = turned_1_im;
    odd_re[3] = turned_3_re, odd_im[3] = turned_3_im;
    const V turned_2_re = odd_im[2];
    const V turned_2_im = -odd_re[2];
    odd_re[2] = turned_2_re, odd_im[2] = turned_2_im;
    Butterfly<4, T>::Do(even_re, even_im);
    Butterfly<4, T>::Do(odd_re, odd_im);
    EMBER_UNROLL
    for (int k = 0; k < 4; ++k) {
      re[2 * k] = even_re[k], im[2 * k] = even_im[k];
      re[2 * k + 1] = odd_re[k], im[2 * k + 1] = odd_im[k];
    }
  }
};

/// Three of radix 3, twice.
template <class T>
struct Butterfly<9, T> {
  template <class V>
  EMBER_INLINE static void Do(V* re, V* im) {
    // exp(-2 pi i k / 9) for k = 1, 2, 4.
    constexpr T kRoots[3][2] = {{static_cast<T>(0.76604444311897803520239265055541667),
                                 static_cast<T>(-0.64278760968653932632264340990726343)},
                                {static_cast<T>(0.17364817766693034885171662676931480),
                                 static_cast<T>(-0.98480775301220805936674302458952301)},
                                {static_cast<T>(-0.93969262078590838405410927732473147),
                                 static_cast<T>(-0.34202014332566873304409961468225958)}};
    V part_re[3][3], part_im[3][3];
    EMBER_UNROLL
    for (int k = 0; k < 3; ++k) {
      EMBER_UNROLL
      for (int j = 0; j < 3; ++j) part_re[k][j] = re[k + 3 * j], part_im[k][j] = im[k + 3 * j];
      Butterfly<3, T>::Do(part_re[k], part_im[k]);
    }
    MultiplyBy(kRoots[0][0], kRoots[0][1], &part_re[1][1], &part_im[1][1]);
    MultiplyBy(kRoots[1][0], kRoots[1][1], &part_re[1][2], &part_im[1][2]);
    MultiplyBy(kRoots[1][0], kRoots[1][1], &part_re[2][1], &part_im[2][1]);
    MultiplyBy(kRoots[2][0], kRoots[2][1], &part_re[2][2], &part_im[2][2]);
    EMBER_UNROLL
    for (int j = 0; j < 3; ++j) {
      V row_re[3] = {part_re[0][j], part_re[1][j], part_re[2][j]};
      V row_im[3] = {part_im[0][j], part_im[1][j], part_im[2][j]};
      Butterfly<3, T>::Do(row_re, row_im);
      EMBER_UNROLL
      for (int k = 0; k < 3; ++k) re[j + 3 * k] = row_re[k], im[j + 3 * k] = row_im[k];
    }
  }
};

// Passes.

/// kLanes transforms of length R side by side: rows of x `x_step` apart to rows of y `y_step`
/// apart.
template <class T, int kLanes, int kRadix, bool kTwiddle>
EMBER_INLINE void TransformLanes(const T* xr, const T* xi, int64_t x_step, T* yr, T* yi,
                                 int64_t y_step, const T* wr, const T* wi, int64_t w_step) {
  using V = Vec<T, kLanes>;
  V re[kRadix], im[kRadix];
  EMBER_UNROLL
  for (int j = 0; j < kRadix; ++j) {
    re[j] = Load<V>(xr + j * x_step);
    im[j] = Load<V>(xi + j * x_step);
  }
  Butterfly<kRadix, T>::Do(re, im);
  Store(yr, re[0]);
  Store(yi, im[0]);
  EMBER_UNROLL
  for (int j = 1; j < kRadix; ++j) {
    if constexpr (kTwiddle) {
      MultiplyBy(wr[(j - 1) * w_step], wi[(j - 1) * w_step], &re[j], &im[j]);
    }
    Store(yr + j * y_step, re[j]);
    Store(yi + j * y_step, im[j]);
  }
}

/// R rows of kLanes numbers, stored as kLanes rows of R numbers.
template <int kLanes, int kRadix, class T, class V>
EMBER_INLINE void StoreTransposed(V* rows, T* to) {
  if constexpr (kLanes == 1) {
    for (int j = 0; j < kRadix; ++j) to[j] = rows[j];
  } else if constexpr (kRadix % kLanes == 0) {
    EMBER_UNROLL
    for (int block = 0; block < kRadix; block += kLanes) {
      Transpose<kLanes>(rows + block);
      EMBER_UNROLL
      for (int lane = 0; lane < kLanes; ++lane)
        Store(to + lane * kRadix + block, rows[block + lane]);
    }
  } else {
    T numbers[kRadix][kLanes];
    __builtin_memcpy(numbers, rows, sizeof(numbers));
    for (int lane = 0; lane < kLanes; ++lane) {
      EMBER_UNROLL
      for (int j = 0; j < kRadix; ++j) to[lane * kRadix + j] = numbers[j][lane];
    }
  }
}

/// The pass for s = 1, where it is p that neighbouring elements differ in: kLanes values of p.
template <class T, int kLanes, int kRadix>
EMBER_INLINE void TransformFirst(const T* xr, const T* xi, T* yr, T* yi, int64_t m, const T* wr,
                                 const T* wi) {
  using V = Vec<T, kLanes>;
  V re[kRadix], im[kRadix];
  EMBER_UNROLL
  for (int j = 0; j < kRadix; ++j) {
    re[j] = Load<V>(xr + j * m);
    im[j] = Load<V>(xi + j * m);
  }
  Butterfly<kRadix, T>::Do(re, im);
  EMBER_UNROLL
  for (int j = 1; j < kRadix; ++j) {
    MultiplyBy(Load<V>(wr + (j - 1) * m), Load<V>(wi + (j - 1) * m), &re[j], &im[j]);
  }
  StoreTransposed<kLanes, kRadix>(re, yr);
  StoreTransposed<kLanes, kRadix>(im, yi);
}

template <class T, int kLanes, int kRadix>
EMBER_INLINE void FirstPass(const T* xr, const T* xi, T* yr, T* yi, int64_t m, const T* wr,
                            const T* wi) {
  // Wider vectors than the radix would be transposed number by number.
  constexpr int kWidth = (kRadix == 4 || kRadix == 8) && kLanes > kRadix ? kRadix : kLanes;
  int64_t p = 0;
  for (; p + kWidth <= m; p += kWidth) {
    TransformFirst<T, kWidth, kRadix>(xr + p, xi + p, yr + p * kRadix, yi + p * kRadix, m, wr + p,
                                      wi + p);
  }
  for (; p < m; ++p) {
    TransformFirst<T, 1, kRadix>(xr + p, xi + p, yr + p * kRadix, yi + p * kRadix, m, wr + p,
                                 wi + p);
  }
}

template <class T, int kLanes, int kRadix, bool kTwiddle>
EMBER_INLINE void LanesPass(const T* xr, const T* xi, T* yr, T* yi, int64_t s, int64_t m,
                            const T* wr, const T* wi) {
  const int64_t x_step = s * m;
  for (int64_t p = 0; p < m; ++p) {
    const int64_t x = s * p;
    const int64_t y = s * p * kRadix;
    const T* roots_re = wr + p;
    const T* roots_im = wi + p;
    // Few transforms are short enough for halves in the last pass, and large radices are rare.
    ForOverlappingLanes<kLanes, kTwiddle && kRadix <= 9>(s, [&](auto width, int64_t q) {
      TransformLanes<T, decltype(width)::value, kRadix, kTwiddle>(
          xr + x + q, xi + x + q, x_step, yr + y + q, yi + y + q, s, roots_re, roots_im, m);
    });
  }
}

template <class T, int kLanes, int kRadix>
void FftPass(const T* xr, const T* xi, T* yr, T* yi, int64_t s, int64_t m, const T* wr,
             const T* wi) {
  if (m == 1) {
    LanesPass<T, kLanes, kRadix, false>(xr, xi, yr, yi, s, m, wr, wi);
  } else if (s == 1) {
    FirstPass<T, kLanes, kRadix>(xr, xi, yr, yi, m, wr, wi);
  } else {
    LanesPass<T, kLanes, kRadix, true>(xr, xi, yr, yi, s, m, wr, wi);
  }
}

/// As Butterfly for primes, of a length known when it runs.
template <class T, int kLanes>
EMBER_INLINE void TransformGeneric(int64_t radix, const T* cosines, const T* sines, const T* xr,
                                   const T* xi, int64_t x_step, T* yr, T* yi, int64_t y_step,
                                   const T* wr, const T* wi, int64_t w_step) {
  using V = Vec<T, kLanes>;
  constexpr int kHalfMax = kGenericRadixMax / 2;
  V sum_re[kHalfMax], sum_im[kHalfMax], difference_re[kHalfMax], difference_im[kHalfMax];
  const int64_t half = radix / 2;
  const V first_re = Load<V>(xr), first_im = Load<V>(xi);
  V total_re = first_re, total_im = first_im;
  for (int64_t k = 0; k < half; ++k) {
    const int64_t low = (k + 1) * x_step, high = (radix - 1 - k) * x_step;
    sum_re[k] = Load<V>(xr + low) + Load<V>(xr + high);
    sum_im[k] = Load<V>(xi + low) + Load<V>(xi + high);
    difference_re[k] = Load<V>(xr + low) - Load<V>(xr + high);
    difference_im[k] = Load<V>(xi + low) - Load<V>(xi + high);
    total_re += sum_re[k];
    total_im += sum_im[k];
  }
  Store(yr, total_re);
  Store(yi, total_im);
  for (int64_t j = 1; j <= half; ++j) {
    V even_re = first_re, even_im = first_im;
    V odd_re = difference_re[0] * sines[j], odd_im = difference_im[0] * sines[j];
    int64_t at = 0;
    for (int64_t k = 0; k < half; ++k) {
      at += j;
      if (at >= radix) at -= radix;
      even_re += sum_re[k] * cosines[at];
      even_im += sum_im[k] * cosines[at];
      if (k == 0) continue;
      odd_re += difference_re[k] * sines[at];
      odd_im += difference_im[k] * sines[at];
    }
    V re = even_re + odd_im, im = even_im - odd_re;
    V mirrored_re = even_re - odd_im, mirrored_im = even_im + odd_re;
    const int64_t mirrored = radix - j;
    if (w_step > 1) {
      MultiplyBy(wr[(j - 1) * w_step], wi[(j - 1) * w_step], &re, &im);
      MultiplyBy(wr[(mirrored - 1) * w_step], wi[(mirrored - 1) * w_step], &mirrored_re,
                 &mirrored_im);
    }
    Store(yr + j * y_step, re);
    Store(yi + j * y_step, im);
    Store(yr + mirrored * y_step, mirrored_re);
    Store(yi + mirrored * y_step, mirrored_im);
  }
}

template <class T, int kLanes>
void GenericPass(int64_t radix, const T* cosines, const T* sines, const T* xr, const T* xi, T* yr,
                 T* yi, int64_t s, int64_t m, const T* wr, const T* wi) {
  for (int64_t p = 0; p < m; ++p) {
    const int64_t x = s * p;
    const int64_t y = s * p * radix;
    ForOverlappingLanes<kLanes, false>(s, [&](auto width, int64_t q) {
      TransformGeneric<T, decltype(width)::value>(radix, cosines, sines, xr + x + q, xi + x + q,
                                                  s * m, yr + y + q, yi + y + q, s, wr + p, wi + p,
                                                  m);
    });
  }
}

template <class T, int kLanes>
FftPasses<T> MakeFftPasses() {
  return {
      .passes = {&FftPass<T, kLanes, 2>, &FftPass<T, kLanes, 3>, &FftPass<T, kLanes, 4>,
                 &FftPass<T, kLanes, 5>, &FftPass<T, kLanes, 7>, &FftPass<T, kLanes, 8>,
                 &FftPass<T, kLanes, 9>, &FftPass<T, kLanes, 11>, &FftPass<T, kLanes, 13>},
      .generic_pass = &GenericPass<T, kLanes>,
  };
}

}  // namespace
}  // namespace emberharmony::backend::native

#ifndef EMBERHARMONY_BACKEND_OP_LIST_H_
#define EMBERHARMONY_BACKEND_OP_LIST_H_

/* Every operation a backend may be asked for: enumerator, name, number of inputs, dtypes of the
   inputs, result dtype (the kinds are explained in op.h). The position in this list, from 0, is the
   operation's number across the plugins' C boundary: append, never reorder or remove. Plain C,
   since plugins read it too.

   Inputs of an elementwise operation share one dtype (where: those after the condition) and
   broadcast. */
#define EMBER_OPS(OP)                                               \
  OP(kCopy, "copy", 1, kAny, kSame)                                 \
  OP(kAstype, "astype", 1, kAny, kAttribute)                        \
  OP(kAdd, "add", 2, kNumeric, kSame)                               \
  OP(kSubtract, "subtract", 2, kNumeric, kSame)                     \
  OP(kMultiply, "multiply", 2, kNumeric, kSame)                     \
  OP(kDivide, "divide", 2, kFloating, kSame)                        \
  OP(kFloorDivide, "floor_divide", 2, kReal, kSame)                 \
  OP(kRemainder, "remainder", 2, kReal, kSame)                      \
  OP(kPow, "pow", 2, kNumeric, kSame)                               \
  OP(kMinimum, "minimum", 2, kRealOrBool, kSame)                    \
  OP(kMaximum, "maximum", 2, kRealOrBool, kSame)                    \
  OP(kNegative, "negative", 1, kNumeric, kSame)                     \
  OP(kAbs, "abs", 1, kNumeric, kRealPart)                           \
  OP(kSign, "sign", 1, kNumeric, kSame)                             \
  OP(kSquare, "square", 1, kNumeric, kSame)                         \
  OP(kSqrt, "sqrt", 1, kFloating, kSame)                            \
  OP(kFloor, "floor", 1, kReal, kSame)                              \
  OP(kCeil, "ceil", 1, kReal, kSame)                                \
  OP(kTrunc, "trunc", 1, kReal, kSame)                              \
  OP(kRound, "round", 1, kNumeric, kSame)                           \
  OP(kExp, "exp", 1, kFloating, kSame)                              \
  OP(kExpm1, "expm1", 1, kFloating, kSame)                          \
  OP(kLog, "log", 1, kFloating, kSame)                              \
  OP(kLog1p, "log1p", 1, kFloating, kSame)                          \
  OP(kLog2, "log2", 1, kFloating, kSame)                            \
  OP(kLog10, "log10", 1, kFloating, kSame)                          \
  OP(kSin, "sin", 1, kFloating, kSame)                              \
  OP(kCos, "cos", 1, kFloating, kSame)                              \
  OP(kTan, "tan", 1, kFloating, kSame)                              \
  OP(kTanh, "tanh", 1, kFloating, kSame)                            \
  OP(kIsNan, "isnan", 1, kAny, kBool)                               \
  OP(kIsFinite, "isfinite", 1, kAny, kBool)                         \
  OP(kIsInf, "isinf", 1, kAny, kBool)                               \
  OP(kEqual, "equal", 2, kAny, kBool)                               \
  OP(kNotEqual, "not_equal", 2, kAny, kBool)                        \
  OP(kLess, "less", 2, kRealOrBool, kBool)                          \
  OP(kLessEqual, "less_equal", 2, kRealOrBool, kBool)               \
  OP(kGreater, "greater", 2, kRealOrBool, kBool)                    \
  OP(kGreaterEqual, "greater_equal", 2, kRealOrBool, kBool)         \
  OP(kLogicalAnd, "logical_and", 2, kBoolean, kBool)                \
  OP(kLogicalOr, "logical_or", 2, kBoolean, kBool)                  \
  OP(kLogicalXor, "logical_xor", 2, kBoolean, kBool)                \
  OP(kLogicalNot, "logical_not", 1, kBoolean, kBool)                \
  OP(kWhere, "where", 3, kAny, kSame)                               \
  OP(kClip, "clip", 3, kRealOrBool, kSame)                          \
  OP(kSum, "sum", 1, kNumeric, kSame)                               \
  OP(kMin, "min", 1, kReal, kSame)                                  \
  OP(kMax, "max", 1, kReal, kSame)                                  \
  /* Elementwise. */                                                \
  OP(kAcos, "acos", 1, kFloating, kSame)                            \
  OP(kAcosh, "acosh", 1, kFloating, kSame)                          \
  OP(kAsin, "asin", 1, kFloating, kSame)                            \
  OP(kAsinh, "asinh", 1, kFloating, kSame)                          \
  OP(kAtan, "atan", 1, kFloating, kSame)                            \
  OP(kAtanh, "atanh", 1, kFloating, kSame)                          \
  OP(kSinh, "sinh", 1, kFloating, kSame)                            \
  OP(kCosh, "cosh", 1, kFloating, kSame)                            \
  OP(kReciprocal, "reciprocal", 1, kFloating, kSame)                \
  OP(kAtan2, "atan2", 2, kRealFloating, kSame)                      \
  OP(kHypot, "hypot", 2, kRealFloating, kSame)                      \
  OP(kLogAddExp, "logaddexp", 2, kRealFloating, kSame)              \
  OP(kCopySign, "copysign", 2, kRealFloating, kSame)                \
  OP(kNextAfter, "nextafter", 2, kRealFloating, kSame)              \
  OP(kSignBit, "signbit", 1, kRealFloating, kBool)                  \
  OP(kReal, "real", 1, kNumeric, kRealPart)                         \
  OP(kImag, "imag", 1, kComplex, kRealPart)                         \
  OP(kConj, "conj", 1, kNumeric, kSame)                             \
  OP(kBitwiseAnd, "bitwise_and", 2, kIntegerOrBool, kSame)          \
  OP(kBitwiseOr, "bitwise_or", 2, kIntegerOrBool, kSame)            \
  OP(kBitwiseXor, "bitwise_xor", 2, kIntegerOrBool, kSame)          \
  OP(kBitwiseInvert, "bitwise_invert", 1, kIntegerOrBool, kSame)    \
  OP(kBitwiseLeftShift, "bitwise_left_shift", 2, kInteger, kSame)   \
  OP(kBitwiseRightShift, "bitwise_right_shift", 2, kInteger, kSame) \
  OP(kCountOnes, "count_ones", 1, kInteger, kSame)                  \
  OP(kErf, "erf", 1, kRealFloating, kSame)                          \
  /* Reductions along kAxes, with kKeepDims. */                     \
  OP(kProd, "prod", 1, kNumeric, kSame)                             \
  OP(kMean, "mean", 1, kFloating, kSame)                            \
  OP(kVar, "var", 1, kRealFloating, kSame)                          \
  OP(kAny, "any", 1, kAny, kBool)                                   \
  OP(kAll, "all", 1, kAny, kBool)                                   \
  OP(kCountNonzero, "count_nonzero", 1, kAny, kInt64)               \
  /* Along one kAxis. */                                            \
  OP(kArgMax, "argmax", 1, kReal, kInt64)                           \
  OP(kArgMin, "argmin", 1, kReal, kInt64)                           \
  OP(kCumulativeSum, "cumulative_sum", 1, kNumeric, kSame)          \
  OP(kCumulativeProd, "cumulative_prod", 1, kNumeric, kSame)        \
  OP(kSort, "sort", 1, kReal, kSame)                                \
  OP(kArgSort, "argsort", 1, kReal, kInt64)                         \
  OP(kTopK, "topk", 1, kReal, kSame)                                \
  OP(kSearchSorted, "searchsorted", 2, kReal, kInt64)               \
  OP(kTake, "take", 2, kAny, kSame)                                 \
  OP(kTakeAlongAxis, "take_along_axis", 2, kAny, kSame)             \
  OP(kScatter, "scatter", 3, kAny, kSame)                           \
  /* Linear algebra on the last two axes. */                        \
  OP(kMatmul, "matmul", 2, kNumeric, kSame)                         \
  OP(kCholesky, "cholesky", 1, kFloating, kSame)                    \
  OP(kDet, "det", 1, kFloating, kSame)                              \
  OP(kSlogDet, "slogdet", 1, kFloating, kSame)                      \
  OP(kEigh, "eigh", 1, kFloating, kSame)                            \
  OP(kEigvalsh, "eigvalsh", 1, kFloating, kRealPart)                \
  OP(kEig, "eig", 1, kFloating, kSame)                              \
  OP(kEigvals, "eigvals", 1, kFloating, kSame)                      \
  OP(kInv, "inv", 1, kFloating, kSame)                              \
  OP(kQr, "qr", 1, kFloating, kSame)                                \
  OP(kSolve, "solve", 2, kFloating, kSame)                          \
  OP(kSvd, "svd", 1, kFloating, kSame)                              \
  OP(kSvdvals, "svdvals", 1, kFloating, kRealPart)                  \
  OP(kLstsq, "lstsq", 2, kFloating, kSame)                          \
  /* Fourier transforms along one kAxis. */                         \
  OP(kFft, "fft", 1, kComplex, kSame)                               \
  OP(kRfft, "rfft", 1, kRealFloating, kAttribute)                   \
  OP(kIrfft, "irfft", 1, kComplex, kAttribute)                      \
  /* Random numbers: no input. */                                   \
  OP(kRandomBits, "random_bits", 0, kAny, kAttribute)               \
  OP(kRandomUniform, "random_uniform", 0, kAny, kAttribute)         \
  OP(kRandomNormal, "random_normal", 0, kAny, kAttribute)           \
  OP(kRandomExponential, "random_exponential", 0, kAny, kAttribute)

#endif

#pragma once

/// The tensor interface: `#include <emberharmony/ops.h>`, `namespace ops = emberharmony::ops`.
#include "emberharmony/ops/constants.h"
#include "emberharmony/ops/creation.h"
#include "emberharmony/ops/elementwise.h"
#include "emberharmony/ops/fft.h"
#include "emberharmony/ops/files.h"
#include "emberharmony/ops/gradient.h"
#include "emberharmony/ops/indexing.h"
#include "emberharmony/ops/manipulation.h"
#include "emberharmony/ops/matmul.h"
#include "emberharmony/ops/operators.h"
#include "emberharmony/ops/printing.h"
#include "emberharmony/ops/random.h"
#include "emberharmony/ops/scatter.h"
#include "emberharmony/ops/statistics.h"
#include "emberharmony/ops/status.h"

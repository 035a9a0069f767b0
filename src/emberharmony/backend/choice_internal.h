#pragma once

#include "emberharmony/backend/backend.h"

namespace emberharmony::backend {

/// How the process has chosen: a backend (native among them), or automatically, where that is
/// native without being asked, or who costs least.
enum class Choice { kNamed, kAutomaticNative, kByCost };

/// Chooses automatically: by cost, or native without being asked.
void SetAutomatic(bool by_cost);
/// From choosing by cost to native, unless somebody has chosen meanwhile.
void StopChoosingByCost();

/// Of a call on tensors of the CPU while the process chooses by cost (automatic_choice.cc).
Backend& CheapestFor(const OpQuery& query, Tensors inputs, const tensor::Shape& shape);

}  // namespace emberharmony::backend

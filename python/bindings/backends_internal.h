#pragma once

#include <nanobind/nanobind.h>

namespace emberharmony::python {

/// Adds the functions about backends to the module.
void InitBackends(nanobind::module_& module);
/// Adds those about namespaces as backends.
void InitNamespaceBackends(nanobind::module_& module);

}  // namespace emberharmony::python

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <nanobind/nanobind.h>

namespace emberharmony::python {

/// Adds the submodule `temporal`.
void InitTemporal(nanobind::module_& module);

}  // namespace emberharmony::python

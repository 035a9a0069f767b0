#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string>

namespace emberharmony::python {

/// Thrown where a call into the interpreter has failed: its error indicator is set.
struct PythonError {};

/// Sets the error indicator to `type` with `message` and throws PythonError.
[[noreturn]] void Raise(PyObject* type, const std::string& message);

/// Sets the error indicator from the C++ exception that is being handled:
///
/// | C++ | Python |
/// |---|---|
/// | PythonError | what the interpreter has already |
/// | tensor::ShapeError, std::invalid_argument, std::domain_error | ValueError |
/// | ops::AxisError | ops.AxisError, a ValueError and an IndexError |
/// | tensor::DTypeError | TypeError |
/// | tensor::IndexError, std::out_of_range | IndexError |
/// | tensor::LinAlgError | ops.linalg.LinAlgError, a ValueError |
/// | std::overflow_error | OverflowError |
/// | tensor::UnsupportedError | NotImplementedError |
/// | std::bad_alloc (tensor::OutOfMemoryError) | MemoryError |
/// | any other std::exception | RuntimeError |
void SetErrorFromException() noexcept;

/// The class ops.linalg.LinAlgError.
extern PyObject* linalg_error;
/// Makes it and adds it to the module; false with the error indicator set.
bool InitLinAlgError(PyObject* module);

/// The class ops.AxisError.
extern PyObject* axis_error;
/// Makes it and adds it to the module; false with the error indicator set.
bool InitAxisError(PyObject* module);

/// `object`, or PythonError if it is null.
inline PyObject* Checked(PyObject* object) {
  if (object == nullptr) throw PythonError{};
  return object;
}

/// A reference that is given back at the end of the scope. The holder needs the GIL.
class Reference {
 public:
  Reference() = default;
  /// Takes over a new reference; null throws PythonError.
  explicit Reference(PyObject* object) : object_(Checked(object)) {}
  static Reference Borrow(PyObject* object) {
    Py_INCREF(object);
    return Reference(object);
  }
  Reference(Reference&& other) noexcept : object_(other.release()) {}
  Reference& operator=(Reference&& other) noexcept {
    Py_XSETREF(object_, other.release());
    return *this;
  }
  ~Reference() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  PyObject* release() {
    PyObject* object = object_;
    object_ = nullptr;
    return object;
  }

 private:
  PyObject* object_ = nullptr;
};

/// PyEval_RestoreThread. While the interpreter is being shut down there is nothing to take any
/// more, and the interpreter ends the thread by unwinding its stack, which destructors do not
/// survive: then this never returns, and the thread ends with the process.
void TakeGil(PyThreadState* state);
/// PyGILState_Ensure, in the same way.
PyGILState_STATE EnsureGil();

/// Lets other Python threads run while it lives: only for work that takes longer than handing over
/// the lock (some 20 ns), and only around code that touches no Python object.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  ~ReleasedGil() { TakeGil(state_); }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  PyThreadState* state_;
};

/// Elements from which on an operation releases the GIL.
inline constexpr int64_t kReleaseSize = 1 << 15;

}  // namespace emberharmony::python

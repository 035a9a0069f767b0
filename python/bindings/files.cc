// Tensors in files.
#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bindings/array_import.h"
#include "bindings/function.h"
#include "emberharmony/ops.h"

namespace emberharmony::python {
namespace {

/// Raises what a status tells of a file: OSError (FileNotFoundError and its kin by the error's
/// number), MemoryError or ValueError.
void RaiseForPath(const arrow::Status& status, const std::string& path) {
  if (status.ok()) return;
  const std::string message = status.message();
  if (status.IsIOError()) {
    int number = arrow::internal::ErrnoFromStatus(status);
    if (number == 0 && access(path.c_str(), F_OK) != 0) number = errno;
    Reference error(number != 0
                        ? PyObject_CallFunction(PyExc_OSError, "is", number, message.c_str())
                        : PyObject_CallFunction(PyExc_OSError, "s", message.c_str()));
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
    throw PythonError{};
  }
  Raise(status.IsOutOfMemory() ? PyExc_MemoryError : PyExc_ValueError, message);
}

std::string PathOf(const Arguments& args, int i) {
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(args.object(i), &bytes) == 0) throw PythonError{};
  const Reference path(bytes);
  return {PyBytes_AS_STRING(bytes), static_cast<size_t>(PyBytes_GET_SIZE(bytes))};
}

/// The entries of a dict of tensors.
std::vector<ops::NamedTensor> NamedTensorsOf(PyObject* dict) {
  std::vector<ops::NamedTensor> tensors;
  // A list of its own: importing may run Python code, which may change the dict.
  const Reference items(PyDict_Items(dict));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* key = PyTuple_GET_ITEM(PyList_GET_ITEM(items.get(), i), 0);
    PyObject* value = PyTuple_GET_ITEM(PyList_GET_ITEM(items.get(), i), 1);
    if (!PyUnicode_Check(key)) {
      Raise(PyExc_TypeError, "save: expected names of tensors that are str, found " +
                                 std::string(Py_TYPE(key)->tp_name));
    }
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(key, &size);
    if (text == nullptr) throw PythonError{};
    tensors.emplace_back(std::string(text, static_cast<size_t>(size)),
                         ImportArray(value, std::nullopt, CopyRule::kIfNeeded));
  }
  return tensors;
}

}  // namespace

EMBER_FUNCTION(save,
               "(file: str | os.PathLike[str], obj: ArrayLike | dict[str, ArrayLike]) -> None",
               R"(Writes a tensor, or a dict of tensors, to a file that NumPy reads.

Args:
  file: The file's name, to which nothing is added. The file appears when it is complete; until
    then an older one stays.
  obj: A tensor, which is written in the format .npy; or a dict of names and tensors: .npz.

Raises:
  OSError: The file cannot be written.
)") {
  const std::string path = PathOf(args, 0);
  if (PyDict_Check(args.object(1))) {
    const std::vector<ops::NamedTensor> tensors = NamedTensorsOf(args.object(1));
    arrow::Status status;
    {
      const ReleasedGil released;
      status = ops::save_npz(path, tensors);
    }
    RaiseForPath(status, path);
    return Py_NewRef(Py_None);
  }
  const ops::Tensor& x = args.tensor(1);
  arrow::Status status;
  {
    const ReleasedGil released;
    status = ops::save(path, x);
  }
  RaiseForPath(status, path);
  return Py_NewRef(Py_None);
}

EMBER_FUNCTION(load, "(file: str | os.PathLike[str]) -> Tensor | dict[str, Tensor]",
               R"(Reads what save or NumPy wrote. Nothing is unpickled.

Args:
  file: The name of a .npy or .npz file.

Returns:
  The tensor of a .npy file, or a dict of those in a .npz file.

Raises:
  OSError: The file cannot be read.
  ValueError: It is damaged, or holds elements that have no dtype here.
  MemoryError: There is no memory for its elements.
)") {
  const std::string path = PathOf(args, 0);
  const arrow::Result<bool> is_npz = ops::is_npz(path);
  RaiseForPath(is_npz.status(), path);
  if (!*is_npz) {
    arrow::Result<ops::Tensor> tensor;
    {
      const ReleasedGil released;
      tensor = ops::load(path);
    }
    RaiseForPath(tensor.status(), path);
    return ToPython(*std::move(tensor));
  }
  arrow::Result<std::vector<ops::NamedTensor>> tensors;
  {
    const ReleasedGil released;
    tensors = ops::load_npz(path);
  }
  RaiseForPath(tensors.status(), path);
  Reference dict(PyDict_New());
  for (auto& [name, tensor] : *tensors) {
    Reference key(
        PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "surrogateescape"));
    Reference value(ToPython(std::move(tensor)));
    if (PyDict_SetItem(dict.get(), key.get(), value.get()) < 0) throw PythonError{};
  }
  return dict.release();
}

}  // namespace emberharmony::python

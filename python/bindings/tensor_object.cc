#include "bindings/tensor_object.h"

#include <structmember.h>

#include <cstddef>
#include <vector>

#include "bindings/array_import.h"
#include "bindings/dtype_object.h"
#include "bindings/function.h"

namespace emberharmony::python {

PyTypeObject* tensor_type = nullptr;

namespace {

/// Objects that were freed and wait to be used again: making one from the interpreter's allocator
/// costs a third of adding two small tensors.
constexpr int kFreeMax = 64;
TensorObject* free_objects[kFreeMax];
int num_free = 0;

void FreeMemory(TensorObject* object) {
  if (num_free < kFreeMax) {
    free_objects[num_free++] = object;
  } else {
    PyObject_Free(object);
  }
  Py_DECREF(tensor_type);
}

void Deallocate(PyObject* self) {
  auto* object = reinterpret_cast<TensorObject*>(self);
  if (object->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  object->tensor.~Tensor();
  FreeMemory(object);
}

constexpr char kDoc[] =
    "Tensor(x, /, *, dtype=None)\n--\n\n"
    "An n-dimensional array with elements of one dtype.\n\n"
    "Implements the array object of the Python array API standard 2025.12; ops has the functions\n"
    "on it. Indexing with integers, slices, None and Ellipsis gives views that share memory, as\n"
    "in NumPy. Tensor(x) does what ops.asarray(x, copy=True) does: usually tensors come from\n"
    "ops.asarray, ops.zeros and the like.\n";

PyObject* New(PyTypeObject*, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"", "dtype", nullptr};
  PyObject* source = nullptr;
  PyObject* dtype = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:Tensor", const_cast<char**>(names), &source,
                                   &dtype)) {
    return nullptr;
  }
  try {
    return MakeTensor([&] { return ImportArray(source, OptionalDType(dtype), CopyRule::kAlways); });
  } catch (...) {
    SetErrorFromException();
    return nullptr;
  }
}

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TensorObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

void AppendSlots(std::vector<PyType_Slot>& all, const PyType_Slot* slots) {
  for (; slots->slot != 0; ++slots) all.push_back(*slots);
}

template <class Definition>
void AppendDefinitions(std::vector<PyMethodDef>& all, const Definition* methods) {
  for (; methods->ml_name != nullptr; ++methods) all.push_back(*methods);
}

}  // namespace

TensorObject* AllocateTensorObject() {
  TensorObject* object;
  if (num_free > 0) {
    object = free_objects[--num_free];
  } else {
    object = static_cast<TensorObject*>(PyObject_Malloc(sizeof(TensorObject)));
    if (object == nullptr) {
      PyErr_NoMemory();
      throw PythonError{};
    }
  }
  PyObject_Init(reinterpret_cast<PyObject*>(object), tensor_type);
  object->weak_references = nullptr;
  return object;
}

void DiscardTensorObject(TensorObject* object) {
#ifdef Py_REF_DEBUG
  Py_SET_REFCNT(reinterpret_cast<PyObject*>(object), 0);
#endif
  FreeMemory(object);
}

bool InitTensorType(PyObject* module) {
  // The interpreter keeps a pointer to the table, so it lives as long as the class.
  static std::vector<PyMethodDef> methods;
  AppendDefinitions(methods, tensor_methods);
  AppendDefinitions(methods, tensor_interchange_methods);
  AppendFunctionMethods(methods);
  methods.push_back({nullptr, nullptr, 0, nullptr});

  std::vector<PyType_Slot> slots = {
      {Py_tp_dealloc, reinterpret_cast<void*>(&Deallocate)},
      {Py_tp_new, reinterpret_cast<void*>(&New)},
      {Py_tp_repr, reinterpret_cast<void*>(&ReprOfTensor)},
      {Py_tp_str, reinterpret_cast<void*>(&StrOfTensor)},
      {Py_tp_doc, const_cast<char*>(kDoc)},
      {Py_tp_members, members},
      {Py_tp_getset, tensor_attributes},
      {Py_tp_methods, methods.data()},
  };
  AppendSlots(slots, tensor_operator_slots);
  AppendSlots(slots, tensor_indexing_slots);
  AppendSlots(slots, tensor_buffer_slots);
  slots.push_back({0, nullptr});
  PyType_Spec spec = {"emberharmony.Tensor", sizeof(TensorObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots.data()};
  tensor_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return tensor_type != nullptr &&
         PyModule_AddObjectRef(module, "Tensor", reinterpret_cast<PyObject*>(tensor_type)) == 0;
}

}  // namespace emberharmony::python

#include <string_view>

#include "bindings/arguments.h"

namespace emberharmony::python {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

/// Position of `what` in `text` outside of brackets and quotes, or npos.
size_t FindOutside(std::string_view text, char what, size_t from = 0) {
  int depth = 0;
  char quote = 0;
  for (size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == what && depth == 0) {
      return i;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string_view::npos;
}

/// The value that a default's text is a literal of.
PyObject* Evaluate(const std::string& text) {
  if (text == "None") return Py_NewRef(Py_None);
  if (text == "True") return Py_NewRef(Py_True);
  if (text == "False") return Py_NewRef(Py_False);
  PyObject* globals = PyDict_New();
  if (globals == nullptr) return nullptr;
  PyObject* value = PyRun_String(text.c_str(), Py_eval_input, globals, globals);
  Py_DECREF(globals);
  return value;
}

/// "axis: int | None = None".
Parameter ParseParameter(std::string_view text) {
  Parameter parameter;
  const size_t equals = FindOutside(text, '=');
  if (equals != std::string_view::npos) {
    parameter.default_text = std::string(Trim(text.substr(equals + 1)));
    text = text.substr(0, equals);
  }
  const size_t colon = FindOutside(text, ':');
  if (colon != std::string_view::npos) {
    parameter.annotation = std::string(Trim(text.substr(colon + 1)));
    text = text.substr(0, colon);
  }
  parameter.name = std::string(Trim(text));
  return parameter;
}

/// Adds one parameter with its interned name and default; false with the error indicator set.
bool Add(Parameter parameter, Parameters* parameters) {
  const size_t i = parameters->all.size();
  if (i == Parameters::kMax) {
    PyErr_Format(PyExc_ImportError, "more than %d parameters", Parameters::kMax);
    return false;
  }
  parameter.interned = PyUnicode_InternFromString(parameter.name.c_str());
  if (parameter.interned == nullptr) return false;
  if (!parameter.default_text.empty()) {
    parameters->defaults[i] = Evaluate(parameter.default_text);
    if (parameters->defaults[i] == nullptr) return false;
  }
  parameters->all.push_back(std::move(parameter));
  return true;
}

bool AddAll(std::string_view list, Parameters* parameters) {
  bool keyword_only = false;
  while (!Trim(list).empty()) {
    const size_t comma = FindOutside(list, ',');
    const std::string_view item = Trim(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (item == "/") {
      for (Parameter& each : parameters->all) each.kind = Parameter::Kind::kPositionalOnly;
      parameters->num_positional_only = static_cast<int>(parameters->all.size());
    } else if (item.starts_with('*')) {
      keyword_only = true;
      const Parameter rest = ParseParameter(item.substr(1));
      parameters->rest = rest.name;
      parameters->rest_annotation = rest.annotation;
    } else {
      Parameter parameter = ParseParameter(item);
      if (keyword_only) parameter.kind = Parameter::Kind::kKeywordOnly;
      if (!Add(std::move(parameter), parameters)) return false;
      if (!keyword_only) ++parameters->num_positional;
    }
  }
  return true;
}

}  // namespace

bool ParseSignature(const char* name, const char* signature, Parameters* parameters) {
  const std::string_view text = Trim(signature);
  const size_t close = text.starts_with('(') ? FindOutside(text, ')', 1) : std::string_view::npos;
  const size_t arrow = close == std::string_view::npos ? close : text.find("->", close);
  if (arrow == std::string_view::npos) {
    PyErr_Format(PyExc_ImportError, "%s: expected a signature \"(...) -> ...\", found \"%s\"", name,
                 signature);
    return false;
  }
  parameters->returns = std::string(Trim(text.substr(arrow + 2)));
  return AddAll(text.substr(1, close - 1), parameters);
}

}  // namespace emberharmony::python

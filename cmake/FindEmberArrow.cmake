# Arrow and Parquet C++ as EmberArrow::{arrow,compute,parquet}: for the build, and, installed beside the CMake package, for
# projects that use the library.
#
# A system-wide Arrow (find_package(Arrow)) wins when it has the version this project is written for; otherwise the
# libraries and headers of a pyarrow wheel are used: of the Python that EMBER_PYTHON names, else of the one that
# find_package(Python) finds. The wheel ships no CMake files and no unversioned .so names, hence the imported targets made
# by hand. Without either EMBER_ARROW_FAULT says what was looked for.
set(EMBER_ARROW_MAJOR 26)

if(TARGET EmberArrow::arrow)
  return()
endif()
unset(EMBER_ARROW_FAULT)
find_package(Arrow ${EMBER_ARROW_MAJOR} CONFIG QUIET)
find_package(Parquet ${EMBER_ARROW_MAJOR} CONFIG QUIET)

if(TARGET Arrow::arrow_shared AND TARGET Parquet::parquet_shared)
  add_library(EmberArrow::arrow ALIAS Arrow::arrow_shared)
  add_library(EmberArrow::parquet ALIAS Parquet::parquet_shared)
  if(TARGET ArrowCompute::arrow_compute_shared)
    add_library(EmberArrow::compute ALIAS ArrowCompute::arrow_compute_shared)
  else()
    add_library(EmberArrow::compute ALIAS Arrow::arrow_shared)
  endif()
  set(EMBER_ARROW_FROM "system")
  message(STATUS "Arrow C++: ${EMBER_ARROW_FROM}")
  return()
endif()

set(_python "${EMBER_PYTHON}")
if(NOT _python)
  find_package(Python QUIET COMPONENTS Interpreter)
  set(_python "${Python_EXECUTABLE}")
endif()
execute_process(
  COMMAND "${_python}" -c
    "import importlib.util, os; print(os.path.dirname(importlib.util.find_spec('pyarrow').origin))"
  OUTPUT_VARIABLE EMBER_PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _status ERROR_QUIET)
if(NOT _status EQUAL 0 OR NOT EXISTS "${EMBER_PYARROW_DIR}/include/arrow/api.h")
  set(EMBER_ARROW_FAULT
    "Arrow C++ was not found: neither an Arrow ${EMBER_ARROW_MAJOR} CMake package nor a pyarrow wheel seen by '${_python}'. \
Pass -DEMBER_PYTHON=/path/to/python with pyarrow ${EMBER_ARROW_MAJOR}.*.")
  return()
endif()
file(STRINGS "${EMBER_PYARROW_DIR}/include/arrow/util/config.h" _version REGEX "define ARROW_SO_VERSION ")
string(REGEX MATCH "SO_VERSION \"([0-9]+)\"" _ "${_version}")
set(_so ${CMAKE_MATCH_1})
if(NOT _so EQUAL ${EMBER_ARROW_MAJOR}00)
  set(EMBER_ARROW_FAULT
    "pyarrow in ${EMBER_PYARROW_DIR} has SO version ${_so}, expected ${EMBER_ARROW_MAJOR}00: pass \
-DEMBER_PYTHON=/path/to/python with pyarrow ${EMBER_ARROW_MAJOR}.*.")
  return()
endif()
function(_ember_arrow name file)
  add_library(EmberArrow::${name} SHARED IMPORTED GLOBAL)
  set_target_properties(EmberArrow::${name} PROPERTIES
    IMPORTED_LOCATION "${EMBER_PYARROW_DIR}/lib${file}.so.${_so}"
    IMPORTED_SONAME "lib${file}.so.${_so}")
  target_include_directories(EmberArrow::${name} SYSTEM INTERFACE "${EMBER_PYARROW_DIR}/include")
  target_compile_features(EmberArrow::${name} INTERFACE cxx_std_20)
  target_link_libraries(EmberArrow::${name} INTERFACE ${ARGN})
endfunction()
_ember_arrow(arrow arrow)
_ember_arrow(compute arrow_compute EmberArrow::arrow)
_ember_arrow(parquet parquet EmberArrow::arrow)
set(EMBER_ARROW_FROM "${EMBER_PYARROW_DIR}")
message(STATUS "Arrow C++: ${EMBER_ARROW_FROM}")

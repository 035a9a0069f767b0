# Arrow and Parquet C++ as EmberArrow::{arrow,compute,parquet}.
#
# A system-wide Arrow (find_package(Arrow)) wins when it has the version this project is written for; otherwise the
# libraries and headers of the pinned pyarrow wheel in the project's virtual environment are used. The wheel ships no
# CMake files and no unversioned .so names, hence the imported targets made by hand.
set(EMBER_ARROW_MAJOR 26)

set(EMBER_PYTHON "${CMAKE_SOURCE_DIR}/.venv/bin/python" CACHE FILEPATH "Python whose pyarrow wheel provides Arrow C++")

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
else()
  execute_process(
    COMMAND "${EMBER_PYTHON}" -c
      "import importlib.util, os; print(os.path.dirname(importlib.util.find_spec('pyarrow').origin))"
    OUTPUT_VARIABLE EMBER_PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _status ERROR_QUIET)
  if(NOT _status EQUAL 0 OR NOT EXISTS "${EMBER_PYARROW_DIR}/include/arrow/api.h")
    message(FATAL_ERROR
      "Arrow C++ was not found: neither an Arrow ${EMBER_ARROW_MAJOR} CMake package nor a pyarrow wheel seen by "
      "${EMBER_PYTHON}. Run `make setup`, or pass -DEMBER_PYTHON=/path/to/python with pyarrow ${EMBER_ARROW_MAJOR}.*.")
  endif()
  file(STRINGS "${EMBER_PYARROW_DIR}/include/arrow/util/config.h" _version REGEX "define ARROW_SO_VERSION ")
  string(REGEX MATCH "SO_VERSION \"([0-9]+)\"" _ "${_version}")
  set(_so ${CMAKE_MATCH_1})
  if(NOT _so EQUAL ${EMBER_ARROW_MAJOR}00)
    message(FATAL_ERROR "pyarrow in ${EMBER_PYARROW_DIR} has SO version ${_so}, expected ${EMBER_ARROW_MAJOR}00: "
                        "run `make setup` to install the pinned pyarrow ${EMBER_ARROW_MAJOR}.*.")
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
endif()
message(STATUS "Arrow C++: ${EMBER_ARROW_FROM}")

# `cmake --install build --prefix P`: the library, its public headers, the command, and a CMake package for
# find_package(emberharmony). The prefix may be moved as a whole.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# What other projects may include: emberharmony.h and ops.h, the header of backend plugins, and what these need; a test
# compares.
set(EMBER_PUBLIC_HEADERS
  emberharmony.h
  ops.h
  backend/backend_abi.h
  backend/op_list.h
  base/error_kind.h
  bigquery/query_plan.h
  bigquery/table_name.h
  engine/extract.h
  engine/model.h
  engine/run_options.h
  engine/temporal_stride_processor.h
  extractor/data_split.h
  extractor/terabyte_feature_extractor.h
  io/object_stores.h
  ops/activations.h
  ops/axes.h
  ops/axis_error.h
  ops/bits.h
  ops/constants.h
  ops/convolve.h
  ops/creation.h
  ops/cumulative.h
  ops/devices.h
  ops/einsum.h
  ops/elementwise.h
  ops/fft.h
  ops/files.h
  ops/gradient.h
  ops/indexing.h
  ops/linalg.h
  ops/losses.h
  ops/manipulation.h
  ops/matmul.h
  ops/operand.h
  ops/operators.h
  ops/printing.h
  ops/random.h
  ops/range_error.h
  ops/scatter.h
  ops/searching.h
  ops/sets.h
  ops/sorting.h
  ops/statistics.h
  ops/statistics_derived.h
  ops/statistics_histogram.h
  ops/statistics_nan.h
  ops/statistics_quantile.h
  ops/status.h
  ops/stft.h
  ops/vectors.h
  ops/windows.h
  tensor/allocation.h
  tensor/device.h
  tensor/dtype.h
  tensor/errors.h
  tensor/shape.h
  tensor/tensor.h)
list(TRANSFORM EMBER_PUBLIC_HEADERS PREPEND "${CMAKE_SOURCE_DIR}/src/emberharmony/")
target_sources(emberharmony PUBLIC
  FILE_SET HEADERS BASE_DIRS "${CMAKE_SOURCE_DIR}/src" FILES ${EMBER_PUBLIC_HEADERS})

# Arrow out of a wheel lies in no folder that the loader knows; a copy of its libraries beside ours is found first. With a
# system-wide Arrow EMBER_PYARROW_DIR is empty; folders that the loader knows are left out.
file(RELATIVE_PATH _to_lib "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
set_target_properties(emberharmony PROPERTIES INSTALL_RPATH "$ORIGIN;${EMBER_PYARROW_DIR}")
set_target_properties(emberharmony ember PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
set_target_properties(ember PROPERTIES INSTALL_RPATH "$ORIGIN/${_to_lib};${EMBER_PYARROW_DIR}")

install(TARGETS emberharmony ember EXPORT emberharmonyTargets
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
# Loaded from beside the library.
if(EMBER_OPENBLAS)
  install(TARGETS emberharmony_openblas LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
foreach(_backend torch mlx)
  if(TARGET emberharmony_backend_${_backend})
    install(TARGETS emberharmony_backend_${_backend} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  endif()
endforeach()
if(EMBER_BIGQUERY)
  set_target_properties(emberharmony_bigquery PROPERTIES INSTALL_RPATH "$ORIGIN;${EMBER_PYARROW_DIR}")
  install(TARGETS emberharmony_bigquery LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()

set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/emberharmony")
install(EXPORT emberharmonyTargets NAMESPACE emberharmony:: DESTINATION "${_package}")
# In a folder that find_package does not look into: it takes the folder above each bin of PATH for a prefix, and a build folder
# has half of a package alone.
set(_generated "${CMAKE_BINARY_DIR}/for_install")
# What an earlier version has left in the build folder.
file(REMOVE "${CMAKE_BINARY_DIR}/emberharmonyConfig.cmake" "${CMAKE_BINARY_DIR}/emberharmonyConfigVersion.cmake")
configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/emberharmonyConfig.cmake.in"
  "${_generated}/emberharmonyConfig.cmake" INSTALL_DESTINATION "${_package}"
  NO_SET_AND_CHECK_MACRO)
# Until 1.0 a minor version may change the interface.
write_basic_package_version_file("${_generated}/emberharmonyConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${_generated}/emberharmonyConfig.cmake"
  "${_generated}/emberharmonyConfigVersion.cmake"
  "${CMAKE_SOURCE_DIR}/cmake/FindEmberArrow.cmake"
  DESTINATION "${_package}")
install(FILES LICENSE THIRD_PARTY_NOTICES.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

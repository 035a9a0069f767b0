# Plugins on frameworks: backends/torch, backends/mlx. They are found as installed Python packages.

# Sets VARIABLE, if it is empty, to the folder of the package PACKAGE, told by its header; where there is none it stays empty.
function(ember_find_framework variable package header)
  if(${variable})
    return()
  endif()
  # A framework that is installed after the first build is seen by the next one, which looks at these globs again.
  file(GLOB found CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/${package}")
  get_filename_component(python_bin "${EMBER_PYTHON}" DIRECTORY)
  file(GLOB beside CONFIGURE_DEPENDS "${python_bin}/../lib/python3*/site-packages/${package}")
  find_path(found_include "${header}" HINTS ${found} ${beside} PATH_SUFFIXES include NO_CACHE)
  if(found_include)
    get_filename_component(folder "${found_include}/.." ABSOLUTE)
    set(${variable} "${folder}" PARENT_SCOPE)
  endif()
endfunction()

# The plugin NAME of the sources NAME_*.cc, its framework in FOLDER with LIBRARIES (paths), and its test. LINK_PATH: where else
# the framework's own libraries lie, with ':' between them.
function(ember_framework_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER;LINK_PATH" "LIBRARIES")
  set(target emberharmony_backend_${name})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${name}_*.cc")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_library(${target} MODULE ${sources})
  target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}")
  target_include_directories(${target} SYSTEM PRIVATE "${arg_FOLDER}/include")
  # What is compiled here only calls the framework; its headers are large.
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-O1;-g0>" -fvisibility=hidden)
  target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  target_link_options(${target} PRIVATE "-Wl,-rpath-link,${arg_FOLDER}/lib:${arg_LINK_PATH}")
  # In a wheel the two packages lie beside each other. Wherever it is, the loader looks for the framework first.
  set_target_properties(${target} PROPERTIES
    BUILD_RPATH "${arg_FOLDER}/lib" INSTALL_RPATH "$ORIGIN/../${name}/lib;${arg_FOLDER}/lib")
  if(NOT EMBER_BUILD_TESTS)
    return()
  endif()
  ember_test_header()
  add_executable(${name}_backend_test ${name}_plugin_test.cc)
  ember_test_settings(${name}_backend_test)
  target_include_directories(${name}_backend_test PRIVATE "${CMAKE_SOURCE_DIR}")
  target_precompile_headers(${name}_backend_test REUSE_FROM emberharmony_test_header)
  add_dependencies(${name}_backend_test ${target})
  add_test(NAME ${name}_backend COMMAND ${name}_backend_test)
  set_tests_properties(${name}_backend PROPERTIES TIMEOUT 300)
endfunction()

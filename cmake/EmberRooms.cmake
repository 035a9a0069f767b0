# The library is made of rooms (folders under src/emberharmony). A room needs no list of its files: sources are found by
# name, tests stand beside the code as *_test.cc, fuzz targets as *_fuzz.cc. Kernels for one instruction set carry it in their
# name (*_avx2.cc, *_avx512.cc) and are the only files compiled with its flags; they are entered after a CPUID check.
set(EMBER_AVX2_FLAGS -mavx2 -mfma -mbmi -mbmi2 -mpopcnt)
set(EMBER_AVX512_FLAGS ${EMBER_AVX2_FLAGS} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mavx512vbmi -mavx512vbmi2)

# Most of the time of compiling a source goes into what its headers instantiate, much the same in every source of a room.
# Sources of one folder are therefore compiled several at a time, in a unit that includes them.
option(EMBER_UNITS "Compile several sources at a time (OFF for clang-tidy and editors, which look at single ones)" ON)
set(EMBER_UNIT_SOURCES_MIN 4)
set(EMBER_UNIT_SOURCES_MAX 9)

# Replaces the sources in the list named <sources>, all below the folder <root>, by units. Where a unit ends is decided by
# the names of its sources, so that a source more or less changes a unit or two and not all. A source with options of its own
# has SKIP_UNITY_BUILD_INCLUSION and stays as it is.
function(ember_units sources root)
  if(NOT EMBER_UNITS)
    return()
  endif()
  # Folder by folder: without the doubled slash a subfolder's sources would come between those of its parent.
  set(sorted ${${sources}})
  list(TRANSFORM sorted REPLACE "/([^/]+)$" "//\\1")
  list(SORT sorted)
  list(TRANSFORM sorted REPLACE "//" "/")
  set(result)
  set(unit)
  foreach(file ${sorted})
    get_source_file_property(alone "${file}" SKIP_UNITY_BUILD_INCLUSION)
    if(alone)
      list(APPEND result "${file}")
      continue()
    endif()
    cmake_path(GET file PARENT_PATH folder)
    cmake_path(GET file FILENAME name)
    string(MD5 digest "${name}")
    if(NOT unit OR NOT folder STREQUAL unit_folder OR size EQUAL EMBER_UNIT_SOURCES_MAX OR
       (size GREATER_EQUAL EMBER_UNIT_SOURCES_MIN AND digest MATCHES "^[0-4]"))
      ember_write_unit("${unit}" "${text}")
      cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${root}" OUTPUT_VARIABLE unit)
      set(unit "${CMAKE_BINARY_DIR}/units/${unit}")
      list(APPEND result "${unit}")
      get_source_file_property(plain "${file}" SKIP_PRECOMPILE_HEADERS)
      if(plain)
        set_source_files_properties("${unit}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
      endif()
      set(unit_folder "${folder}")
      set(size 0)
      set(text)
    endif()
    # A path that is the same in every checkout lets checkouts share the compiler's cache.
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${root}" OUTPUT_VARIABLE name)
    string(APPEND text "#include \"${name}\"\n")
    math(EXPR size "${size} + 1")
  endforeach()
  ember_write_unit("${unit}" "${text}")
  set(${sources} ${result} PARENT_SCOPE)
endfunction()

# Leaves the file alone where it says <text> already. GCC takes the sources that a unit includes for headers, and warns of
# their anonymous namespaces.
function(ember_write_unit unit text)
  if(unit)
    set(pragma "#if defined(__GNUC__) && !defined(__clang__)\n#pragma GCC diagnostic ignored \"-Wsubobject-linkage\"\n#endif\n")
    file(CONFIGURE OUTPUT "${unit}" CONTENT "${pragma}${text}" @ONLY)
  endif()
endfunction()

# Sets <out> to the sources of the rooms named, without tests, fuzz targets and files for another architecture.
function(ember_room_sources out)
  set(result)
  foreach(room ${ARGN})
    file(GLOB_RECURSE found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cc")
    list(FILTER found EXCLUDE REGEX "_(test|fuzz)\\.cc$")
    if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
      list(FILTER found EXCLUDE REGEX "_(avx2|avx512)\\.cc$")
    endif()
    foreach(file ${found})
      if(file MATCHES "_avx2\\.cc$")
        set_source_files_properties("${file}" PROPERTIES COMPILE_OPTIONS "${EMBER_AVX2_FLAGS}"
                                    SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
      elseif(file MATCHES "_avx512\\.cc$")
        set_source_files_properties("${file}" PROPERTIES COMPILE_OPTIONS "${EMBER_AVX512_FLAGS}"
                                    SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
      elseif(file MATCHES "/(tensor|backend)/")
        # They see little of Arrow: the precompiled header would take more of their time than it saves.
        set_source_files_properties("${file}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
      endif()
    endforeach()
    list(APPEND result ${found})
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()

# What unit tests are compiled with: without optimization, since they are compiled far more often than they take long to run
# (what they test is optimized, in the library), and with a precompiled header of their own.
function(ember_test_settings target)
  target_compile_options(${target} PRIVATE -fPIC "$<$<CONFIG:Release>:-O0>")
  target_compile_definitions(${target} PRIVATE emberharmony_EXPORTS)
  target_link_libraries(${target} PRIVATE emberharmony GTest::gmock GTest::gtest_main)
endfunction()

# The target that owns that header.
function(ember_test_header)
  if(NOT TARGET emberharmony_test_header)
    file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/test_header.cc" CONTENT "")
    add_library(emberharmony_test_header OBJECT "${CMAKE_CURRENT_BINARY_DIR}/test_header.cc")
    ember_test_settings(emberharmony_test_header)
    target_precompile_headers(emberharmony_test_header PRIVATE "${CMAKE_SOURCE_DIR}/src/emberharmony/test_precompiled.h")
  endif()
endfunction()

# One test program a room, registered with CTest under the room's name.
function(ember_room_test room)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${room}/*_test.cc")
  if(NOT found)
    return()
  endif()
  ember_test_header()
  if(NOT room STREQUAL "backend")  # whose tests stay alone as its kernels do
    ember_units(found "${CMAKE_SOURCE_DIR}/src")
  endif()
  add_executable(${room}_test ${found})
  ember_test_settings(${room}_test)
  target_precompile_headers(${room}_test REUSE_FROM emberharmony_test_header)
  add_test(NAME ${room} COMMAND ${room}_test)
  set_tests_properties(${room} PROPERTIES TIMEOUT 900)
endfunction()

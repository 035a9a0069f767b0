# The library is made of rooms (folders under src/emberharmony). A room needs no list of its files: sources are found by
# name, tests stand beside the code as *_test.cc, fuzz targets as *_fuzz.cc. Kernels for one instruction set carry it in their
# name (*_avx2.cc, *_avx512.cc) and are the only files compiled with its flags; they are entered after a CPUID check.
set(EMBER_AVX2_FLAGS -mavx2 -mfma -mbmi -mbmi2 -mpopcnt)
set(EMBER_AVX512_FLAGS ${EMBER_AVX2_FLAGS} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mavx512vbmi -mavx512vbmi2)

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
                                    SKIP_PRECOMPILE_HEADERS ON)
      elseif(file MATCHES "_avx512\\.cc$")
        set_source_files_properties("${file}" PROPERTIES COMPILE_OPTIONS "${EMBER_AVX512_FLAGS}"
                                    SKIP_PRECOMPILE_HEADERS ON)
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
  add_executable(${room}_test ${found})
  ember_test_settings(${room}_test)
  target_precompile_headers(${room}_test REUSE_FROM emberharmony_test_header)
  add_test(NAME ${room} COMMAND ${room}_test)
  set_tests_properties(${room} PROPERTIES TIMEOUT 900)
endfunction()

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

# One test program a room, registered with CTest under the room's name.
function(ember_room_test room)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${room}/*_test.cc")
  if(NOT found)
    return()
  endif()
  add_executable(${room}_test ${found})
  target_link_libraries(${room}_test PRIVATE emberharmony GTest::gmock GTest::gtest_main)
  # The library's precompiled header serves only units with its flags (an executable's would be -fPIE) and definitions.
  target_compile_options(${room}_test PRIVATE -fPIC)
  target_compile_definitions(${room}_test PRIVATE emberharmony_EXPORTS)
  target_precompile_headers(${room}_test REUSE_FROM emberharmony)
  add_test(NAME ${room} COMMAND ${room}_test)
  set_tests_properties(${room} PROPERTIES TIMEOUT 900)
endfunction()

# Compiler cache, linker, warnings, floating-point rules and sanitizers for every target of the project.
find_program(EMBER_CCACHE ccache)
if(EMBER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers and ccache agree only with these sloppiness settings (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=1;${EMBER_CCACHE}")
endif()
find_program(EMBER_MOLD mold)
if(EMBER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra)
if(EMBER_WERROR)
  add_compile_options(-Werror)
endif()
# Contraction to fused multiply-add would make results depend on the instruction set: the same bits everywhere come first.
add_compile_options(-ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
  # GCC 12 reports false positives in these two for inlined standard containers.
  add_compile_options(-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header that holds its own time of making would never be the same for ccache.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
if(EMBER_SANITIZE)
  add_compile_options(-fsanitize=${EMBER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # A check at each virtual call, for a mistake that the address sanitizer sees as well.
  add_compile_options(-fno-sanitize=vptr)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # At -O1 no loop is vectorized, also where a pragma asks for it.
    add_compile_options(-Wno-pass-failed)
  endif()
  add_link_options(-fsanitize=${EMBER_SANITIZE})
endif()

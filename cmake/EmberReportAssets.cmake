# What report.html carries within itself: vega and its interpreter of expressions, as setup/npm.sh fetches them, the page's
# own script, and the notices that vega's licences ask for. They are linked into the library as they are
# (engine/report_assets.cc); the page's content security policy names their digests, hence the SHA-256 of each.
function(ember_report_assets)
  set(vega "${CMAKE_SOURCE_DIR}/setup/npm/vega")
  set(engine "${CMAKE_CURRENT_SOURCE_DIR}/engine")
  foreach(file vega.min.js vega-interpreter.js)
    if(NOT EXISTS "${vega}/${file}")
      message(FATAL_ERROR "setup/npm/vega/${file} was not found: run setup/npm.sh (or `make setup`), which fetches it.")
    endif()
  endforeach()
  # The interpreter is published as a module only; a page that may load nothing cannot import what it imports.
  file(READ "${vega}/vega-interpreter.js" interpreter)
  string(REGEX REPLACE "import ({[A-Za-z, ]+}) from 'vega-util';" "const \\1 = vega;" script "${interpreter}")
  string(REPLACE "export { expression as expressionInterpreter };" "vega.expressionInterpreter = expression;" script "${script}")
  string(REGEX REPLACE "//# sourceMappingURL[^\n]*\n?" "" script "${script}")
  if(script MATCHES "(^|\n)(import|export) " OR NOT script MATCHES "vega.expressionInterpreter = expression;")
    message(FATAL_ERROR "setup/npm/vega/vega-interpreter.js has another form than expected: see cmake/EmberReportAssets.cmake")
  endif()
  set(interpreter_path "${CMAKE_BINARY_DIR}/generated/vega_interpreter.js")
  file(CONFIGURE OUTPUT "${interpreter_path}" CONTENT "(function (vega) {\n@script@})(vega);\n" @ONLY)

  set(definitions)
  set(files)
  foreach(asset "VEGA=${vega}/vega.min.js" "VEGA_INTERPRETER=${interpreter_path}" "REPORT_PAGE=${engine}/report_page.js"
                "VEGA_NOTICES=${engine}/vega_notices.txt")
    string(REGEX MATCH "^([A-Z_]+)=(.*)$" _ "${asset}")
    file(SHA256 "${CMAKE_MATCH_2}" digest)
    list(APPEND definitions "EMBER_${CMAKE_MATCH_1}_PATH=\"${CMAKE_MATCH_2}\"" "EMBER_${CMAKE_MATCH_1}_SHA256=\"${digest}\"")
    list(APPEND files "${CMAKE_MATCH_2}")
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files} "${vega}/vega-interpreter.js")
  set_source_files_properties(engine/report_assets.cc PROPERTIES
    COMPILE_DEFINITIONS "${definitions}" OBJECT_DEPENDS "${files}"
    SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

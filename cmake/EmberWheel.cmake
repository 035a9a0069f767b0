# What a wheel holds (pyproject.toml; scikit-build-core sets SKBUILD): the compiled module, the library and its plugins beside
# it, the command in bin/, and the stubs; scikit-build-core adds the Python sources. Arrow's libraries are those of the pyarrow
# package, which is found relative to ours, so that neither LD_LIBRARY_PATH nor an import of pyarrow is needed.
# A wheel holds no symbolic links: the library goes by one name.
set_property(TARGET emberharmony PROPERTY VERSION)
set_property(TARGET emberharmony PROPERTY SOVERSION)
set_target_properties(emberharmony _core PROPERTIES
  INSTALL_RPATH "$ORIGIN;$ORIGIN/../pyarrow" INSTALL_RPATH_USE_LINK_PATH OFF)
install(TARGETS emberharmony _core LIBRARY DESTINATION emberharmony COMPONENT python)
# python/emberharmony_command runs it.
set_target_properties(ember PROPERTIES
  INSTALL_RPATH "$ORIGIN/..;$ORIGIN/../../pyarrow" INSTALL_RPATH_USE_LINK_PATH OFF)
install(TARGETS ember RUNTIME DESTINATION emberharmony/bin COMPONENT python)
install(DIRECTORY "${CMAKE_BINARY_DIR}/python/emberharmony/" DESTINATION emberharmony COMPONENT python
  FILES_MATCHING PATTERN "*.pyi")
if(EMBER_OPENBLAS)
  install(TARGETS emberharmony_openblas LIBRARY DESTINATION emberharmony COMPONENT python)
endif()
foreach(_backend torch mlx)
  if(TARGET emberharmony_backend_${_backend})
    set_target_properties(emberharmony_backend_${_backend} PROPERTIES INSTALL_RPATH "$ORIGIN/../${_backend}/lib")
    install(TARGETS emberharmony_backend_${_backend} LIBRARY DESTINATION emberharmony COMPONENT python)
  endif()
endforeach()
if(EMBER_BIGQUERY)
  set_target_properties(emberharmony_bigquery PROPERTIES
    INSTALL_RPATH "$ORIGIN;$ORIGIN/../pyarrow" INSTALL_RPATH_USE_LINK_PATH OFF)
  install(TARGETS emberharmony_bigquery LIBRARY DESTINATION emberharmony COMPONENT python)
endif()

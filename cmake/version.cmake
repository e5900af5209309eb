# build/generated/version_data.h: version and commit, rewritten only when they change.
add_custom_target(version_data
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DOUTPUT=${CMAKE_BINARY_DIR}/generated/version_data.h -P ${CMAKE_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${CMAKE_BINARY_DIR}/generated/version_data.h VERBATIM)

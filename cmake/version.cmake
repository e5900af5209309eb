# build/generated/version_data.h: version, commit and libraries, rewritten only when they change.
if(LLHTTP_LIBRARY_FOUND)
  set(llhttp_version ${LLHTTP_LIBRARY_VERSION})
else()
  file(STRINGS /usr/share/include/llhttp/llhttp.h llhttp_lines REGEX "define LLHTTP_VERSION_")
  string(REGEX REPLACE "[^0-9;]" "" llhttp_version "${llhttp_lines}")
  string(REPLACE ";" "." llhttp_version "${llhttp_version}")
endif()
string(CONCAT libraries
  "libuv ${LIBUV_VERSION}, LMDB ${LMDB_VERSION}, libyaml ${YAML_VERSION}, ldns ${LDNS_VERSION}, "
  "llhttp ${llhttp_version}, jansson ${JANSSON_VERSION}, OpenSSL ${CRYPTO_VERSION}, "
  "libxcrypt ${CRYPT_VERSION}, SQLite ${SQLITE_VERSION}, libseccomp ${SECCOMP_VERSION}, libcap-ng ${CAPNG_VERSION}")

add_custom_target(version_data
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DLIBRARIES=${libraries} -DOUTPUT=${CMAKE_BINARY_DIR}/generated/version_data.h
    -P ${CMAKE_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${CMAKE_BINARY_DIR}/generated/version_data.h VERBATIM)

# An archive made by git names its commit itself; it may lie inside of somebody else's repository.
file(STRINGS ${SOURCE}/cmake/archive_commit.txt commit)
if(commit MATCHES "^[0-9a-f]+$")
  string(SUBSTRING ${commit} 0 12 commit)
else()
  execute_process(COMMAND git -c safe.directory=* -C ${SOURCE} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed OR commit STREQUAL "")
    set(commit "unknown")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"#define VERSION_NUMBER \"${VERSION}\"
#define VERSION_COMMIT \"${commit}\"
#define VERSION_LIBRARIES \"${LIBRARIES}\"
")

execute_process(COMMAND git -c safe.directory=* -C ${SOURCE} rev-parse --short=12 HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR commit STREQUAL "")
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
"#define VERSION_NUMBER \"${VERSION}\"
#define VERSION_COMMIT \"${commit}\"
#define VERSION_LIBRARIES \"${LIBRARIES}\"
")

# How everything is compiled: warnings are errors, hardening is always on, sanitizers by choice.
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Werror -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wvla -fno-strict-aliasing -fno-omit-frame-pointer
  -fvisibility=hidden -ftrivial-auto-var-init=zero)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  # Clang 14 wants this word before it initialises automatics with zero.
  if(CMAKE_C_COMPILER_VERSION VERSION_LESS 16)
    add_compile_options(-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
  endif()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(SALLYPORT_SANITIZE STREQUAL "address")
  add_compile_options(-O1 -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(SALLYPORT_SANITIZED)
  if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
    # The fuzzers steer by what the code under them covers.
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
elseif(SALLYPORT_SANITIZE STREQUAL "thread")
  add_compile_options(-O1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
  add_compile_definitions(SALLYPORT_SANITIZED)
else()
  # The same source gives the same bytes, wherever it lies.
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
  add_compile_options(-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong
    -fstack-clash-protection)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
    add_compile_options(-fcf-protection)
    # The C library's start-up files do not say that they bear a shadow stack, but they do.
    add_link_options(-Wl,-z,shstk)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
    add_compile_options(-mbranch-protection=standard)
  endif()
endif()
add_link_options(-pie)

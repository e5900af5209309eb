# What is installed where. The front program finds the daemons beside its own folder (sallyport/program.c): bin/ and
# libexec/sallyport/ belong together, here as in the build folder.
#
# Components, for whoever wants a part (cmake --install BUILD --component NAME):
#   programs   the four programs
#   system     the configuration, and the units of systemd with their users and folders
#   manual     man pages, documents, examples, completions
include(GNUInstallDirs)

# Where this system looks for units: Debian 12's packages have them in /lib, later ones in /usr/lib.
set(SALLYPORT_UNIT_DIRECTORY ${CMAKE_INSTALL_PREFIX}/lib/systemd/system CACHE PATH "Where systemd's units go")

install(TARGETS sallyport DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)
install(TARGETS sallyport-store sallyport-dnsd sallyport-apid
  DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/sallyport COMPONENT programs)

# One commented configuration is kept; the installed one is made of it.
set(INSTALLED_CONFIGURATION ${CMAKE_BINARY_DIR}/etc/sallyport.yaml)
add_custom_command(OUTPUT ${INSTALLED_CONFIGURATION}
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR}/etc/sallyport.yaml
    -DOUTPUT=${INSTALLED_CONFIGURATION} -P ${CMAKE_SOURCE_DIR}/cmake/installed_configuration.cmake
  DEPENDS etc/sallyport.yaml cmake/installed_configuration.cmake VERBATIM)
add_custom_target(installed_configuration ALL DEPENDS ${INSTALLED_CONFIGURATION})

# Never over the administrator's own: a package manager has its ways to ask, we have none.
install(CODE "
  set(target \"\$ENV{DESTDIR}/etc/sallyport/sallyport.yaml\")
  if(EXISTS \"\${target}\")
    message(STATUS \"Kept: \${target}\")
  else()
    file(INSTALL \"${INSTALLED_CONFIGURATION}\" DESTINATION /etc/sallyport
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endif()" COMPONENT system)

# The units name the programs by their paths below /usr; elsewhere they are examples.
file(GLOB UNITS CONFIGURE_DEPENDS contrib/systemd/*.service contrib/systemd/*.socket contrib/systemd/*.target
  contrib/systemd/*.path)
# Where backups go is for people to say: these two are examples.
list(FILTER UNITS EXCLUDE REGEX sallyport-backup)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  install(FILES contrib/systemd/sallyport-backup.service contrib/systemd/sallyport-backup.timer
    DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/systemd COMPONENT manual)
  install(FILES ${UNITS} DESTINATION ${SALLYPORT_UNIT_DIRECTORY} COMPONENT system)
  foreach(PLACE sysusers/sallyport.conf tmpfiles/sallyport.conf sysctl/50-sallyport.conf)
    cmake_path(GET PLACE PARENT_PATH KIND)
    cmake_path(GET PLACE FILENAME NAME)
    install(FILES contrib/systemd/sallyport.${KIND} DESTINATION lib/${KIND}.d RENAME ${NAME} COMPONENT system)
  endforeach()
else()
  install(DIRECTORY contrib/systemd DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT manual OPTIONAL)
endif()

set(COMPLETIONS ${CMAKE_BINARY_DIR}/completions)
install(FILES ${COMPLETIONS}/sallyport.bash RENAME sallyport
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT manual)
install(FILES ${COMPLETIONS}/_sallyport DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT manual)
install(FILES ${COMPLETIONS}/sallyport.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT manual)

file(GLOB DOCUMENTS CONFIGURE_DEPENDS docs/*.md docs/*.yaml)
install(FILES README.md CHANGELOG.md SECURITY.md ${DOCUMENTS} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT manual)
install(DIRECTORY contrib/nginx DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT manual)

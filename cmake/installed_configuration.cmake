# The configuration that is installed, made of the commented one: SOURCE, OUTPUT. Each text to replace must be there,
# so that the two cannot drift apart unseen.
file(READ ${SOURCE} text)

function(exchange old new)
  string(FIND "${text}" "${old}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "${SOURCE} no longer has this text, which "
      "cmake/installed_configuration.cmake turns into another one:\n${old}")
  endif()
  string(REPLACE "${old}" "${new}" text "${text}")
  set(text "${text}" PARENT_SCOPE)
endfunction()

exchange("# The configuration of Sallyport.
#
#   sallyport check-config -c FILE     shows every mistake in FILE, or what is in force
#   sallyport run -c FILE              starts the server
#   sallyport reload -c FILE           has the running server use what was changed in FILE
#
# Everything but zone.name may"
"# The configuration of Sallyport. The one thing that you must set is zone.name: until then the server waits.
#
#   sallyport check-config     shows every mistake in this file, or what is in force
#   sallyport reload           has the running server use what was changed here
#
# Everything but zone.name may")

# No zone is everybody's; and what else is said of the example's zone would be wrong for another one.
exchange("
  name: auth.example.org
" "
  # name: auth.example.org
")
exchange("
  nameserver: auth.example.org
" "
  # nameserver: auth.example.org
")
exchange("
  admin: hostmaster@example.org
" "
  # admin: hostmaster@example.org
")
exchange("
  records:
    - \"auth.example.org. A 198.51.100.1\"
    - \"auth.example.org. NS auth.example.org.\"
" "
  # records:
  #   - \"auth.example.org. A 198.51.100.1\"
  #   - \"auth.example.org. NS auth.example.org.\"
")

# A name server is for the world, and nothing listens before the zone is named. The API stays on this machine, because keys
# must not cross a network in the clear.
exchange("Where to listen: ADDRESS:PORT, IPv6 addresses in brackets. For service to the Internet give the
  # machine's public addresses with port 53, or all of them: [\"0.0.0.0:53\", \"[::]:53\"]. An address may
  # have"
"Where to listen: ADDRESS:PORT, IPv6 addresses in brackets. This is port 53 on all addresses of the machine.
  # Where another name server or resolver has taken it on one of them, name the others. An address may
  # have")
exchange("  listen: [\"127.0.0.1:5300\", \"[::1]:5300\"]
" "  listen: [\"0.0.0.0:53\", \"[::]:53\"]
")
exchange("api:
  # As above, or \"unix:/PATH\""
"api:
  # Where to listen. As it stands only this machine reaches the API, because clients send their keys to it: for
  # others set tls below and, for instance, [\"0.0.0.0:443\", \"[::]:443\"] here, or put a web server in front. As
  # above, or \"unix:/PATH\"")

exchange("
  path: var/lib
" "
  path: /var/lib/sallyport
")
exchange("
  runtime_dir: var/run
" "
  runtime_dir: /run/sallyport
")
# Where these are then.
exchange("contrib/nginx" "/usr/share/doc/sallyport/examples/nginx")
exchange("docs/" "/usr/share/doc/sallyport/")
file(WRITE ${OUTPUT} "${text}")

#!/bin/sh
# uacme --hook: METHOD TYPE IDENT TOKEN AUTH. A failing "begin" declines the challenge's type.
set -eu
. "$(dirname "$0")/account.sh"
case $1 in
begin) [ "$2" = dns-01 ] && update "$5" ;;
esac

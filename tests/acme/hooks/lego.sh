#!/bin/sh
# lego --dns exec (EXEC_PATH): present FQDN VALUE, cleanup FQDN VALUE.
set -eu
. "$(dirname "$0")/account.sh"
if [ "$1" = present ]; then
	update "$3"
fi

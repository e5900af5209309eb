#!/bin/sh
# dehydrated --hook: deploy_challenge DOMAIN TOKEN VALUE, with HOOK_CHAIN=yes repeated for every name.
set -eu
. "$(dirname "$0")/account.sh"
operation=$1
shift
if [ "$operation" = deploy_challenge ]; then
	while [ $# -ge 3 ]; do
		update "$3"
		shift 3
	done
fi

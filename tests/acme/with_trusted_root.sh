#!/bin/sh
# with_trusted_root.sh BUNDLE COMMAND...: runs COMMAND where BUNDLE is the system's list of certificate
# authorities, for clients that know no other. Only COMMAND sees it: the mount is private to it.
set -eu
if [ "${1:-}" != --inside ]; then
	if [ "$(id -u)" -eq 0 ]; then
		exec unshare --mount "$0" --inside "$@"
	fi
	exec unshare --mount --map-root-user "$0" --inside "$@"
fi
bundle=$(mktemp)
cat "$2" >"$bundle"
mount -t tmpfs -o mode=0755 tmpfs /etc/ssl/certs
mv "$bundle" /etc/ssl/certs/ca-certificates.crt
shift 2
exec "$@"

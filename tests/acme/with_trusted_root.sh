#!/bin/sh
# with_trusted_root.sh BUNDLE COMMAND...: runs COMMAND where BUNDLE is the system's list of certificate
# authorities, for clients that know no other. Only COMMAND sees it: the mount is private to it.
set -eu
if [ "${1:-}" != --inside ]; then
	namespace=--mount
	[ "$(id -u)" -eq 0 ] || namespace="--mount --map-root-user"
	# shellcheck disable=SC2086 # options, word by word
	unshare $namespace true 2>/dev/null ||
		# Below a plain chroot there is no mount at / that could be made private.
		namespace="$namespace --propagation unchanged"
	# shellcheck disable=SC2086
	exec unshare $namespace "$0" --inside "$@"
fi
certificates=/etc/ssl/certs
bundle=$(mktemp)
cat "$2" >"$bundle"
shift 2
mount -t tmpfs -o mode=0755 tmpfs $certificates
mv "$bundle" $certificates/ca-certificates.crt
status=0
"$@" || status=$?
umount $certificates
exit $status

#!/bin/bash
# Boots a Debian root under systemd, as systemd-nspawn does it, in a throw-away overlay; runs until it is killed
# and leaves nothing behind. The host need not run systemd.
#
#   guest.sh ROOT WORK [SHARED...]   ROOT is only read; WORK is an empty folder for our own use. SHARED folders are
#                                    seen in the guest, read-only, under the same paths.
#
# WORK/console has what the guest's systemd prints. guest.py finds the guest below this process and talks to it.
#
# Two stages. The first has a mount namespace of its own, the cgroup, and the duty to clean up. The second is process 1 of a
# PID namespace: when it ends, however it ends, the kernel kills all that runs in the guest.
set -eu

root=$1 work=$2
shift 2

if [ "${SALLYPORT_GUEST:-}" = "" ]; then
	[ "${SALLYPORT_GUEST_MOUNTS:-}" != "" ] ||
		SALLYPORT_GUEST_MOUNTS=1 exec unshare --mount --propagation private "$0" "$root" "$work" "$@"
	mount -t tmpfs -o mode=700 guest "$work"
	mkdir "$work/cgroup" "$work/upper" "$work/scratch" "$work/root"
	mount -t cgroup2 cgroup2 "$work/cgroup"
	group=$work/cgroup/$(basename "$work")
	mkdir "$group"
	child=
	# shellcheck disable=SC2317 # the trap calls it
	tidy() {
		trap '' HUP INT TERM
		[ -z "$child" ] || kill -KILL "$child" 2>/dev/null || :
		local turn
		for ((turn = 0; turn < 100; turn++)); do
			echo 1 >"$group/cgroup.kill" || :
			find "$group" -depth -type d -exec rmdir {} + || :
			[ -d "$group" ] || break
			sleep 0.1
		done 2>/dev/null
	}
	trap tidy EXIT
	trap 'exit 1' HUP INT TERM
	(
		echo "$BASHPID" >"$group/cgroup.procs"
		export SALLYPORT_GUEST=1
		exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child \
			--mount-proc --cgroup --ipc --uts "$0" "$root" "$work" "$@"
	) &
	child=$!
	wait "$child"
	exit
fi

mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/scratch" "$work/root"
umount "$work/cgroup"
# nspawn wants the second version of cgroups alone, and that is what the guest gets.
umount -R /sys/fs/cgroup 2>/dev/null || :
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
mkdir -p /run/systemd
mount -t tmpfs -o mode=755 nspawn /run/systemd
shared=()
for folder; do
	shared+=("--bind-ro=$folder")
done
# Without bpf(2) systemd leaves IPAddressDeny= and DeviceAllow= out, and says nothing.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0
exec systemd-nspawn --quiet --settings=no --register=no --keep-unit --private-network --link-journal=no \
	--resolv-conf=off --timezone=off --console=pipe --capability=CAP_BPF,CAP_PERFMON,CAP_SYSLOG \
	--system-call-filter='bpf @keyring landlock_create_ruleset landlock_restrict_self' --machine=guest --directory="$work/root" "${shared[@]}" \
	--boot </dev/null >"$work/console" 2>&1

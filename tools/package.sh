#!/bin/bash
# Builds the Debian package of the commit that is checked out; `./dev package` calls this. What is made lies in
# build/package/, for other systems in a folder of their name below it.
#
# The version says what is in it: CMakeLists.txt's number where the commit has its tag (v0.1.0); otherwise that number with
# the commit's time and name, sorted before the release that it leads to. "+deb12" says for which Debian it was
# built, because each has other libraries.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
umask 022

usage() {
	cat <<'TEXT'
usage: ./dev package [--twice | --arch ARCH | --release NAME]...

Builds build/package/sallyport_VERSION_ARCH.deb of the last commit, and has lintian look at it.

  --twice         build it again elsewhere, with another umask, locale and time zone: both must be the same
  --arch ARCH     cross-build, such as for arm64, in a Debian root made for it, and run the unit tests in qemu
  --release NAME  for another Debian, such as trixie, in a root made for it
TEXT
}

say() {
	printf 'package: %s\n' "$*" >&2
}

die() {
	say "$@"
	exit 1
}

clean_up() {
	[ -z "$scratch" ] || rm -rf "$scratch"
}

# of_system NAME: a line of /etc/os-release.
of_system() {
	sed -n "s/^$1=\"\{0,1\}\([^\"]*\).*/\1/p" /etc/os-release
}

version() {
	local number commit

	number=$(sed -n 's/^project(sallyport VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
	if [ "$(git describe --tags --exact-match 2>/dev/null)" != "v$number" ]; then
		commit=$(TZ=UTC git log -1 --abbrev=7 --date=format-local:%Y%m%d%H%M%S --format=%cd.%h)
		number+="~$commit"
	fi
	case $codename in
	bookworm) echo "$number+deb12" ;;
	trixie) echo "$number+deb13" ;;
	*) die "Sallyport is for bookworm (Debian 12) and trixie (13), not for '$codename'" ;;
	esac
}

# export_source FOLDER: the commit as it is, without what else lies around here.
export_source() {
	mkdir -p "$1"
	git archive HEAD | tar -x --no-same-permissions -C "$1"
	sed -i -e "1s/(.*)/($version)/" -e "s/^\( -- .*>  \).*/\1$(git log -1 --format=%cD)/" "$1/debian/changelog"
}

# build FOLDER ARG...: the tests are `./dev test`'s.
build() {
	local folder=$1
	shift

	(cd "$folder" && dpkg-buildpackage -b -us -uc -Pnocheck "$@") >"$folder.log" 2>&1 || {
		tail -n 60 "$folder.log" >&2
		die "the build failed"
	}
}

# keep FOLDER: puts its packages in their place, in the place of those of other commits. Whoever builds the same
# meanwhile finds a whole file at any time.
keep() {
	local file arriving

	arriving=$(mktemp -d -p "$out")
	chmod 755 "$arriving"
	mv "$1"/sallyport*_"$architecture".* "$arriving"
	for file in "$out"/sallyport*_"$architecture".*; do
		[ -e "$arriving/${file##*/}" ] || rm -f "$file"
	done
	mv -f "$arriving"/* "$out"
	rmdir "$arriving"
}

build_here() {
	local file differs=
	local one=$scratch/one/sallyport another=$scratch/another/folder/by-another-name

	say "building $version for $architecture"
	export_source "$one"
	build "$one"
	if [ "$twice" ]; then
		say "building it again, elsewhere"
		(
			umask 077
			export LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 TZ=Pacific/Kiritimati HOME=/nonexistent USER=nobody
			export_source "$another"
			build "$another" -j1
		)
		for file in "${one%/*}"/*.deb; do
			if cmp "$file" "${another%/*}/${file##*/}"; then
				say "the same both times: $(cd "${file%/*}" && sha256sum "${file##*/}")"
			else
				differs=1
			fi
		done
		if [ "$differs" ]; then
			rm -rf "$out/twice"
			mkdir -p "$out/twice"
			mv "${one%/*}" "${another%/*}" "$out/twice"
			die "two builds of one source differ: diffoscope build/package/twice/*/sallyport_*.deb"
		fi
	fi
	keep "${one%/*}"
}

# Runs in the root. What the package needs to be built comes from debian/control alone.
write_root_script() {
	cat >"$scratch/tree/build.sh" <<'SCRIPT'
#!/bin/sh
set -e
architecture=$1 profiles=$2
export DEBIAN_FRONTEND=noninteractive
cd /build/sallyport
apt-get -q -y --no-install-recommends build-dep --host-architecture "$architecture" --build-profiles "$profiles" ./
dpkg-buildpackage -b -us -uc --host-arch "$architecture" --build-profiles="$profiles"
if [ "$profiles" = cross ]; then
	cd obj-*
	emulator=$(sed -n 's/^CMAKE_CROSSCOMPILING_EMULATOR:.*=//p' CMakeCache.txt)
	readelf -h bin/sallyport | grep Machine:
	"$emulator" bin/sallyport --version
	if [ "$architecture" = arm64 ]; then
		# Where a function that signs its return address does so.
		for program in bin/sallyport libexec/sallyport/*; do
			aarch64-linux-gnu-objdump -d "$program" | grep -qw paciasp || {
				echo "$program: return addresses are not signed" >&2
				exit 1
			}
		done
	fi
fi
mkdir /build/out
mv /build/*.deb /build/*.buildinfo /build/*.changes /build/out
SCRIPT
	chmod 755 "$scratch/tree/build.sh"
}

# In a root that mmdebstrap makes and takes away again.
# shellcheck disable=SC2016 # mmdebstrap's hooks are expanded by a shell of its own
build_in_root() {
	local sources architectures=$native profiles=nocheck essential=build-essential

	[ "$EUID" -eq 0 ] || die "--arch and --release make a Debian root: run this as root"
	if [ "$architecture" != "$native" ]; then
		profiles=cross
		essential=crossbuild-essential-$architecture
		architectures+=,$architecture
	fi
	out+=/$codename-$architecture
	rm -rf "$out"
	mkdir -p "$out"
	export_source "$scratch/tree/sallyport"
	write_root_script
	for sources in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
		[ ! -s $sources ] || break
	done
	sed "s/$(of_system VERSION_CODENAME)/$codename/g" $sources >"$scratch/${sources##*/}"
	say "building $version for $architecture in a root of $codename (log: $out.log)"
	mmdebstrap --variant=minbase --architectures="$architectures" \
		--include="$essential,dpkg-dev,fakeroot" \
		--customize-hook='mkdir "$1/build"' \
		--customize-hook="sync-in $scratch/tree /build" \
		--customize-hook="chroot \"\$1\" /build/build.sh $architecture $profiles" \
		--customize-hook="sync-out /build/out $out" \
		"$codename" /dev/null "$scratch/${sources##*/}" >"$out.log" 2>&1 || {
		tail -n 60 "$out.log" >&2
		die "the build failed"
	}
	sed -n '/Machine:/,$p' "$out.log" | grep -E '^sallyport|Machine|tests passed|\(Failed\)|Failed$' >&2 || :
}

out=$PWD/build/package
scratch=
twice=
codename=$(of_system VERSION_CODENAME)
here=$codename
architecture=$(dpkg --print-architecture)
native=$architecture
while [ $# -gt 0 ]; do
	case $1 in
	--twice) twice=1 ;;
	--arch) architecture=${2:?"--arch: which?"} && shift ;;
	--release) codename=${2:?"--release: which?"} && shift ;;
	-h | --help) usage && exit ;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done
version=$(version)
[ -z "$(git status --porcelain)" ] || say "what is not committed is not in it"
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
scratch=$(mktemp -d)
mkdir -p "$out"
if [ "$codename $architecture" = "$here $native" ]; then
	build_here
else
	[ -z "$twice" ] || die "--twice compares two builds for this system"
	build_in_root
fi
say "lintian"
# Between the instructions of a foreign machine it finds words, and misspelt ones.
words=
[ "$architecture" = "$native" ] || words=--suppress-tags=spelling-error-in-binary
lintian --allow-root ${words:+"$words"} --display-info --pedantic --fail-on error,warning,info,pedantic "$out"/*_"$architecture".changes
ls -l "$out"/*.deb

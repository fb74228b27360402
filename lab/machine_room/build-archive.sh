#!/bin/sh
# Makes the layer that holds the package archive of the hosts: every wanted package with all that it needs on top of
# the base tree. Runs in a mount namespace of its own; what it writes in the tree becomes the layer.
# Usage: build-archive.sh BASE LAYER WORK PACKAGE...
set -eu
base=$1
layer=$2
work=$3
shift 3
mkdir -p "$layer" "$work/inner" "$work/root"
root=$work/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer,workdir=$work/inner" "$root"
mkdir -p "$root/opt/repo"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" apt-get -qq update
# One by one, so that each can be installed on its own: together they would share what satisfies alternatives.
for package in "$@"; do
    chroot "$root" apt-get -qq --no-install-recommends --print-uris install "$package" >>"$work/uris"
done
: >>"$work/uris"
sort -u "$work/uris" | sed -n "s/^'\([^']*\)' \([^ ]*\) .*/\2/p" | sed 's/_[^_]*\.deb$//; s/_/=/; s/%3a/:/' >"$work/wanted"
cd "$root/opt/repo"
if [ -s "$work/wanted" ]; then
    xargs chroot "$root" sh -c 'cd /opt/repo && apt-get -qq download "$@"' sh <"$work/wanted"
fi
dpkg-scanpackages --multiversion . >Packages 2>"$work/scan"
apt-ftparchive release . >"$work/Release"
mv "$work/Release" Release
cd /
rm -rf "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/*
: >"$root/etc/resolv.conf"
echo 'deb [trusted=yes] file:/opt/repo ./' >"$root/etc/apt/sources.list.d/lab.list"
chroot "$root" apt-get -qq update
chroot "$root" apt-cache gencaches
umount "$root"

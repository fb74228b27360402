#!/bin/sh
# A newer version of an installed package, in an archive of its own on this host: newer-package.sh PACKAGE SUFFIX
set -eu
package=$1
suffix=$2
folder=/opt/newer
work=$(mktemp -d)
mkdir -p "$folder"
newest=$(find /opt/repo -name "${package}_*.deb" | sort | tail -n 1)
dpkg-deb -R "$newest" "$work/tree"
sed -i "s/^Version: .*/&+$suffix/" "$work/tree/DEBIAN/control"
file=${package}_$suffix.deb
dpkg-deb --root-owner-group -Znone -b "$work/tree" "$folder/$file" >/dev/null
{
    cat "$work/tree/DEBIAN/control"
    echo "Filename: ./$file"
    echo "Size: $(stat -c %s "$folder/$file")"
    echo "SHA256: $(sha256sum "$folder/$file" | cut -d ' ' -f 1)"
    echo
} >"$folder/Packages"
echo "deb [trusted=yes] file:$folder ./" >/etc/apt/sources.list.d/newer.list
rm -rf "$work"
apt-get -qq update

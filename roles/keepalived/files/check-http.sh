# shellcheck shell=bash
# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Asks a web server once: check-http ADDRESS PORT PATH STATUS SECONDS [HOST|- [ENDED RECOVERY]]. Exit code 0 says that it answered with
# the status. ENDED is a file in which systemd writes when the server ends (seconds since 1970); when that is RECOVERY seconds ago and
# the server answers, 0 is written there, which lets keepalived out of FAULT.
# Runs every second or so, hence nothing is started: bash itself connects. One that accepts no connection is ended by keepalived.
address=$1 port=$2 path=$3 wanted=$4 seconds=$5
case $address in
    *:*) name="[$address]" ;;
    *) name=$address ;;
esac
host=${6:--}
[ "$host" != - ] || host=$name
exec 2>/dev/null
exec 3<>"/dev/tcp/$address/$port" || exit 1
printf 'GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: keepalived\r\nConnection: close\r\n\r\n' "$path" "$host" >&3
IFS=' ' read -r -t "$seconds" protocol status _reason <&3
[[ $protocol == HTTP/* && ${status%$'\r'} == "$wanted" ]] || exit 1
[ -n "$7" ] || exit 0
read -r since <"$7"
((since == 0 || EPOCHSECONDS - since < $8)) || echo 0 >"$7"
exit 0

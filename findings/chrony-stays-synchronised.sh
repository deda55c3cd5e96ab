#!/usr/bin/env bash
# chronyd goes on saying "Leap status: Normal" and serves time as synchronised when its only server is gone.
#
# Version: chrony 4.3-2+deb12u3 and monitoring-plugins-basic 2.3.3-5+deb12u2 (check_ntp_time), Debian 12.
#
# Best guess before trying: some polls after the last server fell silent, `chronyc tracking` says "Not synchronised",
# `chronyc waitsync` fails, and clients see leap 3 (unsynchronised), as with a server that never had a source.
#
# Seen: the source becomes unreachable (reach 0, state "?"), and nothing else changes: tracking stays "Normal", stratum stays
# 3, waitsync succeeds, and what it serves has leap 0. check_ntp_time calls it OK. Only the root dispersion grows,
# by some parts per million. The poll interval here is 1/4 s, so that 8 polls take two seconds.
#
# Why it matters: the time server of a control room may run alone for months on its own crystal, with every check green,
# and all cameras follow it. Watch reach or the time of the last update instead.
#
# In healthmon: several servers are asked, and protocols/ntp.py judges the root distance; name at least three servers.
set -euo pipefail
T=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$T"' EXIT
cd "$T"
fetch() { apt-get -qq "$@" chrony=4.3-2+deb12u3 monitoring-plugins-basic=2.3.3-5+deb12u2; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" root; done
free_port() { # free_port ADDRESS
  python3 -c 'import socket, sys; s = socket.socket(type=socket.SOCK_DGRAM); s.bind((sys.argv[1], 0)); print(s.getsockname()[1])' "$1"
}
port=$(free_port 127.0.0.73) command=$(free_port 127.0.0.74)

printf '%s\n' "port $port" "bindaddress 127.0.0.73" "allow 127.0.0.0/8" "local stratum 2" "cmdport 0" \
  "bindcmdaddress $T/top.sock" "pidfile $T/top.pid" "user $(id -un)" > top.conf
printf '%s\n' "server 127.0.0.73 port $port iburst minpoll -2 maxpoll -2" "port $port" "bindaddress 127.0.0.74" \
  "allow 127.0.0.0/8" "cmdport $command" "bindcmdaddress 127.0.0.74" "cmdallow 127.0.0.0/8" "pidfile $T/own.pid" \
  "user $(id -un)" > own.conf
root/usr/sbin/chronyd -U -x -d -f "$T/top.conf" > top.log 2>&1 & # -x: no chronyd here ever touches the clock
top=$!
root/usr/sbin/chronyd -U -x -d -f "$T/own.conf" > own.log 2>&1 &

chronyc() { root/usr/bin/chronyc -h 127.0.0.74 -p "$command" -n -c "$@" 2> /dev/null || true; }
reach() { for _ in $(seq 150); do [[ "$(chronyc sources)" == $1 ]] && break; sleep 0.2; done; }
told() {
  local waited=0 line
  root/usr/bin/chronyc -h 127.0.0.74 -p "$command" waitsync 1 > /dev/null 2>&1 || waited=$?
  line=$(root/usr/lib/nagios/plugins/check_ntp_time -H 127.0.0.74 -p "$port" -w 1 -c 2) || true
  echo "$1: source $(chronyc sources | cut -d, -f2), reach $(chronyc sources | cut -d, -f6)," \
    "tracking $(chronyc tracking | cut -d, -f14), stratum $(chronyc tracking | cut -d, -f3), waitsync $waited," \
    "${line%%:*}, leap served $(leap)"
}
leap() { # the first two bits of an NTP answer
  python3 - "$port" <<'EOF'
import socket
import sys

with socket.socket(type=socket.SOCK_DGRAM) as client:
    client.settimeout(5)
    client.sendto(bytes([0x23]) + bytes(47), ("127.0.0.74", int(sys.argv[1])))
    print(client.recv(48)[0] >> 6)
EOF
}
{ reach '*,\**,377,*'; told "with its server"
  kill "$top"; wait "$top" 2> /dev/null || true
  reach '*,\?,*,0,*'; sleep 5; told "server gone"; } > seen.txt

diff seen.txt - <<'EOF' || { echo "chrony behaves differently now"; exit 1; }
with its server: source *, reach 377, tracking Normal, stratum 3, waitsync 0, NTP OK, leap served 0
server gone: source ?, reach 0, tracking Normal, stratum 3, waitsync 0, NTP OK, leap served 0
EOF
cat seen.txt

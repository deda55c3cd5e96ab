#!/usr/bin/env bash
# Python's zoneinfo changes the clocks a day too early where a POSIX rule counts days from zero.
#
# Version: python3.11-minimal, libpython3.11-minimal and libpython3.11-stdlib 3.11.2-6+deb12u9
# (the same in 3.11.7); glibc 2.36 as the judge.
#
# Best guess before trying: the three forms of a day in a POSIX TZ rule (Mm.w.d, Jn and n) mean the same to zoneinfo and to
# the C library: n counts from 0 (1 January) to 365, and 29 February counts.
#
# Seen: zoneinfo takes n for the n-th day, so "86" is 27 March 2027 instead of 28 March, and from "300" summer time ends a
# day early too. Jn and Mm.w.d agree. The table at the end is exact: the first hour in UTC that has the new offset.
#
# Why it matters: a camera or recorder may tell its zone with days counted (`GMT0BST,86,303`). Judged by zoneinfo its clock
# is one hour wrong for a day, twice a year: a fault that nobody finds when he looks a day later.
#
# In healthmon: protocols/values/posix_tz.py has its own reader of these rules.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T"
fetch() { apt-get -qq "$@" {python3.11-minimal,libpython3.11-minimal,libpython3.11-stdlib}="$version"; }
version=3.11.2-6+deb12u9
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done

cat > try.py <<'EOF'
import io
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

START = datetime(2027, 1, 1, tzinfo=UTC)
HOURS = [START + timedelta(hours=n) for n in range(365 * 24)]


def zone_info(rule):
    """The rule as the last line of a TZif file, which is where the standard library reads such rules."""
    head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return ZoneInfo.from_file(io.BytesIO(head + head + b"\n" + rule.encode() + b"\n"))


def changes(offset):
    found = [f"{hour:%d %b %H:%M}" for before, hour in zip(HOURS, HOURS[1:]) if offset(before) != offset(hour)]
    return ", ".join(found)


for rule in ("GMT0BST,M3.5.0/1,M10.5.0", "GMT0BST,J87/1,J304", "GMT0BST,86/1,303"):
    os.environ["TZ"] = rule
    time.tzset()
    zone = zone_info(rule)
    print(f"{rule} glibc: {changes(lambda hour: time.localtime(hour.timestamp()).tm_gmtoff)}")
    print(f"{rule} zoneinfo: {changes(lambda hour: hour.astimezone(zone).utcoffset())}")
EOF
PYTHONHOME=$T/tree/usr tree/usr/bin/python3.11 -S try.py > seen.txt

diff seen.txt - <<'EOF' || { echo "zoneinfo behaves differently now"; exit 1; }
GMT0BST,M3.5.0/1,M10.5.0 glibc: 28 Mar 01:00, 31 Oct 01:00
GMT0BST,M3.5.0/1,M10.5.0 zoneinfo: 28 Mar 01:00, 31 Oct 01:00
GMT0BST,J87/1,J304 glibc: 28 Mar 01:00, 31 Oct 01:00
GMT0BST,J87/1,J304 zoneinfo: 28 Mar 01:00, 31 Oct 01:00
GMT0BST,86/1,303 glibc: 28 Mar 01:00, 31 Oct 01:00
GMT0BST,86/1,303 zoneinfo: 27 Mar 01:00, 30 Oct 01:00
EOF
cat seen.txt

#!/usr/bin/env bash
# The camera setting "GMT0BST" (London, without dates) switches on American dates, or never, by who reads it.
#
# Version: Python 3.11 with the C library of Debian 12 (glibc 2.36), python-dateutil 4.0.0, zoneinfo, Node.js 20.20.2, PGlite
# 0.5.17 (PostgreSQL 18.7).
#
# Best guess before trying: a POSIX TZ string that names a summer time and gives no dates has no summer time, or British
# dates; and Node.js reads POSIX strings as the C library does, for it reads "UTC-1" so.
#
# Seen: glibc and PostgreSQL change on the second Sunday of March and the first of November (United States since 2007), so
# for weeks BST holds in Britain's winter. dateutil changes on the first Sunday of April (United States until 2006) and is
# an hour behind London on 30 March. zoneinfo refuses the string. Node.js reads "UTC-1", but takes every string with a
# summer name for UTC: no BST in July, also where the dates are given in full. The table at the end is exact.
#
# Why it matters: cameras tell their zone as such a string (ONVIF TimeZone/TZ). Whoever judges "will this camera change
# its clock on the right night" with one of these readers reports 200 right cameras as wrong, or the other way round.
#
# In healthmon: protocols/values/posix_tz.py takes a summer name without dates as not known, and says so.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
for tool in node npm; do command -v "$tool" > /dev/null || { echo "$tool is needed"; exit 2; }; done
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check python-dateutil==4.0.0 || exit 2
cd "$T"
npm install --silent --no-audit --no-fund @electric-sql/pglite@0.5.17 > /dev/null || exit 2

cat > try.py <<'EOF'
import io
import os
import struct
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.tz import tzstr

rule = sys.argv[1]
NOONS = [datetime(2027, month, day, 12, tzinfo=UTC) for month, day in ((1, 15), (3, 20), (3, 30), (7, 15), (11, 3))]


def zone_info(rule):
    """The rule as the last line of a TZif file, which is where the standard library reads such rules."""
    head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return ZoneInfo.from_file(io.BytesIO(head + head + b"\n" + rule.encode() + b"\n"))


def by_glibc(noon):
    return time.localtime(noon.timestamp()).tm_hour


def of(zone):
    return lambda noon: noon.astimezone(zone(rule)).hour


os.environ["TZ"] = rule
time.tzset()
for name, hour in (("glibc", by_glibc), ("dateutil", of(tzstr)), ("zoneinfo", of(zone_info))):
    try:
        print(f"{rule} {name}: {' '.join(str(hour(noon)) for noon in NOONS)}")
    except ValueError:
        print(f"{rule} {name}: ValueError")
EOF
cat > try.mjs <<'EOF'
import { PGlite } from "@electric-sql/pglite";

const noons = ["2027-01-15", "2027-03-20", "2027-03-30", "2027-07-15", "2027-11-03"].map((day) => `${day}T12:00:00Z`);
const database = new PGlite();
const query = "SELECT extract(hour FROM $1::timestamptz AT TIME ZONE $2)::int AS hour";
for (const rule of process.argv.slice(2)) {
  process.env.TZ = rule; // Node.js takes a new TZ at once
  const hours = await Promise.all(noons.map(async (noon) => (await database.query(query, [noon, rule])).rows[0].hour));
  console.log(`${rule} Node.js: ${noons.map((noon) => new Date(noon).getHours()).join(" ")}`);
  console.log(`${rule} PostgreSQL: ${hours.join(" ")}`);
}
process.exit(0);
EOF
rules=(UTC-1 GMT0BST GMT0BST,M3.5.0/1,M10.5.0)
echo "local hour at 12:00 UTC on 15 Jan, 20 Mar, 30 Mar, 15 Jul, 3 Nov 2027 (London: 12 12 13 13 12)" > seen.txt
{ for rule in "${rules[@]}"; do env/bin/python try.py "$rule"; done; TZ=UTC node try.mjs "${rules[@]}"; } >> seen.txt

diff seen.txt - <<'EOF' || { echo "somebody reads the rule differently now"; exit 1; }
local hour at 12:00 UTC on 15 Jan, 20 Mar, 30 Mar, 15 Jul, 3 Nov 2027 (London: 12 12 13 13 12)
UTC-1 glibc: 13 13 13 13 13
UTC-1 dateutil: 11 11 11 11 11
UTC-1 zoneinfo: 13 13 13 13 13
GMT0BST glibc: 12 13 13 13 13
GMT0BST dateutil: 12 12 12 13 12
GMT0BST zoneinfo: ValueError
GMT0BST,M3.5.0/1,M10.5.0 glibc: 12 12 13 13 12
GMT0BST,M3.5.0/1,M10.5.0 dateutil: 12 12 13 13 12
GMT0BST,M3.5.0/1,M10.5.0 zoneinfo: 12 12 13 13 12
UTC-1 Node.js: 13 13 13 13 13
UTC-1 PostgreSQL: 13 13 13 13 13
GMT0BST Node.js: 12 12 12 12 12
GMT0BST PostgreSQL: 12 13 13 13 13
GMT0BST,M3.5.0/1,M10.5.0 Node.js: 12 12 12 12 12
GMT0BST,M3.5.0/1,M10.5.0 PostgreSQL: 12 12 13 13 12
EOF
cat seen.txt

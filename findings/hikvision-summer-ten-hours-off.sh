#!/usr/bin/env bash
# A Hikvision time zone string is a valid POSIX one, and in summer POSIX readers are ten hours beside the recorder.
#
# Version: glibc 2.36 (date of coreutils, Debian 12), zoneinfo of Python 3.11, python-dateutil 4.0.0.
#
# Best guess before trying: the form that ISAPI /System/time shows for China with summer time,
# "CST-8:00:00DST01:00:00,M4.1.0/02:00:00,M10.5.0/02:00:00", is read as UTC+8 in winter and UTC+9 in summer, or refused.
#
# Seen: glibc and zoneinfo read it without an error: UTC+8 in winter, and UTC-1 in summer. POSIX takes the number behind the
# summer name as that zone's own distance from UTC, west positive; the recorder means "one hour more". For London
# ("GMT+0:00:00DST01:00:00,...") the error is two hours. dateutil refuses the string, also the part without summer time.
#
# Why it matters: a script that compares the recorder's local time with this zone is right from October to March, when it is
# written and tested, and reports every recorder of the make as hours wrong on the first Sunday of summer time.
#
# In healthmon: protocols/values/posix_tz.py knows the make's form and reads the number as what is saved.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check python-dateutil==4.0.0 || exit 2

cat > "$T/try.py" <<'EOF'
import io
import struct
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dateutil.tz import tzstr


def zone_info(rule):
    """The rule as the last line of a TZif file, which is where the standard library reads such rules."""
    head = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return ZoneInfo.from_file(io.BytesIO(head + head + b"\n" + rule.encode() + b"\n"))


rule, noon = sys.argv[1], datetime.fromisoformat(sys.argv[2]).replace(tzinfo=UTC)
for name, reader in (("zoneinfo", zone_info), ("dateutil", tzstr)):
    try:
        print(f"  {name}: {noon.astimezone(reader(rule)):%H:%M}")
    except ValueError:
        print(f"  {name}: ValueError")
EOF
for rule in CST-8:00:00DST01:00:00,M4.1.0/02:00:00,M10.5.0/02:00:00 GMT+0:00:00DST01:00:00,M3.5.0/01:00:00,M10.5.0/02:00:00; do
  for day in 2027-01-15 2027-07-15; do
    echo "${rule%%,*} on $day at 12:00 UTC"
    echo "  glibc: $(TZ=$rule date -d "${day}T12:00:00Z" +%H:%M)"
    "$T/env/bin/python" "$T/try.py" "$rule" "${day}T12:00:00"
  done
done > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "somebody reads the string differently now"; exit 1; }
CST-8:00:00DST01:00:00 on 2027-01-15 at 12:00 UTC
  glibc: 20:00
  zoneinfo: 20:00
  dateutil: ValueError
CST-8:00:00DST01:00:00 on 2027-07-15 at 12:00 UTC
  glibc: 11:00
  zoneinfo: 11:00
  dateutil: ValueError
GMT+0:00:00DST01:00:00 on 2027-01-15 at 12:00 UTC
  glibc: 12:00
  zoneinfo: 12:00
  dateutil: ValueError
GMT+0:00:00DST01:00:00 on 2027-07-15 at 12:00 UTC
  glibc: 11:00
  zoneinfo: 11:00
  dateutil: ValueError
EOF
cat "$T/seen.txt"

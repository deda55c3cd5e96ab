#!/usr/bin/env bash
# "2026-10-25 01:30 in London" is one moment for Python and JavaScript, and an hour later for SQLite and PostgreSQL.
#
# Version: Python 3.11.7 (with SQLite 3.40.1), Node.js 20.20.2, PGlite 0.5.17 (PostgreSQL 18.7),
# tzdata 2026.6.
#
# Best guess before trying: all take the first of the two hours (summer time), as Python does with fold=0; in March, where
# 01:30 does not exist, all read it as 02:30 summer time.
#
# Seen: in October Python and JavaScript take the first hour, SQLite and PostgreSQL the second, without a warning. In
# March SQLite alone goes back to 00:30 UTC, and so does Python where the zone is the machine's own (naive.astimezone()),
# while Python with ZoneInfo agrees with the others. The table at the end is exact, in UTC.
#
# Why it matters: recorders name footage by local time. A list of gaps read by a Python script and stored in PostgreSQL as
# local text moves by an hour for the footage of one hour a year: a complete hour looks missing, or a gap looks filled.
#
# In healthmon: times are stored as UTC; vendors/coverage.py keeps the hour that comes twice from looking like a gap.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
for tool in node npm; do command -v "$tool" > /dev/null || { echo "$tool is needed"; exit 2; }; done
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check tzdata==2026.6 || exit 2
cd "$T"
npm install --silent --no-audit --no-fund @electric-sql/pglite@0.5.17 > /dev/null || exit 2
export TZ=Europe/London LC_ALL=C

cat > try.py <<'EOF'
import sqlite3
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

sqlite = sqlite3.connect(":memory:")
for text in ("2026-10-25 01:30", "2027-03-28 01:30"):
    local = datetime.fromisoformat(text)
    with_zone = local.replace(tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)
    print(f"{text} Python, ZoneInfo: {with_zone:%H:%M}")
    print(f"{text} Python, own zone: {local.astimezone(UTC):%H:%M}")
    print(f"{text} SQLite: {sqlite.execute('SELECT strftime(?, ?, ?)', ('%H:%M', text, 'utc')).fetchone()[0]}")
EOF
cat > try.mjs <<'EOF'
import { PGlite } from "@electric-sql/pglite";

const database = new PGlite();
for (const text of ["2026-10-25 01:30", "2027-03-28 01:30"]) {
  console.log(`${text} JavaScript: ${new Date(text.replace(" ", "T")).toISOString().slice(11, 16)}`);
  const query = "SELECT to_char($1::timestamp AT TIME ZONE 'Europe/London' AT TIME ZONE 'UTC', 'HH24:MI') AS moment";
  console.log(`${text} PostgreSQL: ${(await database.query(query, [text])).rows[0].moment}`);
}
process.exit(0);
EOF
{ env/bin/python try.py; node try.mjs; } | sort > seen.txt

diff seen.txt - <<'EOF' || { echo "somebody reads the hour differently now"; exit 1; }
2026-10-25 01:30 JavaScript: 00:30
2026-10-25 01:30 PostgreSQL: 01:30
2026-10-25 01:30 Python, ZoneInfo: 00:30
2026-10-25 01:30 Python, own zone: 00:30
2026-10-25 01:30 SQLite: 01:30
2027-03-28 01:30 JavaScript: 01:30
2027-03-28 01:30 PostgreSQL: 01:30
2027-03-28 01:30 Python, ZoneInfo: 01:30
2027-03-28 01:30 Python, own zone: 00:30
2027-03-28 01:30 SQLite: 00:30
EOF
cat seen.txt

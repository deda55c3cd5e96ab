#!/usr/bin/env bash
# A daily job at 01:30 London time: on the two nights of the clock change it runs never, once or twice, by the scheduler.
#
# Version: systemd 252.39-1~deb12u2 (systemd-analyze calendar), APScheduler 3.11.3, croniter 7.0.0, cronsim 2.8, tzdata 2026.6.
#
# Best guess before trying: each runs the job once each night, in March up to an hour late, in October in either of the
# two hours.
#
# Seen, in March (01:30 does not exist): a systemd timer leaves the night out, also with 01:00; croniter and cronsim run at
# 02:00 BST, APScheduler at 02:30 BST. In October (01:30 comes twice): systemd and cronsim run once, in the first hour;
# croniter and APScheduler run twice. The table at the end is exact, in UTC.
#
# Why it matters: nightly jobs of a control room (footage check, database copy, report for the morning shift) are often put
# into this hour. Once a year the report is missing although nothing failed, and once a year there are two.
#
# In healthmon: shifts and digests come once each day: notifications/routing.py takes the moment of the change in March and
# the first of the two hours in October.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check APScheduler==3.11.3 croniter==7.0.0 cronsim==2.8 \
  tzdata==2026.6 || exit 2
cd "$T"
fetch() { apt-get -qq "$@" systemd=252.39-1~deb12u2 libsystemd-shared=252.39-1~deb12u2; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" root; done

cat > try.py <<'EOF'
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

LONDON = ZoneInfo("Europe/London")


def by_systemd(start):
    """What systemd-analyze says, with TZ set, of `*-*-* 01:30:00`."""
    told = subprocess.run(
        ["root/usr/bin/systemd-analyze", "calendar", "--iterations=4", f"--base-time={start:%Y-%m-%d %H:%M:%S}", "*-*-* 01:30"],
        env={**os.environ, "TZ": "Europe/London", "LC_ALL": "C", "LD_LIBRARY_PATH": "root/usr/lib/x86_64-linux-gnu/systemd"},
        capture_output=True, text=True, check=True,
    ).stdout
    for day in re.findall(r"\(in UTC\): \w+ (\S+ \S+) UTC", told):
        yield datetime.fromisoformat(day).replace(tzinfo=UTC)


def by_apscheduler(start):
    trigger, moment = CronTrigger.from_crontab("30 1 * * *", timezone=LONDON), start.astimezone(UTC)
    while True:
        moment = trigger.get_next_fire_time(None, moment).astimezone(UTC)
        yield moment
        moment += timedelta(seconds=1)


def by_croniter(start):
    schedule = croniter("30 1 * * *", start)
    while True:
        yield schedule.get_next(datetime)


READERS = {
    "systemd": by_systemd,
    "croniter": by_croniter,
    "cronsim": lambda start: CronSim("30 1 * * *", start),
    "APScheduler": by_apscheduler,
}
for night, noon in (("March", datetime(2027, 3, 27, 12)), ("October", datetime(2026, 10, 24, 12))):
    start = noon.replace(tzinfo=LONDON)
    for name, reader in READERS.items():
        runs = takewhile(lambda run: run.astimezone(UTC) < start.astimezone(UTC) + timedelta(hours=24), reader(start))
        print(f"{night}, {name}: " + (", ".join(f"{run.astimezone(UTC):%d %b %H:%M}" for run in runs) or "never"))
EOF
env/bin/python try.py > seen.txt

diff seen.txt - <<'EOF' || { echo "the schedulers behave differently now"; exit 1; }
March, systemd: never
March, croniter: 28 Mar 01:00
March, cronsim: 28 Mar 01:00
March, APScheduler: 28 Mar 01:30
October, systemd: 25 Oct 00:30
October, croniter: 25 Oct 00:30, 25 Oct 01:30
October, cronsim: 25 Oct 00:30
October, APScheduler: 25 Oct 00:30, 25 Oct 01:30
EOF
cat seen.txt

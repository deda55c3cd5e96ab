#!/usr/bin/env bash
# APScheduler's from_crontab("0 6 * * 1-5") runs from Tuesday to Saturday.
#
# Version: APScheduler 3.11.3, croniter 7.0.0, cronsim 2.8 (Python 3.11).
#
# Best guess before trying: from_crontab reads a crontab line as cron does: 1 is Monday, 0 and 7 are Sunday, and where both
# the day of the month and the weekday are given, either is enough.
#
# Seen: APScheduler counts weekdays from Monday = 0, so every number is one day late; 7 is an error; "0 6 1 * mon" waits for
# a first of the month that is a Monday (two months here). Names (mon-fri) are right. croniter and cronsim agree with
# cron. The table at the end is exact.
#
# Why it matters: a function check "on weekdays at six" copied from a crontab runs on Saturday and never on Monday, and no
# error shows it. The first one to notice is who reads the Monday sheet.
#
# In healthmon: shifts are times of day in config.yaml, never cron lines.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check APScheduler==3.11.3 croniter==7.0.0 cronsim==2.8 tzdata || exit 2

cat > "$T/try.py" <<'EOF'
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

SUNDAY = datetime(2026, 11, 29, 12, tzinfo=UTC)


def by_apscheduler(line):
    trigger, moment = CronTrigger.from_crontab(line, timezone=UTC), SUNDAY
    while True:
        moment = trigger.get_next_fire_time(None, moment)
        yield moment
        moment += timedelta(seconds=1)


def by_croniter(line):
    schedule = croniter(line, SUNDAY)
    while True:
        yield schedule.get_next(datetime)


def days(reader, line, count):
    try:
        moments = reader(line)
        return " ".join(f"{next(moments):%a-%d-%b}" for _ in range(count))
    except ValueError:
        return "ValueError"


for line, count in (("0 6 * * 1-5", 5), ("0 6 * * mon-fri", 5), ("0 6 * * 7", 1), ("0 6 1 * mon", 2)):
    print(line)
    for name, reader in (
        ("APScheduler", by_apscheduler),
        ("croniter", by_croniter),
        ("cronsim", lambda text: CronSim(text, SUNDAY)),
    ):
        print(f"  {name}: {days(reader, line, count)}")
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "the schedulers behave differently now"; exit 1; }
0 6 * * 1-5
  APScheduler: Tue-01-Dec Wed-02-Dec Thu-03-Dec Fri-04-Dec Sat-05-Dec
  croniter: Mon-30-Nov Tue-01-Dec Wed-02-Dec Thu-03-Dec Fri-04-Dec
  cronsim: Mon-30-Nov Tue-01-Dec Wed-02-Dec Thu-03-Dec Fri-04-Dec
0 6 * * mon-fri
  APScheduler: Mon-30-Nov Tue-01-Dec Wed-02-Dec Thu-03-Dec Fri-04-Dec
  croniter: Mon-30-Nov Tue-01-Dec Wed-02-Dec Thu-03-Dec Fri-04-Dec
  cronsim: Mon-30-Nov Tue-01-Dec Wed-02-Dec Thu-03-Dec Fri-04-Dec
0 6 * * 7
  APScheduler: ValueError
  croniter: Sun-06-Dec
  cronsim: Sun-06-Dec
0 6 1 * mon
  APScheduler: Mon-01-Feb Mon-01-Mar
  croniter: Mon-30-Nov Tue-01-Dec
  cronsim: Mon-30-Nov Tue-01-Dec
EOF
cat "$T/seen.txt"

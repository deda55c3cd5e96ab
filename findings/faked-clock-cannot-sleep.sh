#!/usr/bin/env bash
# With libfaketime's own option that leaves the monotonic clock alone, Python cannot sleep: "Invalid argument".
#
# Version: libfaketime 0.9.10-2.1 (Debian 12), python3.11-minimal 3.11.2-6+deb12u9 (the same in 3.11.7).
#
# Best guess before trying: FAKETIME_DONT_FAKE_MONOTONIC=1 fakes the time of day only; what a program paces itself by, such
# as time.sleep, is the real thing and goes on as before. Without the option sleeping may be in doubt.
#
# Seen: the other way round. With the option every time.sleep raises OSError EINVAL, and so does every
# subprocess.run(timeout=...) of a child that has closed its output and is still there, whether the faked time is ahead or
# behind. Python 3.11 sleeps until a moment of the monotonic clock (clock_nanosleep with TIMER_ABSTIME). Without the
# option it sleeps right.
#
# Why it matters: summer time, expiring certificates and shift changes of a monitor are tried with this library. Under the
# option that reads as the careful one, a program fails where it never fails at a customer, and by a chance of timing.
#
# In healthmon: tests/helpers/simulated_room.py has both clocks faked.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T"
fetch() { apt-get -qq "$@" {python3.11-minimal,libpython3.11-minimal,libpython3.11-stdlib}=3.11.2-6+deb12u9 libfaketime=0.9.10-2.1; }
fetch download 2>/dev/null || { mkdir -p lists/partial; apt-get -qq -o Dir::State::Lists="$T/lists" update &&
  fetch -o Dir::State::Lists="$T/lists" download; } || { echo "cannot fetch the packages"; exit 2; }
for package in ./*.deb; do dpkg -x "$package" tree; done

cat > try.py <<'EOF'
import time

before = time.monotonic()
try:
    time.sleep(0.3)
except OSError as error:
    print(error)
else:
    print(f"slept {time.monotonic() - before:.1f} s")
EOF
library=$(echo tree/usr/lib/*-linux-gnu/faketime/libfaketime.so.1)
ahead() { PYTHONHOME=$T/tree/usr env "$@" tree/usr/bin/python3.11 -S try.py; }
{
  echo "time of day: $(ahead A=1)"
  echo "12 h ahead: $(ahead LD_PRELOAD="$T/$library" FAKETIME=+43200s)"
  echo "12 h ahead, monotonic clock left alone: $(ahead LD_PRELOAD="$T/$library" FAKETIME=+43200s \
    FAKETIME_DONT_FAKE_MONOTONIC=1)"
} > seen.txt

diff seen.txt - <<'EOF' || { echo "libfaketime or Python behaves differently now"; exit 1; }
time of day: slept 0.3 s
12 h ahead: slept 0.3 s
12 h ahead, monotonic clock left alone: [Errno 22] Invalid argument
EOF
cat seen.txt

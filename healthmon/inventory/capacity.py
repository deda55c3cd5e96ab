"""What the checks of a configuration need at the same time, against what is allowed: slots of the
agent, the bandwidth of a site, the turns of an address, and timeouts. Pure arithmetic.

The figures are those of checks that go well. What they show can be kept only without trouble, so
that a configuration which they rule out cannot be kept at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from healthmon.model.device import Check

# What a check takes that plays no stream, and what a stream takes besides being watched: some
# exchanges on a network of one's own, and the 20 ms before each connection (measured: 0.1 s to 0.5 s).
EXCHANGE_SECONDS = 0.3
SESSION_SECONDS = 0.4
# The places of checks in their intervals are random, some devices are slow, and two tries follow a
# doubtful result: twice the mean was never used up in a clean run of 10,000 cameras.
HEADROOM = 2.0
LEAST_SLOTS, MOST_SLOTS = 200, 5000
MOST_NAMED = 5
_NOTHING = 1e-6  # what sums of fractions are off by


def seconds_of(check: Check) -> float:
    """How long a run of `check` takes that goes well."""
    return check.watch + SESSION_SECONDS if check.cost else EXCHANGE_SECONDS


def share_of(check: Check) -> float:
    """The share of all time in which `check` runs: 0.04 for 2.4 s of each 60 s."""
    return seconds_of(check) / check.interval


def slots_in_use(checks: Iterable[Check]) -> float:
    """How many of `checks` run at the same time, on average."""
    return sum(map(share_of, checks))


def slots_for(checks: Iterable[Check]) -> int:
    """How many checks may run at the same time where config.yaml does not say so."""
    wanted = math.ceil(HEADROOM * slots_in_use(checks) - _NOTHING)
    return min(MOST_SLOTS, max(LEAST_SLOTS, wanted))


@dataclass(slots=True)
class Load:
    """Checks that share something: how many they are, the first of them, the sum of their shares of
    the time and of what they take of the bandwidth of their site.
    """

    first: Check | None = None
    count: int = 0
    share: float = 0.0
    cost: float = 0.0
    devices: set[str] = field(default_factory=set)

    def add(self, check: Check) -> None:
        """Count `check`."""
        self.first = self.first or check
        self.count += 1
        self.share += share_of(check)
        self.cost += check.cost
        self.devices.add(check.device)


def problems(
    checks: Iterable[Check], bandwidths: Mapping[str, float], concurrency: int | None
) -> Iterator[str]:
    """What cannot be kept, in words and with the numbers: one line each.

    `bandwidths` are those of the sites that have one, bits per second; `concurrency` is that of
    config.yaml, None where it has none.
    """
    checks = tuple(checks)
    yield from _slots(checks, concurrency)
    yield from _sites(checks, bandwidths)
    yield from _addresses(checks)
    yield from _timeouts(checks)


def _slots(checks: tuple[Check, ...], concurrency: int | None) -> Iterator[str]:
    used = slots_in_use(checks)
    if concurrency is not None and used > concurrency + _NOTHING:
        yield (
            f"defaults: concurrency {concurrency} cannot hold the checks: {used:.0f} of {len(checks)} run at the"
            f" same time on average, so that each is run {_less(used / concurrency)}; leave the line out"
            f" ({slots_for(checks)} are allowed then), or make interval longer"
        )
    elif used > MOST_SLOTS + _NOTHING:
        yield (
            f"defaults: {used:.0f} of {len(checks)} checks run at the same time on average, and one agent runs"
            f" at most {MOST_SLOTS}; make interval longer, or use several agents"
        )


def _sites(checks: tuple[Check, ...], bandwidths: Mapping[str, float]) -> Iterator[str]:
    loads: dict[str, Load] = {}
    for check in checks:
        if check.cost and check.site in bandwidths:
            loads.setdefault(check.site, Load()).add(check)
    for site, load in loads.items():
        each = load.cost / load.count
        together = max(1, int(bandwidths[site] / each))
        if load.share > together + _NOTHING:
            held = f"{together} stream{'s' * (together > 1)}"
            yield (
                f"sites: {site}: bandwidth {megabits(bandwidths[site])} holds {held} of {megabits(each)} at the"
                f" same time, and {load.share:.1f} of {load.count} are due, so that each is played"
                f" {_less(load.share / together)}; raise bandwidth, make interval longer, or give the"
                " streams their bit_rate"
            )


def _addresses(checks: tuple[Check, ...]) -> Iterator[str]:
    """One check at a time for each address: recorders that relay many streams."""
    loads: dict[str, Load] = {}
    for check in checks:
        if check.lock_key:
            loads.setdefault(check.lock_key, Load()).add(check)
    full = {address: load for address, load in loads.items() if load.share > 1 + _NOTHING}
    for address, load in list(full.items())[:MOST_NAMED]:
        assert load.first is not None  # noqa: S101 - what has a share has a check
        yield (
            f"{load.first.spoken_to} ({address}): it is asked one thing at a time, and its {load.count} checks"
            f" take {60 * load.share:.0f} s of each minute, so that each is run {_less(load.share)}; make its"
            " interval longer, or play fewer of its streams"
        )
    yield from _and_more(len(full), "address", "addresses")


def _timeouts(checks: tuple[Check, ...]) -> Iterator[str]:
    loads: dict[tuple[float, float], Load] = {}
    for check in checks:
        if check.timeout > check.interval:
            loads.setdefault((check.timeout, check.interval), Load()).add(check)
    for (timeout, interval), load in loads.items():
        assert load.first is not None  # noqa: S101 - as above
        others = f" and {load.count - 1} more" if load.count > 1 else ""
        yield (
            f"{load.first.device}: a {load.first.check_type} check may take {timeout:g} s and is due every"
            f" {interval:g} s{others}: a device that is silent is checked every"
            f" {math.ceil(timeout / interval) * interval:g} s; make timeout shorter or interval longer"
        )


def _and_more(count: int, one: str, many: str) -> Iterator[str]:
    left = count - MOST_NAMED
    if left > 0:
        yield f"and {left} more {one if left == 1 else many}"


def _less(times: float) -> str:
    """How much less often than configured."""
    return f"{times:.1f} times less often than configured"


def megabits(bits_per_second: float) -> str:
    """``2 Mbit/s``."""
    return f"{bits_per_second / 1e6:.3g} Mbit/s"

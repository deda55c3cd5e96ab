"""One camera seen twice, directly and by a relay: which key frames are the same, and how much later
they come. Pure.

Equal key frames tell the delay whatever the clocks say, but need looks that overlap and a relay
that does not encode anew. Sender reports need neither, but a relay that stamps pictures anew when
it sends them hides its delay from them: they can prove a delay, never that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.model.enums import Span
from healthmon.protocols.rtsp.rtp import Meter

ARRIVAL_ERROR = 0.05
REPORT_ERROR = 0.4
AROUND_SECONDS = 0.25
NOT_SEEN_IN_BOTH = "no key frame was seen in both, and the relay stamps pictures anew"


@dataclass(frozen=True, slots=True)
class Compared:
    """`same` True: equal key frames in both; `delay` of the relay in seconds, found `by` "pictures"
    or "reports".
    """

    same: bool
    delay: Span | None
    by: str = ""
    note: str = ""


def compared(
    source: Meter, relay: Meter, relay_date: Span | None, *, still: bool = False
) -> Compared:
    """`source` and `relay` as metered on one machine; `relay_date` is the relay's own clock minus
    ours by ``Date``.

    A `still` picture has the same key frames at other times too: they tell no delay.
    """
    lags, same = lags_of(source, relay)
    if lags and not still:
        return Compared(
            True, Span(min(lags) - ARRIVAL_ERROR, max(lags) + ARRIVAL_ERROR), "pictures"
        )
    delay = by_reports(source, relay, relay_date)
    if delay is not None:
        return Compared(same, delay, "reports")
    return Compared(same, None, "", "its picture does not change" if same else NOT_SEEN_IN_BOTH)


def lags_of(source: Meter, relay: Meter) -> tuple[list[float], bool]:
    """How much later each key frame of both came by the relay, and whether any was seen in both.

    A key frame that occurs twice (a still picture) cannot be told from its like and gives no lag.
    """
    there, here = _times(source), _times(relay)
    both = there.keys() & here.keys()
    lags = [here[key][0] - there[key][0] for key in both if len(there[key]) == len(here[key]) == 1]
    return lags, bool(both)


def not_relayed(source: Meter, relay: Meter, longest: float) -> int:
    """How many key frames of the camera should have come by the relay, which passes pictures on as
    they are, but did not come within `longest` seconds; 0 where that cannot be known.

    Known are those that were seen while the relay was watched from before them until long enough
    after, without a loss and with each of its key frames printed.
    """
    there, here = source.inside.prints, relay.inside.prints
    unprinted = relay.keyframes - len(here.found)
    if relay.first_at is None or relay.lost or unprinted > 1 or there.layout != here.layout:
        return 0
    first, last = relay.first_at + AROUND_SECONDS, relay.last_at - AROUND_SECONDS - longest
    due = {key for key, at in zip(there.found, there.times, strict=True) if first <= at <= last}
    return 0 if due & set(here.found) else len(due)


def _times(meter: Meter) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    prints = meter.inside.prints
    for key, at in zip(prints.found, prints.times, strict=True):
        found.setdefault(key, []).append(at)
    return found


def by_reports(source: Meter, relay: Meter, relay_date: Span | None) -> Span | None:
    """The delay by RTP time stamps and sender reports (RFC 3550 6.4.1); None where they do not show
    one.

    A picture's age is how long before its arrival it was sampled by its sender's stamps. Where the
    relay's reports follow another clock than its own (`relay_date`), they are the camera's, passed
    on: then what they are behind the camera's adds to it.
    """
    if source.age is None or relay.age is None or source.report is None or relay.report is None:
        return None
    behind = relay.age - source.age
    passed_on = (
        relay_date is not None
        and not relay_date.low - 0.5 <= relay.report[0] <= relay_date.high + 0.5
    )
    if passed_on:
        behind += source.report[0] - relay.report[0]
    return Span(behind - REPORT_ERROR, behind + REPORT_ERROR) if behind > REPORT_ERROR else None

"""Whether the privacy zones of a view are all there: what they hide must not be seen."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks.evaluation.wording import plain, verdict
from healthmon.model.count_words import count_of
from healthmon.model.enums import State
from healthmon.model.picture import PictureReading
from healthmon.model.results import Observation, Verdict

KEPT, GONE = 0.85, 0.2
CODE = "privacy_zone_missing"


def zones(observation: Observation, picture: PictureReading) -> Iterator[Verdict]:
    """Aspect "privacy"; nothing where no zone is known."""
    if not picture.zones and not picture.masks_off:
        return
    wrong = [*_uncovered(picture), *(_off(token) for token in picture.masks_off)]
    least = min((zone.kept for zone in picture.zones), default=0.0)
    if wrong:
        sentence = "; ".join(wrong)
        yield verdict(observation, "privacy", State.FAULT, CODE, sentence, value=least)
        return
    number = len(picture.zones)
    words = count_of(number, "privacy zone is", "privacy zones are")
    sentence = f"{words} in place: at least {least * 100:.0f} % covered (limit {KEPT * 100:.0f} %)"
    yield verdict(observation, "privacy", State.OK, "ok", sentence, value=least)


def _uncovered(picture: PictureReading) -> Iterator[str]:
    for zone in picture.zones:
        if zone.kept < KEPT:
            what = "missing" if zone.kept < GONE else "smaller"
            share = f"{zone.kept * 100:.0f} % of it is covered (limit {KEPT * 100:.0f} %)"
            yield f"privacy zone {zone.number} {what}: {share}"


def _off(token: str) -> str:
    return f"privacy zone {plain(token, 40)} missing: the camera no longer reports it as drawn"

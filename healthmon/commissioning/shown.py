"""What a device showed when it was looked at, from the results of its checks. Pure.

`values` have the keys and the form of config.yaml, below the device's entry: ``commissioned.serial``,
``streams.main.size``, ``tls.pin``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from healthmon.model.device import Codec, Device
from healthmon.model.enums import CheckName, State
from healthmon.model.footage import RecorderMeasurement
from healthmon.model.measurements import Certificate, Clock, Identity, Stream
from healthmon.model.picture import PictureReading
from healthmon.model.results import CheckResult

# A rate is measured over seconds: a stream of 25 pictures a second is seen with 24.6 to 25.4.
RATE_TOLERANCE = 0.1
# What cameras are set to.
_USUAL_RATES = (1, 2, 3, 4, 5, 6, 6.25, 7.5, 8, 10, 12, 12.5, 15, 16, 20, 24, 25, 30, 50, 60)
_NEAR = 0.06
_CODECS = get_args(Codec)
_ABOUT = ("id", "name", "site", "kind", "address")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One verdict: the check, its part ("" where it has none), the aspect, and the sentence with value
    and limits.
    """

    check: str
    part: str
    aspect: str
    state: State
    code: str
    sentence: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What the line is about."""
        return self.check, self.part, self.aspect


@dataclass(frozen=True, slots=True)
class Shown:
    """One device. `why` says why it did not answer, "" where it did. `facts` are what it tells besides,
    by their names in words.
    """

    id: str
    name: str
    site: str
    kind: str
    address: str
    why: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[ShownLine, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        about = {name: getattr(self, name) for name in _ABOUT}
        lines = [
            {
                "check": one.check,
                "part": one.part,
                "aspect": one.aspect,
                "state": one.state.name,
                "code": one.code,
                "sentence": one.sentence,
            }
            for one in self.lines
        ]
        told = {"answered": not self.why, "why": self.why, "values": dict(self.values)}
        return about | told | {"facts": dict(self.facts), "lines": lines}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Shown:
        """What `as_json` gave. Raises KeyError, TypeError, ValueError for anything else."""
        about: dict[str, Any] = {name: str(told[name]) for name in (*_ABOUT, "why")}
        lines = tuple(_line_of(one) for one in told["lines"])
        return cls(**about, values=_texts(told["values"]), facts=_texts(told["facts"]), lines=lines)


def _line_of(told: Mapping[str, Any]) -> ShownLine:
    try:
        state = State[told["state"]]
    except KeyError:
        raise ValueError("a line without a state that is known") from None
    words: dict[str, Any] = {
        name: str(told[name]) for name in ("check", "part", "aspect", "code", "sentence")
    }
    return ShownLine(state=state, **words)


def _texts(told: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in told.items()}


def shown_of(device: Device, results: Iterable[CheckResult]) -> Shown:
    """What `device` showed in the `results` of its checks."""
    known = tuple(results)
    values = {key: value for one in known for key, value in _values(one, device) if value}
    facts = {name: value for one in known for name, value in _facts(one) if value}
    lines = tuple(
        ShownLine(v.check_type, v.instance, v.aspect, v.state, v.code, v.sentence)
        for one in known
        for v in one.verdicts
    )
    return Shown(
        device.id,
        device.name,
        device.site,
        device.kind.value,
        device.address,
        _why_silent(known),
        values,
        facts,
        lines,
    )


def _why_silent(results: tuple[CheckResult, ...]) -> str:
    """Why nothing is known of the device; "" where it has told anything."""
    telling = [one for one in results if one.check.check_type not in _NOT_ITSELF]
    if any(one.observation.value is not None for one in telling):
        return ""
    bad = [v for one in results for v in one.verdicts if v.state is not State.OK]
    return bad[0].sentence if bad else "it has no check that could tell anything of it"


# An open port is no answer; a switch port and footage are told by other devices.
_NOT_ITSELF = frozenset({CheckName.REACH, CheckName.PORT, CheckName.RECORDING})


def silent_streams(seen: Shown) -> Iterator[tuple[str, str]]:
    """(name, why) of each stream of a device that answers of which nothing was seen: none of its values
    can be accepted.
    """
    for line in seen.lines:
        name = f"streams.{line.part}"
        bad = line.check == CheckName.STREAM and line.aspect == "pictures"
        if bad and line.state is not State.OK and not _says_of(seen, name):
            yield name, line.sentence


def _says_of(seen: Shown, name: str) -> bool:
    return any(key.startswith(f"{name}.") for key in seen.values)


def _values(result: CheckResult, device: Device) -> Iterator[tuple[str, str]]:
    match result.observation.value:
        case Identity() as identity if not identity.alternates_with:
            yield from _identity(identity)
        case RecorderMeasurement() as measured:
            for name in ("model", "serial", "firmware"):
                yield f"commissioned.{name}", getattr(measured.health, name) or ""
        case Stream() as stream:
            yield from _stream(f"streams.{result.check.instance}", stream)
        case Certificate() as certificate if _pinned(certificate, device):
            yield "tls.pin", certificate.key


def _identity(seen: Identity) -> Iterator[tuple[str, str]]:
    yield "commissioned.model", seen.model or ""
    yield "commissioned.serial", seen.serial or ""
    yield "commissioned.firmware", seen.firmware or ""
    yield "commissioned.mac", seen.macs[0] if seen.macs else ""


def _stream(key: str, stream: Stream) -> Iterator[tuple[str, str]]:
    if stream.codec is not None and stream.codec in _CODECS:
        yield f"{key}.codec", stream.codec
    if stream.width and stream.height:
        yield f"{key}.size", f"{stream.width}x{stream.height}"
    if stream.frames_per_second:
        yield f"{key}.frame_rate", rounded_rate(stream.frames_per_second)


def rounded_rate(rate: float) -> str:
    """Pictures a second as a camera is set to: the nearest usual rate, else what was measured."""
    usual = min(_USUAL_RATES, key=lambda one: abs(one - rate))
    return f"{usual if abs(usual - rate) <= _NEAR * rate else rate:.3g}"


def _pinned(certificate: Certificate, device: Device) -> bool:
    """Whether its key is what its certificate is known by: no CA vouches for it."""
    trust = device.access.tls
    by_ca = trust is not None and trust.pin is None
    return not by_ca and not (trust is None and certificate.trusted)


def _facts(result: CheckResult) -> Iterator[tuple[str, str]]:
    match result.observation.value:
        case Identity() as identity:
            yield "manufacturer", identity.manufacturer or ""
            yield "hardware", identity.hardware or ""
            yield "further MAC addresses", ", ".join(identity.macs[1:])
        case Clock() as clock:
            yield from _of_clock(clock)
        case Stream() as stream if stream.codec and stream.codec not in _CODECS:
            yield f"codec of {result.check.instance}", stream.codec
        case Certificate() as certificate:
            yield "certificate", f"{certificate.subject}, issued by {certificate.issuer}"
        case PictureReading() as picture if not picture.problem:
            yield from _view(picture)


def _of_clock(clock: Clock) -> Iterator[tuple[str, str]]:
    yield "time zone", clock.zone or ""
    yield "clock set by", clock.mode or ""
    yield "time servers", ", ".join(clock.source.servers) if clock.source else ""


def _view(picture: PictureReading) -> Iterator[tuple[str, str]]:
    """The picture as numbers: no picture is kept."""
    place = picture.ptz.view if picture.ptz is not None else ""
    numbers = (
        f"{picture.width}x{picture.height}",
        f"grey level {picture.mean:.0f} ({picture.low:.0f} to {picture.high:.0f} of 255)",
        f"noise {picture.noise:.1f}",
        f"without structure {picture.flat:.0%}",
        f"saturated {picture.burned:.0%}",
    )
    yield f"view, {place}" if place else "view", ", ".join(numbers)
    base = picture.baseline
    if base is None:
        return
    told = f"{base.learned} of {base.needed} pictures learned"
    if base.peak is not None:
        told += f", agreement {base.peak:.2f}, focus {base.focus or 0:.2f}"
    yield "learned view", told

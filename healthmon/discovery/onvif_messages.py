"""What goes to the process that reads ONVIF devices, and what comes back: one line of JSON each.

The secret goes by the pipe and never by an argument or the environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from healthmon.discovery.found import FoundProfile, LoginState, OnvifDevice
from healthmon.protocols.values.scalars import whole
from healthmon.secret import Credential, Secret

MOST_ANSWER = 256 * 1024
MOST_PROFILES, MOST_TEXTS, LONGEST = 32, 16, 256
CODECS = {"jpeg": "mjpeg", "hevc": "h265", "h264": "h264", "h265": "h265", "mjpeg": "mjpeg"}


@dataclass(frozen=True, slots=True)
class Job:
    """One device to be read: where its device service is, and with which login, None for none.

    `pin` is the SHA-256 of its key where it is spoken to by TLS.
    """

    host: str
    port: int
    path: str
    pin: str = ""
    skew: float | None = None
    credential: Credential | None = None

    def line(self) -> bytes:
        """The job for the pipe."""
        who = self.credential
        told = {
            "host": self.host,
            "port": self.port,
            "path": self.path,
            "pin": self.pin,
            "skew": self.skew,
            "name": who.name if who else "",
            "username": who.username if who else "",
            "password": who.password.reveal() if who else None,
        }
        return json.dumps(told).encode() + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Job:
        """The job in a line. Raises ValueError, KeyError for what is none."""
        told = json.loads(line)
        who = None
        if told["password"] is not None:
            who = Credential(told["name"], told["username"], Secret(told["password"]))
        return cls(told["host"], told["port"], told["path"], told["pin"], told["skew"], who)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the process has read. `complete`: nothing that is needed was left out."""

    device: OnvifDevice
    login: LoginState
    complete: bool
    notes: tuple[str, ...] = ()


def answer_of(line: bytes, job: Job) -> Answer:
    """The answer in a line of the process. It has read what a stranger sent: each value is taken
    for what it may be only. Raises ValueError for what is no answer.
    """
    told = json.loads(line)
    if not isinstance(told, dict):
        raise ValueError("no answer")  # noqa: TRY004 - the caller takes one kind of error
    device = OnvifDevice(job.port, job.path, job.pin, job.skew)
    for name in ("manufacturer", "model", "firmware", "serial"):
        setattr(device, name, _text(told.get(name)))
    for name in ("macs", "names", "hardware", "locations", "services", "elsewhere"):
        setattr(device, name, _texts(told.get(name)))
    profiles = told.get("profiles")
    known = profiles if isinstance(profiles, list) else []
    device.profiles = tuple(_profile(one) for one in known[:MOST_PROFILES] if isinstance(one, dict))
    states: tuple[LoginState, ...] = get_args(LoginState)
    login = next((one for one in states if one == told.get("login")), states[0])
    return Answer(device, login, told.get("complete") is True, _texts(told.get("notes")))


def _profile(told: Mapping[str, Any]) -> FoundProfile:
    width, height = (whole(_text(told.get(side)), 1 << 16) for side in ("width", "height"))
    path = _text(told.get("path"))
    return FoundProfile(
        _text(told.get("token")),
        _text(told.get("name")),
        CODECS.get(_text(told.get("codec")).lower()),
        (width, height) if width and height else None,
        path if path.startswith("/") else "",
        told.get("ptz") is True,
        _text(told.get("source")),
    )


def _text(value: Any) -> str:
    """A short text on one line; "" for anything else."""
    plain = str(value) if isinstance(value, str | int | float) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())[:LONGEST]


def _texts(value: Any) -> tuple[str, ...]:
    told: Iterable[Any] = value if isinstance(value, list) else ()
    return tuple(dict.fromkeys(text for one in list(told)[:MOST_TEXTS] if (text := _text(one))))

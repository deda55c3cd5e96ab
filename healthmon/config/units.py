"""Values as people write them: durations, bit rates, ratios and yes/no. Each raises ValueError with
a remedy.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import re
import socket
import zoneinfo
from urllib.parse import urlsplit

DEFAULT_ZONE = "Europe/London"
ALWAYS = ("00:00", "00:00")
LOCAL_TIME = "%Y-%m-%d %H:%M"
REPEATS = {"daily": dt.timedelta(days=1), "weekly": dt.timedelta(weeks=1)}
_TIME = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_RATE = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9}
_BYTES = {"kB": 1e3, "MB": 1e6, "GB": 1e9}
_NUMBER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(.*)", re.ASCII)
_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*\.?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_NO, _YES = {"no", "false", "off"}, {"yes", "true", "on"}


def _quantity(text: str, units: dict[str, float], what: str, example: str) -> float:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not a {what}; write for example {example}")
    if match[2] not in units:
        missing = "has no unit" if not match[2] else f"has the unknown unit '{match[2]}'"
        raise ValueError(
            f"{what} '{text}' {missing}; write for example {example} (units: {', '.join(units)})"
        )
    return float(match[1]) * units[match[2]]


def seconds(text: str) -> float:
    """A duration in seconds: ``60 s``, ``5 min``, ``31 d``."""
    return _quantity(text, _TIME, "duration", "60 s")


def bits_per_second(text: str) -> float:
    """A bit rate in bits per second: ``4 Mbit/s``."""
    return _quantity(text, _RATE, "bit rate", "4 Mbit/s")


def size_in_bytes(text: str) -> float:
    """An amount of data in bytes: ``20 MB``."""
    return _quantity(text, _BYTES, "amount of data", "20 MB")


def ratio(text: str) -> float:
    """A ratio: ``1 %`` is 0.01."""
    return _quantity(text, {"%": 0.01}, "percentage", "20 %")


def celsius(text: str) -> float:
    """A temperature: ``40 C``."""
    return _quantity(text, {"C": 1.0, "°C": 1.0}, "temperature", "40 C")


def flag(text: str) -> bool:
    """Yes or no."""
    word = text.strip().lower()
    if word not in _YES | _NO:
        raise ValueError(f"'{text}' is neither yes nor no")
    return word in _YES


def is_no(value: object) -> bool:
    """Whether a section is switched off by a plain ``no``."""
    return isinstance(value, str) and value.strip().lower() in _NO


def number(text: str) -> int:
    """A whole number without sign."""
    if not re.fullmatch(r"[0-9]{1,9}", text.strip(), re.ASCII):
        raise ValueError(f"'{text}' is not a whole number")
    return int(text)


def decimal(text: str) -> float:
    """A plain decimal number."""
    return _quantity(text, {"": 1.0}, "number", "12.5")


def degrees(text: str) -> float:
    """An angle in degrees, with its sign."""
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{1,9})?", text.strip(), re.ASCII):
        raise ValueError(f"'{text}' is not a number of degrees such as -0.12")
    return float(text)


_FIRST_GROUP = 224  # of the IPv4 addresses of groups (RFC 5771)
_EVERYBODY = ipaddress.ip_address("255.255.255.255")
_NO_ZONES = {"localtime", "posixrules", "Factory"}  # files of the database that are no place's zone


def _is_dotted(text: str) -> bool:
    """Whether `text` is an IPv4 address as it is always written: in a tenth of the time of `ipaddress`."""
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def host(text: str) -> str:
    """An IP address or a DNS name, never a URL."""
    value = text.strip()
    if _is_dotted(value):
        return value
    if "@" in value:
        raise ValueError(
            "user names and passwords do not belong in an address; use `credential: NAME`"
        )
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    if "/" in value or ":" in value:
        raise ValueError(
            f"'{value}' is not an IP address or host name; give the address alone, ports have their own keys"
        )
    if not _NAME.fullmatch(value) or re.fullmatch(r"[0-9.]+", value):
        raise ValueError(f"'{value}' is not an IP address or host name")
    return value.lower()


def peer(text: str) -> str:
    """The address or name of one machine: not of all of them, and not of a group."""
    value = host(text)
    if _is_dotted(value) and 0 < int(value.partition(".")[0]) < _FIRST_GROUP:
        return value
    with contextlib.suppress(ValueError):
        number = ipaddress.ip_address(value)
        if number.is_unspecified or number.is_multicast or number == _EVERYBODY:
            value = ""
    if not value:
        raise ValueError(f"'{text.strip()}' is not the address of one machine")
    return value


def is_loopback(address: str) -> bool:
    """Whether an IP address is of this machine alone; a name never is, it may come to lead
    elsewhere.
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def size(text: str) -> tuple[int, int]:
    """A picture size: ``1920x1080``."""
    match = re.fullmatch(r"([0-9]{2,5})x([0-9]{2,5})", text.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"'{text}' is not a picture size; write for example 1920x1080")
    return int(match[1]), int(match[2])


def priority(text: str) -> int:
    """``P1`` (most urgent) to ``P4``."""
    if not re.fullmatch(r"P[1-4]", text.strip()):
        raise ValueError(f"'{text}' is not a priority; write P1, P2, P3 or P4")
    return int(text.strip()[1])


def zone(text: str) -> str:
    """A time zone of the IANA database."""
    known = text not in _NO_ZONES
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if not known:
        raise ValueError(f"'{text}' is not a time zone; write for example Europe/London")
    return text


def url(text: str) -> str:
    """An ``http://`` or ``https://`` address without user name, password or fragment."""
    value = text.strip()
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(
            "is not a web address; write for example https://alerts.example.com/hook"
        ) from None
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "user names and passwords do not belong in an address; use `credential: NAME`"
        )
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or not re.fullmatch(r"[!-~]{1,2000}", value)
    ):
        raise ValueError("is not a web address; write for example https://alerts.example.com/hook")
    if parts.fragment or port == 0:
        raise ValueError("a web address here has neither '#' nor port 0")
    host(parts.hostname)
    return value


def mail(text: str) -> str:
    """One e-mail address: ``faults@example.com`` (RFC 5321 dot-atom, without a display name)."""
    local, _, domain = text.strip().rpartition("@")
    if not _MAIL.fullmatch(local) or not _NAME.fullmatch(domain):
        raise ValueError("is not an e-mail address; write for example faults@example.com")
    return f"{local}@{domain}"


def clock_time(text: str) -> str:
    """A local time of day: ``07:00``."""
    if not _CLOCK_TIME.fullmatch(text.strip()):
        raise ValueError(f"'{text}' is not a time of day; write for example 07:00")
    return text.strip()


def date(text: str) -> str:
    """A day: ``2026-11-23``."""
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValueError(f"'{text}' is not a day; write for example 2026-11-23") from None


def local_time(text: str) -> str:
    """A local civil time: ``2026-12-01 08:00`` (`LOCAL_TIME`)."""
    try:
        dt.datetime.strptime(text.strip(), LOCAL_TIME)  # noqa: DTZ007 - local civil time of the estate, placed later
    except ValueError:
        raise ValueError(
            f"'{text}' is not a local time; write for example 2026-12-01 08:00"
        ) from None
    return text.strip()


def working_hours(text: str) -> tuple[str, str]:
    """Hours of the day; ``always`` is from midnight to midnight (`ALWAYS`)."""
    return ALWAYS if text.strip().lower() == "always" else hours(text)


def hours(text: str) -> tuple[str, str]:
    """Hours of the day: ``22:00-06:00`` (over midnight is fine)."""
    first, dash, last = text.partition("-")
    try:
        start, end = clock_time(first), clock_time(last)
    except ValueError:
        dash = start = end = ""
    if not dash or start == end:
        raise ValueError(f"'{text}' are not hours of the day; write for example 22:00-06:00")
    return start, end

"""Which media profile of a device is which wanted stream. Pure.

Devices list their profiles in an order of their own, some in another one at each answer: so a place
in the list says nothing. ONVIF Media 5.2 (GetProfiles), Media2 5.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from healthmon.protocols.errors import NotFoundError, ProtocolError
from healthmon.protocols.values import xml
from healthmon.protocols.values.scalars import whole
from healthmon.protocols.values.xml import Element

MOST_NAMED = 8
_CODECS = {"jpeg": "mjpeg", "hevc": "h265"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stream that is wanted: `profile` is the token or the name of its profile, codec and size
    are what was commissioned; None where nothing is said of it.
    """

    profile: str | None = None
    codec: str | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """All streams that are wanted of a device, and the `index` of the one that is looked for."""

    wanted: tuple[Wanted, ...] = (Wanted(),)
    index: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as the device describes it; None where it does not."""

    token: str
    name: str
    codec: str | None
    size: tuple[int, int] | None

    def differs(self, wanted: Wanted) -> tuple[int, int]:
        """In how many points it is another than the wanted one, and in how many it says nothing."""
        pairs = ((wanted.codec, self.codec), (wanted.size, self.size))
        known = [(want, own) for want, own in pairs if want is not None]
        others = sum(own is not None and own != want for want, own in known)
        return others, sum(own is None for _, own in known)


def chosen(profiles: Sequence[Profile], choice: Choice) -> Profile:
    """The profile of the stream that is looked for. Every stream has one of its own: first those
    that name theirs, then those that say most of what was commissioned, then the rest in the order
    of the tokens. Raises NotFoundError.
    """
    left = sorted(profiles, key=_by_token)
    found: dict[int, Profile] = {}
    for index in sorted(range(len(choice.wanted)), key=lambda one: _rank(choice.wanted[one])):
        profile = _best(left, choice.wanted[index])
        if profile is not None:
            found[index] = profile
            left.remove(profile)
    if choice.index in found:
        return found[choice.index]
    if (name := choice.wanted[choice.index].profile) is not None:
        known = ", ".join(one.token for one in profiles[:MOST_NAMED]) or "none"
        raise NotFoundError(f"ONVIF profile {name} is not there; the device has {known}")
    raise NotFoundError(f"profile {choice.index + 1} of {len(profiles)} does not exist")


def _rank(wanted: Wanted) -> tuple[bool, bool, bool]:
    return wanted.profile is None, wanted.size is None, wanted.codec is None


def _best(profiles: Sequence[Profile], wanted: Wanted) -> Profile | None:
    if wanted.profile is not None:
        by_token = (one for one in profiles if one.token == wanted.profile)
        by_name = (one for one in profiles if one.name == wanted.profile)
        return next(by_token, None) or next(by_name, None)
    return min(profiles, key=lambda one: one.differs(wanted), default=None)


def _by_token(profile: Profile) -> list[tuple[int, str]]:
    """Numbers in a token count as such: profile 2 comes before profile 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", profile.token)
    return [
        (len(digits), digits) if (digits := one.lstrip("0")).isdigit() else (0, one)
        for one in parts
    ]


def profiles_of(elements: Sequence[Element]) -> list[Profile]:
    """The profiles of GetProfiles that encode video; all of them where none says so. Raises
    ProtocolError for one without a token.
    """
    coded = [(element, _encoder(element)) for element in elements]
    video = [one for one in coded if one[1] is not None] or coded
    return [_profile(element, encoder) for element, encoder in video]


def _encoder(profile: Element) -> Element | None:
    first = xml.find(profile, "VideoEncoderConfiguration")
    return first if first is not None else xml.find(profile, "Configurations", "VideoEncoder")


def _profile(element: Element, encoder: Element | None) -> Profile:
    token = xml.attribute(element, "token")
    if not token:
        raise ProtocolError("GetProfiles: a profile has no token")
    codec = (xml.text(encoder, "Encoding") or "").lower() or None
    width, height = (
        whole(xml.text(encoder, "Resolution", side), 1 << 16) for side in ("Width", "Height")
    )
    size = (width, height) if width and height else None
    name = xml.text(element, "Name") or ""
    return Profile(token, name, _CODECS.get(codec, codec) if codec else None, size)

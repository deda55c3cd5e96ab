"""Which channel of which recorder records a camera, where both call it by the same name. Pure.

A wrong channel is worse than none: the name must be one that people have given, of one camera and of
one channel only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from healthmon.discovery.proposal import Proposal

# What makers and recorders call what nobody has given a name.
_GENERIC = re.compile(
    r"(?:ip)?[ _-]*(?:camera|cam|channel|ch|input|video|ipc|ipdome|nvt|device)?[ _-]*[0-9]*"
)
_NAMED = re.compile(r"(?P<channel>[^()]{1,64}) \((?P<name>.{1,128})\)")


def with_recorders(proposals: Sequence[Proposal]) -> list[Proposal]:
    """The proposals; a new camera has the `recorder` and `channel` that bear its name."""
    cameras = Counter(_own_name(one) for one in proposals if one.section == "cameras")
    channels: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for recorder in proposals:
        for name, place in _channels(recorder):
            channels[name].append(place)
    found = []
    for one in proposals:
        name = _own_name(one)
        places = channels.get(name, [])
        if one.new and one.section == "cameras" and cameras[name] == len(places) == 1:
            found.append(_recorded(one, *places[0]))
        else:
            found.append(one)
    return found


def _recorded(camera: Proposal, recorder: str, channel: str) -> Proposal:
    camera.entry.update(recorder=recorder, channel=channel)
    why = f"likely channel {channel} of {recorder}, which has its name"
    return replace(camera, reasons=(*camera.reasons, why))


def _own_name(camera: Proposal) -> str:
    """What a camera calls itself, "" for what is no name of its own."""
    names = camera.found.onvif.names if camera.found.onvif else ()
    return _given(names[0]) if names else ""


def _channels(recorder: Proposal) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each name of a channel, with the id of the recorder and the channel."""
    if recorder.section != "recorders" or recorder.moved is not None:
        return
    known = recorder.known or recorder.entry["id"]
    for text in recorder.found.channels:
        match = _NAMED.fullmatch(text)
        name, channel = (match["name"], match["channel"]) if match else (text, text)
        if given := _given(name):
            yield given, (known, channel)


def _given(name: str) -> str:
    plain = " ".join(name.casefold().split())
    return "" if _GENERIC.fullmatch(plain) else plain

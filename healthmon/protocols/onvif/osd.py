"""ONVIF: the texts that a camera writes into its picture. Read only.

Media2 5.9 and Media 5.23 (GetOSDs), which answer alike. A camera that has its name set in its own menu
may tell no OSD at all.
"""

from __future__ import annotations

from healthmon.protocols.onvif.call import Calls, call
from healthmon.protocols.values import xml
from healthmon.protocols.values.scalars import words
from healthmon.protocols.values.xml import Element

MOST_TEXTS = 32
LONGEST_TEXT = 256


async def texts(media: Calls) -> tuple[str, ...]:
    """GetOSDs of a media service of either version. Raises ExchangeError; UnsupportedError where the
    camera tells no texts.
    """
    return texts_of(await call(media, "GetOSDs"))


def texts_of(answer: Element) -> tuple[str, ...]:
    """The plain texts of a GetOSDsResponse element, each on one line. Date and time, and pictures, are
    none.
    """
    found = []
    for one in xml.children(answer, "OSDs")[:MOST_TEXTS]:
        told = xml.find(one, "TextString")
        kind = (xml.text(told, "Type") or "").lower()
        text = words(xml.text(told, "PlainText"), LONGEST_TEXT)
        if text and kind in ("plain", ""):
            found.append(" ".join(text.split()))
    return tuple(found)

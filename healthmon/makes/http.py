"""Any recorder or video management system that tells its state over HTTP: what is asked is data in config.yaml.

Requests are GETs, and POSTs that the configuration calls read-only. Answers are JSON or XML; a small path language
(`wire.paths`) says where the values stand.
"""

from __future__ import annotations

from urllib.parse import quote

from healthmon.makes.about import About, Call
from healthmon.makes.clocks import Clock, zone_named
from healthmon.makes.contact import Contact
from healthmon.makes.parts import Parts
from healthmon.makes.readings import ANYTHING, Gathered
from healthmon.model import CHANNEL, RecorderAnswer, Request
from healthmon.wire import paths
from healthmon.wire.paths import Node

ABOUT = About(
    make="http",
    title="Any other, by HTTP",
    calls=(
        Call("GET PATH", "whatever config.yaml names under 'requests'", "read access to that path"),
        Call("POST PATH", "the same, where 'read_only: yes' says that it is a query", "read access to that path"),
    ),
    tells=ANYTHING,
    account="one that may read those paths and change nothing",
    verified=("healthmon's simulated service", "lighttpd 1.4 (framing, Digest SHA-256)"),
    remarks=(
        "For Milestone XProtect and other systems that tell their state as JSON or XML, with Digest, or Basic by TLS.",
    ),
)  # fmt: skip
ANSWER_CAP = 1024 * 1024


async def read(contact: Contact, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything that the configuration asks for. Raises WireError when nothing can be read."""
    parts = Parts(contact)
    got = Gathered(Clock(zone_named(contact.device.time_zone)))
    for request in contact.device.readings.requests:
        channels = sorted(wanted) if CHANNEL in request.path else [""]
        left = {*channels}
        for channel in parts.in_turn(request.path, channels):
            left.discard(channel)
            await _ask(parts, request, channel, got)
        got.unasked(left - {""})
    return got.answer(ABOUT.make, wanted, parts.settle())


async def _ask(parts: Parts, request: Request, channel: str, got: Gathered) -> None:
    path = request.path.replace(CHANNEL, quote(channel, safe=""))
    what = path.partition("?")[0]
    if request.method == "POST":
        root = await parts.post(
            what, path, request.body.encode(), request.media_type, paths.tree, cap=ANSWER_CAP
        )
    else:
        root = await parts.get(what, path, paths.tree, cap=ANSWER_CAP)
    if root is None or parts.reply is None:
        return
    times = parts.reply.began, parts.reply.ended
    for name, row in _rows(request, root, channel):
        for reading in request.readings:
            got.take(reading, paths.parse(reading.source).text(row), name, times)


def _rows(request: Request, root: Node, channel: str) -> list[tuple[str, Node]]:
    """The rows of an answer by the name of what they tell of; one without a name is passed over."""
    if not request.rows:
        return [(channel, root)]
    key = paths.parse(request.key)
    rows = paths.parse(request.rows).select(root)
    return [(name, row) for row in rows if (name := key.text(row)) is not None]

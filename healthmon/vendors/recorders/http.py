"""Any recorder or video management system that tells its state over HTTP: what is asked is data in
config.yaml.

Requests are GETs, and POSTs that the configuration calls read-only. Answers are JSON or XML; a
small path language (`wire.paths`) says where the values stand.
"""

from __future__ import annotations

from urllib.parse import quote

from healthmon.model.footage import EVERY_CHANNEL, RecorderAnswer
from healthmon.model.readings import CHANNEL, Request
from healthmon.protocols.values import selectors
from healthmon.protocols.values.selectors import Node
from healthmon.vendors.client import VendorClient
from healthmon.vendors.clocks import Clock, zone_named
from healthmon.vendors.partial_read import Need, PartialRead
from healthmon.vendors.readings import ANYTHING, Gathered
from healthmon.vendors.registry import Call, VendorInfo

ABOUT = VendorInfo(
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


async def read(contact: VendorClient, wanted: frozenset[str]) -> RecorderAnswer:
    """Everything that the configuration asks for. Raises ExchangeError when nothing can be read."""
    parts = PartialRead(contact)
    got = Gathered(Clock(zone_named(contact.device.time_zone)))
    for request in contact.device.readings.requests:
        channels = sorted(wanted) if CHANNEL in request.path else [""]
        left = {*channels}
        for channel in parts.in_turn(request.path, channels):
            left.discard(channel)
            await _request(parts, request, channel, got)
        got.unasked(left - {""})
    return got.answer(ABOUT.make, wanted, parts.settle(), parts.unread)


async def _request(parts: PartialRead, request: Request, channel: str, got: Gathered) -> None:
    path = request.path.replace(CHANNEL, quote(channel, safe=""))
    what = path.partition("?")[0]
    of_channels = any(reading.of == "channel" for reading in request.readings)
    need = Need("footage", channel or EVERY_CHANNEL) if of_channels else Need(vital=True)
    if request.method == "POST":
        root = await parts.post(
            what,
            path,
            request.body.encode(),
            request.media_type,
            selectors.tree,
            cap=ANSWER_CAP,
            need=need,
        )
    else:
        root = await parts.get(what, path, selectors.tree, cap=ANSWER_CAP, need=need)
    if root is None or parts.reply is None:
        return
    times = parts.reply.began, parts.reply.ended
    for name, row in _rows(request, root, channel):
        for reading in request.readings:
            got.decode(reading, selectors.parse(reading.source).text(row), name, times)


def _rows(request: Request, root: Node, channel: str) -> list[tuple[str, Node]]:
    """The rows of an answer by the name of what they tell of; one without a name is passed over."""
    if not request.rows:
        return [(channel, root)]
    key = selectors.parse(request.key)
    rows = selectors.parse(request.rows).select(root)
    return [(name, row) for row in rows if (name := key.text(row)) is not None]

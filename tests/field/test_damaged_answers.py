"""FF-F11 for kinds that the fuzz program has found: what is damaged in an answer is no error of ours,
and does not hide the rest of the answer.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from helpers.fakes.onvif_camera import Camera as OnvifCamera
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import onvif_row, swept, told_of
from helpers.loopback import served
from helpers.product import Product

# A discovery of SNMPv3 in which one element is of another kind.
NO_MESSAGE = bytes.fromhex(
    "74727565020103300e020105020300ffe30401040201030410300e04000201000201000400040004"
    "002e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e1104000400a00b0201050201000201005b65616c74686d"
    "6f6e5d00"
)
BLANKS = b"X-Padding:" + b" " * 12_000 + b"\v\r\n"


class Padded(OnvifCamera):
    """Sends a header field that is all blanks."""

    def answer(self, name: str, text: str, fields: dict[str, str]) -> bytes:
        line, end, rest = super().answer(name, text, fields).partition(b"\r\n")
        return line + end + BLANKS + rest


class Replies(asyncio.DatagramProtocol):
    """Answers every datagram with the same bytes; `asked` counts them."""

    transport: Any = None
    asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.asked += 1
        self.transport.sendto(NO_MESSAGE, address)


async def test_ff_f11_a_header_of_blanks_holds_nobody_up(tmp_path: Path) -> None:
    async with served(Camera().talk) as rtsp, served(Padded(login="none")) as web:
        row = onvif_row(rtsp.port, web.port)
        sheet = await swept(tmp_path, {"cameras": [row]})
    said = told_of(sheet, "clock")
    assert "no trustworthy time reference" in said  # its clock was read
    assert "not understood" not in said


async def test_ff_f11_a_datagram_that_is_no_message_writes_no_traceback(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    transport, replies = await loop.create_datagram_endpoint(Replies, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    row = {"id": "U1", "name": "UPS", "site": "s", "address": "127.0.0.1"}
    access = {"credential": "view", "port": port, "version": "3"}
    product = Product(tmp_path, {"ups": [row | {"snmp": access}]})
    sheet = await asyncio.to_thread(product.sweep)
    transport.close()
    assert replies.asked
    assert "Traceback" not in sheet.text
    assert sheet.rows("U1")
